/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_MOMENT_H
#define BENCH_MOMENT_H

/* Moments are nanoseconds of CLOCK_MONOTONIC, one clock for all processes of the machine. */

#include <errno.h>
#include <stdint.h>
#include <time.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

static inline int64_t moment_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static inline int64_t moment_now(void)
{
    return moment_of(CLOCK_MONOTONIC);
}

/* What all threads of this process together have used so far, in nanoseconds. */
static inline int64_t moment_cpu(void)
{
    return moment_of(CLOCK_PROCESS_CPUTIME_ID);
}

/* Returns at once if the moment has passed. */
static inline void moment_sleep_until(int64_t moment)
{
    struct timespec when;
    when.tv_sec = (time_t)(moment / NS_PER_S);
    when.tv_nsec = (long)(moment % NS_PER_S);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
        continue;
}

static inline void moment_spin_until(int64_t moment)
{
    while (moment_now() < moment)
        continue;
}

#endif
