/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P17: an acquire that fails leaves nothing behind, however often. A handle keeps the descriptor of
 * its file, and a thread that stood in the kernel's queue may stay for about a second after the
 * wait.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquirer.h"
#include "process_test.h"

enum { ATTEMPTS = 10000 };

static fasteners_ipc_lock *lock_at(const char *path, bool fair)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.fair = fair;
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
    return lock;
}

static child *holding_agent(const char *path)
{
    child *agent = agent_start();

    agent_expect(agent, "FASTENERS_OK", "create l %s", path);
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    return agent;
}

/* What this process has. */
typedef struct belongings {
    int descriptors;
    int threads;
} belongings;

static belongings have(void)
{
    return (belongings){.descriptors = count_descriptors(getpid()),
                        .threads = count_threads(getpid())};
}

static bool has_no_more_threads(void *argument)
{
    const belongings *before = argument;

    return count_threads(getpid()) <= before->threads;
}

typedef struct expected_locks {
    const char *path;
    int held;
} expected_locks;

static bool are_the_locks(void *argument)
{
    const expected_locks *expected = argument;
    file_locks locks = locks_on(expected->path);

    return locks.held == expected->held && locks.queued == 0;
}

/*
 * So many are held, and nobody waits. The kernel's list is to be believed only when looked at
 * twice.
 */
static void assert_locks(const char *path, int held)
{
    expected_locks expected = {.path = path, .held = held};

    assert_true(test_wait_until(are_the_locks, &expected));
}

/* Nothing more than before, and of the path's file just what somebody else holds. */
static void assert_nothing_left(belongings before, const char *path, int held)
{
    assert_true(count_descriptors(getpid()) <= before.descriptors);
    assert_true(test_wait_until(has_no_more_threads, &before));
    assert_locks(path, held);
}

/* ------------------------------------------------------------------- locked by another one -- */

static void assert_busy_leaves_nothing(const char *path, bool fair)
{
    fasteners_ipc_lock *lock = lock_at(path, fair);
    belongings before;

    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    before = have();
    for (long i = test_rounds(ATTEMPTS); i > 0; i--)
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    assert_nothing_left(before, path, 1);
    fasteners_ipc_lock_destroy(lock);
}

static void p17_busy(void **state)
{
    const char *path = temp_path(state, "lock");

    holding_agent(path);
    assert_busy_leaves_nothing(path, false);
    assert_busy_leaves_nothing(path, true);
}

static void assert_time_out_leaves_nothing(const char *path, bool fair)
{
    fasteners_ipc_lock *lock = lock_at(path, fair);
    belongings before;

    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    before = have();
    for (long i = test_rounds(ATTEMPTS / 4); i > 0; i--)
        assert_int_equal(fasteners_ipc_lock_acquire(lock, 1), FASTENERS_TIMED_OUT);
    assert_nothing_left(before, path, 1);
    fasteners_ipc_lock_destroy(lock);
}

static void p17_timed_out(void **state)
{
    const char *path = temp_path(state, "lock");

    holding_agent(path);
    assert_time_out_leaves_nothing(path, false);
    assert_time_out_leaves_nothing(path, true);
}

typedef struct cancelled_waits {
    fasteners_ipc_lock *lock;
    _Atomic long left;
    _Atomic long others; /* acquires that ended otherwise */
} cancelled_waits;

static void *wait_again_and_again(void *argument)
{
    cancelled_waits *waits = argument;

    for (; waits->left > 0; waits->left--)
        if (fasteners_ipc_lock_acquire(waits->lock, FASTENERS_FOREVER) != FASTENERS_CANCELLED)
            waits->others++;
    return NULL;
}

static void assert_cancel_leaves_nothing(const char *path, bool fair)
{
    cancelled_waits waits = {.lock = lock_at(path, fair), .left = test_rounds(ATTEMPTS / 2)};
    belongings before;
    pthread_t thread;

    assert_int_equal(fasteners_ipc_lock_acquire(waits.lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    before = have();
    assert_int_equal(pthread_create(&thread, NULL, wait_again_and_again, &waits), 0);
    while (waits.left > 0) {
        fasteners_ipc_lock_cancel(waits.lock);
        sched_yield();
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(waits.others, 0);
    assert_nothing_left(before, path, 1);
    fasteners_ipc_lock_destroy(waits.lock);
}

static void p17_cancelled(void **state)
{
    const char *path = temp_path(state, "lock");

    holding_agent(path);
    assert_cancel_leaves_nothing(path, false);
    assert_cancel_leaves_nothing(path, true);
}

static void p17_would_deadlock(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *held = lock_at(path, false);
    fasteners_ipc_lock *lock = lock_at(path, false);
    belongings before;

    assert_int_equal(fasteners_ipc_lock_acquire(held, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    before = have();
    for (long i = test_rounds(ATTEMPTS); i > 0; i--) {
        assert_int_equal(fasteners_ipc_lock_acquire(held, FASTENERS_FOREVER),
                         FASTENERS_WOULD_DEADLOCK);
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER),
                         FASTENERS_WOULD_DEADLOCK);
    }
    assert_nothing_left(before, path, 1);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(held);
}

/* --------------------------------------------------------------------- cannot be opened -- */

static void assert_failure_leaves_nothing(const char *path, fasteners_status expected)
{
    fasteners_ipc_lock *lock = lock_at(path, false);
    belongings before = have();

    for (long i = test_rounds(ATTEMPTS); i > 0; i--)
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), expected);
    assert_int_equal(count_descriptors(getpid()), before.descriptors);
    assert_int_equal(count_threads(getpid()), before.threads);
    fasteners_ipc_lock_destroy(lock);
}

static void p17_not_a_regular_file(void **state)
{
    const char *directory = temp_path(state, "directory");
    const char *fifo = temp_path(state, "fifo");
    const char *link = temp_path(state, "link");

    assert_int_equal(mkdir(directory, 0777), 0);
    assert_int_equal(mkfifo(fifo, 0666), 0);
    assert_int_equal(symlink("fifo", link), 0);
    assert_failure_leaves_nothing(directory, FASTENERS_INVALID);
    assert_failure_leaves_nothing(fifo, FASTENERS_INVALID);
    assert_failure_leaves_nothing(link, FASTENERS_INVALID);
    assert_failure_leaves_nothing("/dev/null", FASTENERS_INVALID);
    assert_failure_leaves_nothing(temp_path(state, "fifo/lock"), FASTENERS_INVALID);
}

static void p17_no_descriptors(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = lock_at(path, false);
    belongings before = have();
    struct rlimit limit;
    rlim_t usual;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    usual = limit.rlim_cur;
    limit.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (long i = test_rounds(ATTEMPTS); i > 0; i--)
        if (fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER) != FASTENERS_OS_ERROR)
            break;
    limit.rlim_cur = usual;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_nothing_left(before, path, 0);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    assert_int_equal(have().descriptors, before.descriptors);
}

/* The file is replaced again and again: the descriptors of the old ones are given back. */
static void p17_replaced_files(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = lock_at(path, false);
    belongings before;

    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    before = have();
    for (long i = test_rounds(ATTEMPTS / 2); i > 0; i--) {
        assert_int_equal(unlink(path), 0);
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    }
    assert_nothing_left(before, path, 0);
    fasteners_ipc_lock_destroy(lock);
}

/* ------------------------------------------------------------------------------ handles -- */

static void p17_handles_that_are_destroyed(void **state)
{
    const char *path = temp_path(state, "lock");
    belongings before = have();

    for (long i = test_rounds(ATTEMPTS); i > 0; i--) {
        fasteners_ipc_lock *lock = lock_at(path, i % 2 == 0);

        if (i % 3 != 0)
            assert_int_equal(fasteners_ipc_lock_acquire(lock, 1), FASTENERS_OK);
        if (i % 3 == 1)
            assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
        fasteners_ipc_lock_destroy(lock);
    }
    assert_nothing_left(before, path, 0);
    assert_int_equal(have().descriptors, before.descriptors);
}

/*
 * Handles that failed, while another handle of this process holds the lock. Where locks belong to
 * the process their descriptors cannot be closed before that one is released; then they must be.
 */
static void p17_handles_that_failed_while_the_process_holds(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *held = lock_at(path, false);
    belongings before;

    assert_int_equal(fasteners_ipc_lock_acquire(held, FASTENERS_NO_WAIT), FASTENERS_OK);
    before = have();
    for (int i = 0; i < 200; i++) {
        fasteners_ipc_lock *lock = lock_at(path, false);

        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
        fasteners_ipc_lock_destroy(lock);
        assert_locks(path, 1);
    }
    assert_int_equal(fasteners_ipc_lock_check(held), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(held), FASTENERS_OK);
    assert_nothing_left(before, path, 0);
    fasteners_ipc_lock_destroy(held);
    assert_int_equal(have().descriptors, before.descriptors - 1);
}

/* A wait that went well may keep a thread for the next one, but not for long. */
static void p17_no_thread_stays_after_a_wait(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = holding_agent(path);
    fasteners_ipc_lock *lock = lock_at(path, false);
    belongings before = have();
    acquirer *waiter = acquirer_start(lock, FASTENERS_FOREVER);

    expect_queued(path, 1);
    agent_expect(agent, "FASTENERS_OK", "release l");
    assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_OK);
    assert_true(test_wait_until(has_no_more_threads, &before));
    fasteners_ipc_lock_destroy(lock);
    assert_int_equal(have().descriptors, before.descriptors);
}

static void *nothing(void *unused)
{
    return unused;
}

/*
 * Some run-time libraries, a sanitizer's for one, have a thread of their own from the first one on.
 */
static int start_first_thread(void **state)
{
    pthread_t thread;

    (void)state;
    return pthread_create(&thread, NULL, nothing, NULL) == 0 ? pthread_join(thread, NULL) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p17_busy),
        PROCESS_TEST(p17_timed_out),
        PROCESS_TEST(p17_cancelled),
        PROCESS_TEST(p17_would_deadlock),
        PROCESS_TEST(p17_not_a_regular_file),
        PROCESS_TEST(p17_no_descriptors),
        PROCESS_TEST(p17_replaced_files),
        PROCESS_TEST(p17_handles_that_are_destroyed),
        PROCESS_TEST(p17_handles_that_failed_while_the_process_holds),
        PROCESS_TEST(p17_no_thread_stays_after_a_wait),
    };

    return cmocka_run_group_tests_name(__FILE__, tests, start_first_thread, NULL);
}
