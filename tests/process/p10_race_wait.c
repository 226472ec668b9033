/* SPDX-License-Identifier: Apache-2.0 */
#include "p10_race.h"

#include <time.h>

#include "patience.h"

/* A sleep may last this much longer than asked for. */
#define SPIN_NS 80000

void race_wait_until(int64_t when_ns)
{
    int64_t wake = when_ns - SPIN_NS;
    const struct timespec until = {.tv_sec = (time_t)(wake / 1000000000),
                                   .tv_nsec = (long)(wake % 1000000000)};

    if (test_now() < wake)
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    while (test_now() < when_ns)
        ;
}
