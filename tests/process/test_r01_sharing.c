/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R1: readers share, between processes, handles and threads, and a process locks the file once for
 * the readers of a handle. P1 and P3: writers are alone; a killed holder holds no more.
 */
#include "process_test.h"

#include <string.h>
#include <sys/stat.h>

#include "rw_record.h"

static child *agent_at(const char *path, const char *options)
{
    child *agent = agent_start();

    agent_expect(agent, "FASTENERS_OK", "rw_create l %s %s", path, options);
    return agent;
}

static void r1_readers_share_between_processes(void **state)
{
    const char *path = temp_path(state, "lock");
    child *one = agent_at(path, "");
    child *two = agent_at(path, "writers");
    child *three = agent_at(path, "");

    agent_expect(one, "FASTENERS_OK", "read l 0");
    agent_expect(two, "FASTENERS_OK", "read l 0");
    agent_expect(three, "FASTENERS_BUSY", "write l 0");
    agent_expect(three, "FASTENERS_TIMED_OUT", "write l 20");
    agent_expect(one, "FASTENERS_OK", "unread l");
    agent_expect(three, "FASTENERS_BUSY", "write l 0");
    agent_expect(two, "FASTENERS_OK", "unread l");
    agent_expect(three, "FASTENERS_OK", "write l 0");
    agent_expect(one, "FASTENERS_BUSY", "read l 0");
    agent_expect(two, "FASTENERS_TIMED_OUT", "read l 20");
    agent_expect(one, "FASTENERS_BUSY", "write l 0");
    agent_expect(three, "FASTENERS_OK", "unwrite l");
}

static void r1_readers_share_between_threads_and_handles(void **state)
{
    const char *path = temp_path(state, "lock");
    child *inside = agent_at(path, "");
    child *outside = agent_at(path, "");

    agent_expect(inside, "FASTENERS_OK", "rw_create m %s", path);
    agent_expect(inside, "FASTENERS_OK", "thread 1 read l 0");
    agent_expect(inside, "FASTENERS_OK", "thread 2 read l 0");
    agent_expect(inside, "FASTENERS_OK", "thread 1 read m 0");
    agent_expect(inside, "FASTENERS_BUSY", "thread 3 write l 0");
    agent_expect(inside, "FASTENERS_BUSY", "thread 3 write m 0");
    agent_expect(inside, "FASTENERS_OK", "thread 1 unread l");
    agent_expect(inside, "FASTENERS_OK", "thread 2 unread l");
    agent_expect(outside, "FASTENERS_BUSY", "write l 0");
    agent_expect(inside, "FASTENERS_OK", "thread 1 unread m");
    agent_expect(inside, "FASTENERS_OK", "thread 3 write m 0");
    agent_expect(inside, "FASTENERS_BUSY", "thread 1 read l 0");
    agent_expect(inside, "FASTENERS_BUSY", "thread 1 read m 0");
    agent_expect(outside, "FASTENERS_BUSY", "read l 0");
}

static void r1_one_lock_for_all_readers_of_a_handle(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path, "");

    for (int t = 1; t <= 12; t++)
        agent_expect(agent, "FASTENERS_OK", "thread %d read l 0", t);
    assert_int_equal(locks_on(path).held, 1);
    for (int t = 1; t <= 11; t++)
        agent_expect(agent, "FASTENERS_OK", "thread %d unread l", t);
    assert_int_equal(locks_on(path).held, 1);
    agent_expect(agent, "FASTENERS_OK", "thread 12 unread l");
    assert_int_equal(locks_on(path).held, 0);
    agent_expect(agent, "0", "rw_is_held l");
}

/* One of the threads waits in the kernel, the others for it; each gives up by its own deadline. */
static void r1_who_leads_may_give_up(void **state)
{
    const char *path = temp_path(state, "lock");
    child *writer = agent_at(path, "");
    child *readers = agent_at(path, "");

    agent_expect(writer, "FASTENERS_OK", "write l 0");
    agent_expect(readers, "started", "start 1 read l 3000");
    expect_queued(path, 1);
    agent_expect(readers, "started", "start 2 read l -1");
    agent_expect(readers, "started", "start 3 read l 3600000");
    agent_expect(readers, "FASTENERS_BUSY", "read l 0");
    agent_expect(readers, "FASTENERS_TIMED_OUT", "result 1");
    expect_queued(path, 1);
    agent_expect(readers, "running", "peek 2");
    agent_expect(writer, "FASTENERS_OK", "unwrite l");
    agent_expect(readers, "FASTENERS_OK", "result 2");
    agent_expect(readers, "FASTENERS_OK", "result 3");
    agent_expect(writer, "FASTENERS_BUSY", "write l 0");
}

static void r1_cancel_reaches_all_who_wait(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_at(path, "");
    child *waiters = agent_at(path, "");

    agent_expect(holder, "FASTENERS_OK", "write l 0");
    agent_expect(waiters, "started", "start 1 read l -1");
    agent_expect(waiters, "started", "start 2 read l -1");
    agent_expect(waiters, "started", "start 3 write l -1");
    agent_expect(waiters, "started", "start 4 write l -1");
    for (int t = 1; t <= 4; t++)
        agent_expect(waiters, "OK", "wait_asleep %d", t);
    agent_expect(waiters, "OK", "rw_cancel l");
    for (int t = 1; t <= 4; t++)
        agent_expect(waiters, "FASTENERS_CANCELLED", "result %d", t);
    agent_expect(holder, "FASTENERS_OK", "unwrite l");
    agent_expect(waiters, "FASTENERS_OK", "write l 0");
}

static void r1_a_killed_reader_and_a_killed_writer(void **state)
{
    const char *path = temp_path(state, "lock");
    child *survivor = agent_at(path, "");
    child *reader = agent_at(path, "");
    child *writer = agent_at(path, "");

    agent_expect(reader, "FASTENERS_OK", "read l 0");
    agent_expect(survivor, "started", "start 1 write l -1");
    expect_queued(path, 1);
    agent_murder(reader);
    agent_expect(survivor, "FASTENERS_OK", "result 1");
    agent_expect(survivor, "FASTENERS_OK", "thread 1 unwrite l");
    agent_expect(writer, "FASTENERS_OK", "write l 0");
    agent_expect(survivor, "started", "start 1 read l -1");
    expect_queued(path, 1);
    agent_murder(writer);
    agent_expect(survivor, "FASTENERS_OK", "result 1");
}

/* A reader that waits does not need the turn of a writer of its handle, which waits too. */
static void r2_readers_pass_a_waiting_writer_of_their_handle(void **state)
{
    const char *path = temp_path(state, "lock");
    child *outside = agent_at(path, "");
    child *inside = agent_at(path, "");

    if (PORTABLE_BUILD) /* a process can have one lock only, be it waited for */
        skip();
    agent_expect(outside, "FASTENERS_OK", "read l 0");
    agent_expect(inside, "started", "start 1 write l -1");
    expect_queued(path, 1);
    agent_expect(inside, "FASTENERS_OK", "thread 2 read l 0");
    agent_expect(outside, "FASTENERS_OK", "unread l");
    agent_expect(inside, "running", "peek 1");
    agent_expect(inside, "FASTENERS_OK", "thread 2 unread l");
    agent_expect(inside, "FASTENERS_OK", "result 1");
}

static void r2_readers_wait_behind_a_waiting_writer(void **state)
{
    const char *path = temp_path(state, "lock");
    child *first = agent_at(path, "writers");
    child *writer = agent_at(path, "writers");
    child *later = agent_at(path, "writers");
    child *hasty = agent_at(path, "");

    agent_expect(first, "FASTENERS_OK", "read l 0");
    agent_expect(writer, "started", "start 1 write l -1");
    expect_one_at_the_gate(path);
    agent_expect(later, "FASTENERS_BUSY", "read l 0");
    agent_expect(later, "started", "start 1 read l -1");
    expect_queued(path, 2);
    agent_expect(hasty, "FASTENERS_OK", "read l 0");
    agent_expect(first, "FASTENERS_OK", "read l 0"); /* nested */
    agent_expect(first, "FASTENERS_OK", "unread l");
    agent_expect(first, "FASTENERS_OK", "unread l");
    agent_expect(hasty, "FASTENERS_OK", "unread l");
    agent_expect(writer, "FASTENERS_OK", "result 1");
    agent_expect(later, "running", "peek 1");
    agent_expect(writer, "FASTENERS_OK", "thread 1 unwrite l");
    agent_expect(later, "FASTENERS_OK", "result 1");
}

/* The thread reads through one handle: behind a writer that waits for that it must not queue. */
static void r2_a_reader_does_not_wait_for_itself_at_the_gate(void **state)
{
    const char *path = temp_path(state, "lock");
    child *writer = agent_at(path, "writers");
    child *reader = agent_at(path, "writers");

    agent_expect(reader, "FASTENERS_OK", "rw_create m %s writers", path);
    agent_expect(reader, "FASTENERS_OK", "read l 0");
    agent_expect(writer, "started", "start 1 write l -1");
    expect_one_at_the_gate(path);
    agent_expect(reader, "FASTENERS_OK", "read m -1");
    agent_expect(reader, "FASTENERS_OK", "thread 1 read m 0"); /* and sees the writer */
    agent_expect(reader, "FASTENERS_BUSY", "thread 2 read m 0");
    agent_expect(reader, "FASTENERS_OK", "thread 1 unread m");
    agent_expect(reader, "FASTENERS_OK", "unread m");
    agent_expect(reader, "FASTENERS_OK", "unread l");
    agent_expect(writer, "FASTENERS_OK", "result 1");
}

/* Threads of one process read so that at each moment one does: the writer of another gets in. */
static void r2_a_process_full_of_readers_lets_a_writer_in(void **state)
{
    const char *path = temp_path(state, "lock");
    child *readers = agent_at(path, "writers");
    child *writer = agent_at(path, "writers");

    agent_expect(readers, "FASTENERS_OK", "thread 1 read l 0");
    agent_expect(writer, "started", "start 1 write l -1");
    expect_one_at_the_gate(path);
    agent_expect(readers, "FASTENERS_OK", "thread 2 read l 0"); /* and sees the writer */
    agent_expect(readers, "FASTENERS_OK", "thread 2 unread l");
    agent_expect(readers, "FASTENERS_BUSY", "thread 3 read l 0");
    agent_expect(readers, "started", "start 4 read l -1");
    agent_expect(readers, "OK", "wait_asleep 4");
    agent_expect(readers, "FASTENERS_OK", "thread 1 unread l");
    agent_expect(writer, "FASTENERS_OK", "result 1");
    agent_expect(readers, "running", "peek 4");
    agent_expect(writer, "FASTENERS_OK", "thread 1 unwrite l");
    agent_expect(readers, "FASTENERS_OK", "result 4");
}

static void p13_a_file_that_can_only_be_read(void **state)
{
    const char *path = temp_path(state, "lock");
    child *owner = agent_at(path, "");
    child *guest = agent_start();

    agent_expect(owner, "FASTENERS_OK", "write l 0");
    agent_expect(owner, "FASTENERS_OK", "unwrite l");
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(temp_dir_path(state), 0755), 0);
    if (strncmp(agent_ask(guest, "user 65534 65534"), "OK", 2) != 0)
        skip();
    agent_expect(guest, "FASTENERS_OK", "rw_create l %s", path);
    agent_expect(guest, "FASTENERS_OK", "read l 0");
    agent_expect(owner, "FASTENERS_BUSY", "write l 0");
    agent_expect(owner, "FASTENERS_OK", "read l 0");
    agent_expect(guest, "FASTENERS_NO_PERMISSION", "upgrade l -1");
    agent_expect(guest, "FASTENERS_OK", "unread l");
    agent_expect(guest, "FASTENERS_NO_PERMISSION", "write l 0");
    agent_expect(owner, "FASTENERS_OK", "upgrade l 0");
    agent_expect(guest, "FASTENERS_BUSY", "read l 0");
}

/* ----------------------------------------------------------------------------- by many -- */

enum { PROCESSES = 20, THREADS = 2 };

static void all_hammer(void **state, const char *const *options)
{
    const char *path = temp_path(state, "lock");
    const char *seen_by = temp_path(state, "record");
    long rounds = test_rounds(240);
    child *agents[PROCESSES];
    rw_record *seen = rw_record_open(seen_by);

    assert_non_null(seen);
    for (int p = 0; p < PROCESSES; p++) {
        agents[p] = agent_at(path, options[p % 4]);
        for (int t = 1; t <= THREADS; t++)
            agent_expect(agents[p], "started", "start %d rw_hammer l %s %ld 5", t, seen_by, rounds);
    }
    for (int p = 0; p < PROCESSES; p++)
        for (int t = 1; t <= THREADS; t++)
            agent_expect(agents[p], "FASTENERS_OK", "result %d", t);
    assert_int_equal(rw_record_violations(seen), 0);
    assert_true(rw_record_writes(seen) >= PROCESSES * THREADS * (rounds / 6));
    rw_record_close(seen);
    assert_int_equal(locks_on(path).held, 0);
}

static void p1_many_with_the_default(void **state)
{
    static const char *const options[4] = {"", "", "", ""};

    all_hammer(state, options);
}

static void p1_many_with_different_options(void **state)
{
    static const char *const options[4] = {"writers", "", "writers fair", "delay=1"};

    all_hammer(state, options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(r1_readers_share_between_processes),
        PROCESS_TEST(r1_readers_share_between_threads_and_handles),
        PROCESS_TEST(r1_one_lock_for_all_readers_of_a_handle),
        PROCESS_TEST(r1_who_leads_may_give_up),
        PROCESS_TEST(r1_cancel_reaches_all_who_wait),
        PROCESS_TEST(r1_a_killed_reader_and_a_killed_writer),
        PROCESS_TEST(r2_readers_pass_a_waiting_writer_of_their_handle),
        PROCESS_TEST(r2_readers_wait_behind_a_waiting_writer),
        PROCESS_TEST(r2_a_reader_does_not_wait_for_itself_at_the_gate),
        PROCESS_TEST(r2_a_process_full_of_readers_lets_a_writer_in),
        PROCESS_TEST(p13_a_file_that_can_only_be_read),
        PROCESS_TEST(p1_many_with_the_default),
        PROCESS_TEST(p1_many_with_different_options),
    };

    return RUN_PROCESS_TESTS(tests);
}
