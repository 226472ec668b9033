/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEVER INT64_MAX

enum { MAX_STEPS = 1000000, BUFFER = 32, STORY = 400, STACK = 16384, FIRST_NOW = 1000000000 };

typedef enum state { DONE, RUNNABLE, PARKED } state;

typedef struct delayed {
    volatile void *address;
    unsigned size;
    bool release; /* nothing that was stored before may get to the others after it */
    uint64_t value;
} delayed;

typedef struct thread {
    pthread_t pthread;
    sem_t turn;
    bool started;
    state state;
    const _Atomic uint32_t *word; /* PARKED: on this one, until then */
    int64_t deadline;
    bool timed_out;
    /* Its stack: where it begins, and where it ended when the thread lost its turn. */
    uintptr_t bottom, top;
    bool outside;           /* it lost its turn outside of the library */
    delayed buffer[BUFFER]; /* oldest first */
    int buffered;
} thread;

typedef struct event {
    int thread;
    const char *what;
    const volatile void *address;
    uint64_t value;
} event;

/* All of it belongs to whoever has the turn. */
static thread threads[SIM_THREADS];
static int count;
static void (*run_body)(int thread);
static sem_t run_is_over;
static const char *failure;
static uint64_t random_state;
static uint32_t switch_chance, flush_chance, time_chance; /* of 1024 */
static int64_t now;
static long steps;
static const char *freed;
static size_t freed_size;
static event story[STORY];
static long events;

static _Thread_local thread *self;

bool sim_is_off(void)
{
    return self == NULL;
}

/* ------------------------------------------------------------------------------ drawing -- */

void sim_seed(uint64_t seed)
{
    random_state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

uint32_t sim_draw(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 32) % below;
}

static bool happens(uint32_t chance)
{
    return sim_draw(1024) < chance;
}

/* ------------------------------------------------------------------------ store buffers -- */

static void store(const delayed *entry)
{
    switch (entry->size) {
    case 1:
        __atomic_store_n((volatile uint8_t *)entry->address, (uint8_t)entry->value,
                         __ATOMIC_SEQ_CST);
        break;
    case 2:
        __atomic_store_n((volatile uint16_t *)entry->address, (uint16_t)entry->value,
                         __ATOMIC_SEQ_CST);
        break;
    case 4:
        __atomic_store_n((volatile uint32_t *)entry->address, (uint32_t)entry->value,
                         __ATOMIC_SEQ_CST);
        break;
    default:
        __atomic_store_n((volatile uint64_t *)entry->address, entry->value, __ATOMIC_SEQ_CST);
    }
}

static void store_buffered(thread *of, int which)
{
    delayed *entry = &of->buffer[which];

    store(entry);
    of->buffered--;
    memmove(entry, entry + 1, (size_t)(of->buffered - which) * sizeof(*entry));
}

/* Whether it may get to the others before those that are older. */
static bool may_overtake(const thread *of, int which)
{
    if (of->buffer[which].release)
        return false;
    for (int i = 0; i < which; i++)
        if (of->buffer[i].address == of->buffer[which].address)
            return false;
    return true;
}

static void store_one(thread *of)
{
    int which = (int)sim_draw((uint32_t)of->buffered);

    store_buffered(of, may_overtake(of, which) ? which : 0);
}

static void flush(thread *of)
{
    while (of->buffered > 0)
        store_buffered(of, 0);
}

void sim_flush(void)
{
    if (self != NULL)
        flush(self);
}

void sim_flush_all(void)
{
    for (int i = 0; i < count; i++)
        flush(&threads[i]);
}

void sim_store_later(volatile void *address, unsigned size, uint64_t value, bool release)
{
    if (self->buffered == BUFFER)
        store_buffered(self, 0);
    self->buffer[self->buffered++] = (delayed){address, size, release, value};
}

bool sim_find_stored(const volatile void *address, uint64_t *value)
{
    if (self == NULL)
        return false;
    for (int i = self->buffered - 1; i >= 0; i--) {
        if (self->buffer[i].address != address)
            continue;
        *value = self->buffer[i].value;
        return true;
    }
    return false;
}

/* ---------------------------------------------------------------------------- failing -- */

static void tell_story(void)
{
    for (long i = events > STORY ? events - STORY : 0; i < events; i++) {
        const event *one = &story[i % STORY];
        fprintf(stderr, "%ld: thread %d %s %p %#llx\n", i, one->thread, one->what,
                (void *)(uintptr_t)one->address, (unsigned long long)one->value);
    }
}

static void note(const char *what, const volatile void *address, uint64_t value)
{
    story[events++ % STORY] = (event){(int)(self - threads), what, address, value};
}

void sim_fail(const char *reason)
{
    failure = reason;
    if (getenv("SIM_STORY") != NULL)
        tell_story();
    if (self == NULL)
        return;
    sem_post(&run_is_over);
    for (;;)
        sem_wait(&self->turn);
}

const char *sim_failure(void)
{
    return failure;
}

void sim_free(const void *memory, size_t size)
{
    freed = memory;
    freed_size = size;
}

/* What a thread has had on its stack is gone when its call returns. */
static bool is_gone(uintptr_t address)
{
    for (int i = 0; i < count; i++) {
        const thread *one = &threads[i];
        uintptr_t end = one->outside ? one->bottom : one->top;
        if (one != self && address < end && address > one->top - STACK)
            return true;
    }
    return false;
}

void sim_touch(const volatile void *address, const char *what, uint64_t value)
{
    uintptr_t distance = (uintptr_t)address - (uintptr_t)freed;

    if (self == NULL)
        return;
    if (++steps > MAX_STEPS)
        sim_fail("it goes on and on");
    if (what != NULL)
        note(what, address, value);
    if (freed != NULL && distance < freed_size)
        sim_fail("freed memory was touched");
    if (is_gone((uintptr_t)address))
        sim_fail("a variable of a call that has returned was touched");
}

/* -------------------------------------------------------------------------- scheduling -- */

static void wake(thread *one, bool timed_out)
{
    one->state = RUNNABLE;
    one->timed_out = timed_out;
}

/* Time passes: so that the one whose deadline is the next one wakes up. False: there is none. */
static bool let_time_pass(void)
{
    thread *first = NULL;

    for (int i = 0; i < count; i++)
        if (threads[i].state == PARKED && threads[i].deadline != NEVER &&
            (first == NULL || threads[i].deadline < first->deadline))
            first = &threads[i];
    if (first == NULL)
        return false;
    if (first->deadline > now)
        now = first->deadline;
    wake(first, true);
    return true;
}

static thread *any_in(state wanted)
{
    thread *found[SIM_THREADS];
    uint32_t size = 0;

    for (int i = 0; i < count; i++)
        if (threads[i].state == wanted)
            found[size++] = &threads[i];
    return size > 0 ? found[sim_draw(size)] : NULL;
}

static void something_happens(void)
{
    if (!happens(time_chance))
        return;
    if (sim_draw(4) == 0) {
        thread *sleeper = any_in(PARKED);
        if (sleeper != NULL)
            wake(sleeper, false);
    } else {
        let_time_pass();
    }
}

/* NULL: all have come to their end. */
static thread *next_thread(void)
{
    something_happens();
    thread *next = any_in(RUNNABLE);
    if (next == NULL && let_time_pass())
        next = any_in(RUNNABLE);
    if (next == NULL && any_in(PARKED) != NULL)
        sim_fail("all threads sleep for ever");
    return next;
}

static void give_turn_to(thread *next)
{
    thread *me = self;

    if (next == me)
        return;
    me->top = (uintptr_t)__builtin_frame_address(0);
    sem_post(&next->turn);
    sem_wait(&me->turn);
}

void sim_may_switch(void)
{
    if (self == NULL)
        return;
    for (int i = 0; i < count; i++)
        if (threads[i].buffered > 0 && happens(flush_chance))
            store_one(&threads[i]);
    if (happens(switch_chance))
        give_turn_to(next_thread());
}

void sim_step(void)
{
    self->outside = true;
    sim_may_switch();
    self->outside = false;
}

void sim_pause(void)
{
    if (self == NULL)
        return;
    sim_may_switch();
    sim_flush();
    give_turn_to(next_thread());
}

int64_t sim_now(void)
{
    if (self != NULL)
        sim_may_switch();
    now += 1 + (int64_t)sim_draw(2000);
    return now;
}

bool sim_park(const _Atomic uint32_t *word, uint32_t expected, int64_t deadline)
{
    if (self == NULL)
        return true;
    sim_may_switch();
    sim_flush();
    sim_touch(word, "park", expected);
    if (atomic_load(word) != expected)
        return true;
    if (deadline <= now)
        return false;
    self->state = PARKED;
    self->word = word;
    self->deadline = deadline;
    give_turn_to(next_thread());
    return !self->timed_out;
}

void sim_unpark(const _Atomic uint32_t *word)
{
    if (self == NULL)
        return;
    sim_may_switch();
    sim_flush();
    note("unpark", word, 0);
    for (int i = 0; i < count; i++)
        if (threads[i].state == PARKED && threads[i].word == word)
            wake(&threads[i], false);
    sim_may_switch();
}

/* -------------------------------------------------------------------------------- runs -- */

static void end_turn(void)
{
    thread *me = self;

    flush(me);
    me->state = DONE;
    me->outside = true;
    thread *next = next_thread();
    self = NULL;
    sem_post(next != NULL ? &next->turn : &run_is_over);
}

static void *live(void *argument)
{
    thread *me = argument;

    me->bottom = me->top = (uintptr_t)__builtin_frame_address(0);
    for (;;) {
        sem_wait(&me->turn);
        me->outside = false;
        self = me;
        run_body((int)(me - threads));
        sim_end_thread();
        end_turn();
    }
    return NULL;
}

/* All on one processor: so it costs little to pass the turn. */
static void stay_on_one_processor(void)
{
    cpu_set_t all, one;

    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof(all), &all) != 0)
        return;
    for (size_t i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &one);
            break;
        }
    }
    sched_setaffinity(0, sizeof(one), &one);
}

static bool start(thread *one)
{
    if (one->started)
        return true;
    one->started =
        sem_init(&one->turn, 0, 0) == 0 && pthread_create(&one->pthread, NULL, live, one) == 0;
    return one->started;
}

/* How hasty, how late and how sleepy a run is. */
static void draw_chances(void)
{
    static const uint32_t switches[] = {4, 16, 64, 200, 500};
    static const uint32_t flushes[] = {8, 64, 400, 1024};
    static const uint32_t times[] = {0, 10, 100};

    switch_chance = switches[sim_draw(sizeof(switches) / sizeof(switches[0]))];
    flush_chance = flushes[sim_draw(sizeof(flushes) / sizeof(flushes[0]))];
    time_chance = times[sim_draw(sizeof(times) / sizeof(times[0]))];
}

const char *sim_run(uint64_t seed, int number, void (*body)(int thread))
{
    if (!threads[0].started) {
        stay_on_one_processor();
        sem_init(&run_is_over, 0, 0);
    }
    sim_seed(seed ^ UINT64_C(0x5bd1e995));
    draw_chances();
    run_body = body;
    count = number;
    now = FIRST_NOW;
    steps = 0;
    events = 0;
    failure = NULL;
    for (int i = 0; i < number; i++) {
        if (!start(&threads[i]))
            return "a thread cannot be started";
        threads[i].state = RUNNABLE;
        threads[i].buffered = 0;
        threads[i].outside = true;
    }
    sem_post(&any_in(RUNNABLE)->turn);
    sem_wait(&run_is_over);
    return failure;
}
