/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P5: a forked child holds nothing and can take nothing from its parent; its copies of the handles
 * work; the parent's death frees the lock though the child lives on; a program started by exec
 * inherits nothing.
 */
#include "process_test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* What the sanitizers of GCC 12 and clang 14 do not stand is skipped under them. */
#define NO_NEW_THREADS "ThreadSanitizer allows no new thread in the child of many threads"

/* QEMU's own state of its threads does not survive a fork; and it does not wipe memory on fork. */
#define EMULATED "the emulator does not bring threads through a fork"

static bool is_under(const char *sanitizer)
{
    return strstr(SANITIZER, sanitizer) != NULL;
}

static void skip_if(bool condition, const char *why)
{
    if (!condition)
        return;
    print_message("skipped: %s\n", why);
    skip();
}

static child *holding_agent(const char *path, const char *options)
{
    child *agent = agent_with_lock(path, options);

    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    return agent;
}

/* ------------------------------------------------------------------------ fork, by each way -- */

/*
 * `how` is "fork", or "clone": a fork that no library is told of. After that one the child's copies
 * are set right by its first call of the library.
 */
static void child_holds_nothing(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    child *outside = agent_with_lock(path, "");
    child *parent = holding_agent(path, "");
    child *forked = agent_fork(parent, how, temp_dir_path(state));

    agent_expect(forked, "0", "is_held l");
    agent_expect(forked, "FASTENERS_NOT_OWNER", "check l");
    agent_expect(forked, "FASTENERS_NOT_OWNER", "release l");
    agent_expect(forked, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(forked, "FASTENERS_TIMED_OUT", "acquire l 20");
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(parent, "1", "is_held l");
    agent_expect(parent, "FASTENERS_OK", "check l");
    agent_expect(parent, "FASTENERS_OK", "release l");
    agent_expect(outside, "FASTENERS_OK", "acquire l 0");
}

/* Release is the very first call that the child makes. */
static void child_releases_at_once(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    child *outside = agent_with_lock(path, "");
    child *parent = holding_agent(path, "");
    child *forked = agent_fork(parent, how, temp_dir_path(state));

    agent_expect(forked, "FASTENERS_NOT_OWNER", "release l");
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(parent, "FASTENERS_OK", "check l");
}

static void child_destroys_its_copy(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    child *outside = agent_with_lock(path, "");
    child *parent = holding_agent(path, "unlink fair");
    child *forked = agent_fork(parent, how, temp_dir_path(state));

    agent_expect(forked, "OK", "destroy l");
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(parent, "FASTENERS_OK", "check l");
    agent_expect(parent, "FASTENERS_OK", "release l");
    agent_expect(outside, "FASTENERS_OK", "acquire l 0");
}

static void child_ends(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    child *outside = agent_with_lock(path, "");
    child *parent = holding_agent(path, "");
    child *exits = agent_fork(parent, how, temp_dir_path(state));
    child *is_killed = agent_fork(parent, how, temp_dir_path(state));

    agent_expect(exits, "OK", "exit");
    assert_int_equal(child_wait(exits), 0);
    agent_murder(is_killed);
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(parent, "FASTENERS_OK", "check l");
}

static void child_waits_for_its_parent(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    child *parent = holding_agent(path, "");
    child *forked = agent_fork(parent, how, temp_dir_path(state));

    agent_expect(forked, "started", "start 1 acquire l -1");
    expect_queued(path, 1);
    agent_expect(parent, "FASTENERS_OK", "release l");
    agent_expect(forked, "FASTENERS_OK", "result 1");
    agent_expect(parent, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(forked, "FASTENERS_OK", "thread 1 release l");
    agent_expect(parent, "FASTENERS_OK", "acquire l 0");
    agent_expect(forked, "FASTENERS_BUSY", "acquire l 0");
}

/* The handle's file was open before the fork, but nobody held the lock. */
static void parent_and_child_exclude_each_other(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    child *parent = holding_agent(path, "");
    child *forked;

    agent_expect(parent, "FASTENERS_OK", "release l");
    forked = agent_fork(parent, how, temp_dir_path(state));
    agent_expect(forked, "FASTENERS_OK", "acquire l 0");
    agent_expect(parent, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(forked, "FASTENERS_OK", "release l");
    agent_expect(parent, "FASTENERS_OK", "acquire l 0");
    agent_expect(forked, "FASTENERS_BUSY", "acquire l 0");
}

static void child_acquires_after_the_parents_death(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    child *parent = holding_agent(path, "");
    child *forked = agent_fork(parent, how, temp_dir_path(state));

    agent_expect(forked, "started", "start 1 acquire l -1");
    expect_queued(path, 1);
    agent_murder(parent);
    agent_expect(forked, "FASTENERS_OK", "result 1");
}

/* A call of the child's is needed only after a clone; see the comment above. */
static void death_frees_though_a_child_lives(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    child *outside = agent_with_lock(path, "");
    child *parent = holding_agent(path, "");
    child *forked = agent_fork(parent, how, temp_dir_path(state));

    if (strcmp(how, "clone") == 0)
        agent_expect(forked, "0", "is_held l");
    agent_murder(parent);
    agent_expect(outside, "FASTENERS_OK", "acquire l 60000");
    agent_expect(forked, "FASTENERS_BUSY", "acquire l 0");
}

static void release_frees_though_a_child_lives(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    child *outside = agent_with_lock(path, "");
    child *parent = holding_agent(path, "");
    child *forked = agent_fork(parent, how, temp_dir_path(state));

    agent_expect(parent, "FASTENERS_OK", "release l");
    agent_expect(outside, "FASTENERS_OK", "acquire l 0");
    agent_expect(outside, "FASTENERS_OK", "release l");
    agent_expect(parent, "FASTENERS_OK", "acquire l 0");
    agent_expect(parent, "OK", "destroy l");
    agent_expect(outside, "FASTENERS_OK", "acquire l 0");
    agent_expect(forked, "0", "is_held l");
}

static void another_thread_of_the_parent_holds(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    child *parent = agent_with_lock(path, "");
    child *forked;

    agent_expect(parent, "FASTENERS_OK", "thread 1 acquire l 0");
    forked = agent_fork(parent, how, temp_dir_path(state));
    agent_expect(forked, "0", "is_held l");
    agent_expect(forked, "FASTENERS_NOT_OWNER", "release l");
    agent_expect(forked, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(parent, "FASTENERS_OK", "thread 1 release l");
    agent_expect(forked, "FASTENERS_OK", "acquire l 0");
    agent_expect(parent, "FASTENERS_BUSY", "thread 1 acquire l 0");
}

/* In the child nobody waits, so all handles and all of its threads are free to use. */
static void other_threads_of_the_parent_wait(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    child *outside = holding_agent(path, "");
    child *parent = agent_with_lock(path, "");
    child *forked;

    skip_if(is_under("thread"), NO_NEW_THREADS);
    skip_if(test_is_emulated(), EMULATED);
    agent_expect(parent, "FASTENERS_OK", "create f %s fair", path);
    agent_expect(parent, "started", "start 1 acquire l -1");
    expect_queued(path, 1);
    agent_expect(parent, "started", "start 2 acquire l -1");
    agent_expect(parent, "OK", "wait_asleep 2");
    agent_expect(parent, "started", "start 3 acquire f -1");
    agent_expect(parent, "OK", "wait_asleep 3");
    forked = agent_fork(parent, how, temp_dir_path(state));
    agent_expect(forked, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(forked, "FASTENERS_TIMED_OUT", "acquire l 20");
    agent_expect(forked, "FASTENERS_TIMED_OUT", "thread 1 acquire f 20");
    agent_murder(parent);
    agent_expect(outside, "FASTENERS_OK", "release l");
    agent_expect(forked, "FASTENERS_OK", "acquire l -1");
    agent_expect(forked, "FASTENERS_OK", "release l");
    agent_expect(forked, "FASTENERS_OK", "thread 2 acquire f -1");
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
}

/* The parent dies with the gate in its hands, and its child has copies of the descriptors. */
static void gate_is_freed_though_a_child_lives(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path, "fair");
    child *parent = agent_with_lock(path, "fair");
    child *next = agent_with_lock(path, "fair");
    child *forked;

    agent_expect(parent, "started", "start 1 acquire l -1");
    expect_queued(path, 1);
    agent_expect(next, "started", "start 1 acquire l -1");
    expect_queued(path, 2);
    forked = agent_fork(parent, how, temp_dir_path(state));
    agent_expect(forked, "0", "is_held l");
    agent_murder(parent);
    agent_expect(holder, "FASTENERS_OK", "release l");
    agent_expect(next, "FASTENERS_OK", "result 1");
    agent_expect(forked, "FASTENERS_BUSY", "acquire l 0");
}

static void grandchild_holds_nothing(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    child *parent = holding_agent(path, "");
    child *forked = agent_fork(parent, how, temp_dir_path(state));
    child *grandchild = agent_fork(forked, how, temp_dir_path(state));

    agent_expect(grandchild, "FASTENERS_NOT_OWNER", "release l");
    agent_expect(grandchild, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(parent, "FASTENERS_OK", "release l");
    agent_expect(grandchild, "FASTENERS_OK", "acquire l 0");
    agent_expect(forked, "FASTENERS_NOT_OWNER", "release l");
    agent_expect(forked, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(parent, "FASTENERS_BUSY", "acquire l 0");
}

static void child_forks_while_it_holds(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    child *outside = agent_with_lock(path, "");
    child *parent = agent_with_lock(path, "");
    child *forked = agent_fork(parent, how, temp_dir_path(state));
    child *grandchild;

    agent_expect(forked, "FASTENERS_OK", "acquire l 0");
    grandchild = agent_fork(forked, how, temp_dir_path(state));
    agent_expect(grandchild, "0", "is_held l");
    agent_expect(grandchild, "FASTENERS_NOT_OWNER", "release l");
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
    agent_murder(forked);
    agent_expect(outside, "FASTENERS_OK", "acquire l 60000");
    agent_expect(grandchild, "FASTENERS_BUSY", "acquire l 0");
}

/* A handle made, used and destroyed in the child only. */
static void child_has_locks_of_its_own(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    const char *own = temp_path(state, "own");
    child *parent = holding_agent(path, "");
    child *forked = agent_fork(parent, how, temp_dir_path(state));

    agent_expect(forked, "FASTENERS_OK", "create own %s", own);
    agent_expect(forked, "FASTENERS_OK", "acquire own 0");
    agent_expect(parent, "FASTENERS_OK", "create own %s", own);
    agent_expect(parent, "FASTENERS_BUSY", "acquire own 0");
    agent_expect(forked, "OK", "destroy own");
    agent_expect(parent, "FASTENERS_OK", "acquire own 0");
}

/* After a fork too, nothing leaks: the child has closed its parent's descriptors. */
static void child_keeps_no_descriptor(void **state, const char *how)
{
    const char *path = temp_path(state, "lock");
    child *parent = holding_agent(path, "");
    child *forked = agent_fork(parent, how, temp_dir_path(state));

    agent_expect(forked, "0", "is_held l");
    assert_null(strstr(agent_ask(forked, "descriptors"), path));
    assert_non_null(strstr(agent_ask(parent, "descriptors"), path));
}

#define BOTH_WAYS(name)                                                                            \
    static void p5_fork_##name(void **state)                                                       \
    {                                                                                              \
        (name)(state, "fork");                                                                     \
    }                                                                                              \
    static void p5_clone_##name(void **state)                                                      \
    {                                                                                              \
        skip_if(PORTABLE_BUILD, "plain POSIX does not tell of a clone");                           \
        skip_if(is_under("thread"), "ThreadSanitizer takes the child for a thread");               \
        skip_if(test_is_emulated(), "the emulator does not tell of a clone");                      \
        (name)(state, "clone");                                                                    \
    }

BOTH_WAYS(child_holds_nothing)
BOTH_WAYS(child_releases_at_once)
BOTH_WAYS(child_destroys_its_copy)
BOTH_WAYS(child_ends)
BOTH_WAYS(child_waits_for_its_parent)
BOTH_WAYS(parent_and_child_exclude_each_other)
BOTH_WAYS(child_acquires_after_the_parents_death)
BOTH_WAYS(death_frees_though_a_child_lives)
BOTH_WAYS(release_frees_though_a_child_lives)
BOTH_WAYS(another_thread_of_the_parent_holds)
BOTH_WAYS(other_threads_of_the_parent_wait)
BOTH_WAYS(gate_is_freed_though_a_child_lives)
BOTH_WAYS(grandchild_holds_nothing)
BOTH_WAYS(child_forks_while_it_holds)
BOTH_WAYS(child_has_locks_of_its_own)
BOTH_WAYS(child_keeps_no_descriptor)

/* -------------------------------------------------------------------------------- exec -- */

/* Whether a program that the agent starts has the file open. It has its pipe in any case. */
static bool is_inherited(child *agent, const char *path)
{
    const char *names = agent_ask(agent, "exec_descriptors");

    assert_non_null(strstr(names, "pipe:"));
    return strstr(names, path) != NULL;
}

static void p5_a_program_started_by_the_holder_inherits_nothing(void **state)
{
    const char *path = temp_path(state, "lock");
    child *outside = agent_with_lock(path, "");
    child *holder = holding_agent(path, "");

    assert_non_null(strstr(agent_ask(holder, "descriptors"), path));
    assert_false(is_inherited(holder, path));
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(holder, "FASTENERS_OK", "check l");
}

static void p5_a_program_started_by_a_waiter_inherits_nothing(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path, "");
    child *waiter = agent_with_lock(path, "fair");

    agent_expect(waiter, "started", "start 1 acquire l -1");
    expect_queued(path, 1);
    assert_false(is_inherited(waiter, path));
    agent_expect(holder, "FASTENERS_OK", "release l");
    agent_expect(waiter, "FASTENERS_OK", "result 1");
}

/* Not even one that is started while other threads are opening lock files. */
static void p5_programs_started_in_a_storm_inherit_nothing(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_with_lock(path, "unlink"); /* opens anew each time */

    agent_expect(agent, "started", "start 1 churn l 1000000000 -1");
    agent_expect(agent, "started", "start 2 churn l 1000000000 1");
    for (long i = 0; i < test_rounds(200); i++)
        assert_false(is_inherited(agent, path));
    agent_murder(agent);
}

static void p5_a_holder_that_becomes_another_program_holds_no_more(void **state)
{
    const char *path = temp_path(state, "lock");
    child *outside = agent_with_lock(path, "");
    child *holder = holding_agent(path, "");
    long pid = child_pid(holder);

    assert_int_equal(agent_number(holder, "exec"), pid);
    assert_null(strstr(agent_ask(holder, "descriptors"), path));
    agent_expect(outside, "FASTENERS_OK", "acquire l 0");
}

/* ---------------------------------------------------------------- in the middle of things -- */

static void expect_lines(child *from, const char *wanted, int count)
{
    char line[CHILD_LINE];

    while (count-- > 0) {
        assert_true(child_reply(from, line, sizeof(line)));
        assert_string_equal(line, wanted);
    }
}

/*
 * Thousands of forks while threads open, acquire, wait and release: no child hangs or is refused.
 */
static void p5_forks_in_a_storm(void **state)
{
    const char *path = temp_path(state, "lock");
    const char *own = temp_path(state, "own");
    char rounds[16];
    const char *const argv[] = {TEST_BIN_DIR "/fork_storm", "use", path, own, rounds, NULL};
    char headway[CHILD_LINE];
    child *storm;

    skip_if(is_under("thread"), NO_NEW_THREADS);
    skip_if(test_is_emulated(), EMULATED);
    skip_if(is_under("address"), "AddressSanitizer's allocator may be locked in the child");
    snprintf(rounds, sizeof(rounds), "%ld", test_rounds(2000));
    storm = child_start(argv);
    assert_non_null(storm);
    while (child_reply(storm, headway, sizeof(headway)))
        ;
    assert_int_equal(child_wait(storm), 0);
    agent_expect(agent_with_lock(path, ""), "FASTENERS_OK", "acquire l 60000");
}

/* No child of the storm has a copy of anything that its parent had locked. */
static void p5_children_of_a_storm_keep_nothing(void **state)
{
    const char *path = temp_path(state, "lock");
    const char *const argv[] = {TEST_BIN_DIR "/fork_storm", "leave", path, "50", NULL};
    child *outside = agent_with_lock(path, "");

    skip_if(test_is_emulated(), EMULATED);
    for (long i = 0; i < test_rounds(20); i++) {
        child *storm = child_start(argv);

        assert_non_null(storm);
        expect_lines(storm, "here", 50);
        child_kill(storm, SIGKILL);
        child_wait(storm); /* its children wait for the end of the input, which is open still */
        agent_expect(outside, "FASTENERS_OK", "acquire l 60000");
        assert_int_equal(locks_on(path).held, 1);
        agent_expect(outside, "FASTENERS_OK", "release l");
        child_end(storm);
    }
}

#define BOTH_TESTS(name) PROCESS_TEST(p5_fork_##name), PROCESS_TEST(p5_clone_##name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_TESTS(child_holds_nothing),
        BOTH_TESTS(child_releases_at_once),
        BOTH_TESTS(child_destroys_its_copy),
        BOTH_TESTS(child_ends),
        BOTH_TESTS(child_waits_for_its_parent),
        BOTH_TESTS(parent_and_child_exclude_each_other),
        BOTH_TESTS(child_acquires_after_the_parents_death),
        BOTH_TESTS(death_frees_though_a_child_lives),
        BOTH_TESTS(release_frees_though_a_child_lives),
        BOTH_TESTS(another_thread_of_the_parent_holds),
        BOTH_TESTS(other_threads_of_the_parent_wait),
        BOTH_TESTS(gate_is_freed_though_a_child_lives),
        BOTH_TESTS(grandchild_holds_nothing),
        BOTH_TESTS(child_forks_while_it_holds),
        BOTH_TESTS(child_has_locks_of_its_own),
        BOTH_TESTS(child_keeps_no_descriptor),
        PROCESS_TEST(p5_a_program_started_by_the_holder_inherits_nothing),
        PROCESS_TEST(p5_a_program_started_by_a_waiter_inherits_nothing),
        PROCESS_TEST(p5_programs_started_in_a_storm_inherit_nothing),
        PROCESS_TEST(p5_a_holder_that_becomes_another_program_holds_no_more),
        PROCESS_TEST(p5_forks_in_a_storm),
        PROCESS_TEST(p5_children_of_a_storm_keep_nothing),
    };

    return RUN_PROCESS_TESTS(tests);
}
