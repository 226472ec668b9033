/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P18: acquires that are begun and finished by a program with an event loop: this one. Agents hold
 * the locks.
 */
#include "process_test.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAITS = 40 };

static fasteners_ipc_lock *make_lock(const char *path)
{
    fasteners_ipc_lock *lock;

    assert_int_equal(fasteners_ipc_lock_create(&lock, path, NULL), FASTENERS_OK);
    return lock;
}

static fasteners_ipc_wait *begin(fasteners_ipc_lock *lock, int64_t timeout_ms)
{
    fasteners_ipc_wait *wait;

    assert_int_equal(fasteners_ipc_lock_acquire_begin(lock, timeout_ms, &wait), FASTENERS_OK);
    return wait;
}

static bool is_readable_within(const fasteners_ipc_wait *wait, int timeout_ms)
{
    struct pollfd one = {.fd = (int)fasteners_ipc_wait_descriptor(wait), .events = POLLIN};
    int count;

    do {
        count = poll(&one, 1, timeout_ms);
    } while (count < 0);
    return count == 1 && (one.revents & POLLIN) != 0;
}

static bool becomes_readable(const fasteners_ipc_wait *wait)
{
    return is_readable_within(wait, (int)test_patience_ms());
}

static void release_and_destroy(fasteners_ipc_lock *lock)
{
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

/* ------------------------------------------------------------------------------ one wait -- */

static void p18_poll_tells_when_it_is_over(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    fasteners_ipc_lock *lock = make_lock(path);

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    fasteners_ipc_wait *wait = begin(lock, FASTENERS_FOREVER);
    assert_false(is_readable_within(wait, 0));
    assert_int_equal(fasteners_ipc_wait_finish(&wait), FASTENERS_BUSY);
    assert_true(wait_until_queued(path, 1));
    agent_expect(holder, "FASTENERS_OK", "release l");
    assert_true(becomes_readable(wait));
    agent_expect(holder, "FASTENERS_BUSY", "acquire l 0");
    assert_int_equal(fasteners_ipc_wait_finish(&wait), FASTENERS_OK);
    assert_null(wait);
    agent_expect(holder, "FASTENERS_BUSY", "acquire l 0");
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
    release_and_destroy(lock);
}

static void p3_the_holder_is_killed(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    fasteners_ipc_lock *lock = make_lock(path);

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    fasteners_ipc_wait *wait = begin(lock, FASTENERS_FOREVER);
    assert_true(wait_until_queued(path, 1));
    agent_murder(holder);
    assert_true(becomes_readable(wait));
    assert_int_equal(fasteners_ipc_wait_finish(&wait), FASTENERS_OK);
    release_and_destroy(lock);
}

static void p18_abandon_leaves_the_queue(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    fasteners_ipc_lock *lock = make_lock(path);

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    fasteners_ipc_wait *wait = begin(lock, FASTENERS_FOREVER);
    assert_true(wait_until_queued(path, 1));
    fasteners_ipc_wait_abandon(&wait);
    assert_int_equal(locks_on(path).queued, 0);
    agent_expect(holder, "FASTENERS_OK", "release l");
    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    fasteners_ipc_lock_destroy(lock);
}

static void p18_readers_and_writers(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_start();
    fasteners_ipc_rwlock *lock;
    fasteners_ipc_wait *reader, *writer;

    agent_expect(holder, "FASTENERS_OK", "rw_create l %s", path);
    agent_expect(holder, "FASTENERS_OK", "write l 0");
    assert_int_equal(fasteners_ipc_rwlock_create(&lock, path, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read_begin(lock, -1, &reader), FASTENERS_OK);
    assert_true(wait_until_queued(path, 1));
    agent_expect(holder, "FASTENERS_OK", "downgrade l");
    assert_true(becomes_readable(reader));
    assert_int_equal(fasteners_ipc_wait_finish(&reader), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write_begin(lock, -1, &writer), FASTENERS_OK);
    agent_expect(holder, "FASTENERS_OK", "unread l");
    assert_false(is_readable_within(writer, 0));
    assert_int_equal(fasteners_ipc_rwlock_release_read(lock), FASTENERS_OK);
    assert_true(becomes_readable(writer));
    assert_int_equal(fasteners_ipc_wait_finish(&writer), FASTENERS_OK);
    agent_expect(holder, "FASTENERS_BUSY", "read l 0");
    assert_int_equal(fasteners_ipc_rwlock_release_write(lock), FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

/* --------------------------------------------------------------------------- many waits -- */

static void p18_many_locks(void **state)
{
    child *holder = agent_start();
    fasteners_ipc_lock *locks[WAITS];
    fasteners_ipc_wait *waits[WAITS];
    int descriptors = count_descriptors(getpid());
    char path[300];

    for (int i = 0; i < WAITS; i++) {
        (void)snprintf(path, sizeof(path), "%s/%d", temp_dir_path(state), i);
        agent_expect(holder, "FASTENERS_OK", "create l%d %s", i, path);
        agent_expect(holder, "FASTENERS_OK", "acquire l%d 0", i);
        locks[i] = make_lock(path);
        waits[i] = begin(locks[i], FASTENERS_FOREVER);
    }
    for (int i = WAITS - 1; i >= 0; i--) {
        agent_expect(holder, "FASTENERS_OK", "release l%d", i);
        assert_true(becomes_readable(waits[i]));
        assert_true(i == 0 || !is_readable_within(waits[0], 0));
        assert_int_equal(fasteners_ipc_wait_finish(&waits[i]), FASTENERS_OK);
        release_and_destroy(locks[i]);
    }
    /* P17 */
    assert_int_equal(count_descriptors(getpid()), descriptors);
}

static void p18_many_waits_for_one_lock(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    fasteners_ipc_lock *lock = make_lock(path);
    fasteners_ipc_wait *waits[WAITS];

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    for (int i = 0; i < WAITS; i++)
        waits[i] = begin(lock, FASTENERS_FOREVER);
    agent_expect(holder, "FASTENERS_OK", "release l");
    for (int done = 0; done < WAITS; done++) {
        struct pollfd all[WAITS];
        for (int i = 0; i < WAITS; i++)
            all[i] = (struct pollfd){.fd = (int)fasteners_ipc_wait_descriptor(waits[i]),
                                     .events = POLLIN};
        assert_int_equal(poll(all, WAITS, (int)test_patience_ms()), 1);
        for (int i = 0; i < WAITS; i++)
            if (all[i].revents != 0)
                assert_int_equal(fasteners_ipc_wait_finish(&waits[i]), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    }
    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    fasteners_ipc_lock_destroy(lock);
}

static void p10_served_in_the_order_of_begin(void **state)
{
    enum { IN_ORDER = 6 };
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = make_lock(path);
    long rounds = test_rounds(400);

    for (long round = 0; round < rounds; round++) {
        fasteners_ipc_wait *waits[IN_ORDER];
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
        for (int i = 0; i < IN_ORDER; i++)
            waits[i] = begin(lock, FASTENERS_FOREVER);
        for (int i = 0; i < IN_ORDER; i++) {
            assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
            assert_true(becomes_readable(waits[i]));
            assert_int_equal(fasteners_ipc_wait_finish(&waits[i]), FASTENERS_OK);
        }
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    }
    fasteners_ipc_lock_destroy(lock);
}

/* Begun, and abandoned or finished at whatever moment, while others take and give. */
static void p1_p10_races_at_the_end_of_a_wait(void **state)
{
    const char *path = temp_path(state, "lock");
    const char *seen_by = temp_path(state, "witness");
    long rounds = test_rounds(2000), granted = 0;
    child *other = agent_with_lock(path, "");
    fasteners_ipc_lock *lock = make_lock(path);
    unsigned seed = 20261121;

    agent_expect(other, "started", "start 1 hammer l %s %ld", seen_by, rounds * 4);
    witness *seen;
    while ((seen = witness_open(seen_by)) == NULL)
        test_pause_ms(1);
    for (long i = 0; i < rounds; i++) {
        fasteners_ipc_wait *wait = begin(lock, rand_r(&seed) % 3);
        if (rand_r(&seed) % 2 == 0)
            (void)is_readable_within(wait, rand_r(&seed) % 2);
        if (rand_r(&seed) % 2 == 0 || fasteners_ipc_wait_finish(&wait) != FASTENERS_OK) {
            fasteners_ipc_wait_abandon(&wait);
            continue;
        }
        witness_visit(seen);
        granted++;
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    }
    agent_expect(other, "FASTENERS_OK", "result 1");
    assert_int_equal(witness_violations(seen), 0);
    assert_int_equal(witness_counter(seen), rounds * 4 + granted);
    witness_close(seen);
    assert_false(fasteners_ipc_lock_is_held(lock));
    fasteners_ipc_lock_destroy(lock);
}

/* ------------------------------------------------------------------------ pthread_cancel -- */

/* A cancel is pending in it all the time. */
static void *begin_and_abandon(void *lock)
{
    fasteners_ipc_wait *wait = NULL;

    pthread_cancel(pthread_self());
    if (fasteners_ipc_lock_acquire_begin(lock, FASTENERS_FOREVER, &wait) != FASTENERS_OK)
        return NULL;
    fasteners_ipc_wait_abandon(&wait);
    return lock;
}

static void p18_no_call_is_a_cancellation_point(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    fasteners_ipc_lock *lock = make_lock(path);
    pthread_t thread;
    void *result;

    for (int waits = 0; waits < 2; waits++) {
        assert_int_equal(pthread_create(&thread, NULL, begin_and_abandon, lock), 0);
        assert_int_equal(pthread_join(thread, &result), 0);
        assert_ptr_equal(result, lock);
        assert_false(fasteners_ipc_lock_is_held(lock));
        agent_expect(holder, "FASTENERS_OK", waits == 0 ? "acquire l 0" : "release l");
    }
    fasteners_ipc_lock_destroy(lock);
}

/* ------------------------------------------------------------- fork, exec, foreign close -- */

static bool is_inherited_by_exec(const fasteners_ipc_wait *wait)
{
    return (fcntl((int)fasteners_ipc_wait_descriptor(wait), F_GETFD) & FD_CLOEXEC) == 0;
}

/* What the child finds, as its exit status: 0 if all is well. No assertion runs in a child. */
static int look_in_child(fasteners_ipc_wait *finished, fasteners_ipc_wait *abandoned)
{
    if (!is_readable_within(finished, 0) || is_inherited_by_exec(finished))
        return 1;
    if (fasteners_ipc_wait_finish(&finished) != FASTENERS_CANCELLED || finished != NULL)
        return 2;
    fasteners_ipc_wait_abandon(&abandoned);
    return 0;
}

static void p5_a_child_has_no_part_in_it(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    fasteners_ipc_lock *lock = make_lock(path);
    fasteners_ipc_lock *same = make_lock(path);
    int status;

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    fasteners_ipc_wait *wait = begin(lock, FASTENERS_FOREVER);
    fasteners_ipc_wait *other = begin(same, FASTENERS_FOREVER);
    assert_false(is_inherited_by_exec(wait));
    pid_t pid = fork();
    if (pid == 0)
        _exit(look_in_child(wait, other));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_false(is_readable_within(wait, 0));
    fasteners_ipc_wait_abandon(&other);
    agent_expect(holder, "FASTENERS_OK", "release l");
    assert_true(becomes_readable(wait));
    assert_int_equal(fasteners_ipc_wait_finish(&wait), FASTENERS_OK);
    release_and_destroy(lock);
    fasteners_ipc_lock_destroy(same);
}

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
    fasteners_ipc_lock *lock = make_lock(path);
    int opened[4];

    if (strstr(SANITIZER, "thread") != NULL)
        skip(); /* it watches descriptors too, and is right: the program races with the library */
    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    fasteners_ipc_wait *wait = begin(lock, FASTENERS_FOREVER);
    assert_true(wait_until_queued(path, 1));
    close_with_its_other_end((int)fasteners_ipc_wait_descriptor(wait));
    for (int i = 0; i < 4; i++)
        opened[i] = open(stranger, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    agent_expect(holder, "FASTENERS_OK", "release l");
    while (fasteners_ipc_wait_finish(&wait) == FASTENERS_BUSY)
        test_pause_ms(1);
    assert_int_equal(lseek(opened[0], 0, SEEK_END), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(close(opened[i]), 0);
    release_and_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p18_poll_tells_when_it_is_over),
        PROCESS_TEST(p3_the_holder_is_killed),
        PROCESS_TEST(p18_abandon_leaves_the_queue),
        PROCESS_TEST(p18_readers_and_writers),
        PROCESS_TEST(p18_many_locks),
        PROCESS_TEST(p18_many_waits_for_one_lock),
        PROCESS_TEST(p10_served_in_the_order_of_begin),
        PROCESS_TEST(p1_p10_races_at_the_end_of_a_wait),
        PROCESS_TEST(p18_no_call_is_a_cancellation_point),
        PROCESS_TEST(p5_a_child_has_no_part_in_it),
        PROCESS_TEST(p7_nothing_is_written_into_a_strangers_file),
    };

    return RUN_PROCESS_TESTS(tests);
}
