/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_set_test.h"

enum { HANDLES_MAX = 8 };

fasteners_rw_lock first_rw, second_rw;

static fasteners_ipc_lock *locks[HANDLES_MAX];
static fasteners_ipc_rwlock *rwlocks[HANDLES_MAX];
static size_t lock_count, rwlock_count;

/* The files' identities follow this order. */
int set_test_set_up(void **state)
{
    /* The record of this thread stays, once it is there. */
    assert_int_equal(fasteners_rw_lock_acquire_read(&first_rw, 0), FASTENERS_OK);
    assert_int_equal(fasteners_rw_lock_release_read(&first_rw), FASTENERS_OK);
    (void)fault_set_up(state);
    fake_make_file(A);
    fake_make_file(B);
    fake_make_file(C);
    lock_count = rwlock_count = 0;
    return 0;
}

int set_test_tear_down(void **state)
{
    while (lock_count > 0)
        fasteners_ipc_lock_destroy(locks[--lock_count]);
    while (rwlock_count > 0)
        fasteners_ipc_rwlock_destroy(rwlocks[--rwlock_count]);
    return fault_tear_down(state);
}

fasteners_ipc_lock *lock_with(const char *path, const fasteners_ipc_options *options)
{
    fasteners_ipc_lock **made = &locks[lock_count++];

    assert_true(lock_count <= HANDLES_MAX);
    assert_int_equal(fasteners_ipc_lock_create(made, path, options), FASTENERS_OK);
    return *made;
}

fasteners_ipc_lock *lock_at(const char *path)
{
    fasteners_ipc_options options = kept_log();

    return lock_with(path, &options);
}

fasteners_ipc_rwlock *rwlock_with(const char *path, const fasteners_ipc_options *options)
{
    fasteners_ipc_rwlock **made = &rwlocks[rwlock_count++];

    assert_int_equal(fasteners_ipc_rwlock_create(made, path, options), FASTENERS_OK);
    return *made;
}

fasteners_ipc_rwlock *rwlock_at(const char *path)
{
    fasteners_ipc_options options = kept_log();

    return rwlock_with(path, &options);
}

void expect_set(member *members, size_t count, int64_t timeout_ms, fasteners_status expected,
                size_t in_the_way)
{
    size_t failed = 4711;
    fasteners_status status = fasteners_lock_set_acquire(members, count, timeout_ms, &failed);

    assert_string_equal(fasteners_status_name(status), fasteners_status_name(expected));
    assert_int_equal(failed, in_the_way);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(fasteners_lock_set_member_is_held(&members[i]), status == FASTENERS_OK);
    assert_int_equal(fake_requests(), 0);
}

void expect_got(member *members, size_t count, int64_t timeout_ms)
{
    expect_set(members, count, timeout_ms, FASTENERS_OK, count);
}

void expect_given_back(member *members, size_t count)
{
    size_t failed = 4711;

    assert_int_equal(fasteners_lock_set_release(members, count, &failed), FASTENERS_OK);
    assert_int_equal(failed, count);
    for (size_t i = 0; i < count; i++)
        assert_false(fasteners_lock_set_member_is_held(&members[i]));
    assert_int_equal(fake_locks(), 0);
    assert_int_equal(fasteners_rw_lock_owner(&first_rw), FASTENERS_OWNER_NONE);
    assert_int_equal(fasteners_rw_lock_owner(&second_rw), FASTENERS_OWNER_NONE);
}

void foreign_takes(const char *path)
{
    fake_foreign_lock(path, FOREIGN_PID, FST_EXCLUSIVE, LOCK_BYTE);
}

void make_four(member *members)
{
    members[0] = fasteners_member_write(&first_rw);
    members[1] = fasteners_member_ipc_read(rwlock_at(C));
    members[2] = fasteners_member_ipc_lock(lock_at(A));
    members[3] = fasteners_member_ipc_write(rwlock_at(B));
}

void expect_nothing_held(void)
{
    assert_int_equal(fake_locks(), 0);
    assert_int_equal(fasteners_rw_lock_owner(&first_rw), FASTENERS_OWNER_NONE);
}
