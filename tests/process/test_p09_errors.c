/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P9: what is no contention is told at once, with its status and the system's error number and a
 * line in the log, whatever time there is to wait; and as soon as the reason is gone the same
 * handle works.
 */
#define _GNU_SOURCE /* prlimit */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <fasteners.h>

#include "agent_client.h"
#include "temp_dir.h"

/* Whoever is nobody in particular. */
#define NOBODY "65534 65534"

/* An agent whom permissions bind: root would not be stopped by them. */
static child *unprivileged_agent(void **state)
{
    child *agent = agent_start();

    if (geteuid() == 0) {
        assert_int_equal(chmod(temp_dir_path(state), 0711), 0);
        agent_expect(agent, "OK", "user " NOBODY);
    }
    return agent;
}

/* A directory in which the unprivileged agent may do as the mode says. */
static const char *directory_for_agent(void **state, const char *name, mode_t mode)
{
    const char *path = temp_path(state, name);

    assert_int_equal(mkdir(path, 0700), 0);
    if (geteuid() == 0)
        assert_int_equal(chown(path, 65534, 65534), 0);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static void file_for_agent(const char *path, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    if (geteuid() == 0)
        assert_int_equal(chown(path, 65534, 65534), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void assert_log_line(child *agent, const char *path, const char *status, int os_error)
{
    const char *line = agent_ask(agent, "last_log l");

    assert_non_null(strstr(line, " 1 ")); /* FASTENERS_LOG_ERROR */
    assert_non_null(strstr(line, path));
    assert_non_null(strstr(line, status));
    assert_non_null(strstr(line, strerror(os_error)));
}

/*
 * The agent's lock "l" fails so, whatever the time-out: with a wait the agent would never answer.
 */
static void assert_fails(child *agent, const char *path, const char *status, int os_error)
{
    const char *const timeouts[] = {"0", "1", "3600000", "-1"};
    int64_t lines = agent_number(agent, "last_log l");

    for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        agent_expect(agent, status, "acquire l %s", timeouts[i]);
        assert_int_equal(agent_number(agent, "os_error l"), os_error);
        assert_int_equal(agent_number(agent, "is_held l"), 0);
        assert_int_equal(agent_number(agent, "last_log l"), ++lines);
        assert_log_line(agent, path, status, os_error);
    }
}

static void assert_works_now(child *agent)
{
    agent_expect(agent, "FASTENERS_OK", "acquire l -1");
    agent_expect(agent, "FASTENERS_OK", "check l");
    agent_expect(agent, "FASTENERS_OK", "release l");
}

/* -------------------------------------------------------------------------- permission -- */

static void assert_no_permission(child *agent, const char *path)
{
    agent_expect(agent, "FASTENERS_OK", "create l %s log", path);
    assert_fails(agent, path, "FASTENERS_NO_PERMISSION", EACCES);
}

static void p9_file_that_may_not_be_written(void **state)
{
    child *agent = unprivileged_agent(state);
    const mode_t modes[] = {0444, 0200, 0};
    const char *path = temp_path(state, "directory/lock");

    directory_for_agent(state, "directory", 0700);
    file_for_agent(path, 0600);
    agent_expect(agent, "FASTENERS_OK", "create ok %s", path);
    agent_expect(agent, "FASTENERS_OK", "acquire ok 0");
    agent_expect(agent, "OK", "destroy ok");
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_no_permission(agent, path);
        assert_int_equal(chmod(path, 0600), 0);
        assert_works_now(agent);
        agent_expect(agent, "OK", "destroy l");
    }
    agent_stop(agent);
}

static void p9_directory_that_may_not_be_written(void **state)
{
    child *agent = unprivileged_agent(state);
    const char *path = temp_path(state, "directory/lock");

    directory_for_agent(state, "directory", 0555);
    assert_no_permission(agent, path);
    assert_int_equal(chmod(temp_path(state, "directory"), 0755), 0);
    assert_works_now(agent);
    /* A lock file that is there already is all that is needed. */
    assert_int_equal(chmod(temp_path(state, "directory"), 0555), 0);
    assert_works_now(agent);
    agent_expect(agent, "FASTENERS_OK", "create fresh %s", path);
    agent_expect(agent, "FASTENERS_OK", "acquire fresh 0");
    agent_stop(agent);
}

static void p9_parent_that_may_not_be_made(void **state)
{
    child *agent = unprivileged_agent(state);
    const char *path = temp_path(state, "directory/one/two/lock");

    directory_for_agent(state, "directory", 0555);
    assert_no_permission(agent, path);
    assert_int_equal(chmod(temp_path(state, "directory"), 0755), 0);
    assert_works_now(agent);
    agent_stop(agent);
}

static void p9_directory_that_may_not_be_entered(void **state)
{
    child *agent = unprivileged_agent(state);
    const char *path = temp_path(state, "directory/lock");

    directory_for_agent(state, "directory", 0600);
    assert_no_permission(agent, path);
    agent_expect(agent, "FASTENERS_NO_PERMISSION", "holder l");
    assert_int_equal(chmod(temp_path(state, "directory"), 0700), 0);
    assert_works_now(agent);
    agent_stop(agent);
}

/* What is held stays held and can be released, though the path cannot be looked at any more. */
static void p9_permission_lost_while_held(void **state)
{
    child *agent = unprivileged_agent(state);
    child *other = agent_start();
    const char *path = temp_path(state, "directory/lock");

    directory_for_agent(state, "directory", 0700);
    agent_expect(agent, "FASTENERS_OK", "create l %s", path);
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    assert_int_equal(chmod(temp_path(state, "directory"), 0), 0);
    agent_expect(agent, "FASTENERS_NO_PERMISSION", "check l");
    assert_int_equal(agent_number(agent, "os_error l"), EACCES);
    assert_int_equal(agent_number(agent, "is_held l"), 1);
    assert_int_equal(chmod(temp_path(state, "directory"), 0700), 0);
    agent_expect(other, "FASTENERS_OK", "create l %s", path);
    agent_expect(other, "FASTENERS_BUSY", "acquire l 0");
    assert_int_equal(chmod(temp_path(state, "directory"), 0), 0);
    agent_expect(agent, "FASTENERS_OK", "release l");
    agent_expect(agent, "FASTENERS_NO_PERMISSION", "acquire l 0");
    agent_expect(agent, "FASTENERS_NOT_OWNER", "release l");
    assert_int_equal(chmod(temp_path(state, "directory"), 0700), 0);
    agent_expect(other, "FASTENERS_OK", "acquire l 0");
    agent_stop(other);
    agent_stop(agent);
}

/* ------------------------------------------------------------------------- descriptors -- */

/* Numbers below 3 are taken in every process: none is left. */
#define NO_DESCRIPTORS "limit_files 3"
#define DESCRIPTORS "limit_files 256"

static void p9_no_descriptors_left(void **state)
{
    child *agent = agent_start();
    const char *path = temp_path(state, "lock");

    agent_expect(agent, "FASTENERS_OK", "create l %s log", path);
    agent_expect(agent, "OK", NO_DESCRIPTORS);
    assert_fails(agent, path, "FASTENERS_OS_ERROR", EMFILE);
    agent_expect(agent, "OK", DESCRIPTORS);
    assert_works_now(agent);
    agent_stop(agent);
}

/* Once the file is open, neither acquire nor release nor waiting needs another descriptor. */
static void p9_an_open_handle_needs_no_more_descriptors(void **state)
{
    child *agent = agent_start();
    child *other = agent_start();
    const char *path = temp_path(state, "lock");

    agent_expect(agent, "FASTENERS_OK", "create l %s log", path);
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    agent_expect(agent, "OK", NO_DESCRIPTORS);
    agent_expect(agent, "FASTENERS_OK", "check l");
    agent_expect(agent, "FASTENERS_OK", "release l");
    assert_works_now(agent);
    agent_expect(other, "FASTENERS_OK", "create l %s", path);
    agent_expect(other, "FASTENERS_OK", "acquire l 0");
    agent_expect(agent, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(agent, "FASTENERS_TIMED_OUT", "acquire l 20");
    agent_expect(agent, "started", "start 1 acquire l -1");
    expect_queued(path, 1);
    agent_expect(other, "FASTENERS_OK", "release l");
    agent_expect(agent, "FASTENERS_OK", "result 1");
    agent_expect(agent, "FASTENERS_OK", "thread 1 release l");
    agent_stop(other);
    agent_expect(agent, "OK", DESCRIPTORS); /* a sanitizer needs some at the end */
    agent_stop(agent);
}

/* A file that was replaced is to be opened anew; where that fails, nothing stays locked. */
static void p9_no_descriptors_left_to_open_the_file_again(void **state)
{
    child *agent = agent_start();
    child *other = agent_start();
    const char *path = temp_path(state, "lock");

    agent_expect(agent, "FASTENERS_OK", "create l %s log", path);
    assert_works_now(agent);
    assert_int_equal(rename(path, temp_path(state, "away")), 0);
    agent_expect(agent, "OK", "limit_files 0");
    agent_expect(agent, "FASTENERS_OS_ERROR", "acquire l -1");
    assert_int_equal(agent_number(agent, "os_error l"), EMFILE);
    agent_expect(other, "FASTENERS_OK", "create old %s", temp_path(state, "away"));
    agent_expect(other, "FASTENERS_OK", "create new %s", path);
    agent_expect(other, "FASTENERS_OK", "acquire old 0");
    agent_expect(other, "FASTENERS_OK", "acquire new 0");
    agent_expect(other, "FASTENERS_OK", "release new");
    agent_expect(agent, "OK", DESCRIPTORS);
    assert_works_now(agent);
    agent_stop(other);
    agent_stop(agent);
}

/* ----------------------------------------------------------------------------- threads -- */

/* From now on the agent's user may have no more threads than that; those that are there stay. */
static void limit_threads(child *agent, rlim_t threads)
{
    pid_t pid = (pid_t)child_pid(agent);
    struct rlimit limit;

    assert_int_equal(prlimit(pid, RLIMIT_NPROC, NULL, &limit), 0);
    limit.rlim_cur = threads;
    assert_int_equal(prlimit(pid, RLIMIT_NPROC, &limit, NULL), 0);
}

/* Where no thread is to be had the wait polls, says so, and is right all the same. */
static void p9_no_threads_left(void **state)
{
    child *agent;
    child *other;
    const char *path = temp_path(state, "directory/lock");

    if (geteuid() != 0)
        skip(); /* the limit counts all processes of the user: not to be lowered for a real one */
    agent = agent_start();
    other = agent_start();
    assert_int_equal(chmod(temp_dir_path(state), 0711), 0);
    directory_for_agent(state, "directory", 0777);
    agent_expect(agent, "FASTENERS_OK", "create l %s log", path);
    agent_expect(agent, "0", "thread 1 is_held l");
    limit_threads(agent, 1);
    agent_expect(agent, "OK", "user " NOBODY); /* root is not limited */
    agent_expect(other, "FASTENERS_OK", "create l %s mode=0666", path);
    agent_expect(other, "FASTENERS_OK", "acquire l 0");
    assert_true(agent_elapsed(agent, "FASTENERS_TIMED_OUT", "acquire l 100") >= 100000000);
    assert_non_null(strstr(agent_ask(agent, "last_log l"), "1 2 ")); /* one FASTENERS_LOG_WARNING */
    agent_expect(agent, "started", "start 1 acquire l -1");
    agent_expect(agent, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(other, "FASTENERS_OK", "release l");
    agent_expect(agent, "FASTENERS_OK", "result 1");
    agent_expect(other, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(agent, "FASTENERS_OK", "thread 1 release l");
    agent_expect(other, "FASTENERS_OK", "acquire l 0");
    agent_stop(other);
    agent_murder(agent); /* a sanitizer would want a thread at an orderly end */
}

/* ---------------------------------------------------------------------- file systems -- */

/*
 * An agent in a mount namespace of its own, where `mounting`, a piece of shell, has put a file
 * system upon "$1". NULL: not possible here.
 */
static child *agent_upon(const char *directory, const char *mounting)
{
    const char *unshare = geteuid() == 0 ? "-m" : "-rm";
    char script[1024];
    char reply[64];
    const char *const argv[] = {"unshare", unshare, "sh", "-c", script, "sh", directory, NULL};
    child *agent;

    snprintf(script, sizeof(script), "{ %s ; } >&2 && exec " TEST_BIN_DIR "/lock_agent", mounting);
    agent = child_start(argv);
    if (agent != NULL && child_ask(agent, "pid", reply, sizeof(reply)))
        return agent;
    child_end(agent);
    return NULL;
}

static void p9_read_only_file_system(void **state)
{
    const char *directory = temp_dir_path(state);
    const char *path = temp_path(state, "lock");
    const char *missing = temp_path(state, "one/two/missing");
    child *agent = agent_upon(directory, "mount -t tmpfs tmpfs \"$1\" && touch \"$1/lock\" && "
                                         "mount -o remount,ro \"$1\"");

    if (agent == NULL)
        skip();
    agent_expect(agent, "FASTENERS_OK", "create l %s log", path);
    assert_fails(agent, path, "FASTENERS_NO_PERMISSION", EROFS);
    agent_expect(agent, "OK", "destroy l");
    agent_expect(agent, "FASTENERS_OK", "create l %s log", missing);
    assert_fails(agent, missing, "FASTENERS_NO_PERMISSION", EROFS);
    agent_stop(agent);
}

static void p9_full_file_system(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_upon(temp_dir_path(state),
                              "mount -t tmpfs -o nr_inodes=2 tmpfs \"$1\" && touch \"$1/other\"");

    if (agent == NULL)
        skip();
    agent_expect(agent, "FASTENERS_OK", "create l %s log", path);
    assert_fails(agent, path, "FASTENERS_OS_ERROR", ENOSPC);
    /* A lock needs no room but for the file's name. */
    agent_expect(agent, "FASTENERS_OK", "create other %s", temp_path(state, "other"));
    agent_expect(agent, "FASTENERS_OK", "acquire other 0");
    agent_stop(agent);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(p9_file_that_may_not_be_written),
        TEST(p9_directory_that_may_not_be_written),
        TEST(p9_parent_that_may_not_be_made),
        TEST(p9_directory_that_may_not_be_entered),
        TEST(p9_permission_lost_while_held),
        TEST(p9_no_descriptors_left),
        TEST(p9_an_open_handle_needs_no_more_descriptors),
        TEST(p9_no_descriptors_left_to_open_the_file_again),
        TEST(p9_no_threads_left),
        TEST(p9_read_only_file_system),
        TEST(p9_full_file_system),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
