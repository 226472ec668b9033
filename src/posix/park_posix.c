/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#define _DARWIN_C_SOURCE /* macOS: what is not POSIX besides */
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "../platform.h"
#include "cancel_posix.h"
#include "fork_posix.h"

/*
 * Parking where there is no futex: the address picks one of a few meeting places, each a mutex and
 * a condition. A parked thread compares the word under the mutex, and whoever wakes takes the mutex
 * after it changed the word: so no wake-up is lost. Threads of other addresses at the same place
 * wake for nothing and look again.
 */
enum { PLACES = 31 }; /* prime: the addresses are multiples of 64 and of 128 */

typedef struct place {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} place;

static place places[PLACES];

#ifdef __APPLE__
/* Its conditions know the clock on the wall, or a length of time by the other one. */
static void init_condition(pthread_cond_t *condition)
{
    pthread_cond_init(condition, NULL);
}

static int wait_until(place *here, int64_t deadline)
{
    int64_t now = fst_os_now();
    int64_t left = deadline > now ? deadline - now : 0;
    struct timespec length = {.tv_sec = (time_t)(left / FST_NS_PER_S),
                              .tv_nsec = (long)(left % FST_NS_PER_S)};

    return pthread_cond_timedwait_relative_np(&here->changed, &here->mutex, &length);
}
#else
static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static int wait_until(place *here, int64_t deadline)
{
    struct timespec until = {.tv_sec = (time_t)(deadline / FST_NS_PER_S),
                             .tv_nsec = (long)(deadline % FST_NS_PER_S)};

    return pthread_cond_timedwait(&here->changed, &here->mutex, &until);
}
#endif

/* When the library is loaded, for the reason that thread_end_posix.c gives. */
__attribute__((constructor(102))) static void init_places(void)
{
    for (int i = 0; i < PLACES; i++) {
        pthread_mutex_init(&places[i].mutex, NULL);
        init_condition(&places[i].changed);
    }
}

static place *place_of(const _Atomic uint32_t *word)
{
    return &places[(uintptr_t)word / 64 % PLACES];
}

static bool wait_at(place *here, int64_t deadline)
{
    if (deadline == FST_NEVER)
        return pthread_cond_wait(&here->changed, &here->mutex) == 0;
    return wait_until(here, deadline) != ETIMEDOUT;
}

bool fst_os_park(const _Atomic uint32_t *word, uint32_t expected, int64_t deadline)
{
    place *here = place_of(word);
    bool in_time = true;
    int cancel = fst_posix_no_cancel();

    pthread_mutex_lock(&here->mutex);
    if (atomic_load(word) == expected)
        in_time = wait_at(here, deadline);
    pthread_mutex_unlock(&here->mutex);
    fst_posix_cancel_as(cancel);
    return in_time;
}

void fst_os_unpark(const _Atomic uint32_t *word)
{
    place *here = place_of(word);

    pthread_mutex_lock(&here->mutex);
    pthread_cond_broadcast(&here->changed);
    pthread_mutex_unlock(&here->mutex);
}

/* Threads that exist no more may have held the mutexes: they are made anew. */
void fst_park_fork_child(void)
{
    init_places();
}
