/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/*
 * Readers and writers on systems whose locks belong to the process: there the kernel lets all
 * handles of the process have the lock, and takes it from all of them when one gives it back or
 * closes its descriptor.
 */

static fasteners_ipc_rwlock *one, *two;

static fasteners_ipc_rwlock *make_preferring_writers(void)
{
    fasteners_ipc_options options = kept_log();

    options.preference = FASTENERS_PREFER_WRITERS;
    return make_rwlock(&options);
}

static int set_up(void **state)
{
    (void)fault_set_up(state);
    fake_set_locks_per_process(true);
    one = make_rwlock(NULL);
    two = make_preferring_writers();
    return 0;
}

static void destroy_both(void)
{
    fasteners_ipc_rwlock_destroy(one);
    fasteners_ipc_rwlock_destroy(two);
}

/* Calls by another thread than the main one, which holds nothing then. */
static void read_two_as_thread_2(int64_t timeout_ms, fasteners_status expected)
{
    fake_become_thread(2);
    expect_read(two, timeout_ms, expected);
    fake_become_thread(FAKE_MAIN_THREAD);
}

static void unread_two_as_thread_2(void)
{
    fake_become_thread(2);
    expect_unread(two, FASTENERS_OK);
    fake_become_thread(FAKE_MAIN_THREAD);
}

static void p1_readers_share_and_writers_are_alone(void **state)
{
    (void)state;
    expect_read(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    read_two_as_thread_2(FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_upgrade(one, 20, FASTENERS_TIMED_OUT);
    expect_unread(one, FASTENERS_OK);
    assert_true(fake_we_lock(PATH, 0));
    expect_write(one, 20, FASTENERS_TIMED_OUT);
    unread_two_as_thread_2();
    assert_false(fake_we_lock(PATH, 0));
    expect_write(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    read_two_as_thread_2(20, FASTENERS_TIMED_OUT);
    expect_downgrade(one, FASTENERS_OK);
    read_two_as_thread_2(FASTENERS_NO_WAIT, FASTENERS_OK);
    unread_two_as_thread_2();
    assert_true(fake_we_lock(PATH, 0));
    expect_unread(one, FASTENERS_OK);
    assert_int_equal(fake_locks(), 0);
    destroy_both();
}

static void p4_the_end_of_a_reading_handle_leaves_the_other(void **state)
{
    (void)state;
    expect_read(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    read_two_as_thread_2(FASTENERS_NO_WAIT, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(two);
    assert_true(fake_we_lock(PATH, 0));
    assert_int_equal(fasteners_ipc_rwlock_check(one), FASTENERS_OK);
    expect_unread(one, FASTENERS_OK);
    assert_int_equal(fake_locks(), 0);
    fasteners_ipc_rwlock_destroy(one);
}

static void p9_a_refused_release_keeps_the_read(void **state)
{
    (void)state;
    expect_read(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_UNLOCK, 1, FASTENERS_OS_ERROR, EIO);
    expect_unread(one, FASTENERS_OS_ERROR);
    expect_held(one, true, false);
    read_two_as_thread_2(FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_UNLOCK, 1, FASTENERS_OS_ERROR, EIO);
    unread_two_as_thread_2(); /* the lock stays for the other one: nothing is asked */
    fake_heal();
    expect_unread(one, FASTENERS_OK);
    destroy_both();
}

static fasteners_status joined;

static void thread_3_reads_two(void *unused)
{
    (void)unused;
    fake_become_thread(3);
    joined = fasteners_ipc_rwlock_acquire_read(two, FASTENERS_NO_WAIT);
}

/* Between the decision of the last reader to unlock and the unlocking nobody may join. */
static void p1_nobody_joins_what_is_about_to_go(void **state)
{
    (void)state;
    expect_read(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_before(FAKE_UNLOCK, 1, thread_3_reads_two, NULL);
    expect_unread(one, FASTENERS_OK);
    assert_int_equal(fake_we_lock(PATH, 0), joined == FASTENERS_OK);
    destroy_both();
}

typedef struct waiter {
    fasteners_ipc_rwlock *lock;
    fasteners_status status;
    int64_t got_ms, ended_ms;
} waiter;

static void read_for_5_ms(void *argument)
{
    waiter *w = argument;

    w->status = fasteners_ipc_rwlock_acquire_read(w->lock, FASTENERS_FOREVER);
    w->got_ms = fake_elapsed_ms();
    if (w->status != FASTENERS_OK)
        return;
    fake_advance_ms(5);
    w->status = fasteners_ipc_rwlock_check(w->lock);
    if (!fake_we_lock(PATH, 0))
        w->status = FASTENERS_LOST;
    (void)fasteners_ipc_rwlock_release_read(w->lock);
    w->ended_ms = fake_elapsed_ms();
}

/*
 * A writer elsewhere has the gate and waits for this process's readers; a reader of another handle
 * stands behind it. When the last reader goes, the lock goes too: who waits at the gate keeps
 * nothing locked that the writer waits for.
 */
static void r2_a_reader_at_the_gate_relies_on_nobodys_lock(void **state)
{
    waiter w = {.lock = two};

    (void)state;
    expect_read(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    foreign_takes_gate(NULL);
    fake_foreign_queue(PATH, FOREIGN_PID, LOCK_BYTE, 20); /* releases all it has, 20 ms later */
    fake_thread_start(read_for_5_ms, &w);
    fake_advance_ms(10);
    expect_unread(one, FASTENERS_OK);
    assert_true(fake_foreign_has(PATH, FOREIGN_PID, 0));
    fake_threads_join();
    assert_int_equal(w.status, FASTENERS_OK);
    assert_int_equal(w.got_ms, 30);
    destroy_both();
}

static void one_is_cancelled(void *unused)
{
    (void)unused;
    fasteners_ipc_rwlock_cancel(one);
}

/* Both wait for a writer elsewhere; what one gives up is not taken from the other. */
static void p10_a_cancelled_reader_takes_nothing_from_another(void **state)
{
    waiter w[2] = {{.lock = one}, {.lock = two}};

    (void)state;
    fake_make_file(PATH);
    for (int first = 0; first < 2; first++) {
        foreign_takes_lock(NULL);
        fake_thread_start(read_for_5_ms, &w[first]);
        fake_thread_start(read_for_5_ms, &w[1 - first]);
        fake_advance_ms(10);
        fake_before(FAKE_ABANDON, 1, foreign_releases, NULL);
        fake_at_ms(fake_elapsed_ms() + 5, foreign_releases, NULL);
        one_is_cancelled(NULL);
        fake_threads_join();
        fake_heal();
        foreign_releases(NULL);
        assert_int_equal(w[0].status, FASTENERS_CANCELLED);
        assert_int_equal(w[1].status, FASTENERS_OK);
        assert_int_equal(fake_locks(), 0);
    }
    destroy_both();
}

static bool armed;

/* `two` has just found the lock busy: now `one` reads and leaves, and `two` is cancelled. */
static void one_comes_and_goes(void *unused)
{
    (void)unused;
    if (!armed)
        return;
    armed = false;
    foreign_releases(NULL);
    fake_become_thread(3);
    if (fasteners_ipc_rwlock_acquire_read(one, FASTENERS_NO_WAIT) == FASTENERS_OK)
        (void)fasteners_ipc_rwlock_release_read(one);
    fasteners_ipc_rwlock_cancel(two);
}

static void arm(void *unused)
{
    (void)unused;
    armed = true;
}

static void p10_nothing_is_left_to_one_who_gives_up(void **state)
{
    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    armed = false;
    fake_fail(FAKE_BEGIN, 0, FASTENERS_NOT_SUPPORTED, EAGAIN); /* so that it polls */
    fake_before(FAKE_PATH_ID, 0, one_comes_and_goes, NULL);
    fake_at_ms(10, arm, NULL);
    expect_read(two, FASTENERS_FOREVER, FASTENERS_CANCELLED);
    fake_heal();
    assert_int_equal(fake_locks(), 0);
    destroy_both();
}

/* Several handles read as soon as the writer elsewhere has gone, at the same time. */
static void r1_waiting_handles_read_together(void **state)
{
    waiter w[2] = {{.lock = one}, {.lock = two}};

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fake_at_ms(40, foreign_releases, NULL);
    fake_thread_start(read_for_5_ms, &w[0]);
    fake_thread_start(read_for_5_ms, &w[1]);
    fake_threads_join();
    for (int i = 0; i < 2; i++) {
        assert_int_equal(w[i].status, FASTENERS_OK);
        assert_int_equal(w[i].got_ms, 40);
        assert_int_equal(w[i].ended_ms, 45);
    }
    destroy_both();
}

static void r4_downgrade_lets_other_handles_in(void **state)
{
    waiter w = {.lock = two};

    (void)state;
    expect_write(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_thread_start(read_for_5_ms, &w);
    fake_advance_ms(10);
    expect_downgrade(one, FASTENERS_OK);
    fake_threads_join();
    assert_int_equal(w.status, FASTENERS_OK);
    assert_int_equal(w.got_ms, 10);
    destroy_both();
}

static void upgrade_for_ever(void *argument)
{
    waiter *w = argument;

    (void)!fasteners_ipc_rwlock_acquire_read(w->lock, FASTENERS_FOREVER);
    w->status = fasteners_ipc_rwlock_upgrade(w->lock, FASTENERS_FOREVER);
    w->got_ms = fake_elapsed_ms();
    (void)fasteners_ipc_rwlock_release_write(w->lock);
}

/* The upgrader's byte is the process's: a reader that passes the gate must not take it away. */
static void r4_a_reader_at_the_gate_leaves_the_intent_alone(void **state)
{
    waiter up = {.lock = one};
    waiter w = {.lock = two};

    (void)state;
    fake_make_file(PATH);
    foreign_reads(NULL);
    fake_foreign_lock(PATH, 5000, FST_EXCLUSIVE, GATE_BYTE);
    fake_thread_start(read_for_5_ms, &w); /* stands at the gate */
    fake_thread_start(upgrade_for_ever, &up);
    fake_advance_ms(10);
    assert_true(fake_we_lock_alone(PATH, 2));
    fake_foreign_release(5000);
    fake_advance_ms(1);
    assert_true(fake_we_lock_alone(PATH, 2));
    fake_at_ms(50, foreign_releases, NULL);
    fake_threads_join();
    assert_int_equal(up.status, FASTENERS_OK);
    assert_int_equal(w.status, FASTENERS_OK);
    destroy_both();
}

/* In one process the table refuses the second: the byte does not keep the process from itself. */
static void r4_the_second_handle_is_refused(void **state)
{
    (void)state;
    expect_read(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    read_two_as_thread_2(FASTENERS_NO_WAIT, FASTENERS_OK);
    waiter up = {.lock = one};
    fake_thread_start(upgrade_for_ever, &up);
    expect_unread(one, FASTENERS_OK);
    fake_advance_ms(10); /* it waits for thread 2 */
    fake_become_thread(2);
    assert_int_equal(fasteners_ipc_rwlock_upgrade(two, FASTENERS_FOREVER),
                     FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(fasteners_ipc_rwlock_release_read(two), FASTENERS_OK);
    /* Who lets writers go first stays behind the upgrader until it is done. */
    expect_read(two, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(up.status, FASTENERS_OK);
    fake_threads_join();
    destroy_both();
}

static void r2_a_waiting_writer_of_another_handle(void **state)
{
    fasteners_ipc_rwlock *third = make_rwlock(NULL);

    (void)state;
    expect_read(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_become_thread(3);
    fake_at_ms(30, one_is_cancelled, NULL);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write(one, FASTENERS_FOREVER),
                     FASTENERS_CANCELLED);
    fake_become_thread(2);
    expect_read(third, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_unread(third, FASTENERS_OK);
    fake_become_thread(FAKE_MAIN_THREAD);
    fasteners_ipc_rwlock_destroy(third);
    destroy_both();
}

/* The kernel does not show a process its own locks here, and shows those of others. */
static void p15_own_readers_are_told_as_readers(void **state)
{
    fasteners_holder found[] = {FASTENERS_HOLDER_INIT, FASTENERS_HOLDER_INIT};
    size_t count;

    (void)state;
    expect_read(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_foreign_lock(PATH, FOREIGN_PID, FST_SHARED, LOCK_BYTE);
    assert_int_equal(fasteners_ipc_rwlock_holders(two, found, 2, &count), FASTENERS_OK);
    assert_int_equal(count, 2);
    assert_string_equal(found[0].program, "self");
    assert_true(found[0].shared);
    assert_int_equal(found[1].pid, FOREIGN_PID);
    assert_true(found[1].shared);
    fake_foreign_release(FOREIGN_PID);
    assert_int_equal(fasteners_ipc_rwlock_holders(two, found, 2, &count), FASTENERS_OK);
    assert_int_equal(count, 1);
    expect_unread(one, FASTENERS_OK);
    expect_write(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_holder(two, &found[0]), FASTENERS_OK);
    assert_false(found[0].shared);
    expect_unwrite(one, FASTENERS_OK);
    destroy_both();
}

#define per_process_test(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, set_up, fault_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        per_process_test(p1_readers_share_and_writers_are_alone),
        per_process_test(p4_the_end_of_a_reading_handle_leaves_the_other),
        per_process_test(p9_a_refused_release_keeps_the_read),
        per_process_test(p1_nobody_joins_what_is_about_to_go),
        per_process_test(r4_downgrade_lets_other_handles_in),
        per_process_test(r2_a_reader_at_the_gate_relies_on_nobodys_lock),
        per_process_test(p10_a_cancelled_reader_takes_nothing_from_another),
        per_process_test(p10_nothing_is_left_to_one_who_gives_up),
        per_process_test(r1_waiting_handles_read_together),
        per_process_test(r4_a_reader_at_the_gate_leaves_the_intent_alone),
        per_process_test(r4_the_second_handle_is_refused),
        per_process_test(r2_a_waiting_writer_of_another_handle),
        per_process_test(p15_own_readers_are_told_as_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
