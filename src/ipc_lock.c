/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/ipc_lock.h>

#include "ipc_member.h"
#include "ipc_wait.h"

/* A handle, and nothing else: who holds the lock is who has the turn of its threads. */
struct fasteners_ipc_lock {
    fst_ipc_handle handle;
};

static void reset_after_fork(fst_fork_member *member)
{
    fasteners_ipc_lock *lock =
        (fasteners_ipc_lock *)(void *)((char *)member - offsetof(fasteners_ipc_lock, handle.fork));

    fst_ipc_handle_reset(&lock->handle);
}

/* ------------------------------------------------------------------- create, destroy -- */

static fasteners_status create(fasteners_ipc_lock **lock, const fst_settings *settings)
{
    fst_ipc_handle *handle = NULL;
    fasteners_status status =
        fst_ipc_handle_create(&handle, sizeof(**lock), settings, NULL, reset_after_fork);

    *lock = (fasteners_ipc_lock *)(void *)handle;
    return status;
}

fasteners_status fasteners_ipc_lock_create(fasteners_ipc_lock **lock, const char *path,
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

fasteners_status fasteners_ipc_lock_create_from_fd(fasteners_ipc_lock **lock, intptr_t descriptor,
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

/*
 * The log hears of it while the handle is still whole; what it may have opened again is closed
 * after.
 */
void fasteners_ipc_lock_destroy(fasteners_ipc_lock *lock)
{
    fst_report report = {0};

    if (lock == NULL)
        return;
    fst_at_fork_check();
    fst_ipc_handle_end_file(&lock->handle.writing, &report);
    fst_turn_reset(&lock->handle.turn);
    fst_ipc_handle_conclude(&lock->handle, __func__, FASTENERS_OK, &report);
    fst_lock_file_close(&lock->handle.writing, &report);
    fst_ipc_handle_retire(&lock->handle);
    fst_ipc_handle_free(&lock->handle);
}

/* ------------------------------------------------------------------- acquire, release -- */

fasteners_status fst_ipc_lock_acquire(fasteners_ipc_lock *lock, fst_wait *wait, const char *call)
{
    fst_report report = {0};

    fst_turn_enter(&lock->handle.turn, wait);
    fasteners_status status = fst_ipc_handle_acquire(&lock->handle, wait, NULL, &report);
    return fst_ipc_handle_conclude(&lock->handle, call, status, &report);
}

fasteners_status fasteners_ipc_lock_acquire(fasteners_ipc_lock *lock, int64_t timeout_ms)
{
    fst_wait wait;

    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    if (!fst_ipc_handle_begin(&lock->handle, &wait, timeout_ms))
        return FASTENERS_INVALID;
    return fst_ipc_lock_acquire(lock, &wait, __func__);
}

fasteners_status fasteners_ipc_lock_release(fasteners_ipc_lock *lock)
{
    fst_report report = {0};

    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    if (!fst_lock_file_is_held(&lock->handle.writing, fst_ipc_handle_self(&lock->handle)))
        return FASTENERS_NOT_OWNER;
    fasteners_status status = fst_lock_file_release(&lock->handle.writing, &report);
    if (!fst_lock_file_is_held(&lock->handle.writing, 0))
        fst_turn_pass(&lock->handle.turn);
    return fst_ipc_handle_conclude(&lock->handle, __func__, status, &report);
}

void fasteners_ipc_lock_cancel(fasteners_ipc_lock *lock)
{
    if (lock == NULL)
        return;
    fst_at_fork_check();
    fst_turn_cancel(&lock->handle.turn);
}

/* ------------------------------------------------------------------------ begun waits -- */

static fasteners_status acquire_begun(fst_ipc_handle *handle, fst_wait *wait, fst_report *report)
{
    return fst_ipc_handle_acquire(handle, wait, NULL, report);
}

static fasteners_status pass_on(fst_ipc_handle *handle, uint64_t owner, uint64_t heir,
                                fst_report *report)
{
    (void)owner;
    (void)report;
    fst_ipc_handle_pass_on(handle, heir);
    return FASTENERS_OK;
}

static void drop(fst_ipc_handle *handle, uint64_t owner, fst_report *report)
{
    (void)owner;
    if (fst_lock_file_release(&handle->writing, report) != FASTENERS_OK)
        fst_lock_file_close(&handle->writing, report);
    fst_turn_pass(&handle->turn);
}

static void enter(fst_ipc_handle *handle, fst_wait *wait)
{
    fst_turn_enter(&handle->turn, wait);
}

fasteners_status fasteners_ipc_lock_acquire_begin(fasteners_ipc_lock *lock, int64_t timeout_ms,
                                                  fasteners_ipc_wait **wait)
{
    static const fst_ipc_wait_calls calls = {.name = "fasteners_ipc_lock_acquire_begin",
                                             .acquire = acquire_begun,
                                             .pass_on = pass_on,
                                             .drop = drop,
                                             .takes_turn = true,
                                             .enter = enter};

    if (wait != NULL)
        *wait = NULL;
    if (lock == NULL || wait == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    return fst_ipc_wait_begin(&lock->handle, &calls, timeout_ms, wait);
}

/* ------------------------------------------------------------------------- questions -- */

fst_ipc_view fst_ipc_lock_view(fasteners_ipc_lock *lock)
{
    const fst_lock_file *file = &lock->handle.writing;
    bool is_mine = fst_lock_file_is_held(file, fst_ipc_handle_self(&lock->handle));

    return fst_ipc_handle_view(&lock->handle, is_mine ? file : NULL);
}

bool fasteners_ipc_lock_is_held(const fasteners_ipc_lock *lock)
{
    if (lock == NULL)
        return false;
    fst_at_fork_check();
    return fst_lock_file_is_held(&lock->handle.writing, 0);
}

bool fasteners_ipc_lock_exists(const fasteners_ipc_lock *lock)
{
    return lock != NULL && fst_lock_file_exists(&lock->handle.settings);
}

const char *fasteners_ipc_lock_path(const fasteners_ipc_lock *lock)
{
    return lock != NULL ? fst_ipc_handle_path(&lock->handle) : NULL;
}

int fasteners_ipc_lock_os_error(const fasteners_ipc_lock *lock)
{
    return lock != NULL ? fst_ipc_handle_os_error(&lock->handle) : 0;
}

bool fasteners_ipc_lock_was_abandoned(const fasteners_ipc_lock *lock)
{
    return fasteners_ipc_lock_is_held(lock) && fst_lock_file_was_abandoned(&lock->handle.writing);
}

uint64_t fasteners_ipc_lock_generation(const fasteners_ipc_lock *lock)
{
    return fasteners_ipc_lock_is_held(lock) ? fst_lock_file_generation(&lock->handle.writing) : 0;
}

fasteners_status fasteners_ipc_lock_check(fasteners_ipc_lock *lock)
{
    fst_report report = {0};

    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    if (!fst_lock_file_is_held(&lock->handle.writing, fst_ipc_handle_self(&lock->handle)))
        return FASTENERS_NOT_OWNER;
    return fst_ipc_handle_conclude(&lock->handle, __func__,
                                   fst_lock_file_check(&lock->handle.writing, &report), &report);
}

fasteners_status fasteners_ipc_lock_holder(fasteners_ipc_lock *lock, fasteners_holder *holder)
{
    size_t count;

    if (holder == NULL)
        return FASTENERS_INVALID;
    return fasteners_ipc_lock_holders(lock, holder, 1, &count);
}

fasteners_status fasteners_ipc_lock_holders(fasteners_ipc_lock *lock, fasteners_holder *holders,
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
