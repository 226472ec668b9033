/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc_rwlock.h"

#include "ipc_member.h"

static void reset_after_fork(fst_fork_member *member)
{
    fasteners_ipc_rwlock *lock =
        (fasteners_ipc_rwlock *)(void *)((char *)member -
                                         offsetof(fasteners_ipc_rwlock, handle.fork));

    fst_ipc_handle_reset(&lock->handle);
    fst_ipc_holds_reset(&lock->holds);
    lock->group = (fst_group){0};
    fst_lock_file_reset(&lock->reading);
}

/* ------------------------------------------------------------------------------ waits -- */

void fst_ipc_wake_locked(fasteners_ipc_rwlock *lock)
{
    for (fst_wait *wait = lock->group.waits; wait != NULL; wait = wait->next)
        fst_wait_send(wait, FST_SIGNAL_WAKE);
}

/* To a thread that must not wait it would stick, and have it spin where it sleeps for a moment. */
static void cancel_wait(fst_wait *wait)
{
    if (wait->timeout_ms != FASTENERS_NO_WAIT)
        fst_wait_send(wait, FST_SIGNAL_CANCEL);
}

/* A cancel that came since the call began could not find the wait. */
void fst_ipc_list_locked(fasteners_ipc_rwlock *lock, fst_wait *wait)
{
    wait->next = lock->group.waits;
    lock->group.waits = wait;
    if (lock->group.cancels != wait->cancels)
        cancel_wait(wait);
}

/* In a child that was forked in the user's sleep function, the list has been emptied. */
void fst_ipc_unlist_locked(fasteners_ipc_rwlock *lock, const fst_wait *wait)
{
    fst_wait **link = &lock->group.waits;

    while (*link != NULL && *link != wait)
        link = &(*link)->next;
    if (*link != NULL)
        *link = wait->next;
}

fst_ipc_hold *fst_ipc_enter_locked(fasteners_ipc_rwlock *lock, uint64_t thread, fst_report *report)
{
    fst_ipc_hold *hold = fst_ipc_holds_add_locked(&lock->holds, thread);

    if (hold == NULL)
        fst_report_note(report, "remember the hold", FASTENERS_NO_MEMORY, 0);
    return hold;
}

void fasteners_ipc_rwlock_cancel(fasteners_ipc_rwlock *lock)
{
    if (lock == NULL)
        return;
    fst_at_fork_check();
    fst_mutex_lock(&lock->holds.mutex);
    lock->group.cancels++;
    for (fst_wait *wait = lock->group.waits; wait != NULL; wait = wait->next)
        cancel_wait(wait);
    fst_mutex_unlock(&lock->holds.mutex);
    fst_turn_cancel(&lock->handle.turn);
}

/* ------------------------------------------------------------------- create, destroy -- */

static void init_reading(fst_ipc_handle *handle)
{
    fasteners_ipc_rwlock *lock = (fasteners_ipc_rwlock *)(void *)handle;
    bool gated = fst_ipc_prefers_writers(lock);

    lock->reading.settings = &lock->handle.settings;
    lock->reading.file.group = &lock->holds;
    lock->reading.gated = gated;
    lock->handle.writing.gated |= gated;
}

static fasteners_status create(fasteners_ipc_rwlock **lock, const fst_settings *settings)
{
    fst_ipc_handle *handle = NULL;
    fasteners_status status =
        fst_ipc_handle_create(&handle, sizeof(**lock), settings, init_reading, reset_after_fork);

    *lock = (fasteners_ipc_rwlock *)(void *)handle;
    return status;
}

fasteners_status fasteners_ipc_rwlock_create(fasteners_ipc_rwlock **lock, const char *path,
                                             const fasteners_ipc_options *options)
{
    fst_settings settings;
    int ignored;

    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    *lock = NULL;
    fasteners_status status = fst_settings_init(&settings, path, options, &ignored);
    return status == FASTENERS_OK ? create(lock, &settings) : status;
}

fasteners_status fasteners_ipc_rwlock_create_from_fd(fasteners_ipc_rwlock **lock,
                                                     intptr_t descriptor,
                                                     const fasteners_ipc_options *options)
{
    fst_settings settings;
    int ignored;

    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    *lock = NULL;
    fasteners_status status = fst_settings_adopt(&settings, descriptor, options, &ignored);
    return status == FASTENERS_OK ? create(lock, &settings) : status;
}

/* The log hears of it while the handle is still whole; what it may have opened again is closed. */
void fasteners_ipc_rwlock_destroy(fasteners_ipc_rwlock *lock)
{
    fst_report report = {0};

    if (lock == NULL)
        return;
    fst_at_fork_check();
    fst_ipc_handle_end_file(&lock->reading, &report);
    fst_ipc_handle_end_file(&lock->handle.writing, &report);
    fst_turn_reset(&lock->handle.turn);
    fst_ipc_holds_reset(&lock->holds);
    lock->group = (fst_group){0};
    fst_ipc_handle_conclude(&lock->handle, __func__, FASTENERS_OK, &report);
    fst_ipc_handle_end_file(&lock->reading, &report);
    fst_ipc_handle_end_file(&lock->handle.writing, &report);
    fst_ipc_handle_retire(&lock->handle);
    fst_ipc_holds_free(&lock->holds);
    fst_ipc_handle_free(&lock->handle);
}

/* ------------------------------------------------------------------------- questions -- */

/* For a question, which changes nothing. */
static const fst_lock_file *file_of(const fasteners_ipc_rwlock *lock, const fst_ipc_hold *hold)
{
    return hold->by_writing ? &lock->handle.writing : &lock->reading;
}

/* What the calling thread holds; zero if nothing. A copy, as nothing of it is to be changed. */
static fst_ipc_hold my_hold(const fasteners_ipc_rwlock *lock)
{
    fst_ipc_holds *holds = (fst_ipc_holds *)(uintptr_t)&lock->holds;
    fst_ipc_hold mine = {0};

    uint64_t self = fst_ipc_handle_self(&lock->handle);
    fst_mutex_lock(&holds->mutex);
    const fst_ipc_hold *found = fst_ipc_holds_find_locked(holds, self);
    if (found != NULL)
        mine = *found;
    fst_mutex_unlock(&holds->mutex);
    return mine;
}

fst_ipc_view fst_ipc_rwlock_view(fasteners_ipc_rwlock *lock)
{
    fst_ipc_hold mine = my_hold(lock);
    bool holds = mine.reads != 0 || mine.writes != 0;

    return fst_ipc_handle_view(&lock->handle, holds ? file_of(lock, &mine) : NULL);
}

bool fasteners_ipc_rwlock_is_reader(const fasteners_ipc_rwlock *lock)
{
    if (lock == NULL)
        return false;
    fst_at_fork_check();
    return my_hold(lock).reads != 0;
}

bool fasteners_ipc_rwlock_is_writer(const fasteners_ipc_rwlock *lock)
{
    if (lock == NULL)
        return false;
    fst_at_fork_check();
    return my_hold(lock).writes != 0;
}

bool fasteners_ipc_rwlock_is_held(const fasteners_ipc_rwlock *lock)
{
    if (lock == NULL)
        return false;
    fst_at_fork_check();
    return fst_lock_file_is_held(&lock->reading, 0) ||
           fst_lock_file_is_held(&lock->handle.writing, 0);
}

bool fasteners_ipc_rwlock_exists(const fasteners_ipc_rwlock *lock)
{
    return lock != NULL && fst_lock_file_exists(&lock->handle.settings);
}

const char *fasteners_ipc_rwlock_path(const fasteners_ipc_rwlock *lock)
{
    return lock != NULL ? fst_ipc_handle_path(&lock->handle) : NULL;
}

int fasteners_ipc_rwlock_os_error(const fasteners_ipc_rwlock *lock)
{
    return lock != NULL ? fst_ipc_handle_os_error(&lock->handle) : 0;
}

fasteners_status fasteners_ipc_rwlock_check(fasteners_ipc_rwlock *lock)
{
    fst_report report = {0};

    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    fst_ipc_hold mine = my_hold(lock);
    if (mine.reads == 0 && mine.writes == 0)
        return FASTENERS_NOT_OWNER;
    fasteners_status status = fst_lock_file_check(file_of(lock, &mine), &report);
    return fst_ipc_handle_conclude(&lock->handle, __func__, status, &report);
}

bool fasteners_ipc_rwlock_was_abandoned(const fasteners_ipc_rwlock *lock)
{
    if (lock == NULL)
        return false;
    fst_at_fork_check();
    fst_ipc_hold mine = my_hold(lock);
    return (mine.reads != 0 || mine.writes != 0) &&
           fst_lock_file_was_abandoned(file_of(lock, &mine));
}

uint64_t fasteners_ipc_rwlock_generation(const fasteners_ipc_rwlock *lock)
{
    if (lock == NULL)
        return 0;
    fst_at_fork_check();
    fst_ipc_hold mine = my_hold(lock);
    return mine.writes != 0 ? fst_lock_file_generation(file_of(lock, &mine)) : 0;
}

fasteners_status fasteners_ipc_rwlock_holder(fasteners_ipc_rwlock *lock, fasteners_holder *holder)
{
    size_t count;

    if (holder == NULL)
        return FASTENERS_INVALID;
    return fasteners_ipc_rwlock_holders(lock, holder, 1, &count);
}

fasteners_status fasteners_ipc_rwlock_holders(fasteners_ipc_rwlock *lock, fasteners_holder *holders,
                                              size_t limit, size_t *count)
{
    fst_holders found = {.first = holders, .limit = limit};

    if (lock == NULL || count == NULL || !fst_holders_begin(&found))
        return FASTENERS_INVALID;
    fst_at_fork_check();
    fasteners_status status = fst_ipc_handle_holders(&lock->handle, __func__, &found);
    *count = found.count;
    return status;
}
