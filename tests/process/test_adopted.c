/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles on a descriptor that the program opened: P1 and P3 as ever, P4 to P6 as the header says
 * of create_from_fd.
 */
#define _GNU_SOURCE /* O_PATH */
#include "process_test.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { AGENTS = 4 };

/* An agent that has opened the file and made the handle "l" of the descriptor. */
static child *agent_with_descriptor(const char *path, long long *fd)
{
    child *agent = agent_start();

    *fd = agent_number(agent, "open %s rw", path);
    agent_expect(agent, "FASTENERS_OK", "create l fd:%lld", *fd);
    return agent;
}

static const char *make_file(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_with_lock(path, "");

    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    agent_expect(agent, "FASTENERS_OK", "release l");
    return path;
}

static bool locks_are_the_process_s(const char *path)
{
    child *agent = agent_with_lock(path, "");

    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    bool is_classic = locks_on(path).ofd == 0;
    agent_expect(agent, "FASTENERS_OK", "release l");
    return is_classic;
}

/* ---------------------------------------------------------------------- P1, P3: as ever -- */

static void p1_adopted_and_named_handles_hammer_one_file(void **state)
{
    const char *path = make_file(state);
    const char *seen_by = temp_path(state, "witness");
    long rounds = test_rounds(2000);
    long long fd;
    child *agents[AGENTS];

    for (int i = 0; i < AGENTS; i++) {
        agents[i] = i % 2 == 0 ? agent_with_descriptor(path, &fd) : agent_with_lock(path, "");
        agent_expect(agents[i], "started", "start 1 hammer l %s %ld", seen_by, rounds);
    }
    for (int i = 0; i < AGENTS; i++)
        agent_expect(agents[i], "FASTENERS_OK", "result 1");
    witness *seen = witness_open(seen_by);
    assert_non_null(seen);
    assert_int_equal(witness_violations(seen), 0);
    assert_int_equal(witness_counter(seen), AGENTS * rounds);
    witness_close(seen);
}

static void p3_the_lock_of_a_killed_process(void **state)
{
    const char *path = make_file(state);
    long long fd;
    child *holder = agent_with_descriptor(path, &fd);
    child *waiter = agent_with_descriptor(path, &fd);

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    agent_expect(waiter, "started", "start 1 acquire l -1");
    agent_expect(waiter, "OK", "wait_asleep 1");
    agent_murder(holder);
    agent_expect(waiter, "FASTENERS_OK", "result 1");
}

static void p1_two_numbers_of_one_open_file(void **state)
{
    long long fd;
    child *agent = agent_with_descriptor(make_file(state), &fd);
    long long copy = agent_number(agent, "dup %lld", fd);

    agent_expect(agent, "FASTENERS_OK", "create m fd:%lld", copy);
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    agent_expect(agent, "FASTENERS_BUSY", "acquire m 0");
    agent_expect(agent, "started", "start 1 acquire m -1");
    agent_expect(agent, "OK", "wait_waiting 1");
    agent_expect(agent, "FASTENERS_OK", "release l");
    agent_expect(agent, "FASTENERS_OK", "result 1");
    agent_expect(agent, "FASTENERS_BUSY", "acquire l 0");
}

static void r1_readers_and_writers(void **state)
{
    const char *path = make_file(state);
    child *agent = agent_start();
    child *outside = agent_start();
    long long fd = agent_number(agent, "open %s rw", path);

    agent_expect(agent, "FASTENERS_OK", "rw_create l fd:%lld", fd);
    agent_expect(outside, "FASTENERS_OK", "rw_create l %s", path);
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "FASTENERS_OK", "thread 1 read l 0");
    agent_expect(agent, "FASTENERS_BUSY", "thread 2 write l 0");
    agent_expect(outside, "FASTENERS_OK", "read l 0");
    agent_expect(outside, "FASTENERS_OK", "unread l");
    agent_expect(outside, "FASTENERS_BUSY", "write l 0");
    agent_expect(agent, "FASTENERS_OK", "thread 1 unread l");
    agent_expect(agent, "FASTENERS_OK", "upgrade l 0");
    agent_expect(outside, "FASTENERS_BUSY", "read l 0");
    agent_expect(agent, "FASTENERS_OK", "downgrade l");
    agent_expect(agent, "FASTENERS_OK", "unread l");
    agent_expect(outside, "FASTENERS_OK", "write l 0");
    agent_expect(agent, "FASTENERS_BUSY", "write l 0");
}

/* ---------------------------------------------------------------------------- P4, P5, P6 -- */

static void p4_the_descriptor_stays_open(void **state)
{
    const char *path = make_file(state);
    long long fd;
    child *agent = agent_with_descriptor(path, &fd);

    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    agent_expect(agent, "OK", "destroy l");
    assert_int_equal(locks_on(path).ofd + locks_on(path).classic, 0);
    agent_expect(agent, "OK", "close %lld", fd);
}

static void p4_other_descriptors_are_closed(void **state)
{
    const char *path = make_file(state);
    long long fd;
    child *agent = agent_with_descriptor(path, &fd);
    child *outside = agent_with_lock(path, "");

    if (locks_are_the_process_s(path))
        skip();
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    agent_expect(agent, "OK", "close %lld", (long long)agent_number(agent, "open %s rw", path));
    agent_expect(agent, "OK", "close %lld", (long long)agent_number(agent, "dup %lld", fd));
    agent_expect(agent, "FASTENERS_OK", "check l");
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
}

static void p4_the_descriptor_is_closed_while_held(void **state)
{
    const char *path = make_file(state);
    long long fd;
    child *agent = agent_with_descriptor(path, &fd);
    child *outside = agent_with_lock(path, "");

    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    agent_expect(agent, "OK", "close %lld", fd);
    agent_expect(outside, "FASTENERS_OK", "acquire l 0");
    agent_expect(agent, "FASTENERS_LOST", "check l");
    agent_expect(agent, "FASTENERS_LOST", "release l");
    agent_expect(agent, "FASTENERS_INVALID", "acquire l 0");
}

/* A waiter of ours is in the kernel's queue with the open file at that moment. */
static void p4_the_descriptor_is_closed_during_a_wait(void **state)
{
    const char *path = make_file(state);
    long long fd;
    child *agent = agent_with_descriptor(path, &fd);
    child *holder = agent_with_lock(path, "");

    if (strstr(SANITIZER, "thread") != NULL)
        skip(); /* it watches descriptors too, and is right: the program races with the library */
    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    agent_expect(agent, "started", "start 1 acquire l -1");
    agent_expect(agent, "OK", "wait_asleep 1");
    agent_expect(agent, "OK", "close %lld", fd);
    agent_expect(agent, "FASTENERS_INVALID", "result 1");
    agent_expect(holder, "FASTENERS_OK", "release l");
    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
}

static void p5_a_forked_child(void **state)
{
    const char *path = make_file(state);
    long long fd;
    child *parent = agent_with_descriptor(path, &fd);
    child *outside = agent_with_lock(path, "");

    if (locks_are_the_process_s(path))
        skip();
    agent_expect(parent, "FASTENERS_OK", "acquire l 0");
    child *forked = agent_fork(parent, "fork", temp_dir_path(state));
    agent_expect(forked, "0", "is_held l");
    agent_expect(forked, "FASTENERS_NOT_OWNER", "release l");
    agent_expect(forked, "FASTENERS_NOT_SUPPORTED", "acquire l 0");
    agent_expect(forked, "OK", "destroy l");
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
    /* The open file lives on in the child. */
    agent_murder(parent);
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(forked, "OK", "close %lld", fd);
    agent_expect(outside, "FASTENERS_OK", "acquire l 1000");
}

static void p6_a_file_without_a_name(void **state)
{
    const char *path = make_file(state);
    long long fd;
    child *agent = agent_with_descriptor(path, &fd);

    assert_int_equal(unlink(path), 0);
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    agent_expect(agent, "FASTENERS_OK", "check l");
    agent_expect(agent, "FASTENERS_OK", "release l");
    assert_int_equal(access(path, F_OK), -1);
}

/* -------------------------------------------------------------------------- P12: misuse -- */

static fasteners_status adopt(int fd, bool record_owner)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.record_owner = record_owner;
    fasteners_status status = fasteners_ipc_lock_create_from_fd(&lock, fd, &options);
    fasteners_ipc_lock_destroy(lock);
    return status;
}

static void p12_descriptors_that_are_of_no_use(void **state)
{
    const char *path = make_file(state);
    int appends = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
    int directory = open(temp_dir_path(state), O_RDONLY | O_CLOEXEC);

    assert_int_equal(adopt(appends, true), FASTENERS_INVALID);
    assert_int_equal(adopt(appends, false), FASTENERS_OK);
    assert_int_equal(adopt(directory, false), FASTENERS_INVALID);
    assert_int_equal(adopt(-1, false), FASTENERS_INVALID);
    assert_int_equal(close(appends), 0);
    assert_int_equal(adopt(appends, false), FASTENERS_INVALID);
#ifdef O_PATH
    int named = open(path, O_PATH | O_CLOEXEC);
    assert_int_equal(adopt(named, false), FASTENERS_INVALID);
    assert_int_equal(close(named), 0);
#endif
    assert_int_equal(close(directory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p1_adopted_and_named_handles_hammer_one_file),
        PROCESS_TEST(p3_the_lock_of_a_killed_process),
        PROCESS_TEST(p1_two_numbers_of_one_open_file),
        PROCESS_TEST(r1_readers_and_writers),
        PROCESS_TEST(p4_the_descriptor_stays_open),
        PROCESS_TEST(p4_other_descriptors_are_closed),
        PROCESS_TEST(p4_the_descriptor_is_closed_while_held),
        PROCESS_TEST(p4_the_descriptor_is_closed_during_a_wait),
        PROCESS_TEST(p5_a_forked_child),
        PROCESS_TEST(p6_a_file_without_a_name),
        PROCESS_TEST(p12_descriptors_that_are_of_no_use),
    };

    return RUN_PROCESS_TESTS(tests);
}
