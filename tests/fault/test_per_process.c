/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/*
 * Systems whose locks belong to the process: there the kernel lets all handles of a process have
 * the lock, and takes it from all of them when any descriptor of the file is closed. (Exclusion
 * among threads and self-deadlock: test_exclusion.c.)
 */

static fasteners_ipc_lock *one, *two;

static int set_up(void **state)
{
    (void)fault_set_up(state);
    fake_set_locks_per_process(true);
    one = make_lock(NULL);
    two = make_lock(NULL);
    return 0;
}

static void destroy_both(void)
{
    fasteners_ipc_lock_destroy(one);
    fasteners_ipc_lock_destroy(two);
}

static void p1_handles_of_one_process_exclude_each_other(void **state)
{
    (void)state;
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_acquire(two, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    expect_acquire(two, 30, FASTENERS_TIMED_OUT);
    assert_int_equal(fake_elapsed_ms(), 30);
    expect_release(one, FASTENERS_OK);
    expect_acquire(two, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(two, FASTENERS_OK);
    destroy_both();
}

static void p4_the_end_of_a_handle_does_not_drop_the_lock_of_another(void **state)
{
    (void)state;
    expect_acquire(two, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(two, FASTENERS_OK);
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    fasteners_ipc_lock_destroy(two);
    assert_true(fake_we_lock(PATH, 0));
    assert_int_equal(fake_open_files(), 2);
    expect_release(one, FASTENERS_OK);
    assert_int_equal(fake_open_files(), 1);
    fasteners_ipc_lock_destroy(one);
}

static void p4_a_descriptor_kept_for_that_reason_is_closed_by_destroy(void **state)
{
    (void)state;
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_acquire(two, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    fasteners_ipc_lock_destroy(two);
    assert_true(fake_we_lock(PATH, 0));
    fasteners_ipc_lock_destroy(one);
    assert_int_equal(fake_open_files(), 0);
}

static void p4_asking_for_the_holder_does_not_drop_the_lock(void **state)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;

    (void)state;
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(fasteners_ipc_lock_holder(two, &holder), FASTENERS_OK);
        assert_string_equal(holder.program, "self");
        assert_false(holder.shared);
        assert_true(fake_we_lock(PATH, 0));
    }
    expect_release(one, FASTENERS_OK);
    destroy_both();
}

/*
 * The file is replaced, so the other handle opens the new one and closes the old one, which we
 * hold.
 */
static void p4_reopening_does_not_drop_the_lock_on_the_old_file(void **state)
{
    (void)state;
    expect_acquire(two, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(two, FASTENERS_OK);
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_rename(PATH, "/old");
    expect_acquire(two, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_true(fake_we_lock("/old", 0));
    assert_int_equal(fasteners_ipc_lock_check(one), FASTENERS_LOST);
    expect_release(one, FASTENERS_OK);
    assert_false(fake_we_lock("/old", 0));
    assert_true(fake_we_lock(PATH, 0));
    expect_release(two, FASTENERS_OK);
    assert_int_equal(fake_open_files(), 2);
    destroy_both();
}

/* A wait that ends in vain closes nothing and unlocks nothing of the holder's. */
static void p4_a_failed_acquire_does_not_drop_the_lock(void **state)
{
    static const fake_operation operations[] = {FAKE_OPEN, FAKE_PATH_ID, FAKE_ALLOC};

    (void)state;
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    for (int i = 0; i < 3; i++) {
        fake_fail(operations[i], 1, FASTENERS_OS_ERROR, EIO);
        (void)!fasteners_ipc_lock_acquire(two, 20);
        fake_heal();
        assert_true(fake_we_lock(PATH, 0));
        assert_false(fasteners_ipc_lock_is_held(two));
    }
    expect_release(one, FASTENERS_OK);
    destroy_both();
}

typedef struct waiter {
    fasteners_ipc_lock *lock;
    fasteners_status status;
    int64_t ended_ms;
} waiter;

static int64_t order[4];
static int ended;

static void wait_hold_5_ms_release(void *argument)
{
    waiter *w = argument;

    w->status = fasteners_ipc_lock_acquire(w->lock, FASTENERS_FOREVER);
    order[ended++] = (int64_t)fst_os_thread_id();
    if (w->status != FASTENERS_OK)
        return;
    fake_advance_ms(5);
    w->ended_ms = fake_elapsed_ms();
    w->status = fasteners_ipc_lock_release(w->lock);
}

static void p10_handles_of_the_process_are_served_in_turn(void **state)
{
    waiter waiters[4];

    (void)state;
    ended = 0;
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    for (int i = 0; i < 4; i++) {
        waiters[i].lock = make_lock(NULL);
        fake_thread_start(wait_hold_5_ms_release, &waiters[i]);
        fake_advance_ms(1);
    }
    expect_release(one, FASTENERS_OK);
    fake_threads_join();
    assert_int_equal(ended, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(waiters[i].status, FASTENERS_OK);
        assert_int_equal(order[i], 101 + i);
        assert_int_equal(waiters[i].ended_ms, 4 + 5 * (i + 1));
        fasteners_ipc_lock_destroy(waiters[i].lock);
    }
    destroy_both();
}

static void p10_the_second_handle_waits_for_a_process_elsewhere_too(void **state)
{
    waiter waiters[2] = {{.lock = one}, {.lock = two}};

    (void)state;
    ended = 0;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fake_at_ms(50, foreign_releases, NULL);
    fake_thread_start(wait_hold_5_ms_release, &waiters[0]);
    fake_thread_start(wait_hold_5_ms_release, &waiters[1]);
    fake_threads_join();
    assert_int_equal(waiters[0].status, FASTENERS_OK);
    assert_int_equal(waiters[1].status, FASTENERS_OK);
    assert_int_equal(waiters[0].ended_ms + waiters[1].ended_ms, 55 + 60);
    destroy_both();
}

/* A handle that waits is in the way of whoever comes later, be it awake already or not. */
static void p10_a_handle_that_waits_is_not_overtaken(void **state)
{
    waiter waiting = {.lock = two};

    (void)state;
    ended = 0;
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_thread_start(wait_hold_5_ms_release, &waiting);
    fake_advance_ms(10);
    expect_release(one, FASTENERS_OK);
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    expect_acquire(one, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 15);
    fake_threads_join();
    assert_int_equal(waiting.status, FASTENERS_OK);
    expect_release(one, FASTENERS_OK);
    destroy_both();
}

/*
 * The lock cannot be released, so destroy closes the file; who waits for it learns of that at once.
 */
static void p10_the_end_of_a_handle_wakes_who_waits_for_it(void **state)
{
    waiter waiting = {.lock = two};

    (void)state;
    ended = 0;
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_thread_start(wait_hold_5_ms_release, &waiting);
    fake_advance_ms(10);
    fake_fail(FAKE_UNLOCK, 1, FASTENERS_OS_ERROR, EIO);
    fasteners_ipc_lock_destroy(one);
    fake_threads_join();
    assert_int_equal(waiting.status, FASTENERS_OK);
    assert_int_equal(waiting.ended_ms, 15);
    fasteners_ipc_lock_destroy(two);
}

static void p10_cancel_reaches_who_waits_for_another_handle(void **state)
{
    (void)state;
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_become_thread(2);
    fake_at_ms(40, handle_is_cancelled, two);
    expect_acquire(two, FASTENERS_FOREVER, FASTENERS_CANCELLED);
    assert_int_equal(fake_elapsed_ms(), 40);
    fake_become_thread(FAKE_MAIN_THREAD);
    expect_release(one, FASTENERS_OK);
    destroy_both();
}

/* close is called late here, but what it says is told all the same. */
static void p9_close_failing_is_told(void **state)
{
    (void)state;
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(one, FASTENERS_OK);
    fake_fail(FAKE_CLOSE, 1, FASTENERS_OS_ERROR, EIO);
    destroy_both();
    assert_int_equal(fake_calls(FAKE_CLOSE), 1);
    assert_int_equal(log_lines(FASTENERS_LOG_WARNING), 1);
    assert_true(log_has(FASTENERS_LOG_WARNING, PATH, "clos", "error 5"));
}

static void p9_release_failing_keeps_the_lock(void **state)
{
    (void)state;
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_UNLOCK, 1, FASTENERS_OS_ERROR, EIO);
    expect_release(one, FASTENERS_OS_ERROR);
    assert_true(fasteners_ipc_lock_is_held(one));
    expect_acquire(two, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    expect_release(one, FASTENERS_OK);
    use_and_destroy(two);
    fasteners_ipc_lock_destroy(one);
}

#define per_process_test(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, set_up, fault_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        per_process_test(p1_handles_of_one_process_exclude_each_other),
        per_process_test(p4_the_end_of_a_handle_does_not_drop_the_lock_of_another),
        per_process_test(p4_a_descriptor_kept_for_that_reason_is_closed_by_destroy),
        per_process_test(p4_asking_for_the_holder_does_not_drop_the_lock),
        per_process_test(p4_reopening_does_not_drop_the_lock_on_the_old_file),
        per_process_test(p4_a_failed_acquire_does_not_drop_the_lock),
        per_process_test(p10_handles_of_the_process_are_served_in_turn),
        per_process_test(p10_the_second_handle_waits_for_a_process_elsewhere_too),
        per_process_test(p10_a_handle_that_waits_is_not_overtaken),
        per_process_test(p10_the_end_of_a_handle_wakes_who_waits_for_it),
        per_process_test(p10_cancel_reaches_who_waits_for_another_handle),
        per_process_test(p9_close_failing_is_told),
        per_process_test(p9_release_failing_keeps_the_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
