/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

/* P12: what a fasteners_ipc_rwlock answers to arguments that are none. */

static void p12_null_is_answered_by_what_locks(void **state)
{
    (void)state;
    assert_int_equal(fasteners_ipc_rwlock_create(NULL, PATH, NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(NULL, 0), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write(NULL, 0), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_rwlock_upgrade(NULL, 0), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_rwlock_downgrade(NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_rwlock_release_read(NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_rwlock_release_write(NULL), FASTENERS_INVALID);
    fasteners_ipc_rwlock_cancel(NULL);
    fasteners_ipc_rwlock_destroy(NULL);
}

static void p12_null_is_answered_by_what_tells(void **state)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    size_t count = 0;
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    assert_false(fasteners_ipc_rwlock_is_reader(NULL));
    assert_false(fasteners_ipc_rwlock_is_writer(NULL));
    assert_false(fasteners_ipc_rwlock_is_held(NULL));
    assert_false(fasteners_ipc_rwlock_exists(NULL));
    assert_null(fasteners_ipc_rwlock_path(NULL));
    assert_int_equal(fasteners_ipc_rwlock_os_error(NULL), 0);
    assert_false(fasteners_ipc_rwlock_was_abandoned(NULL));
    assert_int_equal(fasteners_ipc_rwlock_generation(NULL), 0);
    assert_int_equal(fasteners_ipc_rwlock_check(NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_rwlock_holder(NULL, &holder), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_rwlock_holder(lock, NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_rwlock_holders(NULL, &holder, 1, &count), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_rwlock_holders(lock, &holder, 1, NULL), FASTENERS_INVALID);
    fasteners_ipc_rwlock_destroy(lock);
}

static void p12_invalid_timeouts_touch_nothing(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    expect_read(lock, -2, FASTENERS_INVALID);
    expect_write(lock, INT64_MIN, FASTENERS_INVALID);
    assert_int_equal(fake_calls(FAKE_OPEN), 0);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_upgrade(lock, -2), FASTENERS_INVALID);
    expect_held(lock, true, false);
    expect_unread(lock, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

static void the_path_and_whether_it_exists(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    assert_string_equal(fasteners_ipc_rwlock_path(lock), PATH);
    assert_false(fasteners_ipc_rwlock_exists(lock));
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_true(fasteners_ipc_rwlock_exists(lock));
    expect_unread(lock, FASTENERS_OK);
    assert_true(fasteners_ipc_rwlock_exists(lock));
    fasteners_ipc_rwlock_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(p12_null_is_answered_by_what_locks),
        fault_test(p12_null_is_answered_by_what_tells),
        fault_test(p12_invalid_timeouts_touch_nothing),
        fault_test(the_path_and_whether_it_exists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
