/* SPDX-License-Identifier: Apache-2.0 */
#include "wait.h"

bool fst_timeout_is_valid(int64_t timeout_ms)
{
    return timeout_ms >= 0 || timeout_ms == FASTENERS_FOREVER;
}

/* How often a wait asks its watch. */
static const int64_t LOOK_EVERY_NS = FST_NS_PER_S;

/* Numbers of threads are small, those of fibers have the bit FST_FIBER. */
static const uint64_t BEGUN = UINT64_C(1) << 62;
static const uint64_t FIBER_NUMBER = (UINT64_C(1) << 62) - 1;

uint64_t fst_self(const fasteners_ipc_options *options)
{
    if (options->current == NULL)
        return fst_os_thread_id();
    return FST_FIBER |
           ((uint64_t)(uintptr_t)options->current(options->current_user) & FIBER_NUMBER);
}

void fst_wait_init(fst_wait *wait, int64_t timeout_ms)
{
    *wait = (fst_wait){.timeout_ms = timeout_ms, .thread = fst_os_thread_id()};
}

void fst_wait_init_for(fst_wait *wait, const fasteners_ipc_options *options, int64_t timeout_ms)
{
    *wait = (fst_wait){.timeout_ms = timeout_ms,
                       .thread = fst_self(options),
                       .fiber = options->current != NULL ? options : NULL};
}

void fst_wait_init_begun(fst_wait *wait, int64_t timeout_ms)
{
    static _Atomic uint64_t last;

    *wait = (fst_wait){.timeout_ms = timeout_ms,
                       .thread = BEGUN | (atomic_fetch_add(&last, 1) + 1),
                       .is_begun = true};
}

int64_t fst_time_after(int64_t ms)
{
    int64_t now = fst_os_now();

    return ms > (FST_NEVER - now) / FST_NS_PER_MS ? FST_NEVER : now + ms * FST_NS_PER_MS;
}

int64_t fst_wait_deadline(fst_wait *wait)
{
    if (wait->deadline == 0)
        wait->deadline =
            wait->timeout_ms == FASTENERS_FOREVER ? FST_NEVER : fst_time_after(wait->timeout_ms);
    return wait->deadline;
}

fasteners_status fst_wait_status(fst_wait *wait)
{
    if (wait->timeout_ms == FASTENERS_NO_WAIT)
        return FASTENERS_BUSY;
    if (fst_wait_is_cancelled(wait))
        return FASTENERS_CANCELLED;
    if ((atomic_load_explicit(&wait->signals, memory_order_relaxed) & FST_SIGNAL_LOST) != 0)
        return FASTENERS_LOST;
    if (fst_wait_deadline(wait) != FST_NEVER && fst_os_now() >= fst_wait_deadline(wait))
        return FASTENERS_TIMED_OUT;
    return FASTENERS_OK;
}

int64_t fst_ms_until(int64_t time)
{
    int64_t now = fst_os_now();

    if (time == FST_NEVER)
        return INT64_MAX;
    return time > now ? (time - now - 1) / FST_NS_PER_MS + 1 : 1;
}

int64_t fst_longer_delay(int64_t delay_ms, const fasteners_ipc_options *options)
{
    return options->delay_ms < options->max_delay_ms - delay_ms ? delay_ms + options->delay_ms
                                                                : options->max_delay_ms;
}

static bool is_signalled(const fst_wait *wait)
{
    return atomic_load_explicit(&wait->signals, memory_order_acquire) != 0;
}

/* Nobody wakes a fiber: it looks again, the less often the longer it waits. */
static void sleep_as_fiber(fst_wait *wait, int64_t until)
{
    const fasteners_ipc_options *options = wait->fiber;
    int64_t remaining_ms = fst_ms_until(until);

    wait->delay_ms = fst_longer_delay(wait->delay_ms, options);
    options->sleep(options->sleep_user,
                   wait->delay_ms < remaining_ms ? wait->delay_ms : remaining_ms);
}

static void sleep_until(fst_wait *wait, int64_t until)
{
    if (wait->fiber != NULL && !is_signalled(wait))
        sleep_as_fiber(wait, until);
    while (wait->fiber == NULL && !is_signalled(wait))
        if (!fst_os_park(&wait->signals, 0, until))
            break;
}

/* However often it is woken, it looks when that is due. */
static void look_if_due(fst_wait *wait)
{
    fst_watch *watch = wait->watch;
    int64_t now = fst_os_now();

    if (watch->next_look != 0 && now < watch->next_look)
        return;
    if (watch->next_look != 0 && watch->is_over(watch))
        atomic_fetch_or_explicit(&wait->signals, (uint32_t)FST_SIGNAL_LOST, memory_order_relaxed);
    watch->next_look = now + LOOK_EVERY_NS;
}

void fst_wait_look(fst_wait *wait)
{
    if (wait->watch != NULL)
        look_if_due(wait);
}

static void sleep_watching(fst_wait *wait, int64_t until)
{
    int64_t end;

    do {
        look_if_due(wait);
        end = wait->watch->next_look < until ? wait->watch->next_look : until;
        sleep_until(wait, end);
    } while (wait->fiber == NULL && !is_signalled(wait) && end < until);
}

uint32_t fst_wait_sleep(fst_wait *wait, int64_t until)
{
    int64_t deadline = fst_wait_deadline(wait);

    if (until > deadline)
        until = deadline;
    if (wait->watch != NULL)
        sleep_watching(wait, until);
    else
        sleep_until(wait, until);
    return atomic_fetch_and_explicit(&wait->signals, ~(uint32_t)FST_SIGNAL_WAKE,
                                     memory_order_acquire);
}

void fst_wait_send(fst_wait *wait, fst_signal signal)
{
    const _Atomic uint32_t *word = &wait->signals;

    atomic_fetch_or_explicit(&wait->signals, (uint32_t)signal, memory_order_release);
    fst_os_unpark(word);
}
