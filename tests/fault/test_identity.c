/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/*
 * P6: OK is for the file that the path names at that moment, whatever is done to the path
 * meanwhile.
 */

static fasteners_ipc_lock *make_contended(void)
{
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    return make_lock(NULL);
}

static void release_and_destroy(fasteners_ipc_lock *lock)
{
    fake_heal();
    expect_release(lock, FASTENERS_OK);
    assert_int_equal(fake_open_files(), 1);
    foreign_releases(NULL);
    fasteners_ipc_lock_destroy(lock);
}

/* ----------------------------------------------------------------- while it is taken -- */

/*
 * What happens to the path just before the nth call of that operation; acquire gets the right file
 * all the same.
 */
static void expect_right_file(fake_operation operation, unsigned nth, fake_action action,
                              int64_t timeout_ms)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    fake_make_file(PATH);
    fake_before(operation, nth, action, NULL);
    expect_acquire(lock, timeout_ms, FASTENERS_OK);
    assert_true(fake_exists(PATH));
    assert_int_equal(fake_open_files(), 1);
    assert_int_equal(fake_locks(), 1);
    assert_int_equal(log_lines(FASTENERS_LOG_ERROR), 0);
    release_and_destroy(lock);
    fake_delete(PATH);
}

static void p6_file_changed_while_it_is_locked(void **state)
{
    static const fake_operation operations[] = {FAKE_LOCK_TRY, FAKE_PATH_ID};
    static const fake_action actions[] = {file_is_deleted, file_is_replaced, file_is_renamed_away};
    static const int64_t timeouts[] = {FASTENERS_NO_WAIT, 100, FASTENERS_FOREVER};

    (void)state;
    for (int o = 0; o < 2; o++)
        for (int a = 0; a < 3; a++)
            for (int t = 0; t < 3; t++)
                expect_right_file(operations[o], 1, actions[a], timeouts[t]);
}

static void p6_file_deleted_before_it_is_opened(void **state)
{
    (void)state;
    expect_right_file(FAKE_OPEN, 1, file_is_deleted, FASTENERS_NO_WAIT);
}

static void p6_file_changed_between_two_acquires(void **state)
{
    static const fake_action actions[] = {file_is_deleted, file_is_replaced, file_is_renamed_away};
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    for (int i = 0; i < 3; i++) {
        expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        expect_release(lock, FASTENERS_OK);
        actions[i](NULL);
    }
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    release_and_destroy(lock);
}

/* Somebody holds the file that we have open; the path names a free one. */
static void p6_try_is_not_fooled_by_a_busy_file_of_the_past(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    foreign_takes_lock(NULL);
    fake_replace(PATH);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    release_and_destroy(lock);
}

/* --------------------------------------------------------------- while it is waited for -- */

static void p6_file_replaced_while_waited_for(void **state)
{
    static const fake_action actions[] = {file_is_deleted, file_is_replaced, file_is_renamed_away};

    (void)state;
    for (int i = 0; i < 3; i++) {
        fasteners_ipc_lock *lock = make_contended();
        int64_t start = fake_elapsed_ms();
        fake_at_ms(start + 100, actions[i], NULL);
        fake_at_ms(start + 200, foreign_releases, NULL);
        expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
        assert_int_equal(fake_elapsed_ms(), start + 200);
        assert_true(log_has(FASTENERS_LOG_INFO, PATH, "replaced", NULL));
        release_and_destroy(lock);
    }
}

/* The holder of the old file never gives it back, but nobody who locks the path cares any more. */
static void p6_file_deleted_while_waited_for(void **state)
{
    static const fake_action actions[] = {file_is_deleted, file_is_replaced, file_is_renamed_away};

    (void)state;
    for (int i = 0; i < 3; i++) {
        fasteners_ipc_lock *lock = make_contended();
        int64_t start = fake_elapsed_ms();
        fake_at_ms(start + 100, actions[i], NULL);
        expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
        assert_in_range(fake_elapsed_ms(), start + 100, start + 1200);
        release_and_destroy(lock);
    }
}

/* The same where the wait polls. */
static void p6_file_deleted_while_it_is_polled_for(void **state)
{
    fasteners_ipc_lock *lock = make_contended();

    (void)state;
    fake_fail(FAKE_BEGIN, 0, FASTENERS_NOT_SUPPORTED, EAGAIN);
    fake_at_ms(100, file_is_deleted, NULL);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_in_range(fake_elapsed_ms(), 100, 1200);
    release_and_destroy(lock);
}

/* The same where another handle of this process is waited for, not the kernel. */
static void p6_file_deleted_while_a_handle_of_this_process_has_it(void **state)
{
    fasteners_ipc_lock *one;
    fasteners_ipc_lock *two;

    (void)state;
    fake_set_locks_per_process(true);
    one = make_lock(NULL);
    two = make_lock(NULL);
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_become_thread(2);
    fake_at_ms(100, file_is_deleted, NULL);
    expect_acquire(two, FASTENERS_FOREVER, FASTENERS_OK);
    assert_in_range(fake_elapsed_ms(), 100, 1200);
    expect_release(two, FASTENERS_OK);
    fake_become_thread(FAKE_MAIN_THREAD);
    assert_int_equal(fasteners_ipc_lock_check(one), FASTENERS_LOST);
    expect_release(one, FASTENERS_OK);
    fasteners_ipc_lock_destroy(one);
    fasteners_ipc_lock_destroy(two);
}

static void p6_a_replacement_that_is_held_is_waited_for(void **state)
{
    fasteners_ipc_lock *lock = make_contended();

    (void)state;
    fake_make_file("/new");
    fake_foreign_lock("/new", 5000, FST_EXCLUSIVE, LOCK_BYTE);
    fake_rename("/new", PATH);
    fake_at_ms(50, foreign_releases, NULL);
    expect_acquire(lock, 2000, FASTENERS_TIMED_OUT);
    assert_int_equal(fake_elapsed_ms(), 2000);
    fake_foreign_release(5000);
    use_and_destroy(lock);
}

/* ----------------------------------------------------------------- replaced for ever -- */

static void p6_try_with_endless_replacement_is_busy(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    fake_before(FAKE_LOCK_TRY, 0, file_is_replaced, NULL);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    assert_int_equal(fake_elapsed_ns(), 0);
    assert_int_equal(fake_locks(), 0);
    assert_int_equal(log_lines(FASTENERS_LOG_ERROR), 0);
    fake_heal();
    use_and_destroy(lock);
}

static void file_is_replaced_in_1_ms(void *unused)
{
    clock_goes_on_1_ms(unused);
    file_is_replaced(unused);
}

static void p6_endless_replacement_ends_at_the_deadline(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    fake_before(FAKE_LOCK_TRY, 0, file_is_replaced_in_1_ms, NULL);
    expect_acquire(lock, 100, FASTENERS_TIMED_OUT);
    assert_in_range(fake_elapsed_ms(), 100, 140);
    assert_int_equal(fake_locks(), 0);
    fake_heal();
    use_and_destroy(lock);
}

static void p6_endless_replacement_ends_with_a_cancel(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    fake_before(FAKE_LOCK_TRY, 0, file_is_replaced_in_1_ms, NULL);
    fake_at_ms(100, handle_is_cancelled, lock);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_CANCELLED);
    assert_in_range(fake_elapsed_ms(), 100, 140);
    fake_heal();
    use_and_destroy(lock);
}

/* ------------------------------------------------------------------------------ check -- */

static void p6_check_tells_a_holder_that_the_file_is_lost(void **state)
{
    static const fake_action actions[] = {file_is_deleted, file_is_replaced, file_is_renamed_away};
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_NOT_OWNER);
    for (int i = 0; i < 3; i++) {
        expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        actions[i](NULL);
        assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_LOST);
        assert_true(fasteners_ipc_lock_is_held(lock));
        expect_release(lock, FASTENERS_OK);
        assert_int_equal(fake_locks(), 0);
        assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_NOT_OWNER);
    }
    use_and_destroy(lock);
}

static void p6_check_sees_a_file_that_came_back(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_rename(PATH, "/elsewhere");
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_LOST);
    fake_rename("/elsewhere", PATH);
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
    release_and_destroy(lock);
}

static void p6_check_where_the_path_cannot_be_looked_at(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_PATH_ID, 1, FASTENERS_NO_PERMISSION, EACCES);
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_NO_PERMISSION);
    assert_int_equal(fasteners_ipc_lock_os_error(lock), EACCES);
    assert_true(fasteners_ipc_lock_is_held(lock));
    release_and_destroy(lock);
}

static void p6_exists_looks_at_the_path(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    assert_false(fasteners_ipc_lock_exists(lock));
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_true(fasteners_ipc_lock_exists(lock));
    fake_delete(PATH);
    assert_false(fasteners_ipc_lock_exists(lock));
    release_and_destroy(lock);
}

/* -------------------------------------------- the descriptor is closed behind our back -- */

static void expect_lost_and_usable_again(fasteners_ipc_lock *lock)
{
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_LOST);
    assert_true(fasteners_ipc_lock_is_held(lock));
    expect_release(lock, FASTENERS_LOST);
    assert_false(fasteners_ipc_lock_is_held(lock));
    expect_release(lock, FASTENERS_NOT_OWNER);
    use_and_destroy(lock);
}

static void descriptor_closed_while_held(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_steal_files(NULL);
    expect_lost_and_usable_again(lock);
}

/*
 * The number stands for a stranger's file by now. That is found where it is looked for: check
 * tells, and the stranger's file is never closed.
 */
static void descriptor_reused_while_held(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file("/stranger");
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_steal_files("/stranger");
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_LOST);
    fasteners_ipc_lock_destroy(lock);
}

static void descriptor_closed_between_acquires(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    fake_steal_files(NULL);
    use_and_destroy(lock);
}

static void descriptor_closed_before_destroy(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file("/stranger");
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_steal_files("/stranger");
    fasteners_ipc_lock_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(p6_file_changed_while_it_is_locked),
        fault_test(p6_file_deleted_before_it_is_opened),
        fault_test(p6_file_changed_between_two_acquires),
        fault_test(p6_try_is_not_fooled_by_a_busy_file_of_the_past),
        fault_test(p6_file_replaced_while_waited_for),
        fault_test(p6_file_deleted_while_waited_for),
        fault_test(p6_file_deleted_while_it_is_polled_for),
        fault_test(p6_file_deleted_while_a_handle_of_this_process_has_it),
        fault_test(p6_a_replacement_that_is_held_is_waited_for),
        fault_test(p6_try_with_endless_replacement_is_busy),
        fault_test(p6_endless_replacement_ends_at_the_deadline),
        fault_test(p6_endless_replacement_ends_with_a_cancel),
        fault_test(p6_check_tells_a_holder_that_the_file_is_lost),
        fault_test(p6_check_sees_a_file_that_came_back),
        fault_test(p6_check_where_the_path_cannot_be_looked_at),
        fault_test(p6_exists_looks_at_the_path),
        fault_test(descriptor_closed_while_held),
        fault_test(descriptor_reused_while_held),
        fault_test(descriptor_closed_between_acquires),
        fault_test(descriptor_closed_before_destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
