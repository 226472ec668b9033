/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P1: two handles on one file exclude each other wherever they are, and so do two threads on one
 * handle.
 */
#include "process_test.h"

#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------------------- by twos -- */

static void p1_two_processes(void **state)
{
    const char *path = temp_path(state, "lock");
    child *one = agent_with_lock(path, "");
    child *two = agent_with_lock(path, "");

    agent_expect(one, "FASTENERS_OK", "acquire l 0");
    agent_expect(two, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(two, "FASTENERS_TIMED_OUT", "acquire l 20");
    agent_expect(one, "FASTENERS_OK", "release l");
    agent_expect(two, "FASTENERS_OK", "acquire l 0");
    agent_expect(one, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(two, "FASTENERS_OK", "release l");
    agent_stop(one);
    agent_stop(two);
}

static void p1_a_process_waits_for_another(void **state)
{
    const char *path = temp_path(state, "lock");
    child *one = agent_with_lock(path, "");
    child *two = agent_with_lock(path, "");

    agent_expect(one, "FASTENERS_OK", "acquire l 0");
    agent_expect(two, "started", "start 1 acquire l -1");
    expect_queued(path, 1);
    agent_expect(two, "running", "peek 1");
    agent_expect(two, "0", "is_held l");
    agent_expect(one, "FASTENERS_OK", "release l");
    agent_expect(two, "FASTENERS_OK", "result 1");
    agent_expect(one, "FASTENERS_BUSY", "acquire l 0");
}

static void p1_two_handles_of_one_thread(void **state)
{
    const char *path = temp_path(state, "lock");
    child *outside = agent_with_lock(path, "");
    child *inside = agent_with_lock(path, "");

    agent_expect(inside, "FASTENERS_OK", "create m %s", path);
    agent_expect(inside, "FASTENERS_OK", "acquire l 0");
    agent_expect(inside, "FASTENERS_BUSY", "acquire m 0");
    agent_expect(inside, "FASTENERS_NOT_OWNER", "release m");
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(inside, "FASTENERS_OK", "release l");
    agent_expect(inside, "FASTENERS_OK", "acquire m 0");
    agent_expect(inside, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
}

static void p1_two_threads_on_two_handles(void **state)
{
    const char *path = temp_path(state, "lock");
    child *outside = agent_with_lock(path, "");
    child *inside = agent_with_lock(path, "");

    agent_expect(inside, "FASTENERS_OK", "create m %s", path);
    agent_expect(inside, "FASTENERS_OK", "thread 1 acquire l 0");
    agent_expect(inside, "FASTENERS_BUSY", "thread 2 acquire m 0");
    agent_expect(inside, "started", "start 2 acquire m -1");
    agent_expect(inside, "OK", "wait_asleep 2");
    agent_expect(inside, "FASTENERS_OK", "thread 1 release l");
    agent_expect(inside, "FASTENERS_OK", "result 2");
    agent_expect(inside, "FASTENERS_BUSY", "thread 1 acquire l 0");
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
}

static void p1_two_threads_on_one_handle(void **state)
{
    const char *path = temp_path(state, "lock");
    child *outside = agent_with_lock(path, "");
    child *inside = agent_with_lock(path, "");

    agent_expect(inside, "FASTENERS_OK", "thread 1 acquire l 0");
    agent_expect(inside, "FASTENERS_BUSY", "thread 2 acquire l 0");
    agent_expect(inside, "FASTENERS_NOT_OWNER", "thread 2 release l");
    agent_expect(inside, "started", "start 2 acquire l -1");
    agent_expect(inside, "OK", "wait_asleep 2");
    agent_expect(inside, "FASTENERS_OK", "thread 1 release l");
    agent_expect(inside, "FASTENERS_OK", "result 2");
    agent_expect(inside, "FASTENERS_BUSY", "thread 1 acquire l 0");
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
}

static void p1_a_thread_here_and_a_process_there(void **state)
{
    const char *path = temp_path(state, "lock");
    child *outside = agent_with_lock(path, "");
    child *inside = agent_with_lock(path, "");

    agent_expect(outside, "FASTENERS_OK", "acquire l 0");
    agent_expect(inside, "started", "start 1 acquire l -1");
    expect_queued(path, 1);
    agent_expect(inside, "started", "start 2 acquire l -1");
    agent_expect(inside, "OK", "wait_asleep 2");
    agent_expect(outside, "FASTENERS_OK", "release l");
    agent_expect(inside, "FASTENERS_OK", "result 1");
    agent_expect(inside, "running", "peek 2");
    agent_expect(inside, "FASTENERS_OK", "thread 1 release l");
    agent_expect(inside, "FASTENERS_OK", "result 2");
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
}

/* ------------------------------------------------------------------- one file, many names -- */

#ifndef _WIN32 /* test_windows_paths.c does */

static void p1_whatever_the_file_is_called(void **state)
{
    const char *path = temp_path(state, "lock");
    const char *hard_link = temp_path(state, "hard-link");
    const char *directory_link = temp_path(state, "directory-link");
    child *holder = agent_with_lock(path, "");
    child *other = agent_start();

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    assert_int_equal(link(path, hard_link), 0);
    assert_int_equal(symlink(temp_dir_path(state), directory_link), 0);
    agent_expect(other, "OK", "chdir %s", temp_dir_path(state));
    agent_expect(other, "FASTENERS_OK", "create relative lock");
    agent_expect(other, "FASTENERS_OK", "create hard %s", hard_link);
    agent_expect(other, "FASTENERS_OK", "create linked %s/lock", directory_link);
    agent_expect(other, "FASTENERS_OK", "create roundabout %s/.././%s/lock", directory_link,
                 strrchr(temp_dir_path(state), '/') + 1);
    agent_expect(other, "FASTENERS_BUSY", "acquire relative 0");
    agent_expect(other, "FASTENERS_BUSY", "acquire hard 0");
    agent_expect(other, "FASTENERS_BUSY", "acquire linked 0");
    agent_expect(other, "FASTENERS_BUSY", "acquire roundabout 0");
    agent_expect(holder, "FASTENERS_OK", "release l");
    agent_expect(other, "FASTENERS_OK", "acquire linked 0");
    agent_expect(holder, "FASTENERS_BUSY", "acquire l 0");
}

#endif

/* ----------------------------------------------------------------------------- by many -- */

#define PROCESSES 8
#define THREADS 4

/* Every thread of every process visits the witness; no visit may meet or miss another one. */
static void no_visit_is_lost(void **state, const char *const *options, bool one_handle_per_process)
{
    const char *path = temp_path(state, "lock");
    const char *seen_by = temp_path(state, "witness");
    long rounds = test_rounds(2000);
    child *processes[PROCESSES];
    witness *seen;

    for (int p = 0; p < PROCESSES; p++) {
        processes[p] = agent_start();
        for (int t = 1; t <= THREADS; t++) {
            int handle = one_handle_per_process ? 1 : t;

            if (handle == t)
                agent_expect(processes[p], "FASTENERS_OK", "create l%d %s %s", t, path,
                             options[(p + t) % 4]);
            agent_expect(processes[p], "started", "start %d hammer l%d %s %ld", t, handle, seen_by,
                         rounds);
        }
    }
    for (int p = 0; p < PROCESSES; p++) {
        for (int t = 1; t <= THREADS; t++)
            agent_expect(processes[p], "FASTENERS_OK", "result %d", t);
        agent_stop(processes[p]);
    }
    seen = witness_open(seen_by);
    assert_non_null(seen);
    assert_int_equal(witness_violations(seen), 0);
    assert_int_equal(witness_counter(seen), PROCESSES * THREADS * rounds);
    witness_close(seen);
}

static const char *const plain[4] = {"", "", "", ""};
static const char *const fair[4] = {"fair", "fair", "fair", "fair"};
static const char *const mixed[4] = {"", "fair", "delay=1 max_delay=2", "fair follow"};

static void p1_32_threads_on_separate_handles(void **state)
{
    no_visit_is_lost(state, plain, false);
}

static void p1_32_threads_on_shared_handles(void **state)
{
    no_visit_is_lost(state, plain, true);
}

static void p1_32_fair_threads(void **state)
{
    no_visit_is_lost(state, fair, false);
}

static void p1_32_threads_with_different_options(void **state)
{
    no_visit_is_lost(state, mixed, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p1_two_processes),
        PROCESS_TEST(p1_a_process_waits_for_another),
        PROCESS_TEST(p1_two_handles_of_one_thread),
        PROCESS_TEST(p1_two_threads_on_two_handles),
        PROCESS_TEST(p1_two_threads_on_one_handle),
        PROCESS_TEST(p1_a_thread_here_and_a_process_there),
#ifndef _WIN32
        PROCESS_TEST(p1_whatever_the_file_is_called),
#endif
        PROCESS_TEST(p1_32_threads_on_separate_handles),
        PROCESS_TEST(p1_32_threads_on_shared_handles),
        PROCESS_TEST(p1_32_fair_threads),
        PROCESS_TEST(p1_32_threads_with_different_options),
    };

    return RUN_PROCESS_TESTS(tests);
}
