/* SPDX-License-Identifier: Apache-2.0 */
#include "hooked.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "rw_fibers.h"
#include "rw_lock.h"

enum { MOST_LOCKS = 64 };

/* A thread as a fiber: what `wake` leaves for `wait`. */
typedef struct seat {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool woken;
} seat;

bool hooks_wanted;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static fasteners_rw_lock *ending[MOST_LOCKS];
static int endings;
static bool alone;

/* In the place of a scheduler that sees a fiber end. */
static void thread_ends(void *argument)
{
    seat *self = argument;

    for (int i = 0; i < endings; i++)
        (void)fasteners_rw_lock_fiber_ended(ending[i], self);
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}

static void make_key(void)
{
    if (pthread_key_create(&key, thread_ends) != 0)
        abort();
}

static seat *new_seat(void)
{
    seat *self = calloc(1, sizeof(*self));
    pthread_condattr_t attributes;

    if (self == NULL || pthread_setspecific(key, self) != 0)
        abort();
    pthread_mutex_init(&self->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&self->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return self;
}

static void *current(void *user)
{
    (void)user;
    pthread_once(&once, make_key);
    seat *self = pthread_getspecific(key);
    return self != NULL ? self : new_seat();
}

void *hook_self(void)
{
    return current(NULL);
}

/* Their mutexes are as the vanished threads left them. */
void hook_alone(void)
{
    alone = true;
}

static struct timespec time_after(int64_t ms)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    int64_t ns = time.tv_nsec + ms % 1000 * 1000000;
    time.tv_sec += (time_t)(ms / 1000 + ns / 1000000000);
    time.tv_nsec = (long)(ns % 1000000000);
    return time;
}

static fasteners_status wait(void *user, void *fiber, int64_t timeout_ms)
{
    struct timespec until = time_after(timeout_ms > 0 ? timeout_ms : 0);
    seat *self = fiber;
    int error = 0;

    (void)user;
    pthread_mutex_lock(&self->mutex);
    while (!self->woken && error == 0)
        error = timeout_ms == FASTENERS_FOREVER
                    ? pthread_cond_wait(&self->changed, &self->mutex)
                    : pthread_cond_timedwait(&self->changed, &self->mutex, &until);
    bool woken = self->woken;
    self->woken = false;
    pthread_mutex_unlock(&self->mutex);
    return woken ? FASTENERS_OK : FASTENERS_TIMED_OUT;
}

/* The signal under the mutex: whoever has seen `woken` may end, and its seat with it. */
static void wake(void *user, void *fiber)
{
    seat *self = fiber;

    (void)user;
    if (alone)
        return;
    pthread_mutex_lock(&self->mutex);
    self->woken = true;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->mutex);
}

void hook(fasteners_rw_lock_options *options)
{
    if (!hooks_wanted)
        return;
    options->current = current;
    options->wait = wait;
    options->wake = wake;
}

void hook_ends(fasteners_rw_lock *lock)
{
    if (endings == MOST_LOCKS)
        abort();
    ending[endings++] = lock;
}

void hook_no_ends(void)
{
    endings = 0;
}

fst_mutex *mutex_of(fasteners_rw_lock *opaque)
{
    fst_rw *lock = fst_rw_of(opaque);

    return fst_rw_fibers(lock) != NULL ? &fst_rw_fibers(lock)->mutex : &lock->mutex;
}

const fst_wait_queue *queue_of(fasteners_rw_lock *opaque)
{
    fst_rw *lock = fst_rw_of(opaque);

    return fst_rw_fibers(lock) != NULL ? &fst_rw_fibers(lock)->queue : &lock->queue;
}
