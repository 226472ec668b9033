/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P10, P3, P11, P15, R2 upon queued requests of the kernel (lock_request_windows.c), which real
 * Windows has and Wine has not: the kernel is a fake.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fasteners.h>

#include "acquirer.h"
#include "fake_kernel.h"
#include "patience.h"
#include "proc_info.h"
#include "temp_dir.h"

static fasteners_ipc_lock *lock_at(const char *path, bool fair)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.fair = fair;
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
    return lock;
}

static fasteners_ipc_lock *held_lock_at(const char *path, bool fair)
{
    fasteners_ipc_lock *lock = lock_at(path, fair);

    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    return lock;
}

static bool is_that_long(void *argument)
{
    return fake_kernel_queued() == *(int *)argument;
}

static void expect_queue(int length)
{
    assert_true(test_wait_until(is_that_long, &length));
}

static void expect_nothing_left(void)
{
    assert_int_equal(fake_kernel_held(), 0);
    assert_int_equal(fake_kernel_queued(), 0);
}

static void p10_waiters_are_served_in_the_order_of_arrival(void **state)
{
    enum { WAITERS = 5 };
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *held = held_lock_at(path, false), *locks[WAITERS];
    acquirer *waiters[WAITERS];

    for (int i = 0; i < WAITERS; i++) {
        locks[i] = lock_at(path, false);
        waiters[i] = acquirer_start(locks[i], FASTENERS_FOREVER);
        expect_queue(i + 1);
    }
    assert_int_equal(fasteners_ipc_lock_release(held), FASTENERS_OK);
    for (int i = 0; i < WAITERS; i++) {
        assert_int_equal(acquirer_status(waiters[i]), FASTENERS_OK);
        for (int later = i + 1; later < WAITERS; later++)
            assert_false(acquirer_has_returned(waiters[later]));
        assert_int_equal(acquirer_end(waiters[i], NULL), FASTENERS_OK);
    }
    for (int i = 0; i < WAITERS; i++)
        fasteners_ipc_lock_destroy(locks[i]);
    fasteners_ipc_lock_destroy(held);
    expect_nothing_left();
}

static void p10_a_wait_is_given_up(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *held = held_lock_at(path, false), *lock = lock_at(path, false);
    int before = fake_kernel_cancelled();
    int64_t start = test_now();

    assert_int_equal(fasteners_ipc_lock_acquire(lock, 50), FASTENERS_TIMED_OUT);
    assert_true(test_now() - start >= 50 * 1000000);
    acquirer *waiter = acquirer_start(lock, FASTENERS_FOREVER);
    expect_queue(1);
    fasteners_ipc_lock_cancel(lock);
    assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_CANCELLED);
    assert_int_equal(fake_kernel_cancelled(), before + 2);
    assert_int_equal(fake_kernel_queued(), 0);
    assert_int_equal(fasteners_ipc_lock_release(held), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(held);
    expect_nothing_left();
}

/* Whatever the outcome of the race, the status says whether the lock is held. */
static void p10_a_grant_that_races_with_a_time_out(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *held = held_lock_at(path, false), *lock = lock_at(path, false);

    for (long i = test_rounds(3000); i > 0; i--) {
        acquirer *waiter = acquirer_start(lock, 1 + i % 3);
        int64_t until = test_now() + 1000000 + i % 1500 * 1000;

        while (test_now() < until)
            continue;
        assert_int_equal(fasteners_ipc_lock_release(held), FASTENERS_OK);
        fasteners_status status = acquirer_status(waiter);
        assert_true(status == FASTENERS_OK || status == FASTENERS_TIMED_OUT);
        assert_int_equal(fake_kernel_held(), status == FASTENERS_OK);
        assert_int_equal(acquirer_end(waiter, NULL), status);
        expect_nothing_left();
        assert_int_equal(fasteners_ipc_lock_acquire(held, FASTENERS_NO_WAIT), FASTENERS_OK);
    }
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(held);
}

/* A stranger, who lets go when the library has decided to give up. */
static HANDLE stranger;

static void stranger_locks(const char *path)
{
    OVERLAPPED start = {0};

    stranger = CreateFileA(path, GENERIC_READ | GENERIC_WRITE,
                           FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                           OPEN_ALWAYS, 0, NULL);
    assert_true(fake_LockFileEx(stranger, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1,
                                0, &start));
}

static void stranger_unlocks(void)
{
    OVERLAPPED start = {0};

    fake_UnlockFileEx(stranger, 0, 1, 0, &start);
    CloseHandle(stranger);
}

static void p10_granted_at_the_moment_of_the_time_out(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = lock_at(path, false);

    stranger_locks(path);
    fake_kernel_before_cancel(stranger_unlocks);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, 20), FASTENERS_OK);
    assert_int_equal(fake_kernel_held(), 1);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    expect_nothing_left();
    fasteners_ipc_lock_destroy(lock);
}

static void p10_granted_at_the_moment_of_the_cancel(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = lock_at(path, false);

    stranger_locks(path);
    fake_kernel_before_cancel(stranger_unlocks);
    acquirer *waiter = acquirer_start(lock, FASTENERS_FOREVER);
    expect_queue(1);
    fasteners_ipc_lock_cancel(lock);
    assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_CANCELLED);
    expect_nothing_left();
    fasteners_ipc_lock_destroy(lock);
}

static void p11_who_releases_and_asks_again_comes_second(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *hog = held_lock_at(path, true), *lock = lock_at(path, true);

    for (long i = test_rounds(300); i > 0; i--) {
        acquirer *waiter = acquirer_start(lock, FASTENERS_FOREVER);
        expect_queue(1);
        assert_int_equal(fasteners_ipc_lock_release(hog), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_acquire(hog, FASTENERS_NO_WAIT), FASTENERS_BUSY);
        assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_acquire(hog, FASTENERS_FOREVER), FASTENERS_OK);
    }
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(hog);
    expect_nothing_left();
}

/* Handles of the process come and go with each wait that ends in whatever way. */
static void p17_waits_leave_no_handle(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *held = held_lock_at(path, false), *lock = lock_at(path, false);
    long self = (long)GetCurrentProcessId();
    int before = 0;

    for (int i = 0; i < 100; i++) {
        assert_int_equal(fasteners_ipc_lock_acquire(lock, 1), FASTENERS_TIMED_OUT);
        if (i == 10)
            before = count_descriptors(self);
    }
    assert_in_range(count_descriptors(self), 1, before + 5);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(held);
}

/* --------------------------------------------------------------------- readers and writers -- */

enum { THREADS = 6 };

typedef struct visitor {
    pthread_t thread;
    fasteners_ipc_rwlock *lock;
    unsigned number;
} visitor;

static _Atomic int readers, writers, violations, failures;

static void expect_ok(fasteners_status status)
{
    if (status != FASTENERS_OK)
        atomic_fetch_add(&failures, 1);
}

static void visit_to_read(fasteners_ipc_rwlock *lock)
{
    expect_ok(fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_FOREVER));
    atomic_fetch_add(&readers, 1);
    if (atomic_load(&writers) != 0)
        atomic_fetch_add(&violations, 1);
    atomic_fetch_sub(&readers, 1);
    expect_ok(fasteners_ipc_rwlock_release_read(lock));
}

static void visit_to_write(fasteners_ipc_rwlock *lock, bool goes_on_reading)
{
    expect_ok(fasteners_ipc_rwlock_acquire_write(lock, FASTENERS_FOREVER));
    if (atomic_fetch_add(&writers, 1) != 0 || atomic_load(&readers) != 0)
        atomic_fetch_add(&violations, 1);
    atomic_fetch_sub(&writers, 1);
    if (goes_on_reading) {
        expect_ok(fasteners_ipc_rwlock_downgrade(lock));
        expect_ok(fasteners_ipc_rwlock_release_read(lock));
    } else {
        expect_ok(fasteners_ipc_rwlock_release_write(lock));
    }
}

static void *visit(void *argument)
{
    const visitor *self = argument;
    unsigned rounds = (unsigned)test_rounds(1000);

    for (unsigned i = 0; i < rounds; i++) {
        if ((i + self->number) % 4 == 0)
            visit_to_write(self->lock, i % 8 == 0);
        else
            visit_to_read(self->lock);
    }
    return NULL;
}

static void crowd(void **state, uint32_t preference)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    visitor crowd[THREADS];

    options.preference = preference;
    for (unsigned i = 0; i < THREADS; i++) {
        crowd[i].number = i;
        assert_int_equal(fasteners_ipc_rwlock_create(&crowd[i].lock, path, &options), FASTENERS_OK);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&crowd[i].thread, NULL, visit, &crowd[i]), 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(crowd[i].thread, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++)
        fasteners_ipc_rwlock_destroy(crowd[i].lock);
    assert_int_equal(atomic_load(&violations), 0);
    assert_int_equal(atomic_load(&failures), 0);
    expect_nothing_left();
}

static void p1_readers_and_writers_by_the_queue(void **state)
{
    crowd(state, FASTENERS_PREFER_READERS);
}

static void r2_writers_first_by_the_queue(void **state)
{
    crowd(state, FASTENERS_PREFER_WRITERS);
}

/* Beyond what files have as content: see lock_windows.h. */
static OVERLAPPED gate(void)
{
    return (OVERLAPPED){.Offset = 1, .OffsetHigh = 1U << 30};
}

static void *read_once(void *argument)
{
    fasteners_ipc_rwlock *lock = argument;

    expect_ok(fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_FOREVER));
    expect_ok(fasteners_ipc_rwlock_release_read(lock));
    return NULL;
}

/* All of them wait at the gate, and the system lets each in, though they are one open file. */
static void r2_many_adopt_one_open_file(void **state)
{
    enum { MANY = 12 };
    const char *path = temp_path(state, "lock");
    const DWORD access = GENERIC_READ | GENERIC_WRITE, sharing = FILE_SHARE_READ | FILE_SHARE_WRITE;
    HANDLE writer = CreateFileA(path, access, sharing, NULL, OPEN_ALWAYS, 0, NULL);
    HANDLE file =
        CreateFileA(path, access, sharing, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    OVERLAPPED at_gate = gate();
    fasteners_ipc_rwlock *locks[MANY];
    pthread_t threads[MANY];

    options.preference = FASTENERS_PREFER_WRITERS;
    assert_true(fake_LockFileEx(writer, LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &at_gate));
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(fasteners_ipc_rwlock_create_from_fd(&locks[i], (intptr_t)file, &options),
                         FASTENERS_OK);
        assert_int_equal(pthread_create(&threads[i], NULL, read_once, locks[i]), 0);
        expect_queue(i + 1);
    }
    assert_true(fake_UnlockFileEx(writer, 0, 1, 0, &at_gate));
    for (int i = 0; i < MANY; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < MANY; i++)
        fasteners_ipc_rwlock_destroy(locks[i]);
    assert_int_equal(atomic_load(&failures), 0);
    expect_nothing_left();
    assert_true(CloseHandle(file) && CloseHandle(writer));
}

/* The one reader that is known is oneself. */
static void p15_who_reads_by_an_adopted_handle(void **state)
{
    HANDLE file = CreateFileA(temp_path(state, "lock"), GENERIC_READ | GENERIC_WRITE, 0, NULL,
                              OPEN_ALWAYS, FILE_FLAG_OVERLAPPED, NULL);
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    fasteners_ipc_rwlock *lock;

    assert_int_equal(fasteners_ipc_rwlock_create_from_fd(&lock, (intptr_t)file, NULL),
                     FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_holder(lock, &holder), FASTENERS_OK);
    assert_true(holder.shared);
    assert_int_equal(holder.pid, GetCurrentProcessId());
    assert_int_equal(fasteners_ipc_rwlock_release_read(lock), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_holder(lock, &holder), FASTENERS_NOT_FOUND);
    fasteners_ipc_rwlock_destroy(lock);
    assert_true(CloseHandle(file));
}

/* What is given back first is the exclusive lock: a writer stays out, readers come in. */
static void r4_downgrade_lets_no_writer_in(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *writer = lock_at(path, false);
    fasteners_ipc_rwlock *lock, *other;

    assert_int_equal(fasteners_ipc_rwlock_create(&lock, path, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_create(&other, path, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    acquirer *waiter = acquirer_start(writer, FASTENERS_FOREVER);
    expect_queue(1);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(other, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    assert_int_equal(fasteners_ipc_rwlock_downgrade(lock), FASTENERS_OK);
    expect_queue(1);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(other, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_release_read(lock), FASTENERS_OK);
    expect_queue(1);
    assert_int_equal(fasteners_ipc_rwlock_upgrade(other, FASTENERS_FOREVER),
                     FASTENERS_NOT_SUPPORTED);
    assert_int_equal(fasteners_ipc_rwlock_release_read(other), FASTENERS_OK);
    assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
    fasteners_ipc_rwlock_destroy(other);
    fasteners_ipc_lock_destroy(writer);
    expect_nothing_left();
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(p10_waiters_are_served_in_the_order_of_arrival),
        TEST(p10_a_wait_is_given_up),
        TEST(p10_a_grant_that_races_with_a_time_out),
        TEST(p10_granted_at_the_moment_of_the_time_out),
        TEST(p10_granted_at_the_moment_of_the_cancel),
        TEST(p11_who_releases_and_asks_again_comes_second),
        TEST(p17_waits_leave_no_handle),
        TEST(p1_readers_and_writers_by_the_queue),
        TEST(r2_writers_first_by_the_queue),
        TEST(r2_many_adopt_one_open_file),
        TEST(p15_who_reads_by_an_adopted_handle),
        TEST(r4_downgrade_lets_no_writer_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
