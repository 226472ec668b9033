/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P1, P6: a program that closes the library's descriptors behind its back, as daemons do that close
 * everything, loses its locks, but is never told that it holds one that it does not.
 */
#include "process_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquirer.h"

enum { DESCRIPTORS = 1024 };

static void close_descriptors_of(const char *path)
{
    struct stat wanted, found;

    assert_int_equal(stat(path, &wanted), 0);
    for (int fd = 3; fd < DESCRIPTORS; fd++)
        if (fstat(fd, &found) == 0 && found.st_dev == wanted.st_dev &&
            found.st_ino == wanted.st_ino)
            close(fd);
}

static child *agent_with(const char *path)
{
    child *agent = agent_start();

    agent_expect(agent, "FASTENERS_OK", "create l %s", path);
    return agent;
}

static fasteners_ipc_lock *lock_at(const char *path, bool fair)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.fair = fair;
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
    return lock;
}

static void expect_truly_held(fasteners_ipc_lock *lock, child *outside)
{
    agent_expect(outside, "FASTENERS_BUSY", "acquire l 0");
    assert_int_equal(fasteners_ipc_lock_is_held(lock), true);
}

static void closed_during_a_wait(const char *path, bool fair, int64_t timeout_ms)
{
    child *holder = agent_with(path);
    child *outside = agent_with(path);
    fasteners_ipc_lock *lock = lock_at(path, fair);
    acquirer *waiter;

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    waiter = acquirer_start(lock, timeout_ms);
    assert_true(wait_until_queued(path, 1));
    close_descriptors_of(path);
    agent_expect(holder, "FASTENERS_OK", "release l");
    assert_int_equal(acquirer_status(waiter), FASTENERS_OK);
    expect_truly_held(lock, outside);
    assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_OK);
    agent_expect(outside, "FASTENERS_OK", "acquire l 0");
    fasteners_ipc_lock_destroy(lock);
    agent_stop(holder);
    agent_stop(outside);
}

static void p6_closed_during_a_wait(void **state)
{
    const char *path = temp_path(state, "lock");

    closed_during_a_wait(path, false, FASTENERS_FOREVER);
    closed_during_a_wait(path, false, 3600000);
    closed_during_a_wait(path, true, FASTENERS_FOREVER);
}

/* The next descriptor that the library opens gets the number of the one that was closed. */
static void p1_closed_while_held_and_used_by_another_handle(void **state)
{
    const char *path = temp_path(state, "lock");
    child *outside = agent_with(path);
    fasteners_ipc_lock *before = lock_at(path, false);
    fasteners_ipc_lock *after = lock_at(path, false);

    assert_int_equal(fasteners_ipc_lock_acquire(before, 0), FASTENERS_OK);
    close_descriptors_of(path);
    fasteners_status status = fasteners_ipc_lock_acquire(after, 0);
    /* Busy where locks belong to the process: its table says that `before` has it. */
    assert_true(status == FASTENERS_OK || status == FASTENERS_BUSY);
    assert_int_equal(fasteners_ipc_lock_check(before), FASTENERS_LOST);
    assert_int_equal(fasteners_ipc_lock_release(before), FASTENERS_LOST);
    if (status == FASTENERS_BUSY)
        assert_int_equal(fasteners_ipc_lock_acquire(after, 0), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_check(after), FASTENERS_OK);
    expect_truly_held(after, outside);
    fasteners_ipc_lock_destroy(before);
    expect_truly_held(after, outside);
    assert_int_equal(fasteners_ipc_lock_release(after), FASTENERS_OK);
    fasteners_ipc_lock_destroy(after);
}

static void p1_closed_while_idle_and_used_for_another_path(void **state)
{
    const char *path = temp_path(state, "lock");
    const char *other = temp_path(state, "other");
    child *outside = agent_with(path);
    fasteners_ipc_lock *idle = lock_at(path, false);
    fasteners_ipc_lock *busy = lock_at(other, false);

    assert_int_equal(fasteners_ipc_lock_acquire(idle, 0), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(idle), FASTENERS_OK);
    close_descriptors_of(path);
    assert_int_equal(fasteners_ipc_lock_acquire(busy, 0), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire(idle, 0), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_check(idle), FASTENERS_OK);
    expect_truly_held(idle, outside);
    assert_int_equal(fasteners_ipc_lock_release(idle), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_check(busy), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(busy), FASTENERS_OK);
    fasteners_ipc_lock_destroy(idle);
    fasteners_ipc_lock_destroy(busy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p6_closed_during_a_wait),
        PROCESS_TEST(p1_closed_while_held_and_used_by_another_handle),
        PROCESS_TEST(p1_closed_while_idle_and_used_for_another_path),
    };

    return RUN_PROCESS_TESTS(tests);
}
