/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P10: waiters sleep in the kernel's queue, first come first served; time-outs are exact; cancel
 * ends all of them. Signals, and what a wait costs: test_p10_signals.c. The races of a grant with a
 * time-out or a cancel: test_p10_races.c.
 */
#include "p10_kinds.h"

/* --------------------------------------------------------------------------- time-outs -- */

/*
 * Never early; and of several tries at least one is as prompt as a machine with other work allows.
 */
static void assert_exact(fasteners_ipc_lock *lock, int64_t timeout_ms)
{
    int64_t least = INT64_MAX;

    for (int i = 0; i < 3; i++) {
        int64_t late = timed_out_after(lock, timeout_ms) - timeout_ms * 1000000;

        assert_true(late >= 0);
        least = late < least ? late : least;
    }
    assert_true(least < INT64_C(5000000000));
}

static void p10_time_outs_are_exact(void **state)
{
    const char *path = temp_path(state, "lock");
    const int64_t timeouts[] = {1, 2, 3, 10, 33, 100};
    child *agent = holding_agent(path);

    for (int kind = 0; kind < WAIT_KINDS; kind++) {
        fasteners_ipc_lock *lock = lock_of_kind(path, (wait_kind)kind);

        for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++)
            assert_exact(lock, timeouts[i]);
        fasteners_ipc_lock_destroy(lock);
    }
    agent_stop(agent);
}

/* The same behind a thread of the process: on its handle, and on another one. */
static void p10_time_outs_behind_a_thread_are_exact(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *held = lock_of_kind(path, PLAIN);
    fasteners_ipc_lock *other = lock_of_kind(path, PLAIN);
    acquirer *holder = acquirer_start(held, FASTENERS_FOREVER);

    assert_int_equal(acquirer_status(holder), FASTENERS_OK);
    for (int64_t timeout_ms = 1; timeout_ms < 100; timeout_ms *= 3) {
        assert_exact(held, timeout_ms);
        assert_exact(other, timeout_ms);
    }
    assert_int_equal(acquirer_end(holder, NULL), FASTENERS_OK);
    fasteners_ipc_lock_destroy(held);
    fasteners_ipc_lock_destroy(other);
}

/* Every wait tries before it looks at the clock. */
static void p10_a_free_lock_is_got_in_no_time(void **state)
{
    const char *path = temp_path(state, "lock");

    for (int kind = 0; kind < WAIT_KINDS; kind++) {
        fasteners_ipc_lock *lock = lock_of_kind(path, (wait_kind)kind);

        for (long i = test_rounds(2000); i > 0; i--) {
            assert_int_equal(fasteners_ipc_lock_acquire(lock, 1), FASTENERS_OK);
            assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
        }
        fasteners_ipc_lock_destroy(lock);
    }
}

/* ----------------------------------------------------------------------------- in turn -- */

enum { WAITERS = 5 };

/* Queues them one after the other; WAITERS of them wait then, in this order. */
static void queue_agents(child **agents, const char *path, const char *options, const char *time)
{
    for (int i = 0; i < WAITERS; i++) {
        agents[i] = agent_start();
        agent_expect(agents[i], "FASTENERS_OK", "create l %s %s", path, options);
        agent_expect(agents[i], "started", "start 1 acquire l %s", time);
        expect_queued(path, i + 1);
    }
}

/* The next one has the lock, and those behind it wait on. */
static void assert_turn_of(child **agents, int turn)
{
    agent_expect(agents[turn], "FASTENERS_OK", "result 1");
    for (int i = turn + 1; i < WAITERS; i++)
        if (agents[i] != NULL)
            agent_expect(agents[i], "running", "peek 1");
}

static void assert_first_come_first_served(void **state, const char *options, const char *time)
{
    NEEDS_THE_QUEUE();
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path);
    child *agents[WAITERS];

    queue_agents(agents, path, options, time);
    agent_expect(holder, "FASTENERS_OK", "release l");
    for (int i = 0; i < WAITERS; i++) {
        assert_turn_of(agents, i);
        agent_expect(agents[i], "FASTENERS_OK", "thread 1 release l");
    }
}

static void p10_first_come_first_served(void **state)
{
    assert_first_come_first_served(state, "", "-1");
}

static void p10_first_come_first_served_with_time_outs(void **state)
{
    assert_first_come_first_served(state, "", "3600000");
}

static void p10_first_come_first_served_when_fair(void **state)
{
    assert_first_come_first_served(state, "fair", "-1");
}

/*
 * Who gives up or dies in the queue takes nobody else's place away. (Linux wakes the one behind
 * him, who queues again: the lock is released only when all are back.)
 */
static void p10_queue_with_deserters(void **state)
{
    NEEDS_THE_QUEUE();
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path);
    child *agents[WAITERS];

    queue_agents(agents, path, "", "-1");
    agent_expect(agents[0], "OK", "cancel l");
    agent_expect(agents[0], "FASTENERS_CANCELLED", "result 1");
    expect_queued(path, 4);
    agent_murder(agents[2]);
    agents[2] = NULL;
    expect_queued(path, 3);
    agent_expect(holder, "FASTENERS_OK", "release l");
    assert_turn_of(agents, 1);
    agent_expect(agents[1], "FASTENERS_OK", "thread 1 release l");
    assert_turn_of(agents, 3);
    agent_expect(agents[3], "FASTENERS_OK", "thread 1 release l");
    assert_turn_of(agents, 4);
}

/*
 * Waits until the thread has its place in the queue: that of its handle or of the process, where it
 * is seen asleep, or the kernel's, into which its request comes a little later.
 */
static void assert_in_queue(const char *path, acquirer *waiter, int requests)
{
    assert_true(acquirer_waits(waiter));
    if (requests > 0 && locks_on(path).ofd > 0)
        expect_queued(path, requests);
}

/* Threads of one process, on one handle or on a handle each. */
static void assert_threads_in_turn(const char *path, bool one_handle)
{
    fasteners_ipc_lock *locks[WAITERS];
    fasteners_ipc_lock *held = lock_of_kind(path, PLAIN);
    acquirer *waiters[WAITERS];

    assert_int_equal(fasteners_ipc_lock_acquire(held, FASTENERS_NO_WAIT), FASTENERS_OK);
    for (int i = 0; i < WAITERS; i++) {
        locks[i] = one_handle ? held : lock_of_kind(path, PLAIN);
        waiters[i] = acquirer_start(locks[i], FASTENERS_FOREVER);
        assert_in_queue(path, waiters[i], one_handle ? 0 : i + 1);
    }
    assert_int_equal(fasteners_ipc_lock_release(held), FASTENERS_OK);
    for (int i = 0; i < WAITERS; i++) {
        assert_int_equal(acquirer_status(waiters[i]), FASTENERS_OK);
        for (int j = i + 1; j < WAITERS; j++)
            assert_false(acquirer_has_returned(waiters[j]));
        assert_int_equal(acquirer_end(waiters[i], NULL), FASTENERS_OK);
    }
    for (int i = 0; i < WAITERS && !one_handle; i++)
        fasteners_ipc_lock_destroy(locks[i]);
    fasteners_ipc_lock_destroy(held);
}

static void p10_threads_first_come_first_served(void **state)
{
    assert_threads_in_turn(temp_path(state, "lock"), true);
    NEEDS_THE_QUEUE();
    assert_threads_in_turn(temp_path(state, "lock"), false);
}

/* ------------------------------------------------------------------------------ cancel -- */

static bool has_one_waiter(void *path)
{
    return locks_on(path).queued == 1;
}

static void assert_one_waiter_is_left(const char *path)
{
    assert_true(test_wait_until(has_one_waiter, (void *)(uintptr_t)path));
}

/* One cancel ends them all: the first in the kernel's queue, the others behind it. */
static void assert_cancel_ends_all(const char *path, wait_kind kind)
{
    child *agent = holding_agent(path);
    fasteners_ipc_lock *lock = lock_of_kind(path, kind);
    fasteners_ipc_lock *bystander = lock_of_kind(path, kind);
    acquirer *waiters[WAITERS];
    acquirer *spared = acquirer_start(bystander, FASTENERS_FOREVER);

    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = acquirer_start(lock, i % 2 == 0 ? FASTENERS_FOREVER : 3600000);
        assert_true(acquirer_waits(waiters[i]));
    }
    fasteners_ipc_lock_cancel(lock);
    for (int i = 0; i < WAITERS; i++)
        assert_int_equal(acquirer_end(waiters[i], NULL), FASTENERS_CANCELLED);
    assert_false(fasteners_ipc_lock_is_held(lock));
    assert_false(acquirer_has_returned(spared));
    agent_expect(agent, "FASTENERS_OK", "check l");
    agent_expect(agent, "FASTENERS_OK", "release l");
    assert_int_equal(acquirer_end(spared, NULL), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(bystander);
    agent_stop(agent);
}

static void p10_cancel_in_the_kernels_queue(void **state)
{
    assert_cancel_ends_all(temp_path(state, "lock"), PLAIN);
}

static void p10_cancel_when_fair(void **state)
{
    assert_cancel_ends_all(temp_path(state, "lock"), FAIR);
}

/* Behind another process that waits too: a fair waiter stands at the gate then, not at the lock. */
static void p10_cancel_at_the_gate(void **state)
{
    NEEDS_THE_QUEUE();
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path);
    child *first = agent_start();
    fasteners_ipc_lock *lock = lock_of_kind(path, FAIR);
    acquirer *waiter;

    agent_expect(first, "FASTENERS_OK", "create l %s fair", path);
    agent_expect(first, "started", "start 1 acquire l -1");
    expect_queued(path, 1);
    waiter = acquirer_start(lock, FASTENERS_FOREVER);
    expect_queued(path, 2);
    fasteners_ipc_lock_cancel(lock);
    assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_CANCELLED);
    assert_one_waiter_is_left(path);
    agent_expect(holder, "FASTENERS_OK", "release l");
    agent_expect(first, "FASTENERS_OK", "result 1");
    agent_expect(first, "FASTENERS_OK", "thread 1 release l");
    /* Nothing of the gate is left locked either. */
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

/* A polling wait of many hours, in the library's own sleep. */
static void p10_cancel_in_the_polling_sleep(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = holding_agent(path);
    fasteners_ipc_lock *lock = sleepy_lock(path);
    acquirer *first;
    acquirer *second;

    first = acquirer_start(lock, FASTENERS_FOREVER);
    assert_true(acquirer_waits(first));
    second = acquirer_start(lock, FASTENERS_FOREVER);
    assert_true(acquirer_waits(second));
    fasteners_ipc_lock_cancel(lock);
    assert_int_equal(acquirer_end(first, NULL), FASTENERS_CANCELLED);
    assert_int_equal(acquirer_end(second, NULL), FASTENERS_CANCELLED);
    fasteners_ipc_lock_destroy(lock);
    agent_stop(agent);
}

static void p10_cancel_behind_the_holder_of_the_handle(void **state)
{
    fasteners_ipc_lock *lock = lock_of_kind(temp_path(state, "lock"), PLAIN);
    acquirer *waiter;

    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    waiter = acquirer_start(lock, FASTENERS_FOREVER);
    assert_true(acquirer_waits(waiter));
    fasteners_ipc_lock_cancel(lock);
    assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_CANCELLED);
    /* The hold is no wait: it stays. */
    assert_true(fasteners_ipc_lock_is_held(lock));
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static void p10_cancel_does_not_touch_later_acquires(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = holding_agent(path);

    for (int kind = 0; kind < WAIT_KINDS; kind++) {
        fasteners_ipc_lock *lock = lock_of_kind(path, (wait_kind)kind);
        acquirer *waiter;

        fasteners_ipc_lock_cancel(lock);
        assert_true(timed_out_after(lock, 20) >= 20 * 1000000);
        fasteners_ipc_lock_cancel(lock);
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
        fasteners_ipc_lock_cancel(lock);
        waiter = acquirer_start(lock, FASTENERS_FOREVER);
        agent_expect(agent, "FASTENERS_OK", "release l");
        assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_OK);
        agent_expect(agent, "FASTENERS_OK", "acquire l -1");
        fasteners_ipc_lock_destroy(lock);
    }
    agent_stop(agent);
}

/* A cancelled waiter is out of the kernel's queue: the lock goes past it. */
static void p10_cancelled_waiter_leaves_the_queue(void **state)
{
    NEEDS_THE_QUEUE();
    const char *path = temp_path(state, "lock");
    child *agent = holding_agent(path);
    child *next = agent_start();
    fasteners_ipc_lock *lock = lock_of_kind(path, PLAIN);
    acquirer *waiter = acquirer_start(lock, FASTENERS_FOREVER);

    expect_queued(path, 1);
    agent_expect(next, "FASTENERS_OK", "create l %s", path);
    agent_expect(next, "started", "start 1 acquire l -1");
    expect_queued(path, 2);
    fasteners_ipc_lock_cancel(lock);
    assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_CANCELLED);
    assert_one_waiter_is_left(path);
    agent_expect(agent, "FASTENERS_OK", "release l");
    agent_expect(next, "FASTENERS_OK", "result 1");
    agent_expect(next, "FASTENERS_OK", "thread 1 check l");
    fasteners_ipc_lock_destroy(lock);
}

static void spin(int64_t ns)
{
    int64_t end = test_now() + ns;

    while (test_now() < end)
        ;
}

/*
 * A waiter that stood behind another thread of its handle is given the handle's turn, and goes on
 * waiting in the kernel's queue, for the other process that is before it there. At no moment of
 * that a cancel may miss it.
 */
static void p10_cancel_reaches_who_is_moving_up(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = lock_of_kind(path, PLAIN);
    child *agent = agent_start();

    agent_expect(agent, "FASTENERS_OK", "create l %s", path);
    for (long i = test_rounds(300); i > 0; i--) {
        acquirer *waiter;
        fasteners_status status;

        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
        agent_expect(agent, "started", "start 1 acquire l -1");
        expect_queued(path, 1);
        waiter = acquirer_start(lock, FASTENERS_FOREVER);
        assert_true(acquirer_waits(waiter));
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
        spin(i * 7919 % 150 * 1000);
        fasteners_ipc_lock_cancel(lock);
        status = acquirer_end(waiter, NULL);
        assert_true(status == FASTENERS_CANCELLED || status == FASTENERS_OK);
        agent_expect(agent, "FASTENERS_OK", "result 1");
        agent_expect(agent, "FASTENERS_OK", "thread 1 release l");
    }
    fasteners_ipc_lock_destroy(lock);
    agent_stop(agent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p10_time_outs_are_exact),
        PROCESS_TEST(p10_time_outs_behind_a_thread_are_exact),
        PROCESS_TEST(p10_a_free_lock_is_got_in_no_time),
        PROCESS_TEST(p10_first_come_first_served),
        PROCESS_TEST(p10_first_come_first_served_with_time_outs),
        PROCESS_TEST(p10_first_come_first_served_when_fair),
        PROCESS_TEST(p10_queue_with_deserters),
        PROCESS_TEST(p10_threads_first_come_first_served),
        PROCESS_TEST(p10_cancel_in_the_kernels_queue),
        PROCESS_TEST(p10_cancel_when_fair),
        PROCESS_TEST(p10_cancel_at_the_gate),
        PROCESS_TEST(p10_cancel_in_the_polling_sleep),
        PROCESS_TEST(p10_cancel_behind_the_holder_of_the_handle),
        PROCESS_TEST(p10_cancel_does_not_touch_later_acquires),
        PROCESS_TEST(p10_cancelled_waiter_leaves_the_queue),
        PROCESS_TEST(p10_cancel_reaches_who_is_moving_up),
    };

    return RUN_PROCESS_TESTS(tests);
}
