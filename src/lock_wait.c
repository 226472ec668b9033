/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_wait.h"

#include "path_check.h"

enum { QUICK_TRIES = 20 };

static const int64_t LOOK_AT_PATH_EVERY_NS = FST_NS_PER_S;

int64_t fst_lock_wait_next_look(void)
{
    return fst_os_now() + LOOK_AT_PATH_EVERY_NS;
}

fasteners_status fst_lock_try(fst_open_file *file, fst_claim claim, fst_report *report)
{
    int os_error = 0;
    fasteners_status status = fst_os_lock_try(file->os, claim.mode, claim.range, &os_error);

    return fst_report_note(report, "lock", status, os_error);
}

static fasteners_status try_quickly(fst_open_file *file, fst_claim claim, fst_report *report)
{
    fasteners_status status = FASTENERS_BUSY;

    for (int i = 0; i < QUICK_TRIES && status == FASTENERS_BUSY; i++) {
        fst_os_yield();
        status = fst_lock_try(file, claim, report);
    }
    return status;
}

/* ------------------------------------------------------------------------- polling -- */

static void sleep_between_tries(const fasteners_ipc_options *options, fst_wait *wait, int64_t ms)
{
    int64_t remaining = fst_ms_until(fst_wait_deadline(wait));

    if (ms > remaining)
        ms = remaining;
    if (options->sleep == NULL || wait->is_begun) {
        fst_wait_sleep(wait, fst_time_after(ms));
        return;
    }
    options->sleep(options->sleep_user, ms);
    fst_wait_look(wait);
}

fasteners_status fst_wait_by_polling(fst_open_file *file, fst_try_fn *try_once, fst_claim claim,
                                     const fst_settings *settings, fst_wait *wait,
                                     fst_report *report)
{
    fasteners_status status = try_once(file, claim, report);
    int64_t delay_ms = settings->options.delay_ms;

    while (status == FASTENERS_BUSY) {
        if (fst_path_has_changed(file, settings, report))
            return FASTENERS_LOST;
        status = fst_wait_status(wait);
        if (status != FASTENERS_OK)
            return status;
        sleep_between_tries(&settings->options, wait, delay_ms);
        if (!file->is_open) /* the user's sleep function has forked: this is the child */
            return FASTENERS_LOST;
        delay_ms = fst_longer_delay(delay_ms, &settings->options);
        status = try_once(file, claim, report);
    }
    return status;
}

/* ----------------------------------------------------------------- the kernel's queue -- */

static void tell_settled(void *wait)
{
    fst_wait_send(wait, FST_SIGNAL_DONE);
}

/* OK: the request is settled. Otherwise why it is to be abandoned. */
static fasteners_status sleep_until_settled(const fst_open_file *file, const fst_settings *settings,
                                            fst_wait *wait, fst_report *report)
{
    fasteners_status status;

    do {
        int64_t next_look = fst_lock_wait_next_look();
        if (fst_wait_sleep(wait, next_look) & FST_SIGNAL_DONE)
            return FASTENERS_OK;
        status = fst_wait_status(wait);
        if (status == FASTENERS_OK && fst_os_now() >= next_look &&
            fst_path_has_changed(file, settings, report))
            status = FASTENERS_LOST;
    } while (status == FASTENERS_OK);
    return status;
}

/*
 * The request may have been granted at the very moment we gave up. Then the lock is ours: after a
 * time-out that is as good as in time, after a cancel the caller gives back what he does not want.
 */
static fasteners_status abandon(fst_lock_request *request, fasteners_status reason,
                                fst_report *report)
{
    int os_error = 0;
    fasteners_status status = fst_os_lock_abandon(request, &os_error);

    if (status == FASTENERS_BUSY || (status == FASTENERS_OK && reason == FASTENERS_LOST))
        return reason;
    return fst_report_note(report, "lock", status, os_error);
}

static void forget_settled(fst_wait *wait)
{
    atomic_fetch_and_explicit(&wait->signals, ~(uint32_t)FST_SIGNAL_DONE, memory_order_relaxed);
}

/* BUSY: the system cannot queue this. */
static fasteners_status wait_in_queue(const fst_open_file *file, fst_claim claim,
                                      const fst_settings *settings, fst_wait *wait,
                                      fst_report *report)
{
    fst_lock_request request;
    int os_error = 0;
    fasteners_status status = fst_os_lock_begin(&request, file->os, claim.mode, claim.range,
                                                tell_settled, wait, &os_error);

    if (status == FASTENERS_NOT_SUPPORTED)
        return FASTENERS_BUSY;
    if (status != FASTENERS_OK)
        return fst_report_note(report, "lock", status, os_error);
    status = sleep_until_settled(file, settings, wait, report);
    if (status == FASTENERS_OK) {
        status = fst_os_lock_finish(&request, &os_error);
        fst_report_note(report, "lock", status, os_error);
    } else {
        status = abandon(&request, status, report);
    }
    forget_settled(wait);
    return status;
}

static fasteners_status wait_asleep(fst_open_file *file, fst_claim claim,
                                    const fst_settings *settings, fst_wait *wait,
                                    fst_report *report)
{
    fasteners_status status = wait_in_queue(file, claim, settings, wait, report);

    if (status != FASTENERS_BUSY)
        return status;
    report->cannot_queue = true;
    return fst_wait_by_polling(file, fst_lock_try, claim, settings, wait, report);
}

fasteners_status fst_lock_wait(fst_open_file *file, fst_claim claim, const fst_settings *settings,
                               fst_wait *wait, fst_report *report)
{
    if (settings->polls)
        return fst_wait_by_polling(file, fst_lock_try, claim, settings, wait, report);
    fasteners_status status = try_quickly(file, claim, report);
    return status == FASTENERS_BUSY ? wait_asleep(file, claim, settings, wait, report) : status;
}

fasteners_status fst_lock_wait_in_turn(fst_open_file *file, fst_claim claim,
                                       const fst_settings *settings, fst_wait *wait,
                                       fst_report *report)
{
    if (settings->polls)
        return fst_wait_by_polling(file, fst_lock_try, claim, settings, wait, report);
    fasteners_status status = fst_lock_try(file, claim, report);
    return status == FASTENERS_BUSY ? wait_asleep(file, claim, settings, wait, report) : status;
}
