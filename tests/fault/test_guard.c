/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/*
 * G1 to G4: what guards of the inter-process locks do when the system refuses, when somebody is in
 * the way, and when they are released by hand. The other kind and the ways out of a block are shown
 * upon the real system: process/test_guards.c.
 */

static void assert_status(fasteners_status status, fasteners_status expected)
{
    assert_string_equal(fasteners_status_name(status), fasteners_status_name(expected));
}

/* ------------------------------------------------------------------------- acquire -- */

static void g1_the_end_of_the_block_releases(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    {
        FASTENERS_IPC_GUARD(guard, lock, FASTENERS_NO_WAIT);
        assert_status(guard.status, FASTENERS_OK);
        assert_ptr_equal(guard.held, lock);
        assert_true(fake_we_lock(PATH, 0));
    }
    assert_false(fasteners_ipc_lock_is_held(lock));
    assert_false(fake_we_lock(PATH, 0));
    fasteners_ipc_lock_destroy(lock);
}

static void g1_readers_share_and_a_writer_is_alone(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    {
        FASTENERS_IPC_READ_GUARD(guard, lock, FASTENERS_NO_WAIT);
        assert_status(guard.status, FASTENERS_OK);
        expect_held(lock, true, false);
    }
    expect_held(lock, false, false);
    {
        FASTENERS_IPC_WRITE_GUARD(guard, lock, FASTENERS_NO_WAIT);
        assert_status(guard.status, FASTENERS_OK);
        expect_held(lock, false, true);
    }
    expect_held(lock, false, false);
    fasteners_ipc_rwlock_destroy(lock);
}

static void g2_no_wait_is_the_try_form(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);
    fasteners_ipc_rwlock *rwlock = make_rwlock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    {
        FASTENERS_IPC_GUARD(guard, lock, FASTENERS_NO_WAIT);
        FASTENERS_IPC_READ_GUARD(reader, rwlock, FASTENERS_NO_WAIT);
        FASTENERS_IPC_WRITE_GUARD(writer, rwlock, FASTENERS_NO_WAIT);
        assert_status(guard.status, FASTENERS_BUSY);
        assert_status(reader.status, FASTENERS_BUSY);
        assert_status(writer.status, FASTENERS_BUSY);
        assert_true(guard.held == NULL && reader.held == NULL && writer.held == NULL);
    }
    assert_int_equal(fake_elapsed_ms(), 0);
    assert_true(fake_foreign_has(PATH, FOREIGN_PID, 0));
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_rwlock_destroy(rwlock);
}

static void g2_the_time_out_is_exact(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    {
        FASTENERS_IPC_GUARD(guard, lock, 250);
        assert_status(guard.status, FASTENERS_TIMED_OUT);
        assert_int_equal(fake_elapsed_ms(), 250);
    }
    fasteners_ipc_lock_destroy(lock);
}

static void g2_an_error_is_the_status(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_fail(FAKE_LOCK_TRY, 1, FASTENERS_NOT_SUPPORTED, ENOLCK);
    {
        FASTENERS_IPC_GUARD(guard, lock, FASTENERS_FOREVER);
        assert_status(guard.status, FASTENERS_NOT_SUPPORTED);
        assert_status(fasteners_ipc_guard_release(&guard), FASTENERS_NOT_OWNER);
    }
    assert_int_equal(fake_calls(FAKE_UNLOCK), 0);
    fasteners_ipc_lock_destroy(lock);
}

/* The end of the inner block must not give back what the outer one holds. */
static void g2_a_refused_guard_drops_no_hold_of_another(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    FASTENERS_IPC_GUARD(outer, lock, FASTENERS_NO_WAIT);
    assert_status(outer.status, FASTENERS_OK);
    {
        FASTENERS_IPC_GUARD(inner, lock, FASTENERS_FOREVER);
        assert_status(inner.status, FASTENERS_WOULD_DEADLOCK);
    }
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
    assert_status(fasteners_ipc_guard_release(&outer), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

/* ------------------------------------------------------------------------- release -- */

static void g3_released_by_hand(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    {
        FASTENERS_IPC_GUARD(guard, lock, FASTENERS_NO_WAIT);
        assert_status(guard.status, FASTENERS_OK);
        assert_status(fasteners_ipc_guard_release(&guard), FASTENERS_OK);
        assert_null(guard.held);
        assert_false(fake_we_lock(PATH, 0));
        assert_status(fasteners_ipc_guard_release(&guard), FASTENERS_NOT_OWNER);
        assert_status(guard.status, FASTENERS_OK);
        /* What is acquired now is not the guard's. */
        expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    }
    expect_release(lock, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static void g3_an_inner_guard_that_was_released_drops_no_outer_hold(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    FASTENERS_IPC_READ_GUARD(outer, lock, FASTENERS_NO_WAIT);
    assert_status(outer.status, FASTENERS_OK);
    {
        FASTENERS_IPC_READ_GUARD(inner, lock, FASTENERS_NO_WAIT);
        assert_status(inner.status, FASTENERS_OK);
        assert_status(fasteners_ipc_read_guard_release(&inner), FASTENERS_OK);
    }
    expect_held(lock, true, false);
    assert_status(fasteners_ipc_read_guard_release(&outer), FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

static void g4_a_release_that_fails_is_tried_again_at_the_end(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    {
        FASTENERS_IPC_GUARD(guard, lock, FASTENERS_NO_WAIT);
        assert_status(guard.status, FASTENERS_OK);
        fake_fail(FAKE_UNLOCK, 1, FASTENERS_OS_ERROR, EIO);
        assert_status(fasteners_ipc_guard_release(&guard), FASTENERS_OS_ERROR);
        assert_ptr_equal(guard.held, lock);
        assert_true(fake_we_lock(PATH, 0));
    }
    assert_false(fake_we_lock(PATH, 0));
    fasteners_ipc_lock_destroy(lock);
}

static void g4_what_was_lost_is_held_no_longer(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    {
        FASTENERS_IPC_GUARD(guard, lock, FASTENERS_NO_WAIT);
        assert_status(guard.status, FASTENERS_OK);
        fake_steal_files(NULL);
        assert_status(fasteners_ipc_guard_release(&guard), FASTENERS_LOST);
        assert_null(guard.held);
    }
    use_and_destroy(lock);
}

static void g4_another_thread_cannot_end_it(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    {
        FASTENERS_IPC_GUARD(guard, lock, FASTENERS_NO_WAIT);
        assert_status(guard.status, FASTENERS_OK);
        fake_become_thread(2);
        assert_status(fasteners_ipc_guard_release(&guard), FASTENERS_NOT_OWNER);
        fake_become_thread(FAKE_MAIN_THREAD);
        assert_ptr_equal(guard.held, lock);
    }
    assert_false(fake_we_lock(PATH, 0));
    fasteners_ipc_lock_destroy(lock);
}

static void p12_null_is_invalid(void **state)
{
    (void)state;
    assert_status(fasteners_ipc_guard_acquire(NULL, 0).status, FASTENERS_INVALID);
    assert_status(fasteners_ipc_read_guard_acquire(NULL, 0).status, FASTENERS_INVALID);
    assert_status(fasteners_ipc_write_guard_acquire(NULL, 0).status, FASTENERS_INVALID);
    assert_status(fasteners_rw_read_guard_acquire(NULL, 0).status, FASTENERS_INVALID);
    assert_status(fasteners_rw_write_guard_acquire(NULL, 0).status, FASTENERS_INVALID);
    assert_status(fasteners_ipc_guard_release(NULL), FASTENERS_INVALID);
    assert_status(fasteners_ipc_read_guard_release(NULL), FASTENERS_INVALID);
    assert_status(fasteners_ipc_write_guard_release(NULL), FASTENERS_INVALID);
    assert_status(fasteners_rw_read_guard_release(NULL), FASTENERS_INVALID);
    assert_status(fasteners_rw_write_guard_release(NULL), FASTENERS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(g1_the_end_of_the_block_releases),
        fault_test(g1_readers_share_and_a_writer_is_alone),
        fault_test(g2_no_wait_is_the_try_form),
        fault_test(g2_the_time_out_is_exact),
        fault_test(g2_an_error_is_the_status),
        fault_test(g2_a_refused_guard_drops_no_hold_of_another),
        fault_test(g3_released_by_hand),
        fault_test(g3_an_inner_guard_that_was_released_drops_no_outer_hold),
        fault_test(g4_a_release_that_fails_is_tried_again_at_the_end),
        fault_test(g4_what_was_lost_is_held_no_longer),
        fault_test(g4_another_thread_cannot_end_it),
        fault_test(p12_null_is_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
