/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc_rwlock.h"
#include "ipc_wait.h"

/* Acquires that are begun and finished. The wait has an entry among the holds, as a thread has. */

static fasteners_ipc_rwlock *lock_of(fst_ipc_handle *handle)
{
    return (fasteners_ipc_rwlock *)(void *)handle;
}

static fasteners_status read_begun(fst_ipc_handle *handle, fst_wait *wait, fst_report *report)
{
    return fst_ipc_read(lock_of(handle), wait, report);
}

static fasteners_status write_begun(fst_ipc_handle *handle, fst_wait *wait, fst_report *report)
{
    return fst_ipc_write(lock_of(handle), wait, report);
}

static void enter_read(fst_ipc_handle *handle, fst_wait *wait)
{
    fst_ipc_read_enter(lock_of(handle), wait);
}

static void enter_write(fst_ipc_handle *handle, fst_wait *wait)
{
    fst_turn_enter(&handle->turn, wait);
}

/* ---------------------------------------------------------------------------- giving back -- */

/* The system does not unlock: closing the file does. Only for the last hold that rests on it. */
static void close_group_locked(fasteners_ipc_rwlock *lock, fst_report *report)
{
    lock->group.works = true;
    fst_mutex_unlock(&lock->holds.mutex);
    fst_lock_file_close(&lock->reading, report);
    fst_mutex_lock(&lock->holds.mutex);
    lock->group.works = false;
    lock->group.mode = FST_GROUP_NONE;
    lock->group.members = 0;
    fst_ipc_wake_locked(lock);
}

static void close_writing_locked(fasteners_ipc_rwlock *lock, fst_report *report)
{
    fst_mutex_unlock(&lock->holds.mutex);
    fst_lock_file_close(&lock->handle.writing, report);
    fst_mutex_lock(&lock->holds.mutex);
    fst_turn_pass(&lock->handle.turn);
}

static void drop_locked(fasteners_ipc_rwlock *lock, uint64_t owner, fst_report *report)
{
    fst_ipc_hold *hold = fst_ipc_hold_locked(lock, owner);

    fst_ipc_leave_locked(lock, hold, report);
    if (fst_ipc_hold_locked(lock, owner) == NULL)
        return;
    if (hold->by_writing)
        close_writing_locked(lock, report);
    else
        close_group_locked(lock, report);
    fst_ipc_holds_remove_locked(hold);
}

static void drop(fst_ipc_handle *handle, uint64_t owner, fst_report *report)
{
    fasteners_ipc_rwlock *lock = lock_of(handle);

    fst_mutex_lock(&lock->holds.mutex);
    drop_locked(lock, owner, report);
    fst_mutex_unlock(&lock->holds.mutex);
}

/* -------------------------------------------------------------------------- passing on -- */

/* The heir holds the lock already: what he gets is one more read. */
static fasteners_status merge_locked(fasteners_ipc_rwlock *lock, const fst_ipc_hold *hold,
                                     fst_ipc_hold *heirs, fst_report *report)
{
    if (heirs->reads == 0 && heirs->writes == 0)
        return FASTENERS_BUSY;
    if (hold->writes != 0)
        return FASTENERS_WOULD_DEADLOCK;
    heirs->reads++;
    drop_locked(lock, hold->thread, report);
    return FASTENERS_OK;
}

static fasteners_status pass_on_locked(fasteners_ipc_rwlock *lock, uint64_t owner, uint64_t heir,
                                       fst_report *report)
{
    fst_ipc_hold *hold = fst_ipc_hold_locked(lock, owner);
    fst_ipc_hold *heirs = fst_ipc_hold_locked(lock, heir);

    if (heirs != NULL)
        return merge_locked(lock, hold, heirs, report);
    hold->thread = heir;
    if (hold->by_writing)
        fst_ipc_handle_pass_on(&lock->handle, heir);
    return FASTENERS_OK;
}

static fasteners_status pass_on(fst_ipc_handle *handle, uint64_t owner, uint64_t heir,
                                fst_report *report)
{
    fasteners_ipc_rwlock *lock = lock_of(handle);

    fst_mutex_lock(&lock->holds.mutex);
    fasteners_status status = pass_on_locked(lock, owner, heir, report);
    fst_mutex_unlock(&lock->holds.mutex);
    return status;
}

/* ------------------------------------------------------------------------ the interface -- */

static fasteners_status begin(fasteners_ipc_rwlock *lock, const fst_ipc_wait_calls *calls,
                              int64_t timeout_ms, fasteners_ipc_wait **wait)
{
    if (wait != NULL)
        *wait = NULL;
    if (lock == NULL || wait == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    return fst_ipc_wait_begin(&lock->handle, calls, timeout_ms, wait);
}

fasteners_status fasteners_ipc_rwlock_acquire_read_begin(fasteners_ipc_rwlock *lock,
                                                         int64_t timeout_ms,
                                                         fasteners_ipc_wait **wait)
{
    static const fst_ipc_wait_calls calls = {.name = "fasteners_ipc_rwlock_acquire_read_begin",
                                             .acquire = read_begun,
                                             .pass_on = pass_on,
                                             .drop = drop,
                                             .enter = enter_read};

    return begin(lock, &calls, timeout_ms, wait);
}

fasteners_status fasteners_ipc_rwlock_acquire_write_begin(fasteners_ipc_rwlock *lock,
                                                          int64_t timeout_ms,
                                                          fasteners_ipc_wait **wait)
{
    static const fst_ipc_wait_calls calls = {.name = "fasteners_ipc_rwlock_acquire_write_begin",
                                             .acquire = write_begun,
                                             .pass_on = pass_on,
                                             .drop = drop,
                                             .takes_turn = true,
                                             .enter = enter_write};

    return begin(lock, &calls, timeout_ms, wait);
}
