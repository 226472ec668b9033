/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P3: when a holder is killed the lock is free, and who waits in the kernel's queue gets it. Nobody
 * who was killed at whatever place leaves anything locked.
 */
#include "process_test.h"

#include <signal.h>

/* An agent whose thread 1 is the n-th in the kernel's queue. */
static child *waiting_agent(const char *path, const char *options, int n)
{
    child *agent = agent_with_lock(path, options);

    agent_expect(agent, "started", "start 1 acquire l -1");
    expect_queued(path, n);
    return agent;
}

static child *holding_agent(const char *path, const char *options)
{
    child *agent = agent_with_lock(path, options);

    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    return agent;
}

/* --------------------------------------------------------------------- a holder is killed -- */

static void p3_nobody_waits(void **state)
{
    const char *path = temp_path(state, "lock");
    child *other = agent_with_lock(path, "");
    child *holder = holding_agent(path, "");

    agent_expect(other, "FASTENERS_BUSY", "acquire l 0");
    agent_murder(holder);
    agent_expect(other, "FASTENERS_OK", "acquire l 0");
}

static void p3_one_waits(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path, "");
    child *waiter = waiting_agent(path, "", 1);

    agent_murder(holder);
    agent_expect(waiter, "FASTENERS_OK", "result 1");
    agent_expect(waiter, "FASTENERS_OK", "thread 1 check l");
    agent_expect(agent_with_lock(path, ""), "FASTENERS_BUSY", "acquire l 0");
}

static void p3_one_waits_with_a_time_out(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path, "");
    child *waiter = agent_with_lock(path, "");

    agent_expect(waiter, "started", "start 1 acquire l 1000000000");
    expect_queued(path, 1);
    agent_murder(holder);
    agent_expect(waiter, "FASTENERS_OK", "result 1");
}

/* Each in its turn gets the lock, and only that one, as its predecessor is killed. */
static void p3_several_wait(void **state)
{
    enum { WAITERS = 5 };
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path, "");
    child *waiters[WAITERS];

    NEEDS_THE_QUEUE();
    for (int i = 0; i < WAITERS; i++)
        waiters[i] = waiting_agent(path, "", i + 1);
    for (int i = 0; i < WAITERS; i++) {
        agent_murder(holder);
        agent_expect(waiters[i], "FASTENERS_OK", "result 1");
        for (int later = i + 1; later < WAITERS; later++)
            agent_expect(waiters[later], "running", "peek 1");
        holder = waiters[i];
    }
}

static void p3_threads_of_one_process_wait(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path, "");
    child *waiter = waiting_agent(path, "", 1);

    NEEDS_THE_QUEUE();
    agent_expect(waiter, "FASTENERS_OK", "create m %s", path);
    agent_expect(waiter, "started", "start 2 acquire l -1");
    agent_expect(waiter, "OK", "wait_asleep 2");
    agent_expect(waiter, "started", "start 3 acquire m -1");
    agent_expect(waiter, "OK", "wait_asleep 3");
    agent_murder(holder);
    agent_expect(waiter, "FASTENERS_OK", "result 1");
    agent_expect(waiter, "running", "peek 2");
    agent_expect(waiter, "running", "peek 3");
    agent_expect(waiter, "FASTENERS_OK", "thread 1 release l");
}

static void p3_who_polls(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path, "");
    child *waiter = agent_with_lock(path, "delay=1 max_delay=5");

    agent_expect(waiter, "started", "start 1 acquire l -1");
    agent_expect(waiter, "running", "peek 1");
    agent_murder(holder);
    agent_expect(waiter, "FASTENERS_OK", "result 1");
}

static void p3_the_holder_is_ended_by_other_means(void **state)
{
    const char *path = temp_path(state, "lock");
    child *terminated = holding_agent(path, "");
    child *exiting;

    child_kill(terminated, SIGTERM);
    assert_int_equal(child_wait(terminated), -SIGTERM);
    exiting = holding_agent(path, "");
    agent_expect(exiting, "OK", "exit 3");
    assert_int_equal(child_wait(exiting), 3);
    holding_agent(path, "");
}

/* The whole process dies with its threads, whichever of them holds. */
static void p3_a_thread_of_it_held(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    child *waiter;

    agent_expect(holder, "FASTENERS_OK", "create m %s", path);
    agent_expect(holder, "FASTENERS_OK", "thread 1 acquire l 0");
    agent_expect(holder, "started", "start 2 acquire l -1");
    agent_expect(holder, "OK", "wait_asleep 2");
    agent_expect(holder, "started", "start 3 acquire m -1");
    agent_expect(holder, "OK", "wait_asleep 3");
    waiter = agent_with_lock(path, "");
    agent_expect(waiter, "started", "start 1 acquire l -1");
    expect_queued(path, 1);
    agent_murder(holder);
    agent_expect(waiter, "FASTENERS_OK", "result 1");
}

/* --------------------------------------------------------------------- a waiter is killed -- */

static void p3_the_first_of_the_queue_is_killed(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path, "");
    child *first = waiting_agent(path, "", 1);
    child *second = waiting_agent(path, "", 2);

    agent_murder(first);
    agent_expect(second, "running", "peek 1");
    agent_expect(holder, "FASTENERS_OK", "check l");
    agent_expect(holder, "FASTENERS_OK", "release l");
    agent_expect(second, "FASTENERS_OK", "result 1");
    agent_expect(holder, "FASTENERS_BUSY", "acquire l 0");
}

static void p3_all_of_the_queue_are_killed(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path, "");
    child *waiters[] = {waiting_agent(path, "", 1), waiting_agent(path, "fair", 2),
                        waiting_agent(path, "", 3)};

    NEEDS_THE_QUEUE();
    for (int i = 0; i < 3; i++)
        agent_murder(waiters[i]);
    assert_int_equal(locks_on(path).queued, 0);
    agent_expect(holder, "FASTENERS_OK", "release l");
    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    assert_int_equal(locks_on(path).held, 1);
}

/* ------------------------------------------------------------------------------ the gate -- */

/*
 * It has the gate and waits for the lock: the next of the fair ones gets the gate, then the lock.
 */
static void p3_killed_between_gate_and_lock(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path, "fair");
    child *at_the_lock = waiting_agent(path, "fair", 1);
    child *at_the_gate = waiting_agent(path, "fair", 2);

    NEEDS_THE_QUEUE();
    assert_int_equal(locks_on(path).held, 2); /* the lock and the gate */
    agent_murder(at_the_lock);
    agent_expect(at_the_gate, "running", "peek 1");
    agent_expect(holder, "FASTENERS_OK", "release l");
    agent_expect(at_the_gate, "FASTENERS_OK", "result 1");
    agent_expect(holder, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(at_the_gate, "FASTENERS_OK", "thread 1 release l");
    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
}

static void p3_killed_while_waiting_for_the_gate(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path, "fair");
    child *first = waiting_agent(path, "fair", 1);
    child *second = waiting_agent(path, "fair", 2);
    child *third = waiting_agent(path, "fair", 3);

    agent_murder(second);
    agent_expect(holder, "FASTENERS_OK", "release l");
    agent_expect(first, "FASTENERS_OK", "result 1");
    agent_expect(third, "running", "peek 1");
    agent_expect(first, "FASTENERS_OK", "thread 1 release l");
    agent_expect(third, "FASTENERS_OK", "result 1");
}

static void p3_a_fair_holder_is_killed(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path, "fair");
    child *first = waiting_agent(path, "fair", 1);
    child *second = waiting_agent(path, "fair", 2);

    agent_murder(holder);
    agent_expect(first, "FASTENERS_OK", "result 1");
    agent_expect(second, "running", "peek 1");
    agent_murder(first);
    agent_expect(second, "FASTENERS_OK", "result 1");
}

/* ------------------------------------------------------------------------ at any place -- */

/* Killed wherever it happens to be within acquire and release. */
static void killed_at_random(void **state, const char *options)
{
    const char *path = temp_path(state, "lock");
    child *survivor = agent_with_lock(path, options);
    long rounds = test_rounds(100);

    agent_expect(survivor, "started", "start 1 churn l %ld -1", 200 * rounds);
    for (long i = 0; i < rounds; i++) {
        child *victim = agent_with_lock(path, options);

        agent_expect(victim, "started", "start 1 churn l 1000000000 -1");
        agent_expect(victim, "started", "start 2 churn l 1000000000 1");
        agent_expect(victim, "FASTENERS_OK", "create m %s %s", path, options);
        agent_expect(victim, "started", "start 3 churn m 1000000000 -1");
        test_pause_ms(i % 5);
        agent_murder(victim);
    }
    agent_expect(survivor, "started", "start 2 churn l 1 -1");
    agent_expect(survivor, "1 0 0", "result 2");
    assert_int_equal(agent_number(survivor, "result 1"), 200 * rounds);
    assert_int_equal(locks_on(path).held, 0);
}

static void p3_killed_anywhere(void **state)
{
    killed_at_random(state, "");
}

static void p3_killed_anywhere_fair(void **state)
{
    killed_at_random(state, "fair");
}

static void p3_killed_anywhere_while_files_come_and_go(void **state)
{
    killed_at_random(state, "unlink");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p3_nobody_waits),
        PROCESS_TEST(p3_one_waits),
        PROCESS_TEST(p3_one_waits_with_a_time_out),
        PROCESS_TEST(p3_several_wait),
        PROCESS_TEST(p3_threads_of_one_process_wait),
        PROCESS_TEST(p3_who_polls),
        PROCESS_TEST(p3_the_holder_is_ended_by_other_means),
        PROCESS_TEST(p3_a_thread_of_it_held),
        PROCESS_TEST(p3_the_first_of_the_queue_is_killed),
        PROCESS_TEST(p3_all_of_the_queue_are_killed),
        PROCESS_TEST(p3_killed_between_gate_and_lock),
        PROCESS_TEST(p3_killed_while_waiting_for_the_gate),
        PROCESS_TEST(p3_a_fair_holder_is_killed),
        PROCESS_TEST(p3_killed_anywhere),
        PROCESS_TEST(p3_killed_anywhere_fair),
        PROCESS_TEST(p3_killed_anywhere_while_files_come_and_go),
    };

    return RUN_PROCESS_TESTS(tests);
}
