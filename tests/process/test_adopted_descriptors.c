/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is particular to descriptors of POSIX: adopted ones in a forked child and of files without a
 * name, and those of begun waits that the program closes.
 */
#define _GNU_SOURCE /* O_PATH */
#include "process_test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    assert_int_equal(close(fd), 0);
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

/* ------------------------------------------------------------- begun waits, foreign close -- */

/* The other end of the same pipe, or whatever the system makes an event of. */
static void close_with_its_other_end(int descriptor)
{
    struct stat event, other;

    assert_int_equal(fstat(descriptor, &event), 0);
    for (int fd = 3; fd < 1024; fd++)
        if (fstat(fd, &other) == 0 && other.st_ino == event.st_ino && other.st_dev == event.st_dev)
            assert_int_equal(close(fd), 0);
}

/* A program that closes all descriptors, and opens a file of its own under our numbers. */
static void p7_nothing_is_written_into_a_strangers_file(void **state)
{
    const char *path = temp_path(state, "lock");
    const char *stranger = temp_path(state, "stranger");
    child *holder = agent_with_lock(path, "");
    fasteners_ipc_lock *lock;
    fasteners_ipc_wait *wait;
    int opened[4];

    if (strstr(SANITIZER, "thread") != NULL)
        skip(); /* it watches descriptors too, and is right: the program races with the library */
    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire_begin(lock, -1, &wait), FASTENERS_OK);
    expect_queued(path, 1);
    close_with_its_other_end((int)fasteners_ipc_wait_descriptor(wait));
    for (int i = 0; i < 4; i++)
        opened[i] = open(stranger, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    agent_expect(holder, "FASTENERS_OK", "release l");
    while (fasteners_ipc_wait_finish(&wait) == FASTENERS_BUSY)
        test_pause_ms(1);
    assert_int_equal(lseek(opened[0], 0, SEEK_END), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(close(opened[i]), 0);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p5_a_forked_child),
        PROCESS_TEST(p6_a_file_without_a_name),
        PROCESS_TEST(p12_descriptors_that_are_of_no_use),
        PROCESS_TEST(p7_nothing_is_written_into_a_strangers_file),
    };

    return RUN_PROCESS_TESTS(tests);
}
