/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/* R4: upgrade and downgrade, and P10 for the wait of an upgrade. */

/* A reading process elsewhere that leaves at that time. */
static void foreign_reads_until(int64_t ms)
{
    foreign_reads(NULL);
    fake_at_ms(ms, foreign_releases, NULL);
}

static void r4_upgrade_waits_for_readers_elsewhere(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    foreign_reads_until(50);
    expect_upgrade(lock, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    expect_upgrade(lock, 20, FASTENERS_TIMED_OUT);
    assert_int_equal(fake_elapsed_ms(), 20);
    expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 50);
    expect_held(lock, false, true);
    expect_downgrade(lock, FASTENERS_OK);
    foreign_reads(NULL);
    foreign_releases(NULL);
    fasteners_ipc_rwlock_destroy(lock);
}

static void foreign_writer_must_fail(void *unused)
{
    (void)unused;
    assert_true(fake_we_lock(PATH, 0));
}

/* At every call of the system the lock is held, be it shared: nobody can write in between. */
static void r4_no_moment_without_a_lock(void **state)
{
    static const fake_operation operations[] = {FAKE_LOCK_TRY, FAKE_LOCK_TEST, FAKE_UNLOCK,
                                                FAKE_BEGIN,    FAKE_FINISH,    FAKE_ABANDON,
                                                FAKE_PATH_ID,  FAKE_FILE_ID,   FAKE_PARK};

    for (int per_process = 0; per_process < 2; per_process++) {
        (void)fault_set_up(state);
        fake_set_locks_per_process(per_process);
        fasteners_ipc_rwlock *lock = make_rwlock(NULL);
        expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
            fake_before(operations[i], 0, foreign_writer_must_fail, NULL);
        foreign_reads_until(50);
        expect_upgrade(lock, 20, FASTENERS_TIMED_OUT);
        fake_at_ms(30, rwlock_is_cancelled, lock);
        expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_CANCELLED);
        expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_OK);
        expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        expect_unwrite(lock, FASTENERS_OK);
        fake_heal();
        fasteners_ipc_rwlock_destroy(lock);
        assert_int_equal(fault_tear_down(state), 0);
    }
}

/* The grant comes together with the cancel: whichever it is, the read was never given back. */
static void r4_granted_while_the_upgrade_is_cancelled(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    foreign_reads(NULL);
    fake_at_ms(30, rwlock_is_cancelled, lock);
    fake_before(FAKE_ABANDON, 1, foreign_releases, NULL);
    fake_before(FAKE_LOCK_TRY, 0, foreign_writer_must_fail, NULL);
    fake_before(FAKE_UNLOCK, 0, foreign_writer_must_fail, NULL);
    expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_CANCELLED);
    fake_heal();
    expect_held(lock, true, false);
    assert_false(fake_we_lock_alone(PATH, 0));
    fasteners_ipc_rwlock_destroy(lock);
}

static void r4_the_second_is_refused_at_once(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    foreign_reads(NULL);
    fake_foreign_lock(PATH, FOREIGN_PID, FST_EXCLUSIVE, INTENT_BYTE);
    expect_upgrade(lock, FASTENERS_NO_WAIT, FASTENERS_WOULD_DEADLOCK);
    expect_upgrade(lock, 50, FASTENERS_WOULD_DEADLOCK);
    expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(fake_elapsed_ms(), 0);
    foreign_releases(NULL);
    expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

static void foreign_upgrades(void *unused)
{
    (void)unused;
    fake_foreign_release(5000);
    fake_foreign_lock(PATH, FOREIGN_PID, FST_EXCLUSIVE, INTENT_BYTE);
}

/* As long as a program reads the whole file, nobody is first; then it turns out. */
static void r4_who_is_first_turns_out_when_the_whole_file_reader_goes(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_foreign_lock(PATH, 5000, FST_SHARED, ALL_BYTES);
    fake_at_ms(100, foreign_upgrades, NULL);
    expect_upgrade(lock, 50, FASTENERS_TIMED_OUT);
    assert_int_equal(fake_elapsed_ms(), 50);
    expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_WOULD_DEADLOCK);
    assert_in_range(fake_elapsed_ms(), 100, 120);
    fasteners_ipc_rwlock_destroy(lock);
}

/* It would wait for the writer that waits for it. */
static void r4_upgrade_does_not_look_at_the_gate(void **state)
{
    fasteners_ipc_options options = kept_log();
    fasteners_ipc_rwlock *lock;

    (void)state;
    options.preference = FASTENERS_PREFER_WRITERS;
    lock = make_rwlock(&options);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    foreign_takes_gate(NULL);
    fake_foreign_queue(PATH, 5000, LOCK_BYTE, 20);
    expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_OK);
    expect_downgrade(lock, FASTENERS_OK);
    assert_false(fake_foreign_has(PATH, 5000, 0));
    expect_unread(lock, FASTENERS_OK);
    assert_true(fake_foreign_has(PATH, 5000, 0));
    fake_foreign_release(5000);
    fasteners_ipc_rwlock_destroy(lock);
}

/* ------------------------------------------------------------- threads of the handle -- */

typedef struct member {
    fasteners_ipc_rwlock *lock;
    int64_t stays_ms;
    fasteners_status upgrade;
} member;

static void stay(void *argument)
{
    const member *m = argument;

    (void)!fasteners_ipc_rwlock_acquire_read(m->lock, FASTENERS_FOREVER);
    fake_advance_ms(m->stays_ms);
    (void)fasteners_ipc_rwlock_release_read(m->lock);
}

static void stay_and_try_to_upgrade(void *argument)
{
    member *m = argument;

    (void)!fasteners_ipc_rwlock_acquire_read(m->lock, FASTENERS_FOREVER);
    fake_advance_ms(m->stays_ms);
    m->upgrade = fasteners_ipc_rwlock_upgrade(m->lock, FASTENERS_FOREVER);
    (void)fasteners_ipc_rwlock_release_read(m->lock);
}

static void r4_upgrade_waits_for_the_threads_of_the_handle(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);
    member m = {.lock = lock, .stays_ms = 60};
    member n = {.lock = lock, .stays_ms = 50};

    (void)state;
    fake_thread_start(stay, &m);
    fake_thread_start(stay_and_try_to_upgrade, &n);
    fake_advance_ms(10);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_upgrade(lock, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    expect_upgrade(lock, 20, FASTENERS_TIMED_OUT);
    assert_int_equal(fake_elapsed_ms(), 30);
    expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 60);
    assert_int_equal(n.upgrade, FASTENERS_WOULD_DEADLOCK);
    fake_threads_join();
    fasteners_ipc_rwlock_destroy(lock);
}

/* While one upgrades nobody joins; a nested read of a member is no joining. */
static void r4_the_group_is_closed_during_an_upgrade(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);
    member m = {.lock = lock, .stays_ms = 50};

    (void)state;
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_thread_start(stay_and_try_to_upgrade, &m);
    m.stays_ms = 0;
    fake_advance_ms(10); /* it waits in upgrade for this thread */
    fake_become_thread(2);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, 10), FASTENERS_TIMED_OUT);
    fake_become_thread(FAKE_MAIN_THREAD);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    expect_unread(lock, FASTENERS_OK);
    expect_unread(lock, FASTENERS_OK);
    fake_advance_ms(1);
    assert_int_equal(m.upgrade, FASTENERS_OK);
    assert_true(fake_we_lock_alone(PATH, 0));
    /* The thread has ended as a writer: destroy takes the lock back. */
    fake_threads_join();
    fasteners_ipc_rwlock_destroy(lock);
}

static void r4_cancel_ends_the_wait_for_the_threads(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);
    member m = {.lock = lock, .stays_ms = 500};

    (void)state;
    fake_thread_start(stay, &m);
    fake_advance_ms(10);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_at_ms(40, rwlock_is_cancelled, lock);
    expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_CANCELLED);
    assert_int_equal(fake_elapsed_ms(), 40);
    fake_become_thread(2);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_unread(lock, FASTENERS_OK);
    fake_become_thread(FAKE_MAIN_THREAD);
    fake_threads_join();
    fasteners_ipc_rwlock_destroy(lock);
}

static void r4_downgrade_lets_the_waiting_readers_in(void **state)
{
    for (int upgraded = 0; upgraded < 2; upgraded++) {
        (void)fault_set_up(state);
        fasteners_ipc_rwlock *lock = make_rwlock(NULL);
        member m = {.lock = lock, .stays_ms = 5};
        if (upgraded) {
            expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
            expect_upgrade(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        } else {
            expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        }
        fake_thread_start(stay, &m);
        fake_advance_ms(10);
        expect_downgrade(lock, FASTENERS_OK);
        fake_threads_join();
        assert_int_equal(fake_elapsed_ms(), 15);
        expect_held(lock, true, false);
        fasteners_ipc_rwlock_destroy(lock);
    }
}

/* Said at once, not after a wait for the others; the read hold is left alone. */
static void r4_where_the_system_cannot_upgrade(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    fake_set_locks_can_be_raised(false);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    foreign_reads(NULL);
    expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_NOT_SUPPORTED);
    expect_held(lock, true, false);
    foreign_releases(NULL);
    expect_upgrade(lock, FASTENERS_NO_WAIT, FASTENERS_NOT_SUPPORTED);
    assert_int_equal(fake_elapsed_ms(), 0);
    expect_unread(lock, FASTENERS_OK);
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_upgrade(lock, FASTENERS_NO_WAIT, FASTENERS_NOT_OWNER);
    expect_downgrade(lock, FASTENERS_OK);
    expect_upgrade(lock, FASTENERS_NO_WAIT, FASTENERS_NOT_SUPPORTED);
    fasteners_ipc_rwlock_destroy(lock);
}

static void p9_a_refused_downgrade_keeps_the_write(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_LOCK_TRY, 1, FASTENERS_OS_ERROR, EIO);
    expect_downgrade(lock, FASTENERS_OS_ERROR);
    expect_held(lock, false, true);
    assert_int_equal(fasteners_ipc_rwlock_os_error(lock), EIO);
    fake_heal();
    expect_downgrade(lock, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(r4_upgrade_waits_for_readers_elsewhere),
        fault_test(r4_no_moment_without_a_lock),
        fault_test(r4_granted_while_the_upgrade_is_cancelled),
        fault_test(r4_the_second_is_refused_at_once),
        fault_test(r4_who_is_first_turns_out_when_the_whole_file_reader_goes),
        fault_test(r4_upgrade_does_not_look_at_the_gate),
        fault_test(r4_upgrade_waits_for_the_threads_of_the_handle),
        fault_test(r4_the_group_is_closed_during_an_upgrade),
        fault_test(r4_cancel_ends_the_wait_for_the_threads),
        fault_test(r4_downgrade_lets_the_waiting_readers_in),
        fault_test(r4_where_the_system_cannot_upgrade),
        fault_test(p9_a_refused_downgrade_keeps_the_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
