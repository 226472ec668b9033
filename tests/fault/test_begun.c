/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/* P18: acquires that are begun and finished. */

static fasteners_ipc_wait *begin(fasteners_ipc_lock *lock, int64_t timeout_ms)
{
    fasteners_ipc_wait *wait;

    assert_int_equal(fasteners_ipc_lock_acquire_begin(lock, timeout_ms, &wait), FASTENERS_OK);
    assert_non_null(wait);
    return wait;
}

static fasteners_ipc_wait *begin_read(fasteners_ipc_rwlock *lock, int64_t timeout_ms)
{
    fasteners_ipc_wait *wait;

    assert_int_equal(fasteners_ipc_rwlock_acquire_read_begin(lock, timeout_ms, &wait),
                     FASTENERS_OK);
    return wait;
}

static fasteners_ipc_wait *begin_write(fasteners_ipc_rwlock *lock, int64_t timeout_ms)
{
    fasteners_ipc_wait *wait;

    assert_int_equal(fasteners_ipc_rwlock_acquire_write_begin(lock, timeout_ms, &wait),
                     FASTENERS_OK);
    return wait;
}

static void abandon(fasteners_ipc_wait *wait)
{
    fasteners_ipc_wait_abandon(&wait);
    assert_null(wait);
    fasteners_ipc_wait_abandon(&wait);
}

static bool is_over(const fasteners_ipc_wait *wait)
{
    return fake_event_is_set(fasteners_ipc_wait_descriptor(wait));
}

/* The event says when finish has an answer, and only then. */
static void expect_outcome(fasteners_ipc_wait *wait, fasteners_status expected)
{
    while (!is_over(wait)) {
        assert_int_equal(fasteners_ipc_wait_finish(&wait), FASTENERS_BUSY);
        assert_non_null(wait);
        fake_advance_ms(1);
    }
    assert_int_equal(fasteners_ipc_wait_finish(&wait), expected);
    assert_null(wait);
}

static void end_threads(void)
{
    fake_threads_join();
}

/* ------------------------------------------------------------------------- ipc_lock -- */

static void p18_what_is_free_needs_no_thread(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fasteners_ipc_wait *wait = begin(lock, FASTENERS_FOREVER);
    assert_true(is_over(wait));
    assert_int_equal(fake_calls(FAKE_THREAD_START), 0);
    assert_true(fasteners_ipc_lock_is_held(lock));
    expect_release(lock, FASTENERS_NOT_OWNER);
    expect_outcome(wait, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    use_and_destroy(lock);
}

static void p18_the_caller_goes_on_while_it_waits(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fake_at_ms(30, foreign_releases, NULL);
    fasteners_ipc_wait *wait = begin(lock, FASTENERS_FOREVER);
    assert_int_equal(fake_elapsed_ms(), 0);
    expect_outcome(wait, FASTENERS_OK);
    assert_true(fake_elapsed_ms() >= 30 && fake_elapsed_ms() <= 31); /* it looks once a ms */
    assert_true(fake_we_lock_alone(PATH, 0));
    expect_release(lock, FASTENERS_OK);
    end_threads();
    use_and_destroy(lock);
}

static void p18_the_time_counts_from_begin_on(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fasteners_ipc_wait *wait = begin(lock, 70);
    fake_advance_ms(69);
    assert_false(is_over(wait));
    fake_advance_ms(2);
    assert_true(is_over(wait));
    expect_outcome(wait, FASTENERS_TIMED_OUT);
    expect_outcome(begin(lock, FASTENERS_NO_WAIT), FASTENERS_TIMED_OUT);
    assert_int_equal(fake_elapsed_ms(), 71);
    end_threads();
    foreign_releases(NULL);
    use_and_destroy(lock);
}

static void p18_cancel_ends_it(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fasteners_ipc_wait *first = begin(lock, FASTENERS_FOREVER);
    fasteners_ipc_wait *second = begin(lock, FASTENERS_FOREVER);
    fasteners_ipc_lock_cancel(lock); /* the runners have not run yet */
    expect_outcome(first, FASTENERS_CANCELLED);
    expect_outcome(second, FASTENERS_CANCELLED);
    first = begin(lock, FASTENERS_FOREVER);
    fake_advance_ms(10);
    fasteners_ipc_lock_cancel(lock);
    expect_outcome(first, FASTENERS_CANCELLED);
    first = begin(lock, FASTENERS_FOREVER); /* later waits are not touched */
    fake_advance_ms(10);
    foreign_releases(NULL);
    expect_outcome(first, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    end_threads();
    use_and_destroy(lock);
}

/* Not from the moment when its thread gets to run. */
static void p18_the_time_counts_though_no_thread_runs(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fasteners_ipc_wait *wait = begin(lock, 70);
    fake_set_clock(fst_os_now() + 50 * FST_NS_PER_MS);
    fake_advance_ms(22);
    assert_true(is_over(wait));
    expect_outcome(wait, FASTENERS_TIMED_OUT);
    end_threads();
    foreign_releases(NULL);
    use_and_destroy(lock);
}

static void p12_who_finished_does_not_wait_for_itself(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);
    fasteners_ipc_rwlock *rwlock = make_rwlock(NULL);

    (void)state;
    expect_outcome(begin_write(rwlock, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_WOULD_DEADLOCK);
    expect_unwrite(rwlock, FASTENERS_OK);
    expect_outcome(begin(lock, FASTENERS_FOREVER), FASTENERS_OK);
    fake_delete(PATH); /* so that the path does not tell */
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_rwlock_destroy(rwlock);
}

static void p18_abandon(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    fasteners_ipc_wait_abandon(NULL);
    abandon(begin(lock, FASTENERS_FOREVER)); /* got at once */
    assert_int_equal(fake_locks(), 0);
    foreign_takes_lock(NULL);
    abandon(begin(lock, FASTENERS_FOREVER)); /* has not run yet */
    fasteners_ipc_wait *wait = begin(lock, FASTENERS_FOREVER);
    fake_advance_ms(10);
    abandon(wait);
    assert_int_equal(fake_elapsed_ms(), 10);
    wait = begin(lock, FASTENERS_FOREVER);
    fake_at_ms(20, foreign_releases, NULL);
    fake_advance_ms(20);
    assert_true(fake_we_lock(PATH, 0));
    abandon(wait); /* got meanwhile */
    assert_int_equal(fake_locks(), 0);
    end_threads();
    use_and_destroy(lock);
}

static void p18_abandon_when_the_system_does_not_unlock(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fasteners_ipc_wait *wait = begin(lock, FASTENERS_FOREVER);
    fake_fail(FAKE_UNLOCK, 1, FASTENERS_OS_ERROR, EIO);
    abandon(wait);
    assert_int_equal(fake_locks(), 0);
    assert_int_equal(log_lines(FASTENERS_LOG_ERROR), 1);
    log_clear();
    use_and_destroy(lock);
}

/* An event loop that releases what it holds is no thread that waits for itself. */
static void p18_many_waits_of_one_thread(void **state)
{
    enum { WAITS = 5 };
    fasteners_ipc_lock *lock = make_lock(NULL);
    fasteners_ipc_lock *other = make_lock(NULL);
    fasteners_ipc_wait *waits[WAITS];

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    for (int i = 0; i < WAITS; i++)
        waits[i] = begin(i % 2 == 0 ? lock : other, FASTENERS_FOREVER);
    fake_advance_ms(10);
    for (int i = 0; i < WAITS; i++)
        assert_false(is_over(waits[i]));
    expect_release(lock, FASTENERS_OK);
    for (int done = 0; done < WAITS; done++) {
        int ready = 0, next = 0;
        fake_advance_ms(10);
        for (int i = 0; i < WAITS; i++)
            if (waits[i] != NULL && is_over(waits[i])) {
                ready++;
                next = i;
            }
        assert_int_equal(ready, 1);
        expect_outcome(waits[next], FASTENERS_OK);
        waits[next] = NULL;
        expect_release(next % 2 == 0 ? lock : other, FASTENERS_OK);
    }
    end_threads();
    use_and_destroy(lock);
    use_and_destroy(other);
}

static void p18_another_thread_finishes(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);
    fasteners_ipc_wait *wait = begin(lock, FASTENERS_FOREVER);

    (void)state;
    fake_become_thread(2);
    expect_outcome(wait, FASTENERS_OK);
    fake_become_thread(FAKE_MAIN_THREAD);
    expect_release(lock, FASTENERS_NOT_OWNER);
    fake_become_thread(2);
    expect_release(lock, FASTENERS_OK);
    use_and_destroy(lock);
}

static void p18_the_file_is_the_one_that_the_path_names(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fasteners_ipc_wait *wait = begin(lock, FASTENERS_FOREVER);
    fake_at_ms(100, file_is_replaced, NULL);
    expect_outcome(wait, FASTENERS_OK);
    assert_true(fake_elapsed_ms() <= 1100);
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
    assert_int_equal(log_lines(FASTENERS_LOG_INFO), 1);
    log_clear();
    expect_release(lock, FASTENERS_OK);
    end_threads();
    use_and_destroy(lock);
    foreign_releases(NULL);
}

static void never_sleeps(void *user, int64_t ms)
{
    (void)ms;
    *(bool *)user = true;
}

static void p18_the_sleep_function_is_not_called(void **state)
{
    fasteners_ipc_options options = kept_log();
    bool was_called = false;

    (void)state;
    options.sleep = never_sleeps;
    options.sleep_user = &was_called;
    fasteners_ipc_lock *lock = make_lock(&options);
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fake_at_ms(200, foreign_releases, NULL);
    expect_outcome(begin(lock, FASTENERS_FOREVER), FASTENERS_OK);
    assert_false(was_called);
    assert_true(fake_elapsed_ms() >= 200 && fake_elapsed_ms() <= 300);
    expect_release(lock, FASTENERS_OK);
    end_threads();
    use_and_destroy(lock);
}

/* ------------------------------------------------------------------------ ipc_rwlock -- */

static void r1_begun_readers_share(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fasteners_ipc_wait *first = begin_read(lock, FASTENERS_FOREVER);
    fasteners_ipc_wait *second = begin_read(lock, FASTENERS_FOREVER);
    fasteners_ipc_wait *writer = begin_write(lock, FASTENERS_FOREVER);
    fake_at_ms(10, foreign_releases, NULL);
    fake_advance_ms(20);
    assert_true(is_over(first) && is_over(second) && !is_over(writer));
    expect_outcome(first, FASTENERS_OK);
    expect_outcome(second, FASTENERS_OK); /* the same thread reads twice now */
    expect_unread(lock, FASTENERS_OK);
    fake_advance_ms(10);
    assert_false(is_over(writer));
    expect_unread(lock, FASTENERS_OK);
    expect_outcome(writer, FASTENERS_OK);
    expect_held(lock, false, true);
    expect_unwrite(lock, FASTENERS_OK);
    expect_unwrite(lock, FASTENERS_NOT_OWNER);
    end_threads();
    fasteners_ipc_rwlock_destroy(lock);
}

/* The reader's own hold rests on the file it wrote by. */
static void r3_a_begun_read_of_one_who_downgraded(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_downgrade(lock, FASTENERS_OK);
    expect_outcome(begin_read(lock, FASTENERS_FOREVER), FASTENERS_OK);
    expect_unread(lock, FASTENERS_OK);
    expect_held(lock, true, false);
    expect_unread(lock, FASTENERS_OK);
    assert_int_equal(fake_locks(), 0);
    fasteners_ipc_rwlock_destroy(lock);
}

static void r3_a_begun_write_beside_a_read_of_a_replaced_file(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_replace(PATH);
    expect_outcome(begin_write(lock, FASTENERS_FOREVER), FASTENERS_WOULD_DEADLOCK);
    assert_false(fake_we_lock(PATH, 0));
    assert_true(fasteners_ipc_rwlock_is_reader(lock));
    assert_int_equal(fasteners_ipc_rwlock_release_read(lock), FASTENERS_OK);
    log_clear();
    fasteners_ipc_rwlock_destroy(lock);
}

static void p18_abandon_of_readers_and_writers(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        fasteners_ipc_wait *wait = begin_write(lock, FASTENERS_FOREVER);
        if (fails)
            fake_fail(FAKE_UNLOCK, 1, FASTENERS_OS_ERROR, EIO);
        abandon(wait);
        fake_heal();
        assert_int_equal(fake_locks(), 0);
        wait = begin_read(lock, FASTENERS_FOREVER);
        if (fails)
            fake_fail(FAKE_UNLOCK, 1, FASTENERS_OS_ERROR, EIO);
        abandon(wait);
        fake_heal();
        assert_int_equal(fake_locks(), 0);
        assert_false(fasteners_ipc_rwlock_is_held(lock));
        expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        expect_unwrite(lock, FASTENERS_OK);
    }
    log_clear();
    fasteners_ipc_rwlock_destroy(lock);
}

static void p18_cancel_of_readers_and_writers(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    for (int later = 0; later < 2; later++) {
        fasteners_ipc_wait *reader = begin_read(lock, FASTENERS_FOREVER);
        fasteners_ipc_wait *writer = begin_write(lock, FASTENERS_FOREVER);
        if (later)
            fake_advance_ms(10);
        fasteners_ipc_rwlock_cancel(lock);
        expect_outcome(reader, FASTENERS_CANCELLED);
        expect_outcome(writer, FASTENERS_CANCELLED);
    }
    foreign_releases(NULL);
    end_threads();
    fasteners_ipc_rwlock_destroy(lock);
}

/* ----------------------------------------------------------------------- fork, failures -- */

static void p5_in_a_child_it_is_over(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fasteners_ipc_wait *finished = begin(lock, FASTENERS_FOREVER);
    fasteners_ipc_wait *abandoned = begin(lock, FASTENERS_FOREVER);
    fake_advance_ms(10);
    fake_fork_as_child();
    assert_true(is_over(finished));
    expect_outcome(finished, FASTENERS_CANCELLED);
    abandon(abandoned);
    foreign_releases(NULL);
    fake_parent_exits();
    use_and_destroy(lock);
}

static void p5_in_a_child_what_was_granted_is_the_parents(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);
    fasteners_ipc_wait *wait = begin(lock, FASTENERS_FOREVER);

    (void)state;
    fake_fork_as_child();
    expect_outcome(wait, FASTENERS_CANCELLED);
    assert_true(fake_we_lock(PATH, 0));
    fake_parent_exits();
    use_and_destroy(lock);
}

static void p9_begin_fails_and_leaves_nothing(void **state)
{
    static const fake_operation operations[] = {FAKE_ALLOC, FAKE_EVENT_OPEN, FAKE_THREAD_START};
    static const fasteners_status expected[] = {FASTENERS_NO_MEMORY, FASTENERS_OS_ERROR,
                                                FASTENERS_OS_ERROR};
    fasteners_ipc_lock *lock = make_lock(NULL);
    fasteners_ipc_wait *wait;

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    for (size_t i = 0; i < 3; i++) {
        unsigned blocks = fake_memory_blocks();
        fake_fail(operations[i], 1, FASTENERS_OS_ERROR, EAGAIN);
        assert_int_equal(fasteners_ipc_lock_acquire_begin(lock, 10, &wait), expected[i]);
        assert_null(wait);
        fake_heal();
        assert_int_equal(log_lines(FASTENERS_LOG_ERROR), 1);
        log_clear();
        assert_true(i == 2 || fake_memory_blocks() == blocks);
        assert_int_equal(fake_events(), 0);
    }
    wait = begin(lock, FASTENERS_FOREVER); /* nobody is left before it in the queue */
    fake_advance_ms(10);
    foreign_releases(NULL);
    expect_outcome(wait, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    end_threads();
    use_and_destroy(lock);
}

static void p9_the_outcome_can_be_an_error(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_directory(PATH);
    expect_outcome(begin(lock, FASTENERS_FOREVER), FASTENERS_INVALID);
    assert_int_equal(log_lines(FASTENERS_LOG_ERROR), 1);
    assert_true(log_has(FASTENERS_LOG_ERROR, "fasteners_ipc_lock_acquire_begin", PATH, NULL));
    log_clear();
    fasteners_ipc_lock_destroy(lock);
}

static void p9_abandon_logs_what_the_wait_failed_with(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_directory(PATH);
    abandon(begin(lock, FASTENERS_FOREVER));
    assert_true(log_has(FASTENERS_LOG_ERROR, "FASTENERS_INVALID", PATH, NULL));
    log_clear();
    fasteners_ipc_lock_destroy(lock);
}

static void p12_misuse(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);
    fasteners_ipc_wait *wait = NULL;

    (void)state;
    assert_int_equal(fasteners_ipc_lock_acquire_begin(NULL, 0, &wait), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_acquire_begin(lock, 0, NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_acquire_begin(lock, -2, &wait), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read_begin(NULL, 0, &wait), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write_begin(NULL, 0, &wait), FASTENERS_INVALID);
    assert_null(wait);
    assert_int_equal(fasteners_ipc_wait_finish(NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_wait_finish(&wait), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_wait_descriptor(NULL), -1);
    fasteners_ipc_lock_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(p18_what_is_free_needs_no_thread),
        fault_test(p18_the_caller_goes_on_while_it_waits),
        fault_test(p18_the_time_counts_from_begin_on),
        fault_test(p18_cancel_ends_it),
        fault_test(p18_the_time_counts_though_no_thread_runs),
        fault_test(p12_who_finished_does_not_wait_for_itself),
        fault_test(p18_abandon),
        fault_test(p18_abandon_when_the_system_does_not_unlock),
        fault_test(p18_many_waits_of_one_thread),
        fault_test(p18_another_thread_finishes),
        fault_test(p18_the_file_is_the_one_that_the_path_names),
        fault_test(p18_the_sleep_function_is_not_called),
        fault_test(r1_begun_readers_share),
        fault_test(r3_a_begun_read_of_one_who_downgraded),
        fault_test(r3_a_begun_write_beside_a_read_of_a_replaced_file),
        fault_test(p18_abandon_of_readers_and_writers),
        fault_test(p18_cancel_of_readers_and_writers),
        fault_test(p5_in_a_child_it_is_over),
        fault_test(p5_in_a_child_what_was_granted_is_the_parents),
        fault_test(p9_begin_fails_and_leaves_nothing),
        fault_test(p9_the_outcome_can_be_an_error),
        fault_test(p9_abandon_logs_what_the_wait_failed_with),
        fault_test(p12_misuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
