/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/*
 * R1: one lock for the readers of a handle. R3 and P12: holds per thread, counted, and what misuse
 * is answered with. P4, P6, P9 for shared holds.
 */

static void as_thread(uint64_t thread,
                      void (*call)(fasteners_ipc_rwlock *, int64_t, fasteners_status),
                      fasteners_ipc_rwlock *lock, fasteners_status expected)
{
    fake_become_thread(thread);
    call(lock, FASTENERS_NO_WAIT, expected);
    fake_become_thread(FAKE_MAIN_THREAD);
}

static void unread_as(uint64_t thread, fasteners_ipc_rwlock *lock, fasteners_status expected)
{
    fake_become_thread(thread);
    expect_unread(lock, expected);
    fake_become_thread(FAKE_MAIN_THREAD);
}

static unsigned all_calls(void)
{
    unsigned sum = 0;

    for (int i = 0; i < FAKE_OPERATIONS; i++)
        sum += i == FAKE_ALLOC || i == FAKE_UNPARK ? 0 : fake_calls((fake_operation)i);
    return sum;
}

static void r1_a_further_reader_makes_no_call_of_the_system(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    expect_read(lock, FASTENERS_FOREVER, FASTENERS_OK);
    unsigned calls = all_calls();
    for (uint64_t thread = 2; thread <= 20; thread++)
        as_thread(thread, expect_read, lock, FASTENERS_OK);
    for (uint64_t thread = 2; thread <= 20; thread++)
        unread_as(thread, lock, FASTENERS_OK);
    assert_int_equal(all_calls(), calls);
    expect_held(lock, true, false);
    expect_unread(lock, FASTENERS_OK);
    assert_int_equal(fake_locks(), 0);
    fasteners_ipc_rwlock_destroy(lock);
}

/* First in, last out, whoever that is. */
static void r1_the_first_reader_may_leave_first(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    as_thread(2, expect_read, lock, FASTENERS_OK);
    expect_unread(lock, FASTENERS_OK);
    assert_true(fake_we_lock(PATH, 0));
    expect_unread(lock, FASTENERS_NOT_OWNER);
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    unread_as(2, lock, FASTENERS_OK);
    assert_false(fake_we_lock(PATH, 0));
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

/* The entries of eight threads are part of the handle, the ninth needs memory. */
static void p9_no_memory_for_the_hold(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    for (uint64_t thread = 2; thread <= 9; thread++)
        as_thread(thread, expect_read, lock, FASTENERS_OK);
    fake_fail(FAKE_ALLOC, 0, FASTENERS_NO_MEMORY, 0);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_NO_MEMORY);
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_NO_MEMORY);
    assert_int_equal(log_lines(FASTENERS_LOG_ERROR), 2);
    assert_true(log_has(FASTENERS_LOG_ERROR, "acquire_read", PATH, "NO_MEMORY"));
    fake_heal();
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

static void r3_kinds_are_counted_apart(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_unread(lock, FASTENERS_NOT_OWNER);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_unwrite(lock, FASTENERS_OK);
    expect_held(lock, true, true);
    expect_upgrade(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_held(lock, false, true);
    expect_downgrade(lock, FASTENERS_OK);
    expect_held(lock, true, true);
    expect_unwrite(lock, FASTENERS_OK);
    expect_held(lock, true, false);
    assert_false(fake_we_lock_alone(PATH, 0));
    expect_unwrite(lock, FASTENERS_NOT_OWNER);
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_WOULD_DEADLOCK);
    expect_write(lock, 100, FASTENERS_WOULD_DEADLOCK);
    expect_unread(lock, FASTENERS_OK);
    assert_int_equal(fake_locks(), 0);
    expect_unread(lock, FASTENERS_NOT_OWNER);
    expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_NOT_OWNER);
    expect_downgrade(lock, FASTENERS_NOT_OWNER);
    fasteners_ipc_rwlock_destroy(lock);
}

static void r3_reading_inside_writing_may_end_first(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_unread(lock, FASTENERS_OK);
    expect_held(lock, false, true);
    expect_downgrade(lock, FASTENERS_OK);
    expect_held(lock, true, false);
    expect_downgrade(lock, FASTENERS_NOT_OWNER);
    expect_unread(lock, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

static void r3_holds_are_of_the_thread(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_become_thread(2);
    expect_unwrite(lock, FASTENERS_NOT_OWNER);
    expect_unread(lock, FASTENERS_NOT_OWNER);
    expect_downgrade(lock, FASTENERS_NOT_OWNER);
    assert_int_equal(fasteners_ipc_rwlock_check(lock), FASTENERS_NOT_OWNER);
    assert_true(fasteners_ipc_rwlock_is_held(lock));
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, 20), FASTENERS_TIMED_OUT);
    fake_become_thread(FAKE_MAIN_THREAD);
    expect_held(lock, false, true);
    fasteners_ipc_rwlock_destroy(lock);
}

static void p12_nobody_waits_for_itself(void **state)
{
    for (int per_process = 0; per_process < 2; per_process++) {
        (void)fault_set_up(state);
        fake_set_locks_per_process(per_process);
        fasteners_ipc_rwlock *one = make_rwlock(NULL);
        fasteners_ipc_rwlock *two = make_rwlock(NULL);
        fasteners_ipc_lock *other = make_lock(NULL);

        expect_read(one, FASTENERS_NO_WAIT, FASTENERS_OK);
        assert_int_equal(fasteners_ipc_rwlock_acquire_write(two, FASTENERS_FOREVER),
                         FASTENERS_WOULD_DEADLOCK);
        assert_int_equal(fasteners_ipc_lock_acquire(other, FASTENERS_FOREVER),
                         FASTENERS_WOULD_DEADLOCK);
        assert_int_equal(fasteners_ipc_rwlock_acquire_write(two, 20), FASTENERS_TIMED_OUT);
        expect_read(two, FASTENERS_FOREVER, FASTENERS_OK);
        expect_upgrade(two, FASTENERS_FOREVER, FASTENERS_WOULD_DEADLOCK);
        expect_upgrade(two, 20, FASTENERS_TIMED_OUT);
        expect_unread(two, FASTENERS_OK);
        expect_upgrade(one, FASTENERS_FOREVER, FASTENERS_OK);
        assert_int_equal(fasteners_ipc_rwlock_acquire_read(two, FASTENERS_FOREVER),
                         FASTENERS_WOULD_DEADLOCK);
        assert_int_equal(fasteners_ipc_rwlock_acquire_read(two, FASTENERS_NO_WAIT), FASTENERS_BUSY);
        fasteners_ipc_rwlock_destroy(one);
        fasteners_ipc_rwlock_destroy(two);
        fasteners_ipc_lock_destroy(other);
        assert_int_equal(fault_tear_down(state), 0);
    }
}

/* ------------------------------------------------------------------- P6, P4: the file -- */

static void p6_a_waiting_reader_follows_the_path(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fake_at_ms(10, file_is_replaced, NULL);
    expect_read(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_in_range(fake_elapsed_ms(), 10, 2000);
    assert_int_equal(fasteners_ipc_rwlock_check(lock), FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

static void p6_the_members_of_a_group_are_told_by_check(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);
    fasteners_ipc_rwlock *other = make_rwlock(NULL);

    (void)state;
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    file_is_replaced(NULL);
    assert_int_equal(fasteners_ipc_rwlock_check(lock), FASTENERS_LOST);
    assert_int_equal(fasteners_ipc_rwlock_upgrade(lock, FASTENERS_FOREVER), FASTENERS_LOST);
    assert_true(fasteners_ipc_rwlock_is_reader(lock));
    fake_become_thread(2);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, 0), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_check(lock), FASTENERS_LOST);
    expect_unread(lock, FASTENERS_OK);
    expect_write(other, FASTENERS_NO_WAIT, FASTENERS_OK); /* of the new file */
    fake_become_thread(FAKE_MAIN_THREAD);
    expect_unread(lock, FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, 0), FASTENERS_BUSY);
    fasteners_ipc_rwlock_destroy(other);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

/* The writer had the old file, a reader of the same handle has the new one. */
static void p6_the_two_files_of_a_handle_may_differ(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    file_is_replaced(NULL);
    as_thread(2, expect_read, lock, FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_check(lock), FASTENERS_LOST);
    assert_int_equal(fasteners_ipc_rwlock_downgrade(lock), FASTENERS_OK);
    expect_unread(lock, FASTENERS_OK);
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    fasteners_ipc_rwlock_destroy(lock);
}

static void p4_descriptors_closed_by_the_program(void **state)
{
    static const char *const reused_for[] = {NULL, "/stranger"};

    for (int i = 0; i < 2; i++) {
        (void)fault_set_up(state);
        fake_make_file("/stranger");
        fasteners_ipc_rwlock *lock = make_rwlock(NULL);
        expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        fake_steal_files(reused_for[i]);
        assert_int_equal(fasteners_ipc_rwlock_check(lock), FASTENERS_LOST);
        assert_int_equal(fasteners_ipc_rwlock_upgrade(lock, 50), FASTENERS_LOST);
        assert_true(fasteners_ipc_rwlock_is_reader(lock));
        assert_false(fake_we_lock("/stranger", 0));
        assert_false(fake_we_lock("/stranger", 2));
        (void)fasteners_ipc_rwlock_release_read(lock);
        assert_false(fasteners_ipc_rwlock_is_held(lock));
        expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        fasteners_ipc_rwlock_destroy(lock);
    }
}

/* Others may have the file by now: it is not ours to remove. */
static void p6_nothing_is_unlinked_by_who_lost_the_lock(void **state)
{
    fasteners_ipc_options options = kept_log();

    (void)state;
    options.unlink_on_release = true;
    fasteners_ipc_rwlock *lock = make_rwlock(&options);
    fasteners_ipc_lock *plain = make_lock(&options);
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_steal_files(NULL);
    assert_int_equal(fasteners_ipc_rwlock_release_write(lock), FASTENERS_LOST);
    assert_int_equal(fake_calls(FAKE_UNLINK), 0);
    expect_acquire(plain, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_steal_files(NULL);
    expect_release(plain, FASTENERS_LOST);
    assert_int_equal(fake_calls(FAKE_UNLINK), 0);
    fasteners_ipc_rwlock_destroy(lock);
    fasteners_ipc_lock_destroy(plain);
}

static void p6_only_a_writer_unlinks(void **state)
{
    fasteners_ipc_options options = kept_log();

    (void)state;
    options.unlink_on_release = true;
    fasteners_ipc_rwlock *lock = make_rwlock(&options);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_unread(lock, FASTENERS_OK);
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_unwrite(lock, FASTENERS_OK);
    expect_unread(lock, FASTENERS_OK);
    assert_true(fake_exists(PATH));
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_upgrade(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_unwrite(lock, FASTENERS_OK);
    assert_false(fake_exists(PATH));
    fasteners_ipc_rwlock_destroy(lock);
}

/* --------------------------------------------------------------- P13: read-only files -- */

static void p13_a_file_that_becomes_writable(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    fake_make_file(PATH);
    fake_permit(PATH, true, false);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_NO_PERMISSION);
    expect_write(lock, FASTENERS_FOREVER, FASTENERS_WOULD_DEADLOCK);
    fake_permit(PATH, true, true);
    expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_NO_PERMISSION);
    expect_unread(lock, FASTENERS_OK);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

/* --------------------------------------------------------------- callbacks of the user -- */

static void sleep_and_use_the_lock(void *user, int64_t ms)
{
    fasteners_ipc_rwlock *lock = *(fasteners_ipc_rwlock **)user;

    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, 0), FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write(lock, 0), FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(fasteners_ipc_rwlock_upgrade(lock, 0), FASTENERS_NOT_OWNER);
    assert_int_equal(fasteners_ipc_rwlock_release_read(lock), FASTENERS_NOT_OWNER);
    assert_int_equal(fasteners_ipc_rwlock_check(lock), FASTENERS_NOT_OWNER);
    fake_advance_ms(ms);
    fasteners_ipc_rwlock_cancel(lock);
}

static void p10_the_sleep_function_may_use_the_lock(void **state)
{
    fasteners_ipc_options options = kept_log();
    fasteners_ipc_rwlock *lock;

    (void)state;
    options.sleep = sleep_and_use_the_lock;
    options.sleep_user = &lock;
    lock = make_rwlock(&options);
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    expect_read(lock, FASTENERS_FOREVER, FASTENERS_CANCELLED);
    expect_write(lock, FASTENERS_FOREVER, FASTENERS_CANCELLED);
    foreign_releases(NULL);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

/* ------------------------------------------------------- who comes while others leave -- */

static void let_others_run(void *unused)
{
    static const _Atomic uint32_t nobody;

    (void)unused;
    fst_os_park(&nobody, 0, fst_os_now() + FST_NS_PER_MS);
}

static void read_once(void *lock)
{
    expect_read(lock, FASTENERS_FOREVER, FASTENERS_OK);
    expect_unread(lock, FASTENERS_OK);
}

/* It waits for the unlock, and is woken when that is done, also if the system refuses it. */
static void p10_a_reader_that_comes_while_the_last_one_leaves(void **state)
{
    static const fasteners_status outcomes[] = {FASTENERS_OK, FASTENERS_OS_ERROR};

    (void)state;
    for (int i = 0; i < 2; i++) {
        fasteners_ipc_rwlock *lock = make_rwlock(NULL);
        fake_heal();
        expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        fake_before(FAKE_UNLOCK, 1, let_others_run, NULL);
        if (outcomes[i] != FASTENERS_OK)
            fake_fail(FAKE_UNLOCK, 1, outcomes[i], EIO);
        fake_thread_start(read_once, lock);
        expect_unread(lock, outcomes[i]);
        fake_threads_join();
        if (outcomes[i] != FASTENERS_OK)
            expect_unread(lock, FASTENERS_OK);
        assert_int_equal(fake_locks(), 0);
        fasteners_ipc_rwlock_destroy(lock);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(p10_a_reader_that_comes_while_the_last_one_leaves),
        fault_test(r1_a_further_reader_makes_no_call_of_the_system),
        fault_test(r1_the_first_reader_may_leave_first),
        fault_test(p9_no_memory_for_the_hold),
        fault_test(r3_kinds_are_counted_apart),
        fault_test(r3_reading_inside_writing_may_end_first),
        fault_test(r3_holds_are_of_the_thread),
        fault_test(p12_nobody_waits_for_itself),
        fault_test(p6_a_waiting_reader_follows_the_path),
        fault_test(p6_the_members_of_a_group_are_told_by_check),
        fault_test(p6_the_two_files_of_a_handle_may_differ),
        fault_test(p4_descriptors_closed_by_the_program),
        fault_test(p6_nothing_is_unlinked_by_who_lost_the_lock),
        fault_test(p6_only_a_writer_unlinks),
        fault_test(p13_a_file_that_becomes_writable),
        fault_test(p10_the_sleep_function_may_use_the_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
