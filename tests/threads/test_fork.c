/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../support/patience.h"
#include "../unit/unit_test.h"
#include "actor.h"
#include "forced.h"
#include "forked.h"

/* T8: what a forked child finds. */

#define FOREVER FASTENERS_FOREVER
#define NO_WAIT FASTENERS_NO_WAIT

static fasteners_rw_lock written, read_by_other, mine, read_by_both;
static actor other, third, fourth, gone;

static void other_holds_are_given_back(void)
{
    REQUIRE(act(&written, ACQUIRE_WRITE, NO_WAIT) == FASTENERS_OK);
    REQUIRE(fasteners_rw_lock_was_abandoned(&written));
    REQUIRE(act(&written, RELEASE_WRITE, 0) == FASTENERS_OK);
    REQUIRE(act(&read_by_other, ACQUIRE_WRITE, NO_WAIT) == FASTENERS_OK);
    REQUIRE(!fasteners_rw_lock_was_abandoned(&read_by_other));
    REQUIRE(act(&read_by_other, RELEASE_WRITE, 0) == FASTENERS_OK);
    REQUIRE(act(&read_by_both, UPGRADE, NO_WAIT) == FASTENERS_OK);
    REQUIRE(act(&read_by_both, DOWNGRADE, NO_WAIT) == FASTENERS_OK);
    REQUIRE(act(&read_by_both, RELEASE_READ, 0) == FASTENERS_OK);
    REQUIRE(act(&read_by_both, ACQUIRE_WRITE, NO_WAIT) == FASTENERS_OK);
    REQUIRE(act(&read_by_both, RELEASE_WRITE, 0) == FASTENERS_OK);
}

static void own_hold_is_kept(void)
{
    REQUIRE(fasteners_rw_lock_is_writer(&mine, false));
    REQUIRE(!fasteners_rw_lock_has_pending_writers(&mine));
    REQUIRE(act(&mine, ACQUIRE_WRITE, NO_WAIT) == FASTENERS_OK);
    REQUIRE(act(&mine, RELEASE_WRITE, 0) == FASTENERS_OK);
    REQUIRE(act(&mine, RELEASE_WRITE, 0) == FASTENERS_OK);
    REQUIRE(act(&mine, ACQUIRE_READ, NO_WAIT) == FASTENERS_OK);
    REQUIRE(act(&mine, RELEASE_READ, 0) == FASTENERS_OK);
    REQUIRE(fasteners_rw_lock_destroy(&mine) == FASTENERS_OK);
}

__attribute__((unused)) static void threads_of_the_child_work(void)
{
    actor new;

    actor_start(&new);
    REQUIRE(actor_do(&new, &read_by_other, ACQUIRE_READ, NO_WAIT) == FASTENERS_OK);
    REQUIRE(act(&read_by_other, ACQUIRE_WRITE, NO_WAIT) == FASTENERS_BUSY);
    actor_end(&new);
    REQUIRE(act(&read_by_other, ACQUIRE_WRITE, NO_WAIT) == FASTENERS_OK);
    REQUIRE(act(&read_by_other, RELEASE_WRITE, 0) == FASTENERS_OK);
}

/* More of them than there were in the parent, be they there still or not. */
__attribute__((unused)) static void threads_of_the_child_are_told_apart(void)
{
    enum { THREADS = 8 };
    static fasteners_rw_lock locks[THREADS];
    actor threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        actor_start(&threads[i]);
        REQUIRE(actor_do(&threads[i], &locks[i], ACQUIRE_WRITE, NO_WAIT) == FASTENERS_OK);
    }
    for (int i = 0; i < THREADS; i++)
        for (int k = 0; k < THREADS; k++)
            REQUIRE(actor_do(&threads[i], &locks[k], IS_WRITER, 0) == (i == k));
    for (int i = 0; i < THREADS; i++)
        actor_end(&threads[i]);
}

static void child_of_holders(void)
{
    other_holds_are_given_back();
    own_hold_is_kept();
#ifndef __SANITIZE_THREAD__ /* which ends a forked child that starts a thread */
    threads_of_the_child_work();
    threads_of_the_child_are_told_apart();
#endif
}

static void t8_holds_and_waiters_at_the_time_of_fork(void **state)
{
    (void)state;
    actor_start(&other);
    actor_start(&third);
    actor_start(&fourth);
    assert_int_equal(actor_do(&other, &written, ACQUIRE_WRITE, FOREVER), 0);
    assert_int_equal(actor_do(&other, &read_by_other, ACQUIRE_READ, FOREVER), 0);
    assert_int_equal(actor_do(&third, &read_by_both, ACQUIRE_READ, FOREVER), 0);
    assert_int_equal(act(&read_by_both, ACQUIRE_READ, FOREVER), 0);
    assert_int_equal(act(&mine, ACQUIRE_WRITE, FOREVER), 0);
    actor_begin(&third, &mine, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&mine, 1));
    actor_begin(&fourth, &mine, ACQUIRE_READ, FOREVER);
    assert_true(wait_for_waiters(&mine, 2));
    actor_start(&gone);
    assert_int_equal(actor_do(&gone, &read_by_other, ACQUIRE_READ, FOREVER), 0);
    actor_end(&gone);
    for (int i = 0; i < 3; i++)
        assert_int_equal(run_in_child(child_of_holders), 0);
    /* The parent goes on as if nothing had been. */
    assert_int_equal(act(&mine, RELEASE_WRITE, 0), 0);
    assert_int_equal(actor_finish(&third), 0);
    assert_int_equal(actor_do(&third, &mine, RELEASE_WRITE, 0), 0);
    assert_int_equal(actor_finish(&fourth), 0);
    assert_int_equal(actor_do(&fourth, &mine, RELEASE_READ, 0), 0);
    assert_int_equal(actor_do(&other, &written, RELEASE_WRITE, 0), 0);
    assert_int_equal(actor_do(&other, &read_by_other, RELEASE_READ, 0), 0);
    assert_int_equal(actor_do(&third, &read_by_both, RELEASE_READ, 0), 0);
    assert_int_equal(act(&read_by_both, RELEASE_READ, 0), 0);
    actor_end(&other);
    actor_end(&third);
    actor_end(&fourth);
}

/* ------------------------------------------------ forks while threads come, go and work -- */

enum { BUSY_LOCKS = 2, WORKERS = 4 };

static fasteners_rw_lock busy_lock[BUSY_LOCKS];
static _Atomic bool stop;

static void *short_life(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;

    for (int i = 0; i < 300; i++) {
        fasteners_rw_lock *lock = &busy_lock[i % BUSY_LOCKS];
        seed = seed * 1664525u + 1013904223u;
        bool writes = (seed >> 16) % 4 == 0;
        if (act(lock, writes ? ACQUIRE_WRITE : ACQUIRE_READ, FOREVER) != FASTENERS_OK)
            abort();
        act(lock, writes ? RELEASE_WRITE : RELEASE_READ, 0);
    }
    return NULL;
}

static void *have_short_lives(void *argument)
{
    uintptr_t seed = (uintptr_t)argument;

    while (!atomic_load(&stop)) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, short_life, (void *)seed++) != 0)
            abort();
        pthread_join(thread, NULL);
    }
    return NULL;
}

static void child_of_the_busy(void)
{
    for (int i = 0; i < BUSY_LOCKS; i++) {
        REQUIRE(act(&busy_lock[i], ACQUIRE_WRITE, 10000) == FASTENERS_OK);
        REQUIRE(act(&busy_lock[i], RELEASE_WRITE, 0) == FASTENERS_OK);
        REQUIRE(act(&busy_lock[i], ACQUIRE_READ, 10000) == FASTENERS_OK);
        REQUIRE(act(&busy_lock[i], RELEASE_READ, 0) == FASTENERS_OK);
        REQUIRE(fasteners_rw_lock_destroy(&busy_lock[i]) == FASTENERS_OK);
    }
}

static void t8_fork_at_any_moment(void **state)
{
    pthread_t threads[WORKERS];
    long rounds = test_rounds(400);

    (void)state;
    for (uintptr_t i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, have_short_lives, (void *)(i * 100)), 0);
    int failed = 0;
    for (long i = 0; i < rounds && failed == 0; i++)
        failed = run_in_child(child_of_the_busy);
    atomic_store(&stop, true);
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(failed, 0);
    for (int i = 0; i < BUSY_LOCKS; i++)
        assert_int_equal(fasteners_rw_lock_destroy(&busy_lock[i]), FASTENERS_OK);
}

/* ------------------------------------------------------ a forker that owes a wake-up -- */

static fasteners_rw_lock *handed; /* the only thing on its page */
static long page_size;

/*
 * Ends the child in the last round of what is called at a thread's end, when the library has done
 * its part; not by exit, at which sanitizers would look for what cmocka has not freed.
 */
static pthread_key_t at_end;
static void end_in_the_last_round(void *round)
{
    if ((uintptr_t)round == PTHREAD_DESTRUCTOR_ITERATIONS)
        _exit(0);
    (void)pthread_setspecific(at_end, (void *)((uintptr_t)round + 1));
}

/* The child's thread has released the lock, which is gone, when it ends: it looks at it no more. */
static void child_of_debtor(void)
{
    REQUIRE(act(handed, RELEASE_WRITE, 0) == FASTENERS_OK);
    REQUIRE(mprotect(handed, (size_t)page_size, PROT_NONE) == 0);
    REQUIRE(pthread_key_create(&at_end, end_in_the_last_round) == 0);
    REQUIRE(pthread_setspecific(at_end, (void *)1) == 0);
    pthread_exit(NULL);
}

static void *inherit(void *unused)
{
    (void)unused;
    REQUIRE(act(handed, ACQUIRE_WRITE, FOREVER) == FASTENERS_OK);
    REQUIRE(fasteners_rw_lock_was_abandoned(handed));
    _exit(0);
}

/* Of those who wait in the parent none is left; but somebody new waits when the thread ends. */
__attribute__((unused)) static void child_with_an_heir(void)
{
    pthread_t heir;

    REQUIRE(pthread_create(&heir, NULL, inherit, NULL) == 0);
    REQUIRE(wait_for_waiters(handed, 1));
    pthread_exit(NULL);
}

/* Lets the main thread queue first and another one second, then lets them in. */
static void *direct(void *unused)
{
    (void)unused;
    bool queued = wait_for_waiters(handed, 1);
    actor_begin(&third, handed, ACQUIRE_WRITE, FOREVER);
    queued = wait_for_waiters(handed, 2) && queued;
    return actor_do(&other, handed, RELEASE_WRITE, 0) == FASTENERS_OK && queued ? handed : NULL;
}

static void t8_forker_whom_others_wait_for(void **state)
{
    pthread_t director;
    void *went_well;

    (void)state;
    page_size = sysconf(_SC_PAGESIZE);
    handed =
        mmap(NULL, (size_t)page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(handed, MAP_FAILED);
    actor_start(&other);
    actor_start(&third);
    assert_int_equal(actor_do(&other, handed, ACQUIRE_WRITE, FOREVER), FASTENERS_OK);
    assert_int_equal(pthread_create(&director, NULL, direct, NULL), 0);
    assert_int_equal(act(handed, ACQUIRE_WRITE, FOREVER), FASTENERS_OK);
    assert_int_equal(pthread_join(director, &went_well), 0);
    assert_non_null(went_well);
    assert_int_equal(run_in_child(child_of_debtor), 0);
#ifndef __SANITIZE_THREAD__
    assert_int_equal(run_in_child(child_with_an_heir), 0);
#endif
    assert_int_equal(act(handed, RELEASE_WRITE, 0), FASTENERS_OK);
    assert_int_equal(actor_finish(&third), FASTENERS_OK);
    assert_int_equal(actor_do(&third, handed, RELEASE_WRITE, 0), FASTENERS_OK);
    actor_end(&other);
    actor_end(&third);
    assert_int_equal(munmap(handed, (size_t)page_size), 0);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t8_forker_whom_others_wait_for),
        cmocka_unit_test(t8_holds_and_waiters_at_the_time_of_fork),
        cmocka_unit_test(t8_fork_at_any_moment),
    };

    if (count > 1)
        force(words[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
