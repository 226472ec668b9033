/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "../support/patience.h"
#include "../unit/unit_test.h"
#include "forked.h"

/*
 * T8 for a process that forks before it has used a lock, or while its first calls are under way: a
 * program of its own, since the library must not have been used.
 */

static fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;

static int use_the_lock(void)
{
    return fasteners_rw_lock_acquire_read(&lock, FASTENERS_NO_WAIT) == FASTENERS_OK &&
           fasteners_rw_lock_release_read(&lock) == FASTENERS_OK &&
           fasteners_rw_lock_acquire_write(&lock, FASTENERS_NO_WAIT) == FASTENERS_OK &&
           fasteners_rw_lock_release_write(&lock) == FASTENERS_OK;
}

/* ----------------------------------------------------------- fork during the first calls -- */

static fasteners_rw_lock shared = FASTENERS_RW_LOCK_INIT;
static int64_t delay;
static _Atomic bool go;

static void wait_in_haste(int64_t until)
{
    while (test_now() < until)
        continue;
}

/* The process's first call. */
static void *call_first(void *unused)
{
    (void)unused;
    while (!atomic_load(&go))
        sched_yield();
    wait_in_haste(test_now() + delay);
    if (fasteners_rw_lock_acquire_read(&shared, FASTENERS_FOREVER) != FASTENERS_OK ||
        fasteners_rw_lock_release_read(&shared) != FASTENERS_OK)
        return NULL;
    return &shared;
}

static void use_both(void)
{
    REQUIRE(use_the_lock());
    REQUIRE(fasteners_rw_lock_acquire_write(&shared, FASTENERS_NO_WAIT) == FASTENERS_OK);
    REQUIRE(fasteners_rw_lock_release_write(&shared) == FASTENERS_OK);
    REQUIRE(fasteners_rw_lock_destroy(&shared) == FASTENERS_OK);
}

/* A new process, as far as the library can tell, whose main thread has not used it either. */
static void fork_meanwhile(void)
{
    pthread_t novice;
    void *fine;

    REQUIRE(pthread_create(&novice, NULL, call_first, NULL) == 0);
    atomic_store(&go, true);
    REQUIRE(run_in_child(use_both) == 0);
    REQUIRE(pthread_join(novice, &fine) == 0);
    REQUIRE(fine != NULL);
    use_both();
}

/* How long it takes until fork has copied the memory, at most. */
static int64_t time_of_a_fork(void)
{
    enum { FORKS = 16 };
    int64_t begin = test_now();

    for (int i = 0; i < FORKS; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
    return (test_now() - begin) / FORKS;
}

/* The first call is a little later each time, so that the fork comes in all its moments. */
static void t8_fork_during_the_first_use(void **state)
{
    long rounds = test_rounds(2000);
    int64_t longest = time_of_a_fork();
    int failed = 0;

    (void)state;
    for (long i = 0; i < rounds && failed == 0; i++) {
        delay = longest * i / rounds;
        failed = run_in_child(fork_meanwhile);
    }
    assert_int_equal(failed, 0);
}

/* ------------------------------------------------------------------ fork before all use -- */

static int generations;

/* The child uses the lock, or lets a child of its own do so first. */
static void use_in_the_last_generation_first(void)
{
    if (--generations > 0)
        REQUIRE(run_in_child(use_in_the_last_generation_first) == 0);
    REQUIRE(use_the_lock());
}

static int use_in_child(int number)
{
    generations = number;
    return run_in_child(use_in_the_last_generation_first);
}

static void t8_fork_before_the_first_use(void **state)
{
    (void)state;
    assert_int_equal(use_in_child(1), 0);
    assert_int_equal(use_in_child(3), 0);
    assert_true(use_the_lock());
    assert_int_equal(use_in_child(2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t8_fork_during_the_first_use),
        cmocka_unit_test(t8_fork_before_the_first_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
