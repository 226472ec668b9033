/* SPDX-License-Identifier: Apache-2.0 */
#include "fibers.h"

#include <pthread.h>
#include <stdlib.h>

#include "context.h"
#include "guarded.h"

/*
 * A fiber that leaves the processor says why (`wish`), and switches to its worker, which grants the
 * wish under the mutex: so nobody runs a fiber that has not left its stack yet.
 */
typedef enum wish { TO_YIELD, TO_WAIT, TO_SLEEP, TO_END } wish;
typedef enum state { UNUSED, READY, RUNNING, WAITING, SLEEPING, ENDED } state;

typedef struct fiber {
    context context;
    fiber_body *body;
    void *argument;
    state state;
    wish wish;
    bool woken;
    int64_t until; /* WAITING, SLEEPING: when that ends */
} fiber;

typedef struct worker {
    context context;
    fiber *running;
} worker;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static fiber fibers[MOST_FIBERS];
static int busy;
static bool stuck;
static int64_t now;
static unsigned seed;
static fiber_counts counts;

static fiber_moods moods;
static fasteners_rw_lock *asked;

static _Thread_local worker *own_worker;

/* A function, lest the compiler keeps the address of the variable of a thread that was left. */
__attribute__((noinline)) static worker *this_worker(void)
{
    worker *self = own_worker;

    __asm__ volatile("" : "+r"(self));
    return self;
}

void *fiber_self(void)
{
    worker *self = this_worker();

    return self != NULL ? self->running : NULL;
}

static unsigned some(unsigned below)
{
    pthread_mutex_lock(&mutex);
    unsigned number = draw(&seed, below);
    pthread_mutex_unlock(&mutex);
    return number;
}

static bool perhaps(bool mood)
{
    return mood && some(4) == 0;
}

/* ---------------------------------------------------------------------- for fibers -- */

static bool waits_or_sleeps(const fiber *self)
{
    return self->state == WAITING || self->state == SLEEPING;
}

static void leave(wish why)
{
    fiber *self = fiber_self();

    self->wish = why;
    context_switch(&self->context, &this_worker()->context, why == TO_END);
}

static void begin(void)
{
    fiber *self = fiber_self();

    context_begun();
    self->body(self->argument);
    leave(TO_END);
}

void fiber_yield(void)
{
    leave(TO_YIELD);
}

int64_t fiber_now(void)
{
    pthread_mutex_lock(&mutex);
    int64_t time = now;
    pthread_mutex_unlock(&mutex);
    return time;
}

void fiber_sleep(int64_t ms)
{
    fiber *self = fiber_self();

    self->until = fiber_now() + ms;
    leave(TO_SLEEP);
}

void fiber_kill(void *argument)
{
    fiber *self = argument;

    pthread_mutex_lock(&mutex);
    check(self->state == READY || waits_or_sleeps(self));
    self->state = ENDED;
    pthread_mutex_unlock(&mutex);
    context_free(&self->context);
}

void *fiber_start(fiber_body *body, void *argument)
{
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < MOST_FIBERS; i++) {
        fiber *self = &fibers[i];
        if (self->state != UNUSED)
            continue;
        *self = (fiber){.body = body, .argument = argument, .state = READY};
        context_make(&self->context, begin);
        pthread_mutex_unlock(&mutex);
        return self;
    }
    abort();
}

/* -------------------------------------------------------------------------- the hooks -- */

static void *current(void *user)
{
    check(user == &moods);
    return fiber_self();
}

/* What a hook may ask: with a mutex held the answer would never come. */
static void be_curious(void)
{
    if (!moods.curious)
        return;
    fasteners_rw_owner owner = fasteners_rw_lock_owner(asked);
    check(owner <= FASTENERS_OWNER_WRITER);
    (void)fasteners_rw_lock_has_pending_writers(asked);
    check(!fasteners_rw_lock_is_writer(asked, false) || fasteners_rw_lock_is_writer(asked, true));
    (void)fasteners_rw_lock_is_reader(asked);
}

static bool use_up(fiber *self)
{
    pthread_mutex_lock(&mutex);
    bool woken = self->woken;
    self->woken = false;
    counts.used_up += woken;
    pthread_mutex_unlock(&mutex);
    return woken;
}

static fasteners_status suspend(fiber *self, int64_t timeout_ms)
{
    bool forever = timeout_ms == FASTENERS_FOREVER;
    int64_t end = forever ? INT64_MAX : fiber_now() + timeout_ms;

    for (;;) {
        if (use_up(self))
            return FASTENERS_OK;
        if (perhaps(moods.restless))
            return FASTENERS_OK;
        if (moods.refusing || perhaps(moods.impatient))
            return FASTENERS_CANCELLED;
        if (fiber_now() >= end)
            return FASTENERS_TIMED_OUT;
        self->until = end;
        leave(TO_WAIT);
    }
}

static fasteners_status wait(void *user, void *argument, int64_t timeout_ms)
{
    check(user == &moods && argument == fiber_self());
    check(timeout_ms > 0 || timeout_ms == FASTENERS_FOREVER);
    be_curious();
    bool pending = moods.curious && fasteners_rw_lock_is_writer(asked, true) &&
                   !fasteners_rw_lock_is_writer(asked, false);
    pthread_mutex_lock(&mutex);
    counts.waits++;
    counts.pending += pending;
    pthread_mutex_unlock(&mutex);
    if (perhaps(moods.dawdling))
        fiber_yield();
    fasteners_status status = suspend(argument, timeout_ms);
    if (perhaps(moods.dawdling))
        fiber_yield();
    return status;
}

static void wake(void *user, void *argument)
{
    fiber *self = argument;

    check(user == &moods);
    be_curious();
    pthread_mutex_lock(&mutex);
    check(self->state != UNUSED && self->state != ENDED);
    check(!self->woken || moods.restless);
    counts.wakes++;
    self->woken = true;
    if (self->state == WAITING)
        self->state = READY;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

void fibers_hook(fasteners_rw_lock_options *options)
{
    options->current = current;
    options->wait = wait;
    options->wake = wake;
    options->hooks_user = &moods;
}

/* ------------------------------------------------------------------------- the workers -- */

static int count_locked(state which)
{
    int count = 0;

    for (int i = 0; i < MOST_FIBERS; i++)
        count += fibers[i].state == which;
    return count;
}

static fiber *pick_locked(void)
{
    int ready = count_locked(READY);

    if (ready == 0)
        return NULL;
    int which = (int)draw(&seed, (unsigned)ready);
    for (fiber *it = fibers;; it++)
        if (it->state == READY && which-- == 0)
            return it;
}

/* Nobody can run: it gets as late as somebody waits for. False: nobody does. */
static bool pass_time_locked(void)
{
    int64_t first = INT64_MAX;

    for (int i = 0; i < MOST_FIBERS; i++)
        if (waits_or_sleeps(&fibers[i]) && fibers[i].until < first)
            first = fibers[i].until;
    if (first == INT64_MAX)
        return false;
    now = first > now ? first : now;
    for (int i = 0; i < MOST_FIBERS; i++)
        if (waits_or_sleeps(&fibers[i]) && fibers[i].until <= now)
            fibers[i].state = READY;
    return true;
}

/* NULL: there is nothing to do any more. */
static fiber *next_locked(void)
{
    for (;;) {
        fiber *next = pick_locked();
        if (next != NULL)
            return next;
        if (busy > 0) {
            pthread_cond_wait(&changed, &mutex);
        } else if (!pass_time_locked()) {
            stuck = count_locked(WAITING) > 0;
            return NULL;
        }
    }
}

static void grant_wish_locked(fiber *self)
{
    if (self->wish == TO_END) {
        counts.left_over += self->woken;
        self->state = ENDED;
        context_free(&self->context);
    } else if (self->wish == TO_YIELD || (self->wish == TO_WAIT && self->woken)) {
        self->state = READY;
    } else {
        self->state = self->wish == TO_WAIT ? WAITING : SLEEPING;
    }
}

static void *run(void *argument)
{
    worker self = {.running = NULL};

    (void)argument;
    context_of_thread(&self.context);
    own_worker = &self;
    pthread_mutex_lock(&mutex);
    while ((self.running = next_locked()) != NULL) {
        self.running->state = RUNNING;
        busy++;
        pthread_mutex_unlock(&mutex);
        context_switch(&self.context, &self.running->context, false);
        pthread_mutex_lock(&mutex);
        busy--;
        grant_wish_locked(self.running);
        pthread_cond_broadcast(&changed);
    }
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    own_worker = NULL;
    return NULL;
}

bool fibers_run(int threads)
{
    pthread_t others[8];

    for (int i = 1; i < threads; i++)
        if (pthread_create(&others[i], NULL, run, NULL) != 0)
            abort();
    run(NULL);
    for (int i = 1; i < threads; i++)
        pthread_join(others[i], NULL);
    return !stuck;
}

void fibers_begin(unsigned new_seed, fiber_moods new_moods, fasteners_rw_lock *lock)
{
    for (int i = 0; i < MOST_FIBERS; i++) {
        if (fibers[i].state == READY || waits_or_sleeps(&fibers[i]))
            context_free(&fibers[i].context);
        fibers[i].state = UNUSED;
    }
    seed = new_seed;
    moods = new_moods;
    asked = lock;
    stuck = false;
    now = 0;
    counts = (fiber_counts){0};
}

fiber_counts fibers_counts(void)
{
    return counts;
}
