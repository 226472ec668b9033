/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A user's program in which every access is guarded by a fasteners_rw_lock, in every way there is:
 * a checker of data races has nothing to report. The threads meet in the lock alone, so whatever
 * order the checker sees was told to it by the library.
 *
 *     guarded [SCENARIO]...
 *
 * Exit status 1 if a reader saw something half-written, or a call failed that must not.
 */

#include <fasteners.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS = 4, ROUNDS = 60 };

#define FOREVER FASTENERS_FOREVER
#define NO_WAIT FASTENERS_NO_WAIT

/* Two numbers that are equal whenever the lock is free. */
typedef struct guarded {
    fasteners_rw_lock lock;
    long first, second;
} guarded;

static guarded shared;

static void check(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "guarded: not so: %s\n", what);
    exit(1);
}

#define CHECK(condition) check(condition, #condition)
#define SUCCEED(call) check((call) == FASTENERS_OK, #call)

static void look(const guarded *it)
{
    CHECK(it->first == it->second);
}

static void change(guarded *it)
{
    it->first++;
    it->second++;
}

static void rest(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};

    nanosleep(&moment, NULL);
}

static void run_team(void *(*body)(void *number))
{
    pthread_t team[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&team[i], NULL, body, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(team[i], NULL) == 0);
}

/* Hooks for which threads are fibers. */
typedef struct seat {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool woken;
} seat;

static bool with_hooks;
static __thread seat own_seat = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};

static void *current(void *user)
{
    (void)user;
    return &own_seat;
}

static fasteners_status wait_on_seat(void *user, void *fiber, int64_t timeout_ms)
{
    struct timespec until;
    seat *self = fiber;
    int error = 0;

    (void)user;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms > 0 ? 1 : 1000; /* late is not wrong here */
    pthread_mutex_lock(&self->mutex);
    while (!self->woken && error == 0)
        error = pthread_cond_timedwait(&self->changed, &self->mutex, &until);
    bool woken = self->woken;
    self->woken = false;
    pthread_mutex_unlock(&self->mutex);
    return woken ? FASTENERS_OK : FASTENERS_TIMED_OUT;
}

static void wake_on_seat(void *user, void *fiber)
{
    seat *self = fiber;

    (void)user;
    pthread_mutex_lock(&self->mutex);
    self->woken = true;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->mutex);
}

static void start(uint32_t preference)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    options.preference = preference;
    options.current = with_hooks ? current : NULL;
    options.wait = with_hooks ? wait_on_seat : NULL;
    options.wake = with_hooks ? wake_on_seat : NULL;
    SUCCEED(fasteners_rw_lock_init(&shared.lock, &options));
    shared.first = shared.second = 0;
}

/* ----------------------------------------------------------------------- read and write -- */

static void read_it(bool slowly)
{
    SUCCEED(fasteners_rw_lock_acquire_read(&shared.lock, FOREVER));
    look(&shared);
    if (slowly)
        rest();
    look(&shared);
    SUCCEED(fasteners_rw_lock_release_read(&shared.lock));
}

static void write_it(bool slowly)
{
    SUCCEED(fasteners_rw_lock_acquire_write(&shared.lock, FOREVER));
    change(&shared);
    if (slowly)
        rest();
    change(&shared);
    SUCCEED(fasteners_rw_lock_release_write(&shared.lock));
}

/* Now and then a holder sleeps, so that the others have to queue. */
static void *read_and_write(void *number)
{
    for (size_t i = (size_t)number; i < ROUNDS; i++)
        if (i % THREADS == 0)
            write_it(i % 16 == 0);
        else
            read_it(i % 8 == 1);
    return NULL;
}

static void read_write(void)
{
    for (uint32_t preference = 0; preference <= FASTENERS_PREFER_PHASE_FAIR; preference++) {
        start(preference);
        run_team(read_and_write);
        SUCCEED(fasteners_rw_lock_destroy(&shared.lock));
    }
}

/* Thousands of reads without a write make the lock change the way in which readers enter. */
static void *read_mostly(void *number)
{
    for (int i = 0; i < 40 * ROUNDS; i++)
        read_it(false);
    if (number == 0)
        write_it(false);
    return NULL;
}

static void quiet(void)
{
    start(FASTENERS_PREFER_DEFAULT);
    run_team(read_mostly);
    run_team(read_and_write);
}

/* ------------------------------------------------------------------------------- nested -- */

static void *nest(void *number)
{
    (void)number;
    for (int i = 0; i < ROUNDS; i++) {
        SUCCEED(fasteners_rw_lock_acquire_read(&shared.lock, FOREVER));
        read_it(false);
        look(&shared);
        SUCCEED(fasteners_rw_lock_release_read(&shared.lock));

        SUCCEED(fasteners_rw_lock_acquire_write(&shared.lock, FOREVER));
        write_it(false);
        read_it(false);
        change(&shared);
        SUCCEED(fasteners_rw_lock_acquire_read(&shared.lock, FOREVER));
        SUCCEED(fasteners_rw_lock_release_write(&shared.lock));
        look(&shared); /* the write was released first */
        SUCCEED(fasteners_rw_lock_release_read(&shared.lock));
    }
    return NULL;
}

static void nested(void)
{
    start(FASTENERS_PREFER_DEFAULT);
    run_team(nest);
}

/* ---------------------------------------------------------------- upgrade and downgrade -- */

static void *convert(void *number)
{
    for (size_t i = (size_t)number; i < ROUNDS; i++) {
        SUCCEED(fasteners_rw_lock_acquire_read(&shared.lock, FOREVER));
        look(&shared);
        if (i % 4 == 0)
            rest();
        if (fasteners_rw_lock_upgrade(&shared.lock, i % 2 == 0 ? 1 : FOREVER) == FASTENERS_OK) {
            change(&shared);
            SUCCEED(fasteners_rw_lock_downgrade(&shared.lock));
        }
        look(&shared);
        SUCCEED(fasteners_rw_lock_release_read(&shared.lock));
        write_it(i % 8 == 0);
    }
    return NULL;
}

static void converted(void)
{
    start(FASTENERS_PREFER_DEFAULT);
    run_team(convert);
}

/* ------------------------------------------------------------------------ tried and timed -- */

static void *try_and_time(void *number)
{
    for (size_t i = (size_t)number; i < ROUNDS; i++) {
        int64_t timeout = i % 2 == 0 ? 1 : NO_WAIT;
        if (fasteners_rw_lock_acquire_write(&shared.lock, timeout) == FASTENERS_OK) {
            change(&shared);
            if (i % 4 == 0)
                rest();
            SUCCEED(fasteners_rw_lock_release_write(&shared.lock));
        }
        if (fasteners_rw_lock_acquire_read(&shared.lock, timeout) == FASTENERS_OK) {
            look(&shared);
            if (i % 4 == 1)
                rest();
            SUCCEED(fasteners_rw_lock_release_read(&shared.lock));
        }
    }
    return NULL;
}

static void timed(void)
{
    start(FASTENERS_PREFER_DEFAULT);
    run_team(try_and_time);
}

/* ----------------------------------------------------------------- questions on the way -- */

static void *ask(void *number)
{
    for (size_t i = (size_t)number; i < ROUNDS; i++) {
        (void)fasteners_rw_lock_owner(&shared.lock);
        (void)fasteners_rw_lock_has_pending_writers(&shared.lock);
        CHECK(!fasteners_rw_lock_is_writer(&shared.lock, true));
        CHECK(!fasteners_rw_lock_is_reader(&shared.lock));
        write_it(i % 8 == 0);
    }
    return NULL;
}

static void asked(void)
{
    start(FASTENERS_PREFER_DEFAULT);
    run_team(ask);
}

/* -------------------------------------------------------------------------------- hooks -- */

static void hooked(void)
{
    static void *(*const bodies[])(void *) = {read_and_write, nest, convert, try_and_time, ask};

    with_hooks = true;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        start(FASTENERS_PREFER_DEFAULT);
        run_team(bodies[i]);
        SUCCEED(fasteners_rw_lock_destroy(&shared.lock));
    }
    with_hooks = false;
}

/* ------------------------------------------------------------------ threads that end -- */

static void *end_as_writer(void *number)
{
    (void)number;
    SUCCEED(fasteners_rw_lock_acquire_write(&shared.lock, FOREVER));
    change(&shared);
    return NULL;
}

/* One of them waits until the readers have ended. */
static void *end_as_reader(void *number)
{
    if (number == 0) {
        write_it(false);
        return NULL;
    }
    SUCCEED(fasteners_rw_lock_acquire_read(&shared.lock, FOREVER));
    SUCCEED(fasteners_rw_lock_acquire_read(&shared.lock, FOREVER));
    look(&shared);
    rest();
    return NULL;
}

/* The first reader after that finds the writer gone, the others find nothing special. */
static void *read_after_the_writer(void *number)
{
    if (number == 0)
        return end_as_writer(number);
    read_it(true);
    return NULL;
}

static void ended(void)
{
    for (int i = 0; i < 5; i++) {
        start(FASTENERS_PREFER_DEFAULT);
        run_team(end_as_reader);
        run_team(end_as_writer);
        run_team(read_after_the_writer);
        read_it(false);
        CHECK(fasteners_rw_lock_was_abandoned(&shared.lock));
    }
}

/* -------------------------------------------------------------- freed by who comes last -- */

typedef struct mortal {
    guarded body;
    int users;
} mortal;

static mortal *mortals[ROUNDS];

static void *use_and_free(void *number)
{
    (void)number;
    for (int i = 0; i < ROUNDS; i++) {
        mortal *it = mortals[i];
        SUCCEED(fasteners_rw_lock_acquire_read(&it->body.lock, FOREVER));
        look(&it->body);
        SUCCEED(fasteners_rw_lock_release_read(&it->body.lock));
        SUCCEED(fasteners_rw_lock_acquire_write(&it->body.lock, FOREVER));
        change(&it->body);
        bool last = --it->users == 0;
        SUCCEED(fasteners_rw_lock_release_write(&it->body.lock));
        if (last) {
            memset(it, 0xff, sizeof(*it));
            free(it);
        }
    }
    return NULL;
}

static void freed(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        mortals[i] = calloc(1, sizeof(mortal));
        CHECK(mortals[i] != NULL);
        mortals[i]->users = THREADS;
    }
    run_team(use_and_free);
}

/* ------------------------------------------------------------------- more than one lock -- */

enum { LOCKS = 20 }; /* more than a thread has a place for without asking for memory */

static guarded many[LOCKS];

static void *hold_many(void *number)
{
    for (size_t i = (size_t)number; i < ROUNDS / 4; i++) {
        for (int k = 0; k < LOCKS; k++) {
            SUCCEED(fasteners_rw_lock_acquire_read(&many[k].lock, FOREVER));
            look(&many[k]);
        }
        for (int k = LOCKS; k-- > 0;)
            SUCCEED(fasteners_rw_lock_release_read(&many[k].lock));
        guarded *one = &many[i % LOCKS];
        SUCCEED(fasteners_rw_lock_acquire_write(&one->lock, FOREVER));
        change(one);
        SUCCEED(fasteners_rw_lock_release_write(&one->lock));
    }
    return NULL;
}

static void several(void)
{
    run_team(hold_many);
}

/* ------------------------------------------------------------------------- many threads -- */

enum { CROWD = 40 }; /* more than the library has room for without asking for memory */

static void *read_then_write(void *unused)
{
    read_it(false);
    write_it(false);
    return unused;
}

/* All wait for the main thread. */
static void crowd(void)
{
    pthread_t team[CROWD];

    start(FASTENERS_PREFER_DEFAULT);
    SUCCEED(fasteners_rw_lock_acquire_write(&shared.lock, FOREVER));
    for (int i = 0; i < CROWD; i++)
        CHECK(pthread_create(&team[i], NULL, read_then_write, NULL) == 0);
    change(&shared);
    SUCCEED(fasteners_rw_lock_release_write(&shared.lock));
    for (int i = 0; i < CROWD; i++)
        CHECK(pthread_join(team[i], NULL) == 0);
}

/* ---------------------------------------------------------------------------- the program -- */

static const struct scenario {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"read_write", read_write}, {"quiet", quiet}, {"nested", nested}, {"converted", converted},
    {"timed", timed},           {"asked", asked}, {"ended", ended},   {"freed", freed},
    {"several", several},       {"crowd", crowd}, {"hooked", hooked},
};

static bool is_wanted(const char *name, int count, char **names)
{
    for (int i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return count == 0;
}

int main(int count, char **words)
{
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
        if (is_wanted(scenarios[i].name, count - 1, words + 1))
            scenarios[i].run();
    return 0;
}
