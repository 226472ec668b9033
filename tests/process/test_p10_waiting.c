/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P10: waiters sleep in the kernel's queue, first come first served; time-outs are exact; a signal
 * ends no wait; cancel ends all of them. The races of a grant with a time-out or a cancel are in
 * test_p10_races.c.
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "acquirer.h"
#include "process_test.h"

/* The ways to wait. */
typedef enum wait_kind { PLAIN, FAIR, POLLING, WAIT_KINDS } wait_kind;

static fasteners_ipc_lock *lock_of_kind(const char *path, wait_kind kind)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.fair = kind == FAIR;
    options.delay_ms = kind == POLLING ? 1 : 0;
    options.max_delay_ms = 7;
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
    return lock;
}

/* One that polls once a day. */
static fasteners_ipc_lock *sleepy_lock(const char *path)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.delay_ms = 24 * 3600 * 1000;
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
    return lock;
}

/* Another process that holds the lock. */
static child *holding_agent(const char *path)
{
    child *agent = agent_start();

    agent_expect(agent, "FASTENERS_OK", "create l %s", path);
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    return agent;
}

/* --------------------------------------------------------------------------- time-outs -- */

static int64_t timed_out_after(fasteners_ipc_lock *lock, int64_t timeout_ms)
{
    int64_t begin = test_now();

    assert_int_equal(fasteners_ipc_lock_acquire(lock, timeout_ms), FASTENERS_TIMED_OUT);
    return test_now() - begin;
}

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
    assert_threads_in_turn(temp_path(state, "lock"), false);
}

/* ----------------------------------------------------------------------------- signals -- */

enum { STORM = 5000 };

static _Atomic long signals_handled;

static void count_signal(int number)
{
    (void)number;
    signals_handled++;
}

/* A thread that sends SIGUSR1 to all the others without end; not the test's, which may fail. */
typedef struct storm {
    pthread_t thread;
    bool rages;
    _Atomic bool end;
    _Atomic long sent;
} storm;

static storm weather;

static long own_thread(void)
{
    return (long)syscall(SYS_gettid);
}

static void signal_all_but(long own)
{
    DIR *threads = opendir("/proc/self/task");
    const struct dirent *entry;

    if (threads == NULL)
        return;
    while ((entry = readdir(threads)) != NULL) {
        long thread = strtol(entry->d_name, NULL, 10);

        if (thread > 0 && thread != own && syscall(SYS_tgkill, getpid(), thread, SIGUSR1) == 0)
            weather.sent++;
    }
    closedir(threads);
}

static void *rage(void *unused)
{
    long own = own_thread();

    while (!weather.end)
        signal_all_but(own);
    return unused;
}

static void storm_end(void)
{
    if (!weather.rages)
        return;
    weather.end = true;
    assert_int_equal(pthread_join(weather.thread, NULL), 0);
    weather.rages = false;
    assert_true(signals_handled > 0);
}

static void storm_begin(void)
{
    struct sigaction action = {.sa_handler = count_signal}; /* without SA_RESTART */

    storm_end(); /* what a failed test has left behind */
    weather.end = false;
    weather.sent = 0;
    signals_handled = 0;
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    assert_int_equal(pthread_create(&weather.thread, NULL, rage, NULL), 0);
    weather.rages = true;
}

static bool has_raged(void *unused)
{
    (void)unused;
    return weather.sent >= test_rounds(STORM);
}

static void p10_signals_do_not_end_a_timed_wait(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = holding_agent(path);

    for (int kind = 0; kind < WAIT_KINDS; kind++) {
        fasteners_ipc_lock *lock = lock_of_kind(path, (wait_kind)kind);

        storm_begin();
        assert_true(timed_out_after(lock, 1) >= 1000000);
        assert_true(timed_out_after(lock, 500) >= 500 * 1000000);
        storm_end();
        fasteners_ipc_lock_destroy(lock);
    }
    agent_stop(agent);
}

/* A wait for ever goes on for as long as it rages, and ends by what it is to end by. */
static void assert_wait_stands(const char *path, wait_kind kind, bool cancelled)
{
    child *agent = holding_agent(path);
    fasteners_ipc_lock *lock =
        kind == POLLING && cancelled ? sleepy_lock(path) : lock_of_kind(path, kind);
    acquirer *waiter = acquirer_start(lock, FASTENERS_FOREVER);

    if (cancelled) /* which only a wait that has begun can be */
        assert_true(acquirer_waits(waiter));
    storm_begin();
    assert_true(test_wait_until(has_raged, NULL));
    assert_false(acquirer_has_returned(waiter));
    if (cancelled)
        fasteners_ipc_lock_cancel(lock);
    else
        agent_expect(agent, "FASTENERS_OK", "release l");
    assert_int_equal(acquirer_end(waiter, NULL), cancelled ? FASTENERS_CANCELLED : FASTENERS_OK);
    storm_end();
    fasteners_ipc_lock_destroy(lock);
    agent_stop(agent);
}

static void p10_signals_do_not_end_a_wait_for_ever(void **state)
{
    for (int kind = 0; kind < WAIT_KINDS; kind++) {
        assert_wait_stands(temp_path(state, "lock"), (wait_kind)kind, false);
        assert_wait_stands(temp_path(state, "lock"), (wait_kind)kind, true);
    }
}

/* Nor do they disturb what does not wait: opening, creating, checking, releasing. */
static void p10_signals_do_not_disturb_a_free_lock(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = lock_of_kind(path, FAIR);

    storm_begin();
    for (long i = 0; i < test_rounds(1000) || !has_raged(NULL); i++) {
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
        if (i % 3 == 0)
            assert_int_equal(unlink(path), 0);
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    }
    storm_end();
    fasteners_ipc_lock_destroy(lock);
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

/* ---------------------------------------------------------------------------- sleeping -- */

/* What a process has used up so far. */
typedef struct usage {
    long sleeps; /* how often any thread of it has gone to sleep */
    long ticks;  /* processor time */
} usage;

static long ticks_of(long pid)
{
    char path[64];
    char text[1024];
    unsigned long user = 0;
    unsigned long system = 0;
    const char *rest;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    rest = strrchr(text, ')');
    assert_non_null(rest);
    assert_int_equal(
        sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system), 2);
    return (long)(user + system);
}

static usage usage_of(const child *agent)
{
    long pid = child_pid(agent);
    usage used = {.ticks = ticks_of(pid)};
    char path[64];
    const struct dirent *entry;
    DIR *threads;

    snprintf(path, sizeof(path), "/proc/%ld/task", pid);
    threads = opendir(path);
    assert_non_null(threads);
    while ((entry = readdir(threads)) != NULL)
        if (entry->d_name[0] != '.')
            used.sleeps += sleeps_of(pid, strtol(entry->d_name, NULL, 10));
    closedir(threads);
    return used;
}

/* What the agent uses up in that time. */
static usage usage_during(const child *agent, int64_t ms)
{
    usage before = usage_of(agent);
    usage after;

    test_pause_ms(ms);
    after = usage_of(agent);
    after.sleeps -= before.sleeps;
    after.ticks -= before.ticks;
    return after;
}

/*
 * A waiting process does next to nothing: hardly more than the same process without a wait. One
 * look a second at the path is allowed for; polling would show ten times that or more.
 */
static void assert_waits_without_polling(void **state, const char *options, const char *time)
{
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path);
    child *agent = agent_start();
    usage idle;
    usage waiting;

    agent_expect(agent, "FASTENERS_OK", "create l %s %s", path, options);
    agent_expect(agent, "0", "thread 1 is_held l");
    idle = usage_during(agent, 1000);
    agent_expect(agent, "started", "start 1 acquire l %s", time);
    expect_queued(path, 1);
    agent_expect(agent, "OK", "wait_asleep 1");
    waiting = usage_during(agent, 1000);
    agent_expect(agent, "running", "peek 1");
    assert_true(waiting.sleeps <= idle.sleeps + 5);
    assert_true(waiting.ticks <= idle.ticks + sysconf(_SC_CLK_TCK) / 20);
    agent_stop(holder);
    agent_expect(agent, "FASTENERS_OK", "result 1");
    agent_stop(agent);
}

static void p10_waiting_does_not_poll(void **state)
{
    assert_waits_without_polling(state, "", "-1");
    assert_waits_without_polling(state, "", "3600000");
    assert_waits_without_polling(state, "fair", "-1");
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
        PROCESS_TEST(p10_signals_do_not_end_a_timed_wait),
        PROCESS_TEST(p10_signals_do_not_end_a_wait_for_ever),
        PROCESS_TEST(p10_signals_do_not_disturb_a_free_lock),
        PROCESS_TEST(p10_cancel_in_the_kernels_queue),
        PROCESS_TEST(p10_cancel_when_fair),
        PROCESS_TEST(p10_cancel_at_the_gate),
        PROCESS_TEST(p10_cancel_in_the_polling_sleep),
        PROCESS_TEST(p10_cancel_behind_the_holder_of_the_handle),
        PROCESS_TEST(p10_cancel_does_not_touch_later_acquires),
        PROCESS_TEST(p10_cancelled_waiter_leaves_the_queue),
        PROCESS_TEST(p10_cancel_reaches_who_is_moving_up),
        PROCESS_TEST(p10_waiting_does_not_poll),
    };

    return RUN_PROCESS_TESTS(tests);
}
