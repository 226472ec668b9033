/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

/* P5: what a fork means to the handles, in the parent and in the child. */

static void release_and_destroy(fasteners_ipc_lock *lock)
{
    expect_release(lock, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static void p5_the_parent_goes_on_holding(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fork_as_parent();
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
    assert_true(fake_we_lock(PATH, 0));
    expect_release(lock, FASTENERS_OK);
    use_and_destroy(lock);
}

/* The parent holds, this is the child. */
static void expect_child_to_hold_nothing(fasteners_ipc_lock *lock)
{
    unsigned unlocks = fake_calls(FAKE_UNLOCK);

    assert_false(fasteners_ipc_lock_is_held(lock));
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_NOT_OWNER);
    expect_release(lock, FASTENERS_NOT_OWNER);
    assert_int_equal(fake_open_files(), 0);
    assert_int_equal(fake_calls(FAKE_UNLOCK), unlocks);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    expect_acquire(lock, 20, FASTENERS_TIMED_OUT);
}

static void parent_exits(void *unused)
{
    (void)unused;
    fake_parent_exits();
}

static void check_child(void (*fork)(void))
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fork();
    expect_child_to_hold_nothing(lock);
    fake_at_ms(100, parent_exits, NULL);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 100);
    release_and_destroy(lock);
}

static void p5_a_child_holds_nothing_and_can_acquire(void **state)
{
    (void)state;
    check_child(fake_fork_as_child);
}

static void p5_a_child_made_by_a_raw_clone(void **state)
{
    (void)state;
    check_child(fake_clone_as_child);
}

static void p5_the_same_where_locks_belong_to_the_process(void **state)
{
    (void)state;
    fake_set_locks_per_process(true);
    check_child(fake_fork_as_child);
}

static void p5_a_raw_clone_where_locks_belong_to_the_process(void **state)
{
    (void)state;
    fake_set_locks_per_process(true);
    check_child(fake_clone_as_child);
}

static void p5_destroy_in_the_child_leaves_the_parent_alone(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);
    fasteners_ipc_lock *other = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fork_as_child();
    fasteners_ipc_lock_destroy(lock);
    assert_int_equal(fake_open_files(), 0);
    assert_int_equal(fake_calls(FAKE_UNLOCK), 0);
    expect_acquire(other, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    fake_parent_exits();
    use_and_destroy(other);
}

/* The parent dies while the child lives on and never touches its copies: the lock is free. */
static void p5_an_idle_child_does_not_keep_the_lock(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fork_as_child();
    fake_parent_exits();
    assert_false(fake_we_lock(PATH, 0));
    fasteners_ipc_lock_destroy(lock);
}

static void p5_unlink_on_release_in_the_child_removes_nothing(void **state)
{
    fasteners_ipc_options options = kept_log();
    fasteners_ipc_lock *lock;

    (void)state;
    options.unlink_on_release = true;
    lock = make_lock(&options);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fork_as_child();
    expect_release(lock, FASTENERS_NOT_OWNER);
    fasteners_ipc_lock_destroy(lock);
    assert_true(fake_exists(PATH));
    assert_int_equal(fake_calls(FAKE_UNLINK), 0);
    fake_parent_exits();
}

/* The holder was another thread, which does not exist in the child: nobody is waited for. */
static void p5_the_holding_thread_is_not_in_the_child(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_become_thread(2);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_become_thread(FAKE_MAIN_THREAD);
    fake_fork_as_child();
    assert_false(fasteners_ipc_lock_is_held(lock));
    fake_parent_exits();
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    release_and_destroy(lock);
}

static void p5_a_grandchild(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_fork_as_child();
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fork_as_child();
    expect_child_to_hold_nothing(lock);
    fake_parent_exits();
    use_and_destroy(lock);
}

static void p5_a_handle_that_was_never_used(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_fork_as_child();
    use_and_destroy(lock);
}

static void p5_handles_made_and_ended_around_forks(void **state)
{
    fasteners_ipc_lock *locks[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        locks[i] = make_lock(NULL);
    fasteners_ipc_lock_destroy(locks[1]);
    fake_fork_as_parent();
    locks[1] = make_lock(NULL);
    fake_fork_as_child();
    for (int i = 0; i < 3; i++)
        use_and_destroy(locks[i]);
}

static void process_forks(void *unused)
{
    (void)unused;
    fake_fork_as_parent();
}

static void p5_another_thread_forks_while_this_one_waits(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fake_at_ms(10, process_forks, NULL);
    fake_at_ms(30, foreign_releases, NULL);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 30);
    release_and_destroy(lock);
}

/* A fork waits for a file that is being opened, so that the child knows of it; but not for ever. */
static void p5_a_fork_in_the_middle_of_an_open_or_a_close(void **state)
{
    static const fake_operation operations[] = {FAKE_OPEN, FAKE_CLOSE};

    (void)state;
    for (int i = 0; i < 2; i++) {
        fasteners_ipc_lock *lock = make_lock(NULL);
        int64_t start = fake_elapsed_ms();
        fake_before(operations[i], 1, process_forks, NULL);
        expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        release_and_destroy(lock);
        assert_in_range(fake_elapsed_ms(), start, start + 2000);
    }
}

typedef struct event_times {
    fasteners_ipc_lock *lock;
    fasteners_status status;
    int64_t forked_ms, acquired_ms;
} event_times;

static void fork_in_5_ms(void *argument)
{
    event_times *times = argument;

    fake_advance_ms(5);
    fake_fork_as_parent();
    times->forked_ms = fake_elapsed_ms();
}

static void acquire_in_10_ms(void *argument)
{
    event_times *times = argument;

    fake_advance_ms(10);
    times->status = fasteners_ipc_lock_acquire(times->lock, FASTENERS_NO_WAIT);
    times->acquired_ms = fake_elapsed_ms();
    if (times->status == FASTENERS_OK)
        times->status = fasteners_ipc_lock_release(times->lock);
}

static void takes_20_ms(void *unused)
{
    (void)unused;
    fake_advance_ms(20);
}

/*
 * The open takes 20 ms: the fork waits for its end, and whoever wants to open a file then for the
 * fork's.
 */
static void p5_a_fork_and_the_opens_around_it_wait_for_each_other(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);
    event_times times = {.lock = make_lock(NULL)};

    (void)state;
    fake_before(FAKE_OPEN, 1, takes_20_ms, NULL);
    fake_thread_start(fork_in_5_ms, &times);
    fake_thread_start(acquire_in_10_ms, &times);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    fake_threads_join();
    assert_int_equal(times.forked_ms, 20);
    assert_int_equal(times.acquired_ms, 20);
    assert_int_equal(times.status, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(times.lock);
}

static void acquire_for_ever(void *lock)
{
    (void)!fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER);
}

/* In the parent other threads queue at the handle and in the kernel; in the child nobody does. */
static void check_child_of_waiting_threads(void)
{
    fasteners_ipc_lock *one = make_lock(NULL);
    fasteners_ipc_lock *two = make_lock(NULL);

    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_thread_start(acquire_for_ever, one);
    fake_thread_start(acquire_for_ever, two);
    fake_thread_start(acquire_for_ever, two);
    fake_advance_ms(10);
    fake_fork_as_child();
    expect_child_to_hold_nothing(one);
    expect_acquire(two, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    fasteners_ipc_lock_cancel(one);
    fasteners_ipc_lock_cancel(two);
    fake_parent_exits();
    expect_acquire(one, FASTENERS_FOREVER, FASTENERS_OK);
    expect_acquire(two, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    expect_release(one, FASTENERS_OK);
    use_and_destroy(two);
    fasteners_ipc_lock_destroy(one);
}

static void p5_the_waiting_threads_are_not_in_the_child(void **state)
{
    (void)state;
    check_child_of_waiting_threads();
}

static void p5_the_waiting_threads_where_locks_belong_to_the_process(void **state)
{
    (void)state;
    fake_set_locks_per_process(true);
    check_child_of_waiting_threads();
}

/* A descriptor that is only kept open for the sake of a lock is none of the child's concern. */
static void p5_a_child_closes_what_the_parent_keeps_for_its_lock(void **state)
{
    fasteners_ipc_lock *one;
    fasteners_ipc_lock *two;

    (void)state;
    fake_set_locks_per_process(true);
    one = make_lock(NULL);
    two = make_lock(NULL);
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_acquire(two, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    fasteners_ipc_lock_destroy(two);
    assert_int_equal(fake_open_files(), 2);
    fake_fork_as_child();
    expect_child_to_hold_nothing(one);
    fake_parent_exits();
    use_and_destroy(one);
}

static void opens_for_ever(void *unused)
{
    (void)unused;
    fake_advance_ms(1000000);
}

/*
 * The file that a thread was opening for ever at the fork is nobody's in the child; forks go on as
 * ever.
 */
static void p5_the_opening_thread_is_not_in_the_child(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_before(FAKE_OPEN, 1, opens_for_ever, NULL);
    fake_thread_start(acquire_for_ever, lock);
    fake_advance_ms(10);
    fake_fork_as_child();
    fake_heal();
    assert_in_range(fake_elapsed_ms(), 10, 2000);
    int64_t before = fake_elapsed_ms();
    fake_fork_as_parent();
    assert_int_equal(fake_elapsed_ms(), before);
    use_and_destroy(lock);
    /* What the vanished thread was about to use is lost with it. */
    if (fake_memory_blocks() == 1)
        fake_forget_memory_block();
}

static void p5_a_fork_between_the_lock_and_the_look_at_the_path(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_before(FAKE_PATH_ID, 1, process_forks, NULL);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    release_and_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(p5_the_parent_goes_on_holding),
        fault_test(p5_a_child_holds_nothing_and_can_acquire),
        fault_test(p5_a_child_made_by_a_raw_clone),
        fault_test(p5_the_same_where_locks_belong_to_the_process),
        fault_test(p5_a_raw_clone_where_locks_belong_to_the_process),
        fault_test(p5_destroy_in_the_child_leaves_the_parent_alone),
        fault_test(p5_an_idle_child_does_not_keep_the_lock),
        fault_test(p5_unlink_on_release_in_the_child_removes_nothing),
        fault_test(p5_the_holding_thread_is_not_in_the_child),
        fault_test(p5_a_grandchild),
        fault_test(p5_a_handle_that_was_never_used),
        fault_test(p5_handles_made_and_ended_around_forks),
        fault_test(p5_another_thread_forks_while_this_one_waits),
        fault_test(p5_a_fork_in_the_middle_of_an_open_or_a_close),
        fault_test(p5_a_fork_and_the_opens_around_it_wait_for_each_other),
        fault_test(p5_the_waiting_threads_are_not_in_the_child),
        fault_test(p5_the_waiting_threads_where_locks_belong_to_the_process),
        fault_test(p5_a_child_closes_what_the_parent_keeps_for_its_lock),
        fault_test(p5_the_opening_thread_is_not_in_the_child),
        fault_test(p5_a_fork_between_the_lock_and_the_look_at_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
