/* SPDX-License-Identifier: Apache-2.0 */
/* P11: with the option `fair` nobody overtakes who waits, however fast he comes back. */
#include "acquirer.h"
#include "process_test.h"

#include <string.h>

static fasteners_ipc_lock *fair_lock(const char *path)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.fair = true;
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
    return lock;
}

/* ------------------------------------------------------------------- who waits is first -- */

/* Whoever releases and asks at once comes second, even if he does not wait at all. */
static void p11_release_and_ask_again_comes_second(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = fair_lock(path);
    child *agent = agent_start();

    agent_expect(agent, "FASTENERS_OK", "create l %s fair", path);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    for (long i = test_rounds(200); i > 0; i--) {
        agent_expect(agent, "started", "start 1 acquire l -1");
        expect_one_at_the_gate(path);
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
        agent_expect(agent, "FASTENERS_OK", "result 1");
        agent_expect(agent, "FASTENERS_OK", "thread 1 release l");
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    }
    fasteners_ipc_lock_destroy(lock);
    agent_stop(agent);
}

/* The same among the threads of a process; `asked` is what the other thread waits on. */
static void assert_thread_comes_first(const char *path, fasteners_ipc_lock *lock,
                                      fasteners_ipc_lock *asked)
{
    for (long i = test_rounds(20); i > 0; i--) {
        acquirer *waiter;

        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
        waiter = acquirer_start(asked, FASTENERS_FOREVER);
        assert_true(acquirer_waits(waiter));
        if (asked != lock && locks_on(path).classic == 0) /* else it waits within the process */
            expect_one_at_the_gate(path);
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
        assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_OK);
    }
}

static void p11_threads_come_first_too(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = fair_lock(path);
    fasteners_ipc_lock *other = fair_lock(path);

    assert_thread_comes_first(path, lock, lock);
    assert_thread_comes_first(path, lock, other);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(other);
}

/* ------------------------------------------------------------------------------- a hog -- */

static child *hammering_agent(const char *path, const char *options, const char *seen_by,
                              long rounds)
{
    child *agent = agent_start();

    agent_expect(agent, "FASTENERS_OK", "create l %s %s", path, options);
    agent_expect(agent, "started", "start 1 hammer l %s %ld", seen_by, rounds);
    return agent;
}

/*
 * A hog: holds the lock until another process waits for it, lets go and asks again at once. Each
 * time the other one has been served before the hog is.
 */
static void p11_hog_serves_the_other_each_time(void **state)
{
    const char *path = temp_path(state, "lock");
    const char *seen_by = temp_path(state, "witness");
    witness *watching = witness_open(seen_by);
    fasteners_ipc_lock *lock = fair_lock(path);

    assert_non_null(watching);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    hammering_agent(path, "fair", seen_by, 1000000);
    for (long i = test_rounds(500); i > 0; i--) {
        int64_t turns = witness_counter(watching);

        expect_one_at_the_gate(path);
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
        assert_true(witness_counter(watching) > turns);
    }
    fasteners_ipc_lock_destroy(lock);
    witness_close(watching);
}

/* ----------------------------------------------------------------------- more than two -- */

enum { SIDES = 3 };

typedef struct sides {
    child *agents[SIDES];
    int served; /* whose acquire has returned, -1 = nobody's */
} sides;

static bool somebody_is_served(void *argument)
{
    sides *all = argument;

    all->served = -1;
    for (int i = 0; i < SIDES; i++)
        if (strcmp(agent_ask(all->agents[i], "peek 1"), "running") != 0)
            all->served = i;
    return all->served >= 0;
}

/*
 * Who releases and asks again at once is not served next: one of those who slept at the lock or at
 * the gate is. Which of them, the kernel and the scheduler say; nobody is left out for long.
 */
static void p11_the_releaser_is_not_served_next(void **state)
{
    const char *path = temp_path(state, "lock");
    const long turns = test_rounds(90);
    long served[SIDES] = {0};
    sides all;

    for (int i = 0; i < SIDES; i++) {
        all.agents[i] = agent_start();
        agent_expect(all.agents[i], "FASTENERS_OK", "create l %s fair", path);
    }
    agent_expect(all.agents[0], "FASTENERS_OK", "thread 1 acquire l 0");
    for (int i = 1; i < SIDES; i++) {
        agent_expect(all.agents[i], "started", "start 1 acquire l -1");
        expect_queued(path, i);
    }
    for (int holder = 0, turn = 0; turn < turns; turn++, holder = all.served) {
        expect_one_at_the_gate(path);
        agent_expect(all.agents[holder], "FASTENERS_OK", "thread 1 release l");
        agent_expect(all.agents[holder], "started", "start 1 acquire l -1");
        assert_true(test_wait_until(somebody_is_served, &all));
        assert_int_not_equal(all.served, holder);
        agent_expect(all.agents[all.served], "FASTENERS_OK", "result 1");
        expect_queued(path, SIDES - 1);
        served[all.served]++;
    }
    for (int i = 0; i < SIDES; i++)
        assert_true(served[i] >= turns / 10);
}

/* Who is fair and who is not exclude each other all the same. */
static void p11_fair_and_unfair_exclude_each_other(void **state)
{
    const char *const options[] = {"fair", "", "fair", "", "fair delay=1 max_delay=1"};
    enum { AGENTS = sizeof(options) / sizeof(options[0]) };
    const char *path = temp_path(state, "lock");
    const char *seen_by = temp_path(state, "witness");
    const long rounds = test_rounds(1500);
    witness *watching = witness_open(seen_by);
    child *agents[AGENTS];

    assert_non_null(watching);
    for (int i = 0; i < AGENTS; i++)
        agents[i] = hammering_agent(path, options[i], seen_by, rounds);
    for (int i = 0; i < AGENTS; i++) {
        agent_expect(agents[i], "FASTENERS_OK", "result 1");
        agent_stop(agents[i]);
    }
    assert_int_equal(witness_violations(watching), 0);
    assert_int_equal(witness_counter(watching), AGENTS * rounds);
    witness_close(watching);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p11_release_and_ask_again_comes_second),
        PROCESS_TEST(p11_threads_come_first_too),
        PROCESS_TEST(p11_hog_serves_the_other_each_time),
        PROCESS_TEST(p11_the_releaser_is_not_served_next),
        PROCESS_TEST(p11_fair_and_unfair_exclude_each_other),
    };

    return RUN_PROCESS_TESTS(tests);
}
