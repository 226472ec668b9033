/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/ipc_lock.h>

#include <string.h>

#include "at_fork.h"
#include "lock_file.h"
#include "turn.h"

/*
 * Who owns what: `settings` never changes. `file` belongs to the thread that has the turn; the one
 * that acquired keeps the turn until it releases, so the other threads of the handle queue at the
 * turn, and only one thread of a handle stands in the kernel's queue.
 */
struct fasteners_ipc_lock {
    fst_settings settings;
    fst_turn turn;
    fst_lock_file file;
    _Atomic int os_error;
    fst_fork_member fork;
};

static void reset_after_fork(fst_fork_member *member)
{
    fasteners_ipc_lock *lock =
        (fasteners_ipc_lock *)(void *)((char *)member - offsetof(fasteners_ipc_lock, fork));

    fst_turn_reset(&lock->turn);
    fst_lock_file_reset(&lock->file);
}

/*
 * The end of every call that can fail: nothing of the lock is held any more, so the log may use it.
 */
static fasteners_status conclude(fasteners_ipc_lock *lock, const char *call,
                                 fasteners_status status, const fst_report *report)
{
    if (report->failed != NULL && status != FASTENERS_OK)
        atomic_store_explicit(&lock->os_error, report->os_error, memory_order_relaxed);
    fst_report_send(report, &lock->settings, call, status);
    return status;
}

/* ------------------------------------------------------------------- create, destroy -- */

static fasteners_status init(fasteners_ipc_lock *lock, const char *path,
                             const fasteners_ipc_options *options)
{
    int ignored;
    fasteners_status status = fst_settings_init(&lock->settings, path, options, &ignored);

    if (status != FASTENERS_OK)
        return status;
    lock->file.settings = &lock->settings;
    lock->file.gated = lock->settings.options.fair;
    lock->turn.strict = lock->settings.options.fair;
    status = fst_at_fork_add(&lock->fork, reset_after_fork, &ignored);
    if (status != FASTENERS_OK)
        fst_settings_free(&lock->settings);
    return status;
}

fasteners_status fasteners_ipc_lock_create(fasteners_ipc_lock **lock, const char *path,
                                           const fasteners_ipc_options *options)
{
    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    fasteners_status status = FASTENERS_NO_MEMORY;
    *lock = fst_os_alloc(sizeof(**lock));
    if (*lock != NULL)
        status = init(*lock, path, options);
    if (status != FASTENERS_OK) {
        fst_os_free(*lock);
        *lock = NULL;
    }
    return status;
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
    if (fst_lock_file_is_held(&lock->file, 0))
        fst_lock_file_release(&lock->file, &report);
    fst_lock_file_close(&lock->file, &report);
    fst_turn_reset(&lock->turn);
    conclude(lock, __func__, FASTENERS_OK, &report);
    fst_lock_file_close(&lock->file, &report);
    fst_at_fork_remove(&lock->fork);
    fst_settings_free(&lock->settings);
    fst_os_free(lock);
}

/* ------------------------------------------------------------------- acquire, release -- */

/*
 * Whether it makes sense to wait for the turn: not if those who are before us wait for this thread.
 */
static fasteners_status may_wait_for_turn(const fasteners_ipc_lock *lock, const fst_wait *wait)
{
    if (wait->timeout_ms == FASTENERS_NO_WAIT)
        return FASTENERS_BUSY;
    if (wait->timeout_ms != FASTENERS_FOREVER)
        return FASTENERS_OK;
    if (fst_turn_is_mine(&lock->turn, wait->thread) ||
        fst_lock_file_path_held_by(&lock->settings, wait->thread) != FST_NOT_HELD)
        return FASTENERS_WOULD_DEADLOCK;
    return FASTENERS_OK;
}

static fasteners_status take_turn(fasteners_ipc_lock *lock, fst_wait *wait)
{
    if (fst_turn_try(&lock->turn, wait->thread))
        return FASTENERS_OK;
    fasteners_status status = may_wait_for_turn(lock, wait);
    return status == FASTENERS_OK ? fst_turn_wait(&lock->turn, wait) : status;
}

static fasteners_status acquire_file(fasteners_ipc_lock *lock, fst_wait *wait, fst_report *report)
{
    fasteners_status status = fst_lock_file_try(&lock->file, FST_EXCLUSIVE, wait->thread, report);

    if (status != FASTENERS_BUSY)
        return status;
    status = fst_wait_status(wait);
    if (status != FASTENERS_OK)
        return status;
    fst_turn_expose(&lock->turn, wait);
    status = fst_lock_file_wait(&lock->file, FST_EXCLUSIVE, wait, report);
    fst_turn_keep(&lock->turn, wait->thread);
    return status;
}

fasteners_status fasteners_ipc_lock_acquire(fasteners_ipc_lock *lock, int64_t timeout_ms)
{
    fst_report report = {0};
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
    fasteners_status status = take_turn(lock, &wait);
    if (status == FASTENERS_OK) {
        status = acquire_file(lock, &wait, &report);
        fst_turn_conceal(&lock->turn);
        if (status != FASTENERS_OK)
            fst_turn_pass(&lock->turn);
    }
    return conclude(lock, __func__, status, &report);
}

fasteners_status fasteners_ipc_lock_release(fasteners_ipc_lock *lock)
{
    fst_report report = {0};

    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    if (!fst_lock_file_is_held(&lock->file, fst_os_thread_id()))
        return FASTENERS_NOT_OWNER;
    fasteners_status status = fst_lock_file_release(&lock->file, &report);
    if (!fst_lock_file_is_held(&lock->file, 0))
        fst_turn_pass(&lock->turn);
    return conclude(lock, __func__, status, &report);
}

void fasteners_ipc_lock_cancel(fasteners_ipc_lock *lock)
{
    if (lock == NULL)
        return;
    fst_at_fork_check();
    fst_turn_cancel(&lock->turn);
}

/* ------------------------------------------------------------------------- questions -- */

bool fasteners_ipc_lock_is_held(const fasteners_ipc_lock *lock)
{
    if (lock == NULL)
        return false;
    fst_at_fork_check();
    return fst_lock_file_is_held(&lock->file, 0);
}

bool fasteners_ipc_lock_exists(const fasteners_ipc_lock *lock)
{
    fst_file_id id;
    int ignored;

    return lock != NULL &&
           fst_os_path_id(lock->settings.path, lock->settings.options.follow_symlinks, &id,
                          &ignored) == FASTENERS_OK;
}

const char *fasteners_ipc_lock_path(const fasteners_ipc_lock *lock)
{
    return lock != NULL ? lock->settings.path : NULL;
}

int fasteners_ipc_lock_os_error(const fasteners_ipc_lock *lock)
{
    return lock != NULL ? atomic_load_explicit(&lock->os_error, memory_order_relaxed) : 0;
}

bool fasteners_ipc_lock_was_abandoned(const fasteners_ipc_lock *lock)
{
    return fasteners_ipc_lock_is_held(lock) && fst_lock_file_was_abandoned(&lock->file);
}

uint64_t fasteners_ipc_lock_generation(const fasteners_ipc_lock *lock)
{
    return fasteners_ipc_lock_is_held(lock) ? fst_lock_file_generation(&lock->file) : 0;
}

fasteners_status fasteners_ipc_lock_check(fasteners_ipc_lock *lock)
{
    fst_report report = {0};

    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    if (!fst_lock_file_is_held(&lock->file, fst_os_thread_id()))
        return FASTENERS_NOT_OWNER;
    return conclude(lock, __func__, fst_lock_file_check(&lock->file, &report), &report);
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
    fst_report report = {0};
    fst_holders found = {.first = holders, .limit = limit};

    if (lock == NULL || count == NULL || !fst_holders_begin(&found))
        return FASTENERS_INVALID;
    fst_at_fork_check();
    fasteners_status status = fst_lock_file_holders(&lock->settings, &found, &report);
    *count = found.count;
    return conclude(lock, __func__, status, &report);
}
