/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/*
 * F1 to F3: a function is called under the lock or not at all, and the caller can tell which,
 * whatever the system refuses. The locks of threads, exceptions and ends of threads are shown upon
 * the real system.
 */

enum { UNTOUCHED = -77, RESULT = 42 };

typedef fasteners_status (*by_path_fn)(const char *path, const fasteners_ipc_options *options,
                                       int64_t timeout_ms, fasteners_call_fn function,
                                       void *argument, fasteners_call *call);

static const by_path_fn by_path[] = {fasteners_ipc_locked, fasteners_ipc_read_locked,
                                     fasteners_ipc_write_locked};
enum { WAYS = sizeof(by_path) / sizeof(by_path[0]) };

static int times_called;

static int set_up(void **state)
{
    times_called = 0;
    return fault_set_up(state);
}

/* The argument says whether the file has to be locked, and how. */
enum expectation { SHARED, EXCLUSIVE };

static int note_that_it_is_locked(void *expected)
{
    times_called++;
    assert_true(fake_we_lock(PATH, 0));
    assert_int_equal(fake_we_lock_alone(PATH, 0), *(enum expectation *)expected == EXCLUSIVE);
    return RESULT;
}

static int just_return(void *unused)
{
    (void)unused;
    times_called++;
    return RESULT;
}

static void assert_status(fasteners_status status, fasteners_status expected)
{
    assert_string_equal(fasteners_status_name(status), fasteners_status_name(expected));
}

static fasteners_call fresh(void)
{
    return (fasteners_call){.called = true, .result = UNTOUCHED};
}

static void assert_called(fasteners_call call)
{
    assert_true(call.called);
    assert_int_equal(call.result, RESULT);
    assert_int_equal(times_called, 1);
    times_called = 0;
}

static void assert_not_called(fasteners_call call)
{
    assert_false(call.called);
    assert_int_equal(call.result, UNTOUCHED);
    assert_int_equal(times_called, 0);
}

/* --------------------------------------------------------------------------- called -- */

static void f1_called_under_a_lock_in_hand(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);
    fasteners_ipc_rwlock *rwlock = make_rwlock(NULL);
    enum expectation shared = SHARED, exclusive = EXCLUSIVE;
    fasteners_call call = fresh();

    (void)state;
    assert_status(fasteners_ipc_lock_call(lock, 0, note_that_it_is_locked, &exclusive, &call),
                  FASTENERS_OK);
    assert_called(call);
    assert_false(fasteners_ipc_lock_is_held(lock));
    call = fresh();
    assert_status(fasteners_ipc_rwlock_call_read(rwlock, 0, note_that_it_is_locked, &shared, &call),
                  FASTENERS_OK);
    assert_called(call);
    call = fresh();
    assert_status(
        fasteners_ipc_rwlock_call_write(rwlock, 0, note_that_it_is_locked, &exclusive, &call),
        FASTENERS_OK);
    assert_called(call);
    expect_held(rwlock, false, false);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_rwlock_destroy(rwlock);
}

static void f1_called_under_the_lock_at_a_path(void **state)
{
    (void)state;
    for (int i = 0; i < WAYS; i++) {
        enum expectation expected = by_path[i] == fasteners_ipc_read_locked ? SHARED : EXCLUSIVE;
        fasteners_call call = fresh();

        assert_status(by_path[i](PATH, NULL, 0, note_that_it_is_locked, &expected, &call),
                      FASTENERS_OK);
        assert_called(call);
        assert_int_equal(fake_locks() + fake_open_files() + fake_memory_blocks(), 0);
    }
}

static void f1_what_became_of_it_need_not_be_asked(void **state)
{
    (void)state;
    assert_status(fasteners_ipc_locked(PATH, NULL, 0, just_return, NULL, NULL), FASTENERS_OK);
    assert_int_equal(times_called, 1);
    assert_status(fasteners_ipc_locked("", NULL, 0, just_return, NULL, NULL), FASTENERS_INVALID);
    assert_int_equal(times_called, 1);
}

static void f1_the_options_are_those_of_create(void **state)
{
    fasteners_ipc_options options = kept_log();

    (void)state;
    options.unlink_on_release = true;
    assert_status(fasteners_ipc_locked(PATH, &options, 0, just_return, NULL, NULL), FASTENERS_OK);
    assert_false(fake_exists(PATH));
    options.delay_ms = -1;
    assert_status(fasteners_ipc_locked(PATH, &options, 0, just_return, NULL, NULL),
                  FASTENERS_INVALID);
}

/* ----------------------------------------------------------------------- not called -- */

static void f2_no_wait_calls_now_or_not_at_all(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);
    fasteners_ipc_rwlock *rwlock = make_rwlock(NULL);
    fasteners_call call = fresh();

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    for (int i = 0; i < WAYS; i++) {
        call = fresh();
        assert_status(by_path[i](PATH, NULL, FASTENERS_NO_WAIT, just_return, NULL, &call),
                      FASTENERS_BUSY);
        assert_not_called(call);
    }
    call = fresh();
    assert_status(fasteners_ipc_lock_call(lock, FASTENERS_NO_WAIT, just_return, NULL, &call),
                  FASTENERS_BUSY);
    assert_not_called(call);
    call = fresh();
    assert_status(
        fasteners_ipc_rwlock_call_read(rwlock, FASTENERS_NO_WAIT, just_return, NULL, &call),
        FASTENERS_BUSY);
    assert_not_called(call);
    call = fresh();
    assert_status(
        fasteners_ipc_rwlock_call_write(rwlock, FASTENERS_NO_WAIT, just_return, NULL, &call),
        FASTENERS_BUSY);
    assert_not_called(call);
    assert_int_equal(fake_elapsed_ms(), 0);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_rwlock_destroy(rwlock);
}

static void f2_waits_for_its_time_and_no_longer(void **state)
{
    fasteners_call call = fresh();

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    assert_status(fasteners_ipc_locked(PATH, NULL, 250, just_return, NULL, &call),
                  FASTENERS_TIMED_OUT);
    assert_int_equal(fake_elapsed_ms(), 250);
    assert_not_called(call);
    fake_at_ms(300, foreign_releases, NULL);
    assert_status(fasteners_ipc_locked(PATH, NULL, 250, just_return, NULL, &call), FASTENERS_OK);
    assert_called(call);
}

static void f2_an_error_is_no_call(void **state)
{
    (void)state;
    fake_make_file(PATH);
    for (int i = 0; i < WAYS; i++) {
        fasteners_call call = fresh();

        fake_fail(FAKE_OPEN, 0, FASTENERS_OS_ERROR, EMFILE);
        assert_status(by_path[i](PATH, NULL, FASTENERS_FOREVER, just_return, NULL, &call),
                      FASTENERS_OS_ERROR);
        assert_not_called(call);
        fake_heal();
        call = fresh();
        assert_status(by_path[i]("", NULL, 0, just_return, NULL, &call), FASTENERS_INVALID);
        assert_not_called(call);
        call = fresh();
        assert_status(by_path[i](PATH, NULL, -2, just_return, NULL, &call), FASTENERS_INVALID);
        assert_not_called(call);
        call = fresh();
        fake_fail(FAKE_ALLOC, 1, FASTENERS_NO_MEMORY, ENOMEM);
        assert_status(by_path[i](PATH, NULL, 0, just_return, NULL, &call), FASTENERS_NO_MEMORY);
        assert_not_called(call);
    }
}

static void f2_without_a_function_nothing_is_locked(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);
    fasteners_call call = fresh();

    (void)state;
    assert_status(fasteners_ipc_lock_call(lock, 0, NULL, NULL, &call), FASTENERS_INVALID);
    assert_not_called(call);
    call = fresh();
    assert_status(fasteners_ipc_locked(PATH, NULL, 0, NULL, NULL, &call), FASTENERS_INVALID);
    assert_not_called(call);
    call = fresh();
    assert_status(fasteners_ipc_lock_call(NULL, 0, just_return, NULL, &call), FASTENERS_INVALID);
    assert_not_called(call);
    assert_status(fasteners_ipc_rwlock_call_read(NULL, 0, just_return, NULL, &call),
                  FASTENERS_INVALID);
    assert_status(fasteners_ipc_rwlock_call_write(NULL, 0, just_return, NULL, &call),
                  FASTENERS_INVALID);
    assert_status(fasteners_rw_lock_call_read(NULL, 0, just_return, NULL, &call),
                  FASTENERS_INVALID);
    assert_status(fasteners_rw_lock_call_write(NULL, 0, just_return, NULL, &call),
                  FASTENERS_INVALID);
    assert_not_called(call);
    assert_int_equal(fake_calls(FAKE_OPEN), 0);
    fasteners_ipc_lock_destroy(lock);
}

static int call_again_for_ever(void *inner)
{
    *(fasteners_status *)inner =
        fasteners_ipc_locked(PATH, NULL, FASTENERS_FOREVER, just_return, NULL, NULL);
    return RESULT;
}

static void p12_within_itself_it_is_refused(void **state)
{
    fasteners_status inner = FASTENERS_OK;
    fasteners_call call = fresh();

    (void)state;
    assert_status(fasteners_ipc_locked(PATH, NULL, 0, call_again_for_ever, &inner, &call),
                  FASTENERS_OK);
    assert_true(call.called);
    assert_status(inner, FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(times_called, 0);
}

/* ------------------------------------------------------------------ the release fails -- */

static int break_the_release(void *times)
{
    times_called++;
    fake_fail(FAKE_UNLOCK, *(unsigned *)times, FASTENERS_OS_ERROR, EIO);
    return RESULT;
}

static void f3_a_failed_release_is_told_and_the_lock_stays(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);
    fasteners_call call = fresh();
    unsigned first = 1;

    (void)state;
    assert_status(fasteners_ipc_lock_call(lock, 0, break_the_release, &first, &call),
                  FASTENERS_OS_ERROR);
    assert_called(call);
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
    assert_true(fake_we_lock(PATH, 0));
    expect_release(lock, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static void f3_by_path_nothing_is_held_afterwards_all_the_same(void **state)
{
    (void)state;
    for (int i = 0; i < WAYS; i++) {
        fasteners_call call = fresh();
        unsigned all = 0;

        assert_status(by_path[i](PATH, NULL, 0, break_the_release, &all, &call),
                      FASTENERS_OS_ERROR);
        assert_called(call);
        assert_int_equal(fake_locks() + fake_open_files() + fake_memory_blocks(), 0);
        fake_heal();
    }
}

static int lose_the_lock(void *unused)
{
    (void)unused;
    times_called++;
    fake_steal_files(NULL);
    return RESULT;
}

static void f3_a_lock_that_was_lost_is_told(void **state)
{
    (void)state;
    for (int i = 0; i < WAYS; i++) {
        fasteners_call call = fresh();

        assert_status(by_path[i](PATH, NULL, 0, lose_the_lock, NULL, &call), FASTENERS_LOST);
        assert_called(call);
    }
}

static int release_it_myself(void *lock)
{
    times_called++;
    assert_status(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    return RESULT;
}

static void f3_released_by_the_function(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);
    fasteners_call call = fresh();

    (void)state;
    assert_status(fasteners_ipc_lock_call(lock, 0, release_it_myself, lock, &call),
                  FASTENERS_NOT_OWNER);
    assert_called(call);
    fasteners_ipc_lock_destroy(lock);
}

#define call_test(function) cmocka_unit_test_setup_teardown(function, set_up, fault_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        call_test(f1_called_under_a_lock_in_hand),
        call_test(f1_called_under_the_lock_at_a_path),
        call_test(f1_what_became_of_it_need_not_be_asked),
        call_test(f1_the_options_are_those_of_create),
        call_test(f2_no_wait_calls_now_or_not_at_all),
        call_test(f2_waits_for_its_time_and_no_longer),
        call_test(f2_an_error_is_no_call),
        call_test(f2_without_a_function_nothing_is_locked),
        call_test(p12_within_itself_it_is_refused),
        call_test(f3_a_failed_release_is_told_and_the_lock_stays),
        call_test(f3_by_path_nothing_is_held_afterwards_all_the_same),
        call_test(f3_a_lock_that_was_lost_is_told),
        call_test(f3_released_by_the_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
