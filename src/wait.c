/* SPDX-License-Identifier: Apache-2.0 */
#include "wait.h"

bool fst_timeout_is_valid(int64_t timeout_ms)
{
    return timeout_ms >= 0 || timeout_ms == FASTENERS_FOREVER;
}

void fst_wait_init(fst_wait *wait, int64_t timeout_ms)
{
    *wait = (fst_wait){.timeout_ms = timeout_ms, .thread = fst_os_thread_id()};
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
    if (fst_wait_deadline(wait) != FST_NEVER && fst_os_now() >= fst_wait_deadline(wait))
        return FASTENERS_TIMED_OUT;
    return FASTENERS_OK;
}

uint32_t fst_wait_sleep(fst_wait *wait, int64_t until)
{
    int64_t deadline = fst_wait_deadline(wait);

    if (until > deadline)
        until = deadline;
    while (atomic_load_explicit(&wait->signals, memory_order_acquire) == 0)
        if (!fst_os_park(&wait->signals, 0, until))
            break;
    return atomic_fetch_and_explicit(&wait->signals, ~(uint32_t)FST_SIGNAL_WAKE,
                                     memory_order_acquire);
}

void fst_wait_send(fst_wait *wait, fst_signal signal)
{
    const _Atomic uint32_t *word = &wait->signals;

    atomic_fetch_or_explicit(&wait->signals, (uint32_t)signal, memory_order_release);
    fst_os_unpark(word);
}
