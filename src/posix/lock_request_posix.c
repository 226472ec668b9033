/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700

/*
 * Queued lock requests: a thread of ours, the waiter, stands in the kernel's queue with the
 * blocking fcntl(2), while the thread that wants the lock sleeps where a time-out and a cancel
 * reach it.
 *
 * There is no other way to give up a blocking fcntl than to end the thread that is in it: a signal
 * would need a handler, which belongs to the program. So the waiter is cancelled (pthread_cancel)
 * and joined. The kernel may have granted the lock at that very moment, and glibc ends the thread
 * all the same: so the request is repeated without waiting to learn the truth.
 *
 * Life of a waiter. `state` is changed by the owner of the request and by the waiter:
 *
 *   WORKING    begin -> the waiter is to ask the kernel, or is doing so
 *   SETTLED    the waiter, from WORKING -> the answer is in `error`; done() is being, or was,
 *              called
 *   ABANDONED  abandon, from WORKING -> whatever the waiter does, it ends and is joined
 *   IDLE       finish, from SETTLED -> in the pool, for the next begin
 *   RETIRED    the waiter itself, from IDLE, after a second without work -> it frees itself and
 *              ends: a lock library is not to keep a thread in a program that does not wait
 *
 * The mutex guards the two lists, and the steps between IDLE and anything else. If the process
 * dies, so does the waiter, and the kernel drops its request.
 */

#include <errno.h>
#include <pthread.h>

#include "../mutex.h"
#include "cancel_posix.h"
#include "fcntl_posix.h"
#include "fork_posix.h"
#include "lock_posix.h"
#include "thread_posix.h"

enum { WORKING, SETTLED, ABANDONED, IDLE, RETIRED };

static const int64_t IDLE_NS = FST_NS_PER_S;

typedef struct waiter {
    _Atomic uint32_t state;
    pthread_t thread;

    /* The request; written before WORKING, read by the waiter. */
    fst_os_file file;
    fst_lock_mode mode;
    fst_range range;
    void (*done)(void *argument);
    void *argument;
    uint32_t number; /* of the request, per waiter */

    int error;             /* written by the waiter before SETTLED; 0 = granted */
    _Atomic uint32_t told; /* number of the latest request whose done() has returned */

    struct waiter *next_idle;
    struct waiter *next, **link; /* all waiters, so that a forked child can free them */
} waiter;

static fst_mutex mutex;
static waiter *idle;
static waiter *all;

#if defined(__GLIBC__) || defined(__FreeBSD__)
/*
 * pthread_cancel needs the unwinder there, and the C library loads it only then: a process without
 * descriptors would be aborted. Naming it here has it loaded with the library.
 */
#include <unwind.h>
__attribute__((used)) static _Unwind_Reason_Code (*const volatile unwinder)(
    _Unwind_Trace_Fn, void *) = _Unwind_Backtrace;
#endif

/* ------------------------------------------------------------------- the waiter's side -- */

/*
 * Where F_OFD_SETLKW is no cancellation point (musl) the cancel has to take effect anywhere: the
 * thread holds nothing here, and abandon asks for the truth. musl forgets to act upon a cancel that
 * came before this, until it is asked to.
 */
static void allow_cancel(void)
{
    int old;

#ifndef __GLIBC__
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
#endif
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
    pthread_testcancel();
}

/* Signals are blocked in this thread, so nothing but the lock or pthread_cancel ends the call. */
static int lock_waiting(const waiter *self)
{
    struct flock lock = fst_posix_flock(fst_posix_lock_type(self->mode), self->range);
    int result, old;

    allow_cancel();
    do {
        result = fcntl((int)self->file.handle, fst_fcntl_chosen()->set_and_wait, &lock);
    } while (result != 0 && errno == EINTR);
    int error = result == 0 ? 0 : errno;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    return error;
}

/* False: the request was abandoned meanwhile. */
static bool serve(waiter *self)
{
    uint32_t expected = WORKING;
    uint32_t number = self->number;

    self->error = lock_waiting(self);
    void (*done)(void *) = self->done;
    void *argument = self->argument;
    if (!atomic_compare_exchange_strong(&self->state, &expected, SETTLED))
        return false;
    done(argument);
    atomic_store(&self->told, number);
    return true;
}

static void unlist_locked(waiter *self)
{
    *self->link = self->next;
    if (self->next != NULL)
        self->next->link = self->link;
}

static void leave_pool_locked(const waiter *self)
{
    waiter **link = &idle;

    while (*link != self)
        link = &(*link)->next_idle;
    *link = self->next_idle;
}

static bool retire(waiter *self)
{
    fst_mutex_lock(&mutex);
    bool retires = atomic_load(&self->state) == IDLE;
    if (retires) {
        atomic_store(&self->state, RETIRED);
        leave_pool_locked(self);
        unlist_locked(self);
    }
    fst_mutex_unlock(&mutex);
    return retires;
}

/*
 * False: it ends, because there was no work for a second (RETIRED), or because the work was
 * abandoned before the waiter got round to it.
 */
static bool wait_for_work(waiter *self)
{
    int64_t deadline = fst_os_now() + IDLE_NS;
    uint32_t state;

    while ((state = atomic_load(&self->state)) == SETTLED || state == IDLE) {
        if (fst_os_park(&self->state, state, deadline))
            continue;
        if (retire(self))
            return false;
        deadline = fst_os_now() + IDLE_NS;
    }
    return state == WORKING;
}

static void *run(void *argument)
{
    waiter *self = argument;
    int old;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    while (serve(self) && wait_for_work(self))
        continue;
    if (atomic_load(&self->state) == RETIRED) {
        pthread_detach(pthread_self());
        fst_os_free(self);
    }
    return NULL;
}

/* -------------------------------------------------------------------- the owner's side -- */

static void list(waiter *new)
{
    fst_mutex_lock(&mutex);
    new->next = all;
    new->link = &all;
    if (all != NULL)
        all->link = &new->next;
    all = new;
    fst_mutex_unlock(&mutex);
}

static void discard(waiter *old)
{
    fst_mutex_lock(&mutex);
    unlist_locked(old);
    fst_mutex_unlock(&mutex);
    fst_os_free(old);
}

static waiter *take_idle(void)
{
    fst_mutex_lock(&mutex);
    waiter *taken = idle;
    if (taken != NULL) {
        idle = taken->next_idle;
        atomic_store(&taken->state, SETTLED); /* not IDLE: it must not retire */
    }
    fst_mutex_unlock(&mutex);
    return taken;
}

static void describe(waiter *to, fst_os_file file, fst_lock_mode mode, fst_range range,
                     void (*done)(void *argument), void *argument)
{
    to->file = file;
    to->mode = mode;
    to->range = range;
    to->done = done;
    to->argument = argument;
    to->number++;
}

fasteners_status fst_os_lock_begin(fst_lock_request *request, fst_os_file file, fst_lock_mode mode,
                                   fst_range range, void (*done)(void *argument), void *argument,
                                   int *os_error)
{
    waiter *mine = take_idle();
    bool reused = mine != NULL;

    if (!reused && (mine = fst_os_alloc(sizeof(*mine))) == NULL) {
        *os_error = ENOMEM;
        return FASTENERS_NOT_SUPPORTED;
    }
    describe(mine, file, mode, range, done, argument);
    request->state = mine;
    if (reused) {
        atomic_store(&mine->state, WORKING);
        fst_os_unpark(&mine->state);
        return FASTENERS_OK;
    }
    list(mine);
    *os_error = fst_posix_thread_create(&mine->thread, run, mine);
    if (*os_error == 0)
        return FASTENERS_OK;
    discard(mine);
    return FASTENERS_NOT_SUPPORTED;
}

static void put_idle(waiter *settled)
{
    fst_mutex_lock(&mutex);
    settled->next_idle = idle;
    idle = settled;
    atomic_store(&settled->state, IDLE);
    fst_mutex_unlock(&mutex);
}

fasteners_status fst_os_lock_finish(fst_lock_request *request, int *os_error)
{
    waiter *settled = request->state;
    int error = settled->error;

    put_idle(settled);
    if (error == 0)
        return FASTENERS_OK;
    /* Classic locks look for deadlocks among processes, and see some where threads are meant. */
    if (error == EDEADLK)
        return FASTENERS_BUSY;
    errno = error;
    return fst_posix_lock_failure(os_error);
}

/* Settled before it could be abandoned; done() may be under way still. */
static fasteners_status finish_told(fst_lock_request *request, int *os_error)
{
    const waiter *settled = request->state;

    while (atomic_load(&settled->told) != settled->number)
        fst_os_yield();
    return fst_os_lock_finish(request, os_error);
}

/*
 * glibc installs the handler that pthread_cancel works by at its first call, in two steps. A fork
 * between them would make a child that believes it is there, and is killed by the signal at its own
 * first pthread_cancel. A fork waits for the mutex.
 */
static void cancel_thread(const waiter *abandoned)
{
    fst_mutex_lock(&mutex);
    pthread_cancel(abandoned->thread);
    fst_mutex_unlock(&mutex);
}

fasteners_status fst_os_lock_abandon(fst_lock_request *request, int *os_error)
{
    waiter *mine = request->state;
    fst_os_file file = mine->file;
    fst_lock_mode mode = mine->mode;
    fst_range range = mine->range;
    uint32_t expected = WORKING;

    if (!atomic_compare_exchange_strong(&mine->state, &expected, ABANDONED))
        return finish_told(request, os_error);
    int cancel = fst_posix_no_cancel();
    cancel_thread(mine);
    pthread_join(mine->thread, NULL);
    fst_posix_cancel_as(cancel);
    discard(mine);
    return fst_os_lock_try(file, mode, range, os_error);
}

/* ---------------------------------------------------------------------------- fork -- */

void fst_requests_fork_prepare(void)
{
    fst_mutex_lock(&mutex);
}

void fst_requests_fork_parent(void)
{
    fst_mutex_unlock(&mutex);
}

void fst_requests_fork_child(void)
{
    while (all != NULL) {
        waiter *next = all->next;
        fst_os_free(all);
        all = next;
    }
    idle = NULL;
    fst_mutex_reset(&mutex);
}
