/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc_handle.h"

/* ------------------------------------------------------------------- create, destroy -- */

static void init(fst_ipc_handle *handle, const fst_settings *settings)
{
    handle->settings = *settings;
    handle->writing.settings = &handle->settings;
    handle->writing.gated = settings->options.fair;
    handle->turn.strict = settings->options.fair;
}

fasteners_status fst_ipc_handle_create(fst_ipc_handle **handle, size_t size,
                                       const fst_settings *settings,
                                       void (*complete)(fst_ipc_handle *handle),
                                       void (*reset)(fst_fork_member *member))
{
    fst_ipc_handle *created = fst_os_alloc(size);
    fasteners_status status = FASTENERS_NO_MEMORY;
    int ignored;

    if (created != NULL) {
        init(created, settings);
        if (complete != NULL)
            complete(created);
        status = fst_at_fork_add(&created->fork, reset, &ignored);
    }
    if (status == FASTENERS_OK) {
        *handle = created;
        return FASTENERS_OK;
    }
    fst_settings_free(settings);
    fst_os_free(created);
    return status;
}

void fst_ipc_handle_reset(fst_ipc_handle *handle)
{
    fst_turn_reset(&handle->turn);
    fst_lock_file_reset(&handle->writing);
}

void fst_ipc_handle_retire(fst_ipc_handle *handle)
{
    fst_at_fork_remove(&handle->fork);
}

void fst_ipc_handle_free(fst_ipc_handle *handle)
{
    fst_settings_free(&handle->settings);
    fst_os_free(handle);
}

void fst_ipc_handle_end_file(fst_lock_file *file, fst_report *report)
{
    if (fst_lock_file_is_held(file, 0))
        fst_lock_file_release(file, report);
    fst_lock_file_close(file, report);
}

/* ------------------------------------------------------------------------ every call -- */

bool fst_ipc_handle_timeout_is_valid(fst_ipc_handle *handle, int64_t timeout_ms)
{
    if (fst_timeout_is_valid(timeout_ms))
        return true;
    atomic_store_explicit(&handle->os_error, 0, memory_order_relaxed);
    return false;
}

bool fst_ipc_handle_begin(fst_ipc_handle *handle, fst_wait *wait, int64_t timeout_ms)
{
    if (!fst_ipc_handle_timeout_is_valid(handle, timeout_ms))
        return false;
    fst_wait_init_for(wait, &handle->settings.options, timeout_ms);
    return true;
}

fasteners_status fst_ipc_handle_conclude(fst_ipc_handle *handle, const char *call,
                                         fasteners_status status, const fst_report *report)
{
    if (report->failed != NULL && status != FASTENERS_OK)
        atomic_store_explicit(&handle->os_error, report->os_error, memory_order_relaxed);
    fst_report_send(report, &handle->settings, call, status);
    return status;
}

/* --------------------------------------------------------------------------- acquire -- */

/*
 * Whether it makes sense to wait for the turn: not if those who are before us wait for this thread.
 */
static fasteners_status may_wait_for_turn(const fst_ipc_handle *handle, const fst_wait *wait)
{
    if (wait->timeout_ms == FASTENERS_NO_WAIT)
        return FASTENERS_BUSY;
    if (wait->timeout_ms != FASTENERS_FOREVER)
        return FASTENERS_OK;
    if (fst_turn_is_mine(&handle->turn, wait->thread) ||
        fst_lock_file_path_held_by(&handle->settings, wait->thread) != FST_NOT_HELD)
        return FASTENERS_WOULD_DEADLOCK;
    return FASTENERS_OK;
}

static fasteners_status take_turn(fst_ipc_handle *handle, fst_wait *wait)
{
    if (wait->queued_early)
        return fst_turn_wait(&handle->turn, wait);
    if (fst_turn_try(&handle->turn, wait->thread))
        return FASTENERS_OK;
    fasteners_status status = may_wait_for_turn(handle, wait);
    return status == FASTENERS_OK ? fst_turn_wait(&handle->turn, wait) : status;
}

static fasteners_status wait_for_file(fst_ipc_handle *handle, fst_wait *wait,
                                      fst_ipc_waits_fn *waits, fst_report *report)
{
    fst_turn_expose(&handle->turn, wait);
    if (waits != NULL)
        waits(handle, true);
    fasteners_status status = fst_lock_file_wait(&handle->writing, FST_EXCLUSIVE, wait, report);
    fst_turn_keep(&handle->turn, wait->thread);
    if (waits != NULL)
        waits(handle, false);
    return status;
}

static fasteners_status acquire_file(fst_ipc_handle *handle, fst_wait *wait,
                                     fst_ipc_waits_fn *waits, fst_report *report)
{
    fasteners_status status =
        fst_lock_file_try(&handle->writing, FST_EXCLUSIVE, wait->thread, report);

    if (status != FASTENERS_BUSY)
        return status;
    status = fst_wait_status(wait);
    return status == FASTENERS_OK ? wait_for_file(handle, wait, waits, report) : status;
}

fasteners_status fst_ipc_handle_acquire(fst_ipc_handle *handle, fst_wait *wait,
                                        fst_ipc_waits_fn *waits, fst_report *report)
{
    fasteners_status status = take_turn(handle, wait);

    if (status != FASTENERS_OK)
        return status;
    status = acquire_file(handle, wait, waits, report);
    fst_turn_conceal(&handle->turn);
    if (status != FASTENERS_OK)
        fst_turn_pass(&handle->turn);
    return status;
}

void fst_ipc_handle_pass_on(fst_ipc_handle *handle, uint64_t heir)
{
    atomic_store_explicit(&handle->writing.file.holder, heir, memory_order_relaxed);
    fst_turn_hand_on(&handle->turn, heir);
}

/* --------------------------------------------------------------------------- answers -- */

const char *fst_ipc_handle_path(const fst_ipc_handle *handle)
{
    return handle->settings.is_adopted ? NULL : handle->settings.path;
}

int fst_ipc_handle_os_error(const fst_ipc_handle *handle)
{
    return atomic_load_explicit(&handle->os_error, memory_order_relaxed);
}

fasteners_status fst_ipc_handle_holders(fst_ipc_handle *handle, const char *call,
                                        fst_holders *found)
{
    fst_report report = {0};
    fasteners_status status = fst_lock_file_holders(&handle->settings, found, &report);

    return fst_ipc_handle_conclude(handle, call, status, &report);
}
