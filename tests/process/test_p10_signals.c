/* SPDX-License-Identifier: Apache-2.0 */
/* P10, as the system sees it: a signal ends no wait, and who waits sleeps. */
#include "p10_kinds.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

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
        PROCESS_TEST(p10_signals_do_not_end_a_timed_wait),
        PROCESS_TEST(p10_signals_do_not_end_a_wait_for_ever),
        PROCESS_TEST(p10_signals_do_not_disturb_a_free_lock),
        PROCESS_TEST(p10_waiting_does_not_poll),
    };

    return RUN_PROCESS_TESTS(tests);
}
