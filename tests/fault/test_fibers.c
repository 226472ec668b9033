/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

/*
 * T11 for the inter-process locks: the options `current` and `sleep`. A fiber is a number here, and
 * another fiber runs when the one that waits sleeps: what it does then is in the script below.
 */

/* The first one's address is a thread's number, too. */
#define FIBER_A ((void *)1)
#define FIBER_B ((void *)2)

static void *running;
static unsigned sleeps;

/* What fiber A does while another one sleeps, and at which sleep; NULL: nothing. */
static fake_action others_turn;
static unsigned others_turn_at;
static void *others_argument;

static void *current_fiber(void *user)
{
    (void)user;
    return running;
}

static void let_others_run(void *user, int64_t ms)
{
    void *sleeper = running;

    (void)user;
    assert_true(ms >= 1);
    sleeps++;
    fake_advance_ms(ms);
    if (others_turn == NULL || sleeps != others_turn_at)
        return;
    running = FIBER_A;
    others_turn(others_argument);
    running = sleeper;
}

static void at_sleep(unsigned nth, fake_action action, void *argument)
{
    sleeps = 0;
    others_turn_at = nth;
    others_turn = action;
    others_argument = argument;
}

static fasteners_ipc_options for_fibers(void)
{
    fasteners_ipc_options options = kept_log();

    at_sleep(0, NULL, NULL);
    running = FIBER_A;
    options.sleep = let_others_run;
    options.current = current_fiber;
    return options;
}

static void release_lock(void *lock)
{
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
}

static void unread(void *lock)
{
    assert_int_equal(fasteners_ipc_rwlock_release_read(lock), FASTENERS_OK);
}

static void unwrite(void *lock)
{
    assert_int_equal(fasteners_ipc_rwlock_release_write(lock), FASTENERS_OK);
}

/* ------------------------------------------------------------------------- ipc_lock -- */

static void t11_a_fiber_waits_for_another_one_of_its_thread(void **state)
{
    fasteners_ipc_options options = for_fibers();
    fasteners_ipc_lock *lock = make_lock(&options);

    (void)state;
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    running = FIBER_B;
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    at_sleep(3, release_lock, lock);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(sleeps, 3);
    running = FIBER_A;
    expect_release(lock, FASTENERS_NOT_OWNER);
    running = FIBER_B;
    expect_release(lock, FASTENERS_OK);
    use_and_destroy(lock);
}

static void t11_through_two_handles(void **state)
{
    fasteners_ipc_options options = for_fibers();
    fasteners_ipc_lock *one = make_lock(&options);
    fasteners_ipc_lock *other = make_lock(&options);

    (void)state;
    expect_acquire(one, FASTENERS_FOREVER, FASTENERS_OK);
    running = FIBER_B;
    at_sleep(2, release_lock, one);
    assert_int_equal(fasteners_ipc_lock_acquire(other, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(sleeps, 2);
    expect_release(other, FASTENERS_OK);
    use_and_destroy(one);
    use_and_destroy(other);
}

static void t11_time_outs_are_exact(void **state)
{
    fasteners_ipc_options options = for_fibers();
    fasteners_ipc_lock *lock = make_lock(&options);

    (void)state;
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    running = FIBER_B;
    assert_int_equal(fasteners_ipc_lock_acquire(lock, 137), FASTENERS_TIMED_OUT);
    assert_int_equal(fake_elapsed_ms(), 137);
    assert_true(sleeps > 1 && sleeps < 20);
    running = FIBER_A;
    expect_release(lock, FASTENERS_OK);
    use_and_destroy(lock);
}

static void p12_a_fiber_does_not_wait_for_itself(void **state)
{
    fasteners_ipc_options options = for_fibers();
    fasteners_ipc_lock *lock = make_lock(&options);
    fasteners_ipc_lock *other = make_lock(&options);

    (void)state;
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(fasteners_ipc_lock_acquire(other, FASTENERS_FOREVER),
                     FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(sleeps, 0);
    expect_release(lock, FASTENERS_OK);
    use_and_destroy(lock);
    use_and_destroy(other);
}

/* Fiber 1 is not thread 1. */
static void p12_fibers_and_threads_are_told_apart(void **state)
{
    fasteners_ipc_options options = for_fibers();
    fasteners_ipc_lock *of_fibers = make_lock(&options);
    fasteners_ipc_lock *of_threads = make_lock(NULL);

    (void)state;
    assert_int_equal(fst_os_thread_id(), (uintptr_t)FIBER_A);
    expect_acquire(of_threads, FASTENERS_NO_WAIT, FASTENERS_OK);
    at_sleep(2, release_lock, of_threads);
    assert_int_equal(fasteners_ipc_lock_acquire(of_fibers, FASTENERS_FOREVER), FASTENERS_OK);
    expect_release(of_fibers, FASTENERS_OK);
    use_and_destroy(of_threads);
    use_and_destroy(of_fibers);
}

static void cancel(void *lock)
{
    fasteners_ipc_lock_cancel(lock);
}

static void p10_cancel_reaches_a_fiber_at_the_turn(void **state)
{
    fasteners_ipc_options options = for_fibers();
    fasteners_ipc_lock *lock = make_lock(&options);

    (void)state;
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    running = FIBER_B;
    at_sleep(2, cancel, lock);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_CANCELLED);
    running = FIBER_A;
    expect_release(lock, FASTENERS_OK);
    use_and_destroy(lock);
}

static void fork_as_child(void *unused)
{
    (void)unused;
    fake_fork_as_child();
}

/* In the child the queue at the turn is empty, and fiber A's hold is the parent's. */
static void p5_a_fork_while_a_fiber_waits_for_another_one(void **state)
{
    fasteners_ipc_options options = for_fibers();
    fasteners_ipc_lock *lock = make_lock(&options);

    (void)state;
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    running = FIBER_B;
    at_sleep(2, fork_as_child, NULL);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, 200), FASTENERS_TIMED_OUT);
    fake_parent_exits();
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    running = FIBER_A;
    expect_release(lock, FASTENERS_NOT_OWNER);
    running = FIBER_B;
    expect_release(lock, FASTENERS_OK);
    use_and_destroy(lock);
}

/* ----------------------------------------------------------------------- ipc_rwlock -- */

static void t11_a_reader_waits_for_a_writer_of_its_thread(void **state)
{
    fasteners_ipc_options options = for_fibers();
    fasteners_ipc_rwlock *lock = make_rwlock(&options);

    (void)state;
    expect_write(lock, FASTENERS_FOREVER, FASTENERS_OK);
    running = FIBER_B;
    assert_false(fasteners_ipc_rwlock_is_writer(lock));
    at_sleep(3, unwrite, lock);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(sleeps, 3);
    expect_unread(lock, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

static void t11_a_writer_waits_for_a_reader_of_its_thread(void **state)
{
    fasteners_ipc_options options = for_fibers();
    fasteners_ipc_rwlock *lock = make_rwlock(&options);

    (void)state;
    expect_read(lock, FASTENERS_FOREVER, FASTENERS_OK);
    running = FIBER_B;
    at_sleep(3, unread, lock);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write(lock, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(sleeps, 3);
    expect_unwrite(lock, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

static void t11_an_upgrade_waits_for_a_reader_of_its_thread(void **state)
{
    fasteners_ipc_options options = for_fibers();
    fasteners_ipc_rwlock *lock = make_rwlock(&options);

    (void)state;
    expect_read(lock, FASTENERS_FOREVER, FASTENERS_OK);
    running = FIBER_B;
    expect_read(lock, FASTENERS_FOREVER, FASTENERS_OK);
    at_sleep(3, unread, lock);
    assert_int_equal(fasteners_ipc_rwlock_upgrade(lock, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(sleeps, 3);
    expect_unwrite(lock, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

static void t11_a_writer_waits_for_a_writer_of_its_thread(void **state)
{
    fasteners_ipc_options options = for_fibers();
    fasteners_ipc_rwlock *lock = make_rwlock(&options);

    (void)state;
    expect_write(lock, FASTENERS_FOREVER, FASTENERS_OK);
    running = FIBER_B;
    expect_unwrite(lock, FASTENERS_NOT_OWNER);
    at_sleep(3, unwrite, lock);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write(lock, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(sleeps, 3);
    expect_unwrite(lock, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

static void p5_a_fork_while_a_fiber_waits_for_others(void **state)
{
    fasteners_ipc_options options = for_fibers();
    fasteners_ipc_rwlock *lock = make_rwlock(&options);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fake_at_ms(100, foreign_releases, NULL);
    at_sleep(2, fork_as_child, NULL);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write(lock, FASTENERS_FOREVER), FASTENERS_OK);
    fake_parent_exits();
    assert_true(fasteners_ipc_rwlock_is_writer(lock));
    expect_unwrite(lock, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(t11_a_fiber_waits_for_another_one_of_its_thread),
        fault_test(t11_through_two_handles),
        fault_test(t11_time_outs_are_exact),
        fault_test(p12_a_fiber_does_not_wait_for_itself),
        fault_test(p12_fibers_and_threads_are_told_apart),
        fault_test(p10_cancel_reaches_a_fiber_at_the_turn),
        fault_test(p5_a_fork_while_a_fiber_waits_for_another_one),
        fault_test(t11_a_reader_waits_for_a_writer_of_its_thread),
        fault_test(t11_a_writer_waits_for_a_reader_of_its_thread),
        fault_test(t11_an_upgrade_waits_for_a_reader_of_its_thread),
        fault_test(t11_a_writer_waits_for_a_writer_of_its_thread),
        fault_test(p5_a_fork_while_a_fiber_waits_for_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
