/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/* P10: waiting in the kernel's queue, the races at its end, and polling where there is no queue. */

#define NS_PER_MS INT64_C(1000000)

/* A handle on a file that FOREIGN_PID has locked. */
static fasteners_ipc_lock *make_contended(const fasteners_ipc_options *options)
{
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    return make_lock(options);
}

static void end_contended(fasteners_ipc_lock *lock)
{
    foreign_releases(NULL);
    fake_heal();
    assert_int_equal(fake_locks(), 0);
    use_and_destroy(lock);
}

static void release_and_destroy(fasteners_ipc_lock *lock)
{
    expect_release(lock, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

/* --------------------------------------------------------------------- in the queue -- */

static void p10_the_release_of_the_holder_ends_the_wait(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    fake_at_ms(30, foreign_releases, NULL);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ns(), 30 * NS_PER_MS);
    assert_int_equal(log_lines(FASTENERS_LOG_WARNING), 0);
    release_and_destroy(lock);
}

static void p10_waiting_does_not_poll(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    expect_acquire(lock, 10, FASTENERS_TIMED_OUT);
    unsigned tries = fake_calls(FAKE_LOCK_TRY);
    expect_acquire(lock, 3600000, FASTENERS_TIMED_OUT);
    assert_int_equal(fake_calls(FAKE_LOCK_TRY), 2 * tries);
    assert_int_equal(fake_calls(FAKE_BEGIN), 2);
    end_contended(lock);
}

static void p10_time_outs_are_exact(void **state)
{
    static const int64_t timeouts[] = {1, 2, 10, 999, 1000, 1001, 1999, 60000, 86400000};
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        int64_t before = fake_elapsed_ns();
        expect_acquire(lock, timeouts[i], FASTENERS_TIMED_OUT);
        assert_int_equal(fake_elapsed_ns() - before, timeouts[i] * NS_PER_MS);
        assert_true(fake_foreign_has(PATH, FOREIGN_PID, 0));
    }
    end_contended(lock);
}

static void p10_no_wait_does_not_wait(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    assert_int_equal(fake_elapsed_ns(), 0);
    assert_int_equal(fake_calls(FAKE_LOCK_TRY), 1);
    assert_int_equal(fake_calls(FAKE_BEGIN), 0);
    end_contended(lock);
}

/* The clock is near its end: the deadline saturates instead of wrapping round. */
static void p10_a_time_out_beyond_the_end_of_the_clock(void **state)
{
    fasteners_ipc_lock *lock;

    (void)state;
    fake_set_clock(INT64_MAX - 5000 * NS_PER_MS);
    lock = make_contended(NULL);
    fake_at_ms(2000, foreign_releases, NULL);
    expect_acquire(lock, INT64_MAX, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 2000);
    release_and_destroy(lock);
}

static void p10_wake_ups_for_no_reason_are_slept_through(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    for (unsigned n = 1; n <= 5; n++)
        fake_fail(FAKE_PARK, n, FASTENERS_OK, 0);
    expect_acquire(lock, 50, FASTENERS_TIMED_OUT);
    assert_int_equal(fake_elapsed_ns(), 50 * NS_PER_MS);
    end_contended(lock);
}

static void p10_waiters_come_behind_those_who_were_there_before(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    fake_foreign_queue(PATH, 5000, LOCK_BYTE, 40);
    fake_at_ms(30, foreign_releases, NULL);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 70);
    release_and_destroy(lock);
}

/* The queued request is gone: a later release grants nothing to nobody. */
static void p10_a_wait_given_up_leaves_no_request_behind(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    expect_acquire(lock, 20, FASTENERS_TIMED_OUT);
    foreign_releases(NULL);
    fake_advance_ms(10);
    assert_int_equal(fake_locks(), 0);
    end_contended(lock);
}

/* ------------------------------------------------------------------------- the races -- */

static void p10_granted_at_the_very_deadline(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    fake_set_done_delay_ms(5);
    fake_at_ms(20, foreign_releases, NULL);
    expect_acquire(lock, 20, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 20);
    assert_int_equal(fake_calls(FAKE_ABANDON), 1);
    release_and_destroy(lock);
}

static void p10_granted_while_the_wait_is_given_up(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    for (int done_in_abandon = 0; done_in_abandon < 2; done_in_abandon++) {
        fake_set_done_in_abandon(done_in_abandon);
        fake_before(FAKE_ABANDON, 1, foreign_releases, NULL);
        expect_acquire(lock, 20, FASTENERS_OK);
        expect_release(lock, FASTENERS_OK);
        foreign_takes_lock(NULL);
    }
    end_contended(lock);
}

static void p10_not_granted_though_done_comes_in_abandon(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    fake_set_done_in_abandon(true);
    expect_acquire(lock, 20, FASTENERS_TIMED_OUT);
    expect_acquire(lock, 20, FASTENERS_TIMED_OUT);
    assert_int_equal(fake_elapsed_ms(), 40);
    end_contended(lock);
}

static void p10_cancel_ends_the_wait_at_once(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    fake_at_ms(50, handle_is_cancelled, lock);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_CANCELLED);
    assert_int_equal(fake_elapsed_ns(), 50 * NS_PER_MS);
    end_contended(lock);
}

/*
 * Either is right, but held and OK go together (expect_acquire sees to that), and nothing stays
 * locked.
 */
static void p10_granted_while_the_wait_is_cancelled(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    fake_at_ms(50, handle_is_cancelled, lock);
    fake_before(FAKE_ABANDON, 1, foreign_releases, NULL);
    fasteners_status status = fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER);
    assert_true(status == FASTENERS_OK || status == FASTENERS_CANCELLED);
    assert_int_equal(fasteners_ipc_lock_is_held(lock), status == FASTENERS_OK);
    assert_int_equal(fake_we_lock(PATH, 0), status == FASTENERS_OK);
    /* Not by closing: another process may have a copy of the descriptor, while it is started. */
    assert_int_equal(fake_calls(FAKE_UNLOCK), status == FASTENERS_CANCELLED);
    if (status == FASTENERS_OK)
        expect_release(lock, FASTENERS_OK);
    end_contended(lock);
}

static void p10_cancelled_but_the_late_grant_cannot_be_given_back(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    fake_at_ms(50, handle_is_cancelled, lock);
    fake_before(FAKE_ABANDON, 1, foreign_releases, NULL);
    fake_fail(FAKE_UNLOCK, 1, FASTENERS_OS_ERROR, EIO);
    fasteners_status status = fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER);
    assert_int_equal(fasteners_ipc_lock_is_held(lock), status == FASTENERS_OK);
    assert_int_equal(fake_we_lock(PATH, 0), status == FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static void p10_cancel_does_not_touch_later_waits(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    fasteners_ipc_lock_cancel(lock);
    expect_acquire(lock, 20, FASTENERS_TIMED_OUT);
    fake_at_ms(30, handle_is_cancelled, lock);
    expect_acquire(lock, 100, FASTENERS_CANCELLED);
    expect_acquire(lock, 20, FASTENERS_TIMED_OUT);
    end_contended(lock);
}

/* The wait is over: there is nobody to be told any more. */
static void p10_cancel_forgets_who_has_waited(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    expect_acquire(lock, 20, FASTENERS_TIMED_OUT);
    fake_at_ms(30, foreign_releases, NULL);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    unsigned unparks = fake_calls(FAKE_UNPARK);
    fasteners_ipc_lock_cancel(lock);
    assert_int_equal(fake_calls(FAKE_UNPARK), unparks);
    release_and_destroy(lock);
}

/* The upgrade is among those that a cancel finds; but NO_WAIT never waits. */
static void p10_cancel_leaves_an_upgrade_without_wait_alone(void **state)
{
    fasteners_ipc_rwlock *lock;

    (void)state;
    assert_int_equal(fasteners_ipc_rwlock_create(&lock, PATH, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    fake_before(FAKE_LOCK_TRY, 1, rwlock_is_cancelled, lock);
    assert_int_equal(fasteners_ipc_rwlock_upgrade(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_true(fasteners_ipc_rwlock_is_writer(lock));
    assert_int_equal(fasteners_ipc_rwlock_release_write(lock), FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

static void p10_cancel_leaves_the_holder_alone(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    fasteners_ipc_lock_cancel(lock);
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
    release_and_destroy(lock);
}

typedef struct waiters {
    fasteners_ipc_lock *lock;
    int64_t timeout_ms;
    fasteners_status statuses[4];
    int64_t ended_ms[4];
    int ended;
} waiters;

static void wait_and_release(void *argument)
{
    waiters *w = argument;
    fasteners_status status = fasteners_ipc_lock_acquire(w->lock, w->timeout_ms);

    w->ended_ms[w->ended] = fake_elapsed_ms();
    w->statuses[w->ended++] = status;
    if (status == FASTENERS_OK && fasteners_ipc_lock_release(w->lock) != FASTENERS_OK)
        w->statuses[w->ended - 1] = FASTENERS_INVALID;
}

static void expect_all_ended(const waiters *w, int count, fasteners_status status, int64_t ms)
{
    assert_int_equal(w->ended, count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(w->statuses[i], status);
        assert_int_equal(w->ended_ms[i], ms);
    }
}

static void start_waiters(waiters *w, int count)
{
    for (int i = 0; i < count; i++)
        fake_thread_start(wait_and_release, w);
}

static void p10_cancel_ends_every_wait_of_the_handle(void **state)
{
    waiters w = {.lock = make_contended(NULL), .timeout_ms = FASTENERS_FOREVER};

    (void)state;
    start_waiters(&w, 4);
    fake_at_ms(50, handle_is_cancelled, w.lock);
    fake_threads_join();
    expect_all_ended(&w, 4, FASTENERS_CANCELLED, 50);
    end_contended(w.lock);
}

static void p10_every_thread_of_the_handle_times_out_on_time(void **state)
{
    waiters w = {.lock = make_contended(NULL), .timeout_ms = 70};

    (void)state;
    start_waiters(&w, 4);
    fake_threads_join();
    expect_all_ended(&w, 4, FASTENERS_TIMED_OUT, 70);
    end_contended(w.lock);
}

static void p10_one_release_serves_all_threads_of_the_handle(void **state)
{
    waiters w = {.lock = make_contended(NULL), .timeout_ms = FASTENERS_FOREVER};

    (void)state;
    start_waiters(&w, 4);
    fake_at_ms(50, foreign_releases, NULL);
    fake_threads_join();
    expect_all_ended(&w, 4, FASTENERS_OK, 50);
    end_contended(w.lock);
}

static void main_thread_releases(void *lock)
{
    fake_become_thread(FAKE_MAIN_THREAD);
    (void)fasteners_ipc_lock_release(lock);
}

/* The handle is held by another thread of this process, not by another process. */
static void p10_waiting_for_another_thread(void **state)
{
    waiters w = {.lock = make_lock(NULL), .timeout_ms = 100};

    (void)state;
    expect_acquire(w.lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    start_waiters(&w, 2);
    fake_at_ms(60, main_thread_releases, w.lock);
    fake_threads_join();
    expect_all_ended(&w, 2, FASTENERS_OK, 60);
    end_contended(w.lock);
}

static void p10_waiting_for_another_thread_in_vain(void **state)
{
    waiters w = {.lock = make_lock(NULL), .timeout_ms = 100};

    (void)state;
    expect_acquire(w.lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    start_waiters(&w, 2);
    fake_threads_join();
    expect_all_ended(&w, 2, FASTENERS_TIMED_OUT, 100);
    assert_int_equal(fasteners_ipc_lock_check(w.lock), FASTENERS_OK);
    release_and_destroy(w.lock);
}

/* ---------------------------------------------------------------------------- polling -- */

enum { TRIES_MAX = 64 };

static struct {
    int64_t at_ms[TRIES_MAX];
    int count;
} tries;

static void note_try(void *unused)
{
    (void)unused;
    if (tries.count < TRIES_MAX)
        tries.at_ms[tries.count++] = fake_elapsed_ms();
}

/*
 * The tries after the first ones, all at time 0, came after 1, 2, ... times the delay, and `max`
 * from then on.
 */
static void expect_back_off(int64_t delay_ms, int64_t max_ms)
{
    int i = 0;
    int64_t at = 0;

    while (i < tries.count && tries.at_ms[i] == 0)
        i++;
    assert_true(tries.count - i >= 5);
    for (int64_t n = 1; i < tries.count; i++, n++) {
        at += n * delay_ms < max_ms ? n * delay_ms : max_ms;
        assert_int_equal(tries.at_ms[i], at);
    }
}

static void note_tries(void)
{
    tries.count = 0;
    fake_before(FAKE_LOCK_TRY, 0, note_try, NULL);
}

static void p10_polls_with_back_off_where_the_kernel_cannot_queue(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    fake_fail(FAKE_BEGIN, 0, FASTENERS_NOT_SUPPORTED, EAGAIN);
    note_tries();
    fake_at_ms(299, foreign_releases, NULL);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    expect_back_off(1, 20);
    assert_int_equal(log_lines(FASTENERS_LOG_WARNING), 1);
    assert_true(log_has(FASTENERS_LOG_WARNING, "fasteners_ipc_lock_acquire", PATH, "poll"));
    release_and_destroy(lock);
}

static void another_one_queues_for_30_ms(void *unused)
{
    (void)unused;
    fake_foreign_queue(PATH, 5000, LOCK_BYTE, 30);
}

static void p10_polls_where_the_kernel_sees_a_deadlock_that_is_none(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    fake_fail(FAKE_FINISH, 1, FASTENERS_BUSY, EDEADLK);
    fake_at_ms(5, another_one_queues_for_30_ms, NULL);
    fake_at_ms(10, foreign_releases, NULL);
    expect_acquire(lock, 1000, FASTENERS_OK);
    assert_in_range(fake_elapsed_ms(), 40, 60);
    assert_int_equal(log_lines(FASTENERS_LOG_WARNING), 1);
    assert_int_equal(fasteners_ipc_lock_os_error(lock), 0);
    release_and_destroy(lock);
}

static void p10_time_outs_and_cancels_of_a_wait_that_polls(void **state)
{
    fasteners_ipc_lock *lock = make_contended(NULL);

    (void)state;
    fake_fail(FAKE_BEGIN, 0, FASTENERS_NOT_SUPPORTED, EAGAIN);
    expect_acquire(lock, 333, FASTENERS_TIMED_OUT);
    assert_int_equal(fake_elapsed_ns(), 333 * NS_PER_MS);
    fake_at_ms(400, handle_is_cancelled, lock);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_CANCELLED);
    assert_int_equal(fake_elapsed_ns(), 400 * NS_PER_MS);
    end_contended(lock);
}

static void p10_polls_as_asked_for(void **state)
{
    fasteners_ipc_options options = kept_log();

    (void)state;
    options.delay_ms = 10;
    options.max_delay_ms = 50;
    fasteners_ipc_lock *lock = make_contended(&options);
    note_tries();
    fake_at_ms(1000, foreign_releases, NULL);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    expect_back_off(10, 50);
    assert_int_equal(fake_calls(FAKE_BEGIN), 0);
    assert_int_equal(log_lines(FASTENERS_LOG_WARNING), 0);
    release_and_destroy(lock);
}

/* However long the delay, cancel and the deadline end it. */
static void p10_a_delay_without_end(void **state)
{
    fasteners_ipc_options options = kept_log();

    (void)state;
    options.delay_ms = options.max_delay_ms = INT64_MAX;
    fasteners_ipc_lock *lock = make_contended(&options);
    expect_acquire(lock, 20, FASTENERS_TIMED_OUT);
    assert_int_equal(fake_elapsed_ms(), 20);
    fake_at_ms(100, handle_is_cancelled, lock);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_CANCELLED);
    assert_int_equal(fake_elapsed_ms(), 100);
    end_contended(lock);
}

static struct {
    int64_t ms[TRIES_MAX];
    int count;
} sleeps;

static void sleep_by_the_clock(void *user, int64_t ms)
{
    assert_ptr_equal(user, &sleeps);
    assert_true(sleeps.count < TRIES_MAX);
    sleeps.ms[sleeps.count++] = ms;
    fake_advance_ms(ms);
}

static fasteners_ipc_options with_sleep(void)
{
    fasteners_ipc_options options = kept_log();

    sleeps.count = 0;
    options.sleep = sleep_by_the_clock;
    options.sleep_user = &sleeps;
    return options;
}

static void p10_sleeps_through_the_hook(void **state)
{
    static const int64_t expected[] = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 100, 1};
    fasteners_ipc_options options = with_sleep();
    fasteners_ipc_lock *lock = make_contended(&options);

    (void)state;
    expect_acquire(lock, 651, FASTENERS_TIMED_OUT);
    assert_int_equal(fake_elapsed_ns(), 651 * NS_PER_MS);
    assert_int_equal(sleeps.count, 12);
    for (int i = 0; i < sleeps.count; i++)
        assert_int_equal(sleeps.ms[i], expected[i]);
    assert_int_equal(fake_calls(FAKE_PARK), 0);
    end_contended(lock);
}

static void p10_cancel_after_the_hook_has_slept(void **state)
{
    fasteners_ipc_options options = with_sleep();
    fasteners_ipc_lock *lock = make_contended(&options);

    (void)state;
    fake_at_ms(15, handle_is_cancelled, lock);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_CANCELLED);
    assert_int_equal(fake_elapsed_ms(), 30);
    end_contended(lock);
}

static void sleep_and_use_the_lock(void *user, int64_t ms)
{
    fasteners_ipc_lock *lock = *(fasteners_ipc_lock **)user;
    fasteners_holder holder = FASTENERS_HOLDER_INIT;

    assert_false(fasteners_ipc_lock_is_held(lock));
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_NOT_OWNER);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_NOT_OWNER);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_OK);
    fake_advance_ms(ms);
    fasteners_ipc_lock_cancel(lock);
}

/* Called with no internal mutex held: anything but waiting for oneself works inside. */
static void p10_the_hook_may_use_the_lock(void **state)
{
    fasteners_ipc_options options = kept_log();
    fasteners_ipc_lock *lock;

    (void)state;
    options.sleep = sleep_and_use_the_lock;
    options.sleep_user = &lock;
    lock = make_contended(&options);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_CANCELLED);
    end_contended(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(p10_the_release_of_the_holder_ends_the_wait),
        fault_test(p10_waiting_does_not_poll),
        fault_test(p10_time_outs_are_exact),
        fault_test(p10_no_wait_does_not_wait),
        fault_test(p10_a_time_out_beyond_the_end_of_the_clock),
        fault_test(p10_wake_ups_for_no_reason_are_slept_through),
        fault_test(p10_waiters_come_behind_those_who_were_there_before),
        fault_test(p10_a_wait_given_up_leaves_no_request_behind),
        fault_test(p10_granted_at_the_very_deadline),
        fault_test(p10_granted_while_the_wait_is_given_up),
        fault_test(p10_not_granted_though_done_comes_in_abandon),
        fault_test(p10_cancel_ends_the_wait_at_once),
        fault_test(p10_granted_while_the_wait_is_cancelled),
        fault_test(p10_cancelled_but_the_late_grant_cannot_be_given_back),
        fault_test(p10_cancel_does_not_touch_later_waits),
        fault_test(p10_cancel_forgets_who_has_waited),
        fault_test(p10_cancel_leaves_an_upgrade_without_wait_alone),
        fault_test(p10_cancel_leaves_the_holder_alone),
        fault_test(p10_cancel_ends_every_wait_of_the_handle),
        fault_test(p10_every_thread_of_the_handle_times_out_on_time),
        fault_test(p10_one_release_serves_all_threads_of_the_handle),
        fault_test(p10_waiting_for_another_thread),
        fault_test(p10_waiting_for_another_thread_in_vain),
        fault_test(p10_polls_with_back_off_where_the_kernel_cannot_queue),
        fault_test(p10_polls_where_the_kernel_sees_a_deadlock_that_is_none),
        fault_test(p10_time_outs_and_cancels_of_a_wait_that_polls),
        fault_test(p10_polls_as_asked_for),
        fault_test(p10_a_delay_without_end),
        fault_test(p10_sleeps_through_the_hook),
        fault_test(p10_cancel_after_the_hook_has_slept),
        fault_test(p10_the_hook_may_use_the_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
