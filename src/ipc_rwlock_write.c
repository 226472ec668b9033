/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc_rwlock.h"

/* Writers: the turn of the handle, then the file `writing`, as fasteners_ipc_lock does. */

/*
 * Whether it makes sense to wait for the turn: not if those who are before us wait for this thread.
 */
static fasteners_status may_wait_for_turn(const fasteners_ipc_rwlock *lock, const fst_wait *wait)
{
    if (wait->timeout_ms == FASTENERS_NO_WAIT)
        return FASTENERS_BUSY;
    if (wait->timeout_ms == FASTENERS_FOREVER &&
        fst_lock_file_path_held_by(&lock->settings, wait->thread) != FST_NOT_HELD)
        return FASTENERS_WOULD_DEADLOCK;
    return FASTENERS_OK;
}

static fasteners_status take_turn(fasteners_ipc_rwlock *lock, fst_wait *wait)
{
    if (fst_turn_try(&lock->turn, wait->thread))
        return FASTENERS_OK;
    fasteners_status status = may_wait_for_turn(lock, wait);
    return status == FASTENERS_OK ? fst_turn_wait(&lock->turn, wait) : status;
}

/* Readers of this handle that let writers go first need not look at the gate to know of it. */
static void tell_readers(fasteners_ipc_rwlock *lock, bool waits)
{
    fst_mutex_lock(&lock->holds.mutex);
    lock->group.writer_waits = waits;
    if (!waits)
        fst_ipc_wake_locked(lock);
    fst_mutex_unlock(&lock->holds.mutex);
}

static fasteners_status acquire_file(fasteners_ipc_rwlock *lock, fst_wait *wait, fst_report *report)
{
    fasteners_status status =
        fst_lock_file_try(&lock->writing, FST_EXCLUSIVE, wait->thread, report);

    if (status != FASTENERS_BUSY)
        return status;
    status = fst_wait_status(wait);
    if (status != FASTENERS_OK)
        return status;
    fst_turn_expose(&lock->turn, wait);
    tell_readers(lock, true);
    status = fst_lock_file_wait(&lock->writing, FST_EXCLUSIVE, wait, report);
    fst_turn_keep(&lock->turn, wait->thread);
    tell_readers(lock, false);
    return status;
}

static fasteners_status write_first(fasteners_ipc_rwlock *lock, fst_wait *wait, fst_report *report)
{
    fasteners_status status = take_turn(lock, wait);

    if (status != FASTENERS_OK)
        return status;
    status = acquire_file(lock, wait, report);
    fst_turn_conceal(&lock->turn);
    if (status != FASTENERS_OK)
        fst_turn_pass(&lock->turn);
    return status;
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

fasteners_status fasteners_ipc_rwlock_acquire_write(fasteners_ipc_rwlock *lock, int64_t timeout_ms)
{
    fst_report report = {0};
    fst_ipc_hold *hold;
    fst_wait wait;

    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    if (!fst_timeout_is_valid(timeout_ms)) {
        atomic_store_explicit(&lock->os_error, 0, memory_order_relaxed);
        return FASTENERS_INVALID;
    }
    fst_wait_init(&wait, timeout_ms);
    fst_turn_enter(&lock->turn, &wait);
    fasteners_status status = enter(lock, wait.thread, &hold, &report);
    if (status == FASTENERS_BUSY)
        return FASTENERS_OK;
    if (status == FASTENERS_OK) {
        status = write_first(lock, &wait, &report);
        settle(lock, hold, status);
    }
    return fst_ipc_conclude(lock, __func__, status, &report);
}
