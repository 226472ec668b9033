/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <stdatomic.h>
#include <stdio.h>

#include "../support/patience.h"
#include "../unit/unit_test.h"
#include "fibers.h"
#include "guarded.h"

/*
 * T11: fibers that do all that can be done with a lock, in schedules that a seed makes, with hooks
 * that do what they may; and the same on two threads. A seed that fails is printed; with one thread
 * it does the same every time.
 */

#define FOREVER FASTENERS_FOREVER
#define NO_WAIT FASTENERS_NO_WAIT
#define OK FASTENERS_OK

enum { SCHEDULES = 4000, MOST = 12, ROUNDS = 8 };

static fasteners_rw_lock lock;
static fiber_moods moods;
static _Atomic int readers, writers;
static long first, second; /* equal, unless a writer is in */
static _Atomic long upgraded, downgraded, given_up;

typedef struct worker {
    unsigned seed;
    int rounds;
} worker;

static void dawdle(worker *self)
{
    switch (draw(&self->seed, 8)) {
    case 0:
        fiber_sleep(draw(&self->seed, 3));
        break;
    case 1:
    case 2:
        fiber_yield();
        break;
    default:
        break;
    }
}

static void look_around(worker *self)
{
    check(fasteners_rw_lock_is_reader(&lock));
    atomic_fetch_add(&readers, 1);
    check(atomic_load(&writers) == 0 && first == second);
    dawdle(self);
    check(atomic_load(&writers) == 0 && first == second);
    check(fasteners_rw_lock_owner(&lock) == FASTENERS_OWNER_READER);
    atomic_fetch_sub(&readers, 1);
}

static void make_a_change(worker *self)
{
    check(fasteners_rw_lock_is_writer(&lock, false));
    check(atomic_fetch_add(&writers, 1) == 0 && atomic_load(&readers) == 0 && first == second);
    first++;
    dawdle(self);
    second++;
    check(fasteners_rw_lock_owner(&lock) == FASTENERS_OWNER_WRITER);
    check(atomic_fetch_sub(&writers, 1) == 1 && atomic_load(&readers) == 0);
}

static int64_t some_time(worker *self)
{
    switch (draw(&self->seed, 3)) {
    case 0:
        return NO_WAIT;
    case 1:
        return 1 + draw(&self->seed, 3);
    default:
        return FOREVER;
    }
}

/* Whether the call has succeeded; if not, it may have failed in these ways only. */
static bool is_in(fasteners_status status, int64_t timeout_ms)
{
    if (status == OK)
        return true;
    atomic_fetch_add(&given_up, 1);
    if (moods.impatient && status == FASTENERS_CANCELLED && timeout_ms != NO_WAIT)
        return false;
    return entered(status, timeout_ms);
}

static void upgrade_it(worker *self)
{
    int64_t timeout = some_time(self);
    fasteners_status status = fasteners_rw_lock_upgrade(&lock, timeout);

    if (status == FASTENERS_WOULD_DEADLOCK || !is_in(status, timeout)) {
        look_around(self);
        return;
    }
    atomic_fetch_add(&upgraded, 1);
    make_a_change(self);
    expect(fasteners_rw_lock_downgrade(&lock), OK);
}

static void read_it(worker *self)
{
    int64_t timeout = some_time(self);

    if (!is_in(fasteners_rw_lock_acquire_read(&lock, timeout), timeout))
        return;
    look_around(self);
    expect(fasteners_rw_lock_acquire_read(&lock, NO_WAIT), OK);
    look_around(self);
    expect(fasteners_rw_lock_release_read(&lock), OK);
    expect(fasteners_rw_lock_acquire_write(&lock, FOREVER), FASTENERS_WOULD_DEADLOCK);
    if (draw(&self->seed, 3) == 0)
        upgrade_it(self);
    look_around(self);
    expect(fasteners_rw_lock_release_read(&lock), OK);
}

static void write_it(worker *self)
{
    int64_t timeout = some_time(self);

    if (!is_in(fasteners_rw_lock_acquire_write(&lock, timeout), timeout))
        return;
    make_a_change(self);
    if (draw(&self->seed, 3) == 0) {
        expect(fasteners_rw_lock_acquire_write(&lock, NO_WAIT), OK);
        make_a_change(self);
        expect(fasteners_rw_lock_release_write(&lock), OK);
    }
    if (draw(&self->seed, 3) == 0) {
        atomic_fetch_add(&downgraded, 1);
        expect(fasteners_rw_lock_acquire_read(&lock, NO_WAIT), OK);
        make_a_change(self);
        expect(fasteners_rw_lock_release_write(&lock), OK);
        look_around(self);
        expect(fasteners_rw_lock_release_read(&lock), OK);
    } else {
        expect(fasteners_rw_lock_release_write(&lock), OK);
    }
    expect(fasteners_rw_lock_release_write(&lock), FASTENERS_NOT_OWNER);
}

static void work(void *argument)
{
    worker *self = argument;

    for (int i = 0; i < self->rounds; i++) {
        dawdle(self);
        if (draw(&self->seed, 3) == 0)
            write_it(self);
        else
            read_it(self);
    }
    check(!fasteners_rw_lock_is_writer(&lock, true) && !fasteners_rw_lock_is_reader(&lock));
}

static void make_lock(uint32_t preference)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    options.preference = preference;
    fibers_hook(&options);
    assert_int_equal(fasteners_rw_lock_init(&lock, &options), OK);
}

/* Every wake was used by the wait it was for; unless that returned for nothing at that moment. */
static void assert_wakes_were_used(void)
{
    fiber_counts counts = fibers_counts();

    if (moods.restless)
        return;

    assert_int_equal(counts.wakes, counts.used_up);
    assert_int_equal(counts.left_over, 0);
}

static void run(unsigned seed, int fibers, int rounds, int threads)
{
    static worker workers[MOST_FIBERS];

    moods = (fiber_moods){.dawdling = (seed & 1) != 0,
                          .restless = (seed & 2) != 0,
                          .impatient = (seed & 4) != 0,
                          .curious = (seed & 8) != 0};
    fibers_begin(seed, moods, &lock);
    make_lock(1 + seed % 3);
    for (int i = 0; i < fibers; i++) {
        workers[i] = (worker){.seed = seed * 31 + (unsigned)i, .rounds = rounds};
        fiber_start(work, &workers[i]);
    }
    bool done = fibers_run(threads);
    if (!done || !nothing_went_wrong())
        print_error("seed %u, %d fibers, %d threads\n", seed, fibers, threads);
    assert_true(done);
    assert_nothing_went_wrong();
    assert_int_equal(first, second);
    assert_wakes_were_used();
    assert_int_equal(fasteners_rw_lock_destroy(&lock), OK);
}

static void t11_random_schedules(void **state)
{
    (void)state;
    for (long i = test_rounds(SCHEDULES); i > 0; i--)
        run((unsigned)i, 2 + (int)(i % (MOST - 1)), ROUNDS, 1);
    assert_true(upgraded > 0 && downgraded > 0 && given_up > 0);
}

/* Fibers go on in whichever thread is free. */
static void t11_fibers_of_two_threads(void **state)
{
    (void)state;
    for (long i = test_rounds(40); i > 0; i--)
        run((unsigned)i, MOST_FIBERS, 20, 2);
}

static void t11_fibers_of_four_threads(void **state)
{
    (void)state;
    for (long i = test_rounds(20); i > 0; i--)
        run((unsigned)i, MOST_FIBERS, 20, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t11_random_schedules),
        cmocka_unit_test(t11_fibers_of_two_threads),
        cmocka_unit_test(t11_fibers_of_four_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
