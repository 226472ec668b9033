/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles on a descriptor that the program opened: P1 and P3 as ever, P4 as the header says
 * of create_from_fd. P5, P6, P12: test_adopted_descriptors.c, windows/test_adopted.c.
 */
#include "process_test.h"

#include <string.h>

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
    agent_expect(agent, "FASTENERS_OK", "unread l");
    agent_expect(outside, "FASTENERS_OK", "write l 0");
    agent_expect(agent, "FASTENERS_BUSY", "write l 0");
}

static void r4_upgrade_and_downgrade(void **state)
{
    const char *path = make_file(state);
    child *agent = agent_start();
    child *outside = agent_start();
    long long fd = agent_number(agent, "open %s rw", path);

    agent_expect(agent, "FASTENERS_OK", "rw_create l fd:%lld", fd);
    agent_expect(outside, "FASTENERS_OK", "rw_create l %s", path);
    agent_expect(agent, "FASTENERS_OK", "write l 0");
    agent_expect(agent, "FASTENERS_OK", "downgrade l");
    agent_expect(outside, "FASTENERS_OK", "read l 0");
    agent_expect(outside, "FASTENERS_OK", "unread l");
    agent_expect(outside, "FASTENERS_BUSY", "write l 0");
    NEEDS_UPGRADE();
    agent_expect(agent, "FASTENERS_OK", "upgrade l 0");
    agent_expect(outside, "FASTENERS_BUSY", "read l 0");
    agent_expect(agent, "FASTENERS_OK", "downgrade l");
    agent_expect(outside, "FASTENERS_OK", "read l 0");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p1_adopted_and_named_handles_hammer_one_file),
        PROCESS_TEST(p3_the_lock_of_a_killed_process),
        PROCESS_TEST(p1_two_numbers_of_one_open_file),
        PROCESS_TEST(r1_readers_and_writers),
        PROCESS_TEST(r4_upgrade_and_downgrade),
        PROCESS_TEST(p4_the_descriptor_stays_open),
        PROCESS_TEST(p4_other_descriptors_are_closed),
        PROCESS_TEST(p4_the_descriptor_is_closed_while_held),
        PROCESS_TEST(p4_the_descriptor_is_closed_during_a_wait),
    };

    return RUN_PROCESS_TESTS(tests);
}
