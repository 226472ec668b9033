/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/* P9 and P6: releases that fail, closes that fail, and the removal of the file at release. */

static fasteners_ipc_lock *make_unlinking(void)
{
    fasteners_ipc_options options = kept_log();

    options.unlink_on_release = true;
    return make_lock(&options);
}

/* ------------------------------------------------------------------ release that fails -- */

static void p9_a_failed_release_keeps_the_lock_and_may_be_repeated(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_UNLOCK, 1, FASTENERS_OS_ERROR, EIO);
    fake_fail(FAKE_UNLOCK, 2, FASTENERS_NOT_SUPPORTED, ENOLCK);
    expect_release(lock, FASTENERS_OS_ERROR);
    assert_int_equal(fasteners_ipc_lock_os_error(lock), EIO);
    expect_release(lock, FASTENERS_NOT_SUPPORTED);
    assert_int_equal(fasteners_ipc_lock_os_error(lock), ENOLCK);
    assert_true(fasteners_ipc_lock_is_held(lock));
    assert_true(fake_we_lock(PATH, 0));
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    assert_false(fake_we_lock(PATH, 0));
    use_and_destroy(lock);
}

static void p9_a_failed_release_lets_no_other_thread_in(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_UNLOCK, 1, FASTENERS_OS_ERROR, EIO);
    expect_release(lock, FASTENERS_OS_ERROR);
    fake_become_thread(2);
    expect_acquire(lock, 20, FASTENERS_TIMED_OUT);
    fake_become_thread(FAKE_MAIN_THREAD);
    expect_release(lock, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static void p9_destroy_frees_the_lock_in_any_case(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_UNLOCK, 0, FASTENERS_OS_ERROR, EIO);
    fasteners_ipc_lock_destroy(lock);
    assert_false(fake_we_lock(PATH, 0));
    assert_int_equal(fake_open_files(), 0);
}

static void p9_destroy_frees_a_lock_that_could_not_be_released(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_UNLOCK, 0, FASTENERS_OS_ERROR, EIO);
    expect_release(lock, FASTENERS_OS_ERROR);
    fasteners_ipc_lock_destroy(lock);
    assert_false(fake_we_lock(PATH, 0));
}

/* -------------------------------------------------------------------- close that fails -- */

static void p9_a_failed_close_is_told_once_and_not_repeated(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    fake_fail(FAKE_CLOSE, 0, FASTENERS_OS_ERROR, EIO);
    fasteners_ipc_lock_destroy(lock);
    assert_int_equal(fake_calls(FAKE_CLOSE), 1);
    assert_int_equal(log_lines(FASTENERS_LOG_WARNING), 1);
    assert_true(log_has(FASTENERS_LOG_WARNING, PATH, "clos", "error 5"));
}

/*
 * The file was replaced, so acquire closes the old one; whether that works makes no difference to
 * the new one.
 */
static void p9_a_failed_close_within_acquire_is_told_only(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    fake_before(FAKE_LOCK_TRY, 1, file_is_replaced, NULL);
    fake_fail(FAKE_CLOSE, 1, FASTENERS_OS_ERROR, EIO);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(fake_calls(FAKE_CLOSE), 1);
    assert_int_equal(log_lines(FASTENERS_LOG_WARNING), 1);
    assert_true(log_has(FASTENERS_LOG_WARNING, PATH, "clos", "error 5"));
    assert_int_equal(log_lines(FASTENERS_LOG_ERROR), 0);
    expect_release(lock, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

/* Two closes in one call, and only the first fails: it is told all the same. */
static void p9_a_failed_close_is_told_though_a_later_one_works(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    fake_before(FAKE_LOCK_TRY, 1, file_is_replaced, NULL);
    fake_before(FAKE_LOCK_TRY, 2, file_is_replaced, NULL);
    fake_fail(FAKE_CLOSE, 1, FASTENERS_OS_ERROR, EIO);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(fake_calls(FAKE_CLOSE), 2);
    assert_true(log_has(FASTENERS_LOG_WARNING, PATH, "clos", "error 5"));
    expect_release(lock, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

/* ------------------------------------------------------------------- unlink_on_release -- */

static void p6_release_removes_the_file(void **state)
{
    fasteners_ipc_lock *lock = make_unlinking();

    (void)state;
    for (int i = 0; i < 3; i++) {
        expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        assert_true(fake_exists(PATH));
        expect_release(lock, FASTENERS_OK);
        assert_false(fake_exists(PATH));
    }
    fasteners_ipc_lock_destroy(lock);
}

static void p6_destroy_removes_the_file_if_the_lock_is_held(void **state)
{
    fasteners_ipc_lock *lock = make_unlinking();

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    assert_false(fake_exists(PATH));
    fake_make_file(PATH);
    lock = make_unlinking();
    fasteners_ipc_lock_destroy(lock);
    assert_true(fake_exists(PATH));
}

static void p6_without_the_option_the_file_stays(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    use_and_destroy(lock);
    assert_true(fake_exists(PATH));
    assert_int_equal(fake_calls(FAKE_UNLINK), 0);
}

/* What the path names by now is somebody else's. */
static void p6_only_our_own_file_is_removed(void **state)
{
    static const fake_action actions[] = {file_is_replaced, file_is_deleted, file_is_renamed_away};

    (void)state;
    for (int i = 0; i < 3; i++) {
        fasteners_ipc_lock *lock = make_unlinking();
        expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        actions[i](NULL);
        expect_release(lock, FASTENERS_OK);
        assert_int_equal(fake_calls(FAKE_UNLINK), 0);
        assert_int_equal(log_lines(FASTENERS_LOG_WARNING), 0);
        assert_int_equal(log_lines(FASTENERS_LOG_ERROR), 0);
        fasteners_ipc_lock_destroy(lock);
    }
    assert_true(fake_exists("/elsewhere"));
}

static void note_lock(void *noted)
{
    *(bool *)noted = fake_we_lock(PATH, 0);
}

static void p6_the_file_is_removed_while_we_own_it(void **state)
{
    fasteners_ipc_lock *lock = make_unlinking();
    bool was_locked = false;

    (void)state;
    fake_before(FAKE_UNLINK, 1, note_lock, &was_locked);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    assert_true(was_locked);
    fasteners_ipc_lock_destroy(lock);
}

static void p6_a_file_that_cannot_be_removed_is_told_and_stays(void **state)
{
    fasteners_ipc_lock *lock = make_unlinking();

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_UNLINK, 1, FASTENERS_NO_PERMISSION, EACCES);
    expect_release(lock, FASTENERS_OK);
    assert_true(fake_exists(PATH));
    assert_false(fake_we_lock(PATH, 0));
    assert_int_equal(log_lines(FASTENERS_LOG_WARNING), 1);
    assert_true(log_has(FASTENERS_LOG_WARNING, PATH, "remove", "error 13"));
    assert_int_equal(log_lines(FASTENERS_LOG_ERROR), 0);
    use_and_destroy(lock);
}

/* It waits for the file that is removed under it, and gets the lock on the next one. */
static void p6_a_waiter_behind_a_removal(void **state)
{
    fasteners_ipc_lock *one = make_unlinking();
    fasteners_ipc_lock *two = make_unlinking();

    (void)state;
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_become_thread(2);
    expect_acquire(two, 30, FASTENERS_TIMED_OUT);
    fake_become_thread(FAKE_MAIN_THREAD);
    expect_release(one, FASTENERS_OK);
    fake_become_thread(2);
    expect_acquire(two, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 30);
    expect_release(two, FASTENERS_OK);
    fasteners_ipc_lock_destroy(one);
    fasteners_ipc_lock_destroy(two);
}

/*
 * Unlocking fails after the removal: the next release completes it, whatever others made of the
 * path.
 */
static void p9_release_that_fails_after_the_removal(void **state)
{
    fasteners_ipc_lock *lock = make_unlinking();

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_UNLOCK, 1, FASTENERS_OS_ERROR, EIO);
    fasteners_status status = fasteners_ipc_lock_release(lock);
    assert_int_equal(fasteners_ipc_lock_is_held(lock), status != FASTENERS_OK);
    if (status != FASTENERS_OK) {
        assert_int_equal(fake_locks(), 1);
        if (!fake_exists(PATH))
            fake_make_file(PATH);
        expect_release(lock, FASTENERS_OK);
        assert_true(fake_exists(PATH));
    }
    assert_int_equal(fake_locks(), 0);
    use_and_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(p9_a_failed_release_keeps_the_lock_and_may_be_repeated),
        fault_test(p9_a_failed_release_lets_no_other_thread_in),
        fault_test(p9_destroy_frees_the_lock_in_any_case),
        fault_test(p9_destroy_frees_a_lock_that_could_not_be_released),
        fault_test(p9_a_failed_close_is_told_once_and_not_repeated),
        fault_test(p9_a_failed_close_within_acquire_is_told_only),
        fault_test(p9_a_failed_close_is_told_though_a_later_one_works),
        fault_test(p6_release_removes_the_file),
        fault_test(p6_destroy_removes_the_file_if_the_lock_is_held),
        fault_test(p6_without_the_option_the_file_stays),
        fault_test(p6_only_our_own_file_is_removed),
        fault_test(p6_the_file_is_removed_while_we_own_it),
        fault_test(p6_a_file_that_cannot_be_removed_is_told_and_stays),
        fault_test(p6_a_waiter_behind_a_removal),
        fault_test(p9_release_that_fails_after_the_removal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
