/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R3: holds are per thread and counted; R4: upgrade and downgrade. P12: misuse is answered. P5 and
 * P6 for shared holds.
 */
#include "process_test.h"

#include <stdio.h>
#include <unistd.h>

static child *agent_at(const char *path, const char *options)
{
    child *agent = agent_start();

    agent_expect(agent, "FASTENERS_OK", "rw_create l %s %s", path, options);
    return agent;
}

/* ------------------------------------------------------------------------------- holds -- */

static void r3_reads_nest(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path, "");
    child *other = agent_at(path, "");

    agent_expect(agent, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "FASTENERS_OK", "unread l");
    agent_expect(agent, "read", "rw_holds l");
    agent_expect(other, "FASTENERS_BUSY", "write l 0");
    agent_expect(agent, "FASTENERS_OK", "unread l");
    agent_expect(agent, "FASTENERS_NOT_OWNER", "unread l");
    agent_expect(other, "FASTENERS_OK", "write l 0");
}

static void r3_a_writer_reads_and_goes_on_as_a_reader(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path, "");
    child *other = agent_at(path, "");

    agent_expect(agent, "FASTENERS_OK", "write l 0");
    agent_expect(agent, "FASTENERS_OK", "write l 0");
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "both", "rw_holds l");
    agent_expect(agent, "FASTENERS_OK", "unwrite l");
    agent_expect(other, "FASTENERS_BUSY", "read l 0");
    agent_expect(agent, "FASTENERS_OK", "unwrite l");
    agent_expect(agent, "read", "rw_holds l");
    agent_expect(agent, "FASTENERS_OK", "rw_check l");
    agent_expect(agent, "FASTENERS_NOT_OWNER", "unwrite l");
    agent_expect(other, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "FASTENERS_OK", "thread 1 read l 0");
    agent_expect(agent, "FASTENERS_BUSY", "thread 2 write l 0");
    agent_expect(agent, "FASTENERS_OK", "unread l");
    agent_expect(other, "FASTENERS_OK", "unread l");
    agent_expect(other, "FASTENERS_BUSY", "write l 0");
    agent_expect(agent, "FASTENERS_OK", "thread 1 unread l");
    agent_expect(agent, "FASTENERS_OK", "thread 2 write l 0");
}

static void p12_what_is_not_held_is_not_released(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path, "");

    agent_expect(agent, "FASTENERS_NOT_OWNER", "unread l");
    agent_expect(agent, "FASTENERS_NOT_OWNER", "unwrite l");
    agent_expect(agent, "FASTENERS_NOT_OWNER", "upgrade l -1");
    agent_expect(agent, "FASTENERS_NOT_OWNER", "downgrade l");
    agent_expect(agent, "FASTENERS_NOT_OWNER", "rw_check l");
    agent_expect(agent, "FASTENERS_INVALID", "read l -2");
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "FASTENERS_NOT_OWNER", "unwrite l");
    agent_expect(agent, "FASTENERS_NOT_OWNER", "downgrade l");
    agent_expect(agent, "FASTENERS_NOT_OWNER", "thread 1 unread l");
    agent_expect(agent, "FASTENERS_NOT_OWNER", "thread 1 upgrade l 0");
    agent_expect(agent, "FASTENERS_OK", "unread l");
    agent_expect(agent, "FASTENERS_OK", "write l 0");
    agent_expect(agent, "FASTENERS_NOT_OWNER", "unread l");
    agent_expect(agent, "FASTENERS_NOT_OWNER", "upgrade l 0");
    agent_expect(agent, "FASTENERS_NOT_OWNER", "thread 1 unwrite l");
    agent_expect(agent, "FASTENERS_OK", "unwrite l");
}

static void p12_nobody_waits_for_itself(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path, "");

    agent_expect(agent, "FASTENERS_OK", "rw_create m %s", path);
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "FASTENERS_WOULD_DEADLOCK", "write l 0");
    agent_expect(agent, "FASTENERS_WOULD_DEADLOCK", "write l -1");
    agent_expect(agent, "FASTENERS_BUSY", "write m 0");
    agent_expect(agent, "FASTENERS_TIMED_OUT", "write m 20");
    agent_expect(agent, "FASTENERS_WOULD_DEADLOCK", "write m -1");
    agent_expect(agent, "FASTENERS_OK", "read m -1");
    agent_expect(agent, "FASTENERS_OK", "unread m");
    agent_expect(agent, "FASTENERS_OK", "unread l");
    agent_expect(agent, "FASTENERS_OK", "write l 0");
    agent_expect(agent, "FASTENERS_WOULD_DEADLOCK", "read m -1");
    agent_expect(agent, "FASTENERS_TIMED_OUT", "read m 20");
    agent_expect(agent, "FASTENERS_WOULD_DEADLOCK", "write m -1");
    agent_expect(agent, "FASTENERS_OK", "unwrite l");
    agent_expect(agent, "FASTENERS_OK", "write m 0");
}

static void p12_an_upgrade_does_not_wait_for_itself(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path, "");

    NEEDS_UPGRADE();
    agent_expect(agent, "FASTENERS_OK", "rw_create m %s", path);
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "FASTENERS_OK", "read m 0");
    agent_expect(agent, "FASTENERS_WOULD_DEADLOCK", "upgrade m -1");
    agent_expect(agent, "FASTENERS_BUSY", "upgrade m 0");
}

/* ------------------------------------------------------------------------- conversions -- */

static void r4_upgrade_and_downgrade(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path, "");
    child *other = agent_at(path, "");

    NEEDS_UPGRADE();
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "FASTENERS_OK", "upgrade l 0");
    agent_expect(agent, "write", "rw_holds l");
    agent_expect(other, "FASTENERS_BUSY", "read l 0");
    agent_expect(agent, "FASTENERS_BUSY", "thread 1 read l 0");
    agent_expect(agent, "FASTENERS_OK", "rw_check l");
    agent_expect(agent, "FASTENERS_OK", "downgrade l");
    agent_expect(agent, "read", "rw_holds l");
    agent_expect(other, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "FASTENERS_OK", "thread 1 read l 0");
    agent_expect(other, "FASTENERS_OK", "unread l");
    agent_expect(agent, "FASTENERS_OK", "thread 1 unread l");
    agent_expect(agent, "FASTENERS_OK", "upgrade l 0");
    agent_expect(agent, "FASTENERS_OK", "unwrite l");
    assert_int_equal(locks_on(path).held, 0);
    agent_expect(other, "FASTENERS_OK", "write l 0");
    agent_expect(other, "FASTENERS_OK", "downgrade l");
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    agent_expect(other, "FASTENERS_BUSY", "upgrade l 0");
    agent_expect(agent, "FASTENERS_OK", "unread l");
    agent_expect(other, "FASTENERS_OK", "upgrade l 0");
    agent_expect(other, "FASTENERS_OK", "unwrite l");
    assert_int_equal(locks_on(path).held, 0);
}

static void r4_upgrade_waits_for_readers_elsewhere(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path, "");
    child *other = agent_at(path, "");

    NEEDS_UPGRADE();
    agent_expect(agent, "FASTENERS_OK", "thread 1 read l 0");
    agent_expect(agent, "FASTENERS_OK", "thread 2 read l 0");
    agent_expect(other, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "FASTENERS_BUSY", "thread 1 upgrade l 0");
    agent_expect(agent, "FASTENERS_TIMED_OUT", "thread 1 upgrade l 20");
    agent_expect(agent, "read", "thread 1 rw_holds l");
    agent_expect(agent, "started", "start 1 upgrade l -1");
    agent_expect(agent, "OK", "wait_asleep 1");
    agent_expect(agent, "FASTENERS_BUSY", "thread 3 read l 0");
    agent_expect(agent, "FASTENERS_OK", "thread 2 unread l");
    expect_queued(path, 1);
    agent_expect(other, "FASTENERS_OK", "read l 0"); /* nested */
    agent_expect(other, "FASTENERS_OK", "unread l");
    agent_expect(other, "FASTENERS_OK", "unread l");
    agent_expect(agent, "FASTENERS_OK", "result 1");
    agent_expect(other, "FASTENERS_BUSY", "read l 0");
}

static void r4_a_failed_upgrade_keeps_the_read(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path, "");
    child *other = agent_at(path, "");
    child *writer = agent_at(path, "");

    NEEDS_UPGRADE();
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    agent_expect(other, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "started", "start 1 upgrade l -1"); /* another thread: not its hold */
    agent_expect(agent, "FASTENERS_NOT_OWNER", "result 1");
    agent_expect(agent, "FASTENERS_OK", "thread 1 read l 0");
    agent_expect(agent, "FASTENERS_OK", "unread l");
    agent_expect(agent, "started", "start 1 upgrade l -1");
    expect_queued(path, 1);
    agent_expect(agent, "OK", "rw_cancel l");
    agent_expect(agent, "FASTENERS_CANCELLED", "result 1");
    agent_expect(agent, "FASTENERS_OK", "thread 1 rw_check l");
    agent_expect(other, "FASTENERS_BUSY", "upgrade l 0");
    agent_expect(other, "FASTENERS_OK", "unread l");
    agent_expect(writer, "FASTENERS_BUSY", "write l 0");
    agent_expect(agent, "FASTENERS_OK", "thread 1 upgrade l 0");
}

static void r4_the_second_upgrader_is_refused(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path, "");
    child *other = agent_at(path, "");

    NEEDS_UPGRADE();
    agent_expect(agent, "FASTENERS_OK", "rw_create m %s", path);
    agent_expect(agent, "FASTENERS_OK", "thread 1 read l 0");
    agent_expect(agent, "FASTENERS_OK", "thread 2 read l 0");
    agent_expect(agent, "FASTENERS_OK", "thread 3 read m 0");
    agent_expect(other, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "started", "start 1 upgrade l -1");
    agent_expect(agent, "OK", "wait_asleep 1");
    agent_expect(agent, "FASTENERS_WOULD_DEADLOCK", "thread 2 upgrade l 0");
    agent_expect(agent, "FASTENERS_WOULD_DEADLOCK", "thread 3 upgrade m -1");
    agent_expect(other, "FASTENERS_WOULD_DEADLOCK", "upgrade l -1");
    agent_expect(other, "FASTENERS_WOULD_DEADLOCK", "upgrade l 10");
    agent_expect(other, "read", "rw_holds l");
    agent_expect(other, "FASTENERS_OK", "unread l");
    agent_expect(agent, "FASTENERS_OK", "thread 2 unread l");
    agent_expect(agent, "FASTENERS_OK", "thread 3 unread m");
    agent_expect(agent, "FASTENERS_OK", "result 1");
}

static void r4_upgrade_goes_ahead_of_waiting_writers(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path, "writers");
    child *writer = agent_at(path, "writers");

    NEEDS_UPGRADE();
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    agent_expect(writer, "started", "start 1 write l -1");
    expect_queued(path, 1);
    agent_expect(agent, "started", "start 1 write l -1"); /* of the same handle */
    if (PORTABLE_BUILD)                                   /* it waits in the process */
        agent_expect(agent, "OK", "wait_asleep 1");
    else
        expect_queued(path, 2);
    agent_expect(agent, "FASTENERS_OK", "upgrade l 1000");
    agent_expect(agent, "FASTENERS_OK", "downgrade l");
    agent_expect(writer, "running", "peek 1");
    agent_expect(agent, "running", "peek 1");
    agent_expect(agent, "FASTENERS_OK", "unread l");
    agent_expect(writer, "FASTENERS_OK", "result 1");
    agent_expect(writer, "FASTENERS_OK", "thread 1 unwrite l");
    agent_expect(agent, "FASTENERS_OK", "result 1");
}

/* ------------------------------------------------------------------- identity and fork -- */

static void p6_a_deleted_file(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path, "");
    child *other = agent_at(path, "");

    NEEDS_DELETED_NAMES_TO_GO();
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "FASTENERS_OK", "rw_check l");
    assert_int_equal(unlink(path), 0);
    agent_expect(agent, "FASTENERS_LOST", "rw_check l");
    agent_expect(agent, "FASTENERS_LOST", "upgrade l -1");
    agent_expect(agent, "read", "rw_holds l");
    agent_expect(other, "FASTENERS_OK", "write l 0");
    agent_expect(agent, "FASTENERS_OK", "unread l");
    agent_expect(agent, "FASTENERS_BUSY", "read l 0");
    agent_expect(other, "FASTENERS_OK", "unwrite l");
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "FASTENERS_OK", "rw_check l");
}

static void p6_unlink_only_after_a_write(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path, "unlink");

    NEEDS_DELETED_NAMES_TO_GO();
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "FASTENERS_OK", "unread l");
    assert_int_equal(access(path, F_OK), 0);
    agent_expect(agent, "FASTENERS_OK", "write l 0");
    agent_expect(agent, "FASTENERS_OK", "downgrade l");
    agent_expect(agent, "FASTENERS_OK", "unread l");
    assert_int_equal(access(path, F_OK), 0);
    agent_expect(agent, "FASTENERS_OK", "write l 0");
    agent_expect(agent, "FASTENERS_OK", "unwrite l");
    assert_int_not_equal(access(path, F_OK), 0);
}

#ifndef _WIN32 /* which has no fork */
static void p5_a_child_holds_nothing(void **state)
{
    const char *path = temp_path(state, "lock");
    child *parent = agent_at(path, "");
    child *other = agent_at(path, "");
    child *forked;

    agent_expect(parent, "FASTENERS_OK", "read l 0");
    agent_expect(parent, "FASTENERS_OK", "thread 1 read l 0");
    forked = agent_fork(parent, "fork", temp_dir_path(state));
    agent_expect(forked, "none", "rw_holds l");
    agent_expect(forked, "0", "rw_is_held l");
    agent_expect(forked, "FASTENERS_NOT_OWNER", "unread l");
    agent_expect(forked, "FASTENERS_BUSY", "write l 0");
    agent_expect(forked, "FASTENERS_OK", "read l 0");
    agent_expect(parent, "FASTENERS_OK", "unread l");
    agent_expect(parent, "FASTENERS_OK", "thread 1 unread l");
    agent_expect(other, "FASTENERS_BUSY", "write l 0");
    agent_expect(forked, "FASTENERS_OK", "upgrade l 0");
    agent_expect(parent, "FASTENERS_BUSY", "read l 0");
    agent_expect(forked, "FASTENERS_OK", "unwrite l");
    agent_expect(parent, "FASTENERS_OK", "write l 0");
    agent_murder(parent);
    agent_expect(other, "FASTENERS_OK", "write l 0");
}
#endif

static void p15_a_holder_is_told(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path, "");
    child *other = agent_at(path, "");
    char expected[64];

    NEEDS_UPGRADE();
    agent_expect(other, "FASTENERS_NOT_FOUND", "rw_holder l");
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    snprintf(expected, sizeof(expected), "FASTENERS_OK %ld shared", child_pid(agent));
    agent_expect(other, expected, "rw_holder l");
    agent_expect(agent, "FASTENERS_OK", "upgrade l 0");
    snprintf(expected, sizeof(expected), "FASTENERS_OK %ld exclusive", child_pid(agent));
    agent_expect(other, expected, "rw_holder l");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(r3_reads_nest),
        PROCESS_TEST(r3_a_writer_reads_and_goes_on_as_a_reader),
        PROCESS_TEST(p12_what_is_not_held_is_not_released),
        PROCESS_TEST(p12_nobody_waits_for_itself),
        PROCESS_TEST(p12_an_upgrade_does_not_wait_for_itself),
        PROCESS_TEST(r4_upgrade_and_downgrade),
        PROCESS_TEST(r4_upgrade_waits_for_readers_elsewhere),
        PROCESS_TEST(r4_a_failed_upgrade_keeps_the_read),
        PROCESS_TEST(r4_the_second_upgrader_is_refused),
        PROCESS_TEST(r4_upgrade_goes_ahead_of_waiting_writers),
        PROCESS_TEST(p6_a_deleted_file),
        PROCESS_TEST(p6_unlink_only_after_a_write),
#ifndef _WIN32
        PROCESS_TEST(p5_a_child_holds_nothing),
#endif
        PROCESS_TEST(p15_a_holder_is_told),
    };

    return RUN_PROCESS_TESTS(tests);
}
