/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc_rwlock.h"

/* Upgrade, downgrade, and the release of a write: a downgrade if the thread still reads. */

/* -------------------------------------------------------------------------- downgrade -- */

/* With the mutex, which it lets go of meanwhile: nobody else touches what this thread writes by. */
static fasteners_status lower_locked(fasteners_ipc_rwlock *lock, fst_ipc_hold *hold,
                                     fst_report *report)
{
    fst_lock_file *file = fst_ipc_file_of(lock, hold);

    fst_mutex_unlock(&lock->holds.mutex);
    fasteners_status status = fst_lock_file_lower(file, report);
    fst_mutex_lock(&lock->holds.mutex);
    if (status != FASTENERS_OK)
        return status;
    hold->writes = 0;
    if (!hold->by_writing) {
        lock->group.mode = FST_GROUP_READS;
        fst_ipc_wake_locked(lock);
    }
    return FASTENERS_OK;
}

static fasteners_status downgrade_locked(fasteners_ipc_rwlock *lock, uint64_t thread,
                                         fst_report *report)
{
    fst_ipc_hold *hold = fst_ipc_hold_locked(lock, thread);

    if (hold == NULL || hold->writes == 0)
        return FASTENERS_NOT_OWNER;
    fasteners_status status = FASTENERS_OK;
    if (hold->writes == 1)
        status = lower_locked(lock, hold, report);
    else
        hold->writes--;
    if (status == FASTENERS_OK)
        hold->reads++;
    return status;
}

fasteners_status fasteners_ipc_rwlock_downgrade(fasteners_ipc_rwlock *lock)
{
    fst_report report = {0};

    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    uint64_t self = fst_ipc_handle_self(&lock->handle);
    fst_mutex_lock(&lock->holds.mutex);
    fasteners_status status = downgrade_locked(lock, self, &report);
    fst_mutex_unlock(&lock->holds.mutex);
    return fst_ipc_handle_conclude(&lock->handle, __func__, status, &report);
}

/* With its descriptor a lock goes for reading and writing alike. */
static fasteners_status leave_lost_locked(fasteners_ipc_rwlock *lock, fst_ipc_hold *hold,
                                          fst_report *report)
{
    fasteners_status status = fst_ipc_leave_locked(lock, hold, report);

    return status == FASTENERS_OK ? FASTENERS_LOST : status;
}

static fasteners_status release_write_locked(fasteners_ipc_rwlock *lock, uint64_t thread,
                                             fst_report *report)
{
    fst_ipc_hold *hold = fst_ipc_hold_locked(lock, thread);

    if (hold == NULL || hold->writes == 0)
        return FASTENERS_NOT_OWNER;
    if (hold->writes > 1) {
        hold->writes--;
        return FASTENERS_OK;
    }
    if (hold->reads == 0)
        return fst_ipc_leave_locked(lock, hold, report);
    fasteners_status status = lower_locked(lock, hold, report);
    return status == FASTENERS_LOST ? leave_lost_locked(lock, hold, report) : status;
}

fasteners_status fasteners_ipc_rwlock_release_write(fasteners_ipc_rwlock *lock)
{
    fst_report report = {0};

    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    uint64_t self = fst_ipc_handle_self(&lock->handle);
    fst_mutex_lock(&lock->holds.mutex);
    fasteners_status status = release_write_locked(lock, self, &report);
    fst_mutex_unlock(&lock->holds.mutex);
    return fst_ipc_handle_conclude(&lock->handle, __func__, status, &report);
}

/* ---------------------------------------------------------------------------- upgrade -- */

/* The threads that read together with this one have the same lock: no case for the kernel. */
static fasteners_status wait_for_members(fasteners_ipc_rwlock *lock, fst_wait *wait)
{
    fasteners_status status = FASTENERS_OK;

    fst_mutex_lock(&lock->holds.mutex);
    while (lock->group.members > 1 && (status = fst_wait_status(wait)) == FASTENERS_OK) {
        fst_mutex_unlock(&lock->holds.mutex);
        fst_wait_sleep(wait, FST_NEVER);
        fst_mutex_lock(&lock->holds.mutex);
    }
    fst_mutex_unlock(&lock->holds.mutex);
    return status;
}

static fasteners_status raise_file(fasteners_ipc_rwlock *lock, bool by_writing, fst_wait *wait,
                                   fst_report *report)
{
    fst_lock_file *file = by_writing ? &lock->handle.writing : &lock->reading;
    fasteners_status status = fst_lock_file_announce(file, wait, report);

    if (status != FASTENERS_OK)
        return status;
    if (!by_writing)
        status = wait_for_members(lock, wait);
    if (status == FASTENERS_OK)
        status = fst_lock_file_raise(file, wait, report);
    if (status != FASTENERS_OK)
        fst_lock_file_withdraw(file);
    return status;
}

static void become_writer_locked(fasteners_ipc_rwlock *lock, fst_ipc_hold *hold)
{
    hold->reads--;
    hold->writes = 1;
    if (!hold->by_writing)
        lock->group.mode = FST_GROUP_WRITES;
}

static fasteners_status upgrade_locked(fasteners_ipc_rwlock *lock, fst_wait *wait,
                                       fst_report *report)
{
    fst_group *group = &lock->group;
    fst_ipc_hold *hold = fst_ipc_hold_locked(lock, wait->thread);

    if (hold == NULL || hold->reads == 0)
        return FASTENERS_NOT_OWNER;
    if (hold->writes != 0) {
        hold->reads--;
        hold->writes++;
        return FASTENERS_OK;
    }
    if (group->upgrader != 0)
        return FASTENERS_WOULD_DEADLOCK;
    bool by_writing = hold->by_writing;
    wait->cancels = group->cancels;
    group->upgrader = wait->thread;
    fst_ipc_list_locked(lock, wait);
    fst_mutex_unlock(&lock->holds.mutex);
    fasteners_status status = raise_file(lock, by_writing, wait, report);
    fst_mutex_lock(&lock->holds.mutex);
    fst_ipc_unlist_locked(lock, wait);
    group->upgrader = 0;
    if (status == FASTENERS_OK)
        become_writer_locked(lock, hold);
    fst_ipc_wake_locked(lock);
    return status;
}

fasteners_status fasteners_ipc_rwlock_upgrade(fasteners_ipc_rwlock *lock, int64_t timeout_ms)
{
    fst_report report = {0};
    fst_wait wait;

    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    if (!fst_ipc_handle_begin(&lock->handle, &wait, timeout_ms))
        return FASTENERS_INVALID;
    fst_mutex_lock(&lock->holds.mutex);
    fasteners_status status = upgrade_locked(lock, &wait, &report);
    fst_mutex_unlock(&lock->holds.mutex);
    return fst_ipc_handle_conclude(&lock->handle, __func__, status, &report);
}
