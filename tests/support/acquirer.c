/* SPDX-License-Identifier: Apache-2.0 */
#include "acquirer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "patience.h"
#include "proc_info.h"

/* What a condition's time-outs are times of. */
#ifdef _WIN32
#define CONDITION_CLOCK CLOCK_REALTIME /* the other one is not to be had */
#else
#define CONDITION_CLOCK CLOCK_MONOTONIC
#endif

struct acquirer {
    pthread_t thread;
    fasteners_ipc_lock *lock;
    int64_t timeout_ms;
    acquirer_result result;
    _Atomic long tid; /* 0 until it is about to call acquire */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool returned;
    bool let_go;
    bool ended;
};

static void announce(acquirer *of, bool *fact)
{
    pthread_mutex_lock(&of->mutex);
    *fact = true;
    pthread_cond_broadcast(&of->changed);
    pthread_mutex_unlock(&of->mutex);
}

static void wait_for_let_go(acquirer *of)
{
    pthread_mutex_lock(&of->mutex);
    while (!of->let_go)
        pthread_cond_wait(&of->changed, &of->mutex);
    pthread_mutex_unlock(&of->mutex);
}

static void *run(void *argument)
{
    acquirer *of = argument;
    int64_t begin = test_now();

    atomic_store(&of->tid, this_thread());
    note_call_begins(fasteners_ipc_lock_path(of->lock));
    of->result.acquired = fasteners_ipc_lock_acquire(of->lock, of->timeout_ms);
    note_call_ends(fasteners_ipc_lock_path(of->lock));
    of->result.waited_ns = test_now() - begin;
    announce(of, &of->returned);
    if (of->result.acquired == FASTENERS_OK) {
        wait_for_let_go(of);
        of->result.released = fasteners_ipc_lock_release(of->lock);
    }
    announce(of, &of->ended);
    return NULL;
}

acquirer *acquirer_start(fasteners_ipc_lock *lock, int64_t timeout_ms)
{
    acquirer *made = calloc(1, sizeof(*made));
    pthread_condattr_t attributes;

    if (made == NULL)
        abort();
    made->lock = lock;
    made->timeout_ms = timeout_ms;
    pthread_mutex_init(&made->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CONDITION_CLOCK);
    pthread_cond_init(&made->changed, &attributes);
    if (pthread_create(&made->thread, NULL, run, made) != 0)
        abort();
    return made;
}

static bool has_tid(void *argument)
{
    const acquirer *of = argument;

    return atomic_load(&of->tid) != 0;
}

bool acquirer_waits(acquirer *of)
{
    return test_wait_until(has_tid, of) && wait_until_asleep(getpid(), atomic_load(&of->tid)) &&
           !acquirer_has_returned(of);
}

bool acquirer_has_returned(const acquirer *of)
{
    acquirer *locked = (acquirer *)(uintptr_t)of;
    bool returned;

    pthread_mutex_lock(&locked->mutex);
    returned = of->returned;
    pthread_mutex_unlock(&locked->mutex);
    return returned;
}

/* Waits for the fact, with patience. */
static bool becomes(acquirer *of, const bool *fact)
{
    struct timespec until;
    bool is_so;

    clock_gettime(CONDITION_CLOCK, &until);
    until.tv_sec += (time_t)(test_patience_ms() / 1000);
    pthread_mutex_lock(&of->mutex);
    while (!*fact && pthread_cond_timedwait(&of->changed, &of->mutex, &until) == 0)
        ;
    is_so = *fact;
    pthread_mutex_unlock(&of->mutex);
    return is_so;
}

fasteners_status acquirer_status(acquirer *of)
{
    return becomes(of, &of->returned) ? of->result.acquired : ACQUIRER_HUNG;
}

fasteners_status acquirer_end(acquirer *of, acquirer_result *result)
{
    acquirer_result got = {.acquired = acquirer_status(of)};

    announce(of, &of->let_go);
    if (got.acquired == ACQUIRER_HUNG || !becomes(of, &of->ended)) {
        pthread_detach(of->thread); /* and leaked: the thread still uses it */
        return ACQUIRER_HUNG;
    }
    pthread_join(of->thread, NULL);
    got = of->result;
    pthread_mutex_destroy(&of->mutex);
    pthread_cond_destroy(&of->changed);
    free(of);
    if (result != NULL)
        *result = got;
    return got.acquired;
}
