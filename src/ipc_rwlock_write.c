/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc_rwlock.h"

#include "ipc_member.h"

/* Writers: the turn of the handle, then the file `writing`, as fasteners_ipc_lock does. */

/* Readers of this handle that let writers go first need not look at the gate to know of it. */
static void tell_readers(fst_ipc_handle *handle, bool waits)
{
    fasteners_ipc_rwlock *lock = (fasteners_ipc_rwlock *)(void *)handle;

    fst_mutex_lock(&lock->holds.mutex);
    lock->group.writer_waits = waits;
    if (!waits)
        fst_ipc_wake_locked(lock);
    fst_mutex_unlock(&lock->holds.mutex);
}

/* OK: the caller goes on, with an entry that has no hold yet. BUSY: done, it holds once more. */
static fasteners_status enter(fasteners_ipc_rwlock *lock, uint64_t thread, fst_ipc_hold **hold,
                              fst_report *report)
{
    fasteners_status status = FASTENERS_OK;

    fst_mutex_lock(&lock->holds.mutex);
    *hold = fst_ipc_hold_locked(lock, thread);
    if (*hold == NULL) {
        *hold = fst_ipc_enter_locked(lock, thread, report);
        status = *hold != NULL ? FASTENERS_OK : FASTENERS_NO_MEMORY;
    } else if ((*hold)->writes != 0) {
        (*hold)->writes++;
        status = FASTENERS_BUSY;
    } else {
        status = FASTENERS_WOULD_DEADLOCK;
    }
    fst_mutex_unlock(&lock->holds.mutex);
    return status;
}

static void settle(fasteners_ipc_rwlock *lock, fst_ipc_hold *hold, fasteners_status status)
{
    fst_mutex_lock(&lock->holds.mutex);
    if (status == FASTENERS_OK) {
        hold->writes = 1;
        hold->by_writing = true;
    } else {
        fst_ipc_holds_remove_locked(hold);
    }
    fst_mutex_unlock(&lock->holds.mutex);
}

fasteners_status fst_ipc_write(fasteners_ipc_rwlock *lock, fst_wait *wait, fst_report *report)
{
    fst_ipc_hold *hold;
    fasteners_status status = enter(lock, wait->thread, &hold, report);

    if (status == FASTENERS_BUSY)
        return FASTENERS_OK;
    if (status == FASTENERS_OK) {
        status = fst_ipc_handle_acquire(&lock->handle, wait, tell_readers, report);
        settle(lock, hold, status);
    }
    return status;
}

fasteners_status fst_ipc_rwlock_acquire_write(fasteners_ipc_rwlock *lock, fst_wait *wait,
                                              const char *call)
{
    fst_report report = {0};

    fst_turn_enter(&lock->handle.turn, wait);
    fasteners_status status = fst_ipc_write(lock, wait, &report);
    return fst_ipc_handle_conclude(&lock->handle, call, status, &report);
}

fasteners_status fasteners_ipc_rwlock_acquire_write(fasteners_ipc_rwlock *lock, int64_t timeout_ms)
{
    fst_wait wait;

    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    if (!fst_ipc_handle_begin(&lock->handle, &wait, timeout_ms))
        return FASTENERS_INVALID;
    return fst_ipc_rwlock_acquire_write(lock, &wait, __func__);
}
