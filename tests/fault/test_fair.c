/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/* P11: the gate. Whatever fails on the way, neither the gate nor the lock stays locked. */

static fasteners_ipc_lock *make_fair(void)
{
    fasteners_ipc_options options = kept_log();

    options.fair = true;
    if (!fake_exists(PATH))
        fake_make_file(PATH);
    return make_lock(&options);
}

/* Held: the lock and not the gate. Not held: neither. */
static void expect_bytes(bool held)
{
    assert_int_equal(fake_we_lock(PATH, 0), held);
    assert_false(fake_we_lock(PATH, 1));
    assert_int_equal(fake_locks(), held);
}

static void expect_fair_acquire(fasteners_ipc_lock *lock, int64_t timeout_ms,
                                fasteners_status expected)
{
    expect_acquire(lock, timeout_ms, expected);
    expect_bytes(expected == FASTENERS_OK);
}

static void end(fasteners_ipc_lock *lock)
{
    fake_heal();
    foreign_releases(NULL);
    expect_bytes(false);
    use_and_destroy(lock);
}

static void p11_uncontended(void **state)
{
    fasteners_ipc_lock *lock = make_fair();

    (void)state;
    expect_fair_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    expect_bytes(false);
    end(lock);
}

static void p11_who_comes_back_at_once_finds_the_gate_taken(void **state)
{
    fasteners_ipc_lock *lock = make_fair();

    (void)state;
    foreign_takes_gate(NULL);
    expect_fair_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    expect_fair_acquire(lock, 20, FASTENERS_TIMED_OUT);
    fake_at_ms(50, foreign_releases, NULL);
    expect_fair_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 50);
    expect_release(lock, FASTENERS_OK);
    end(lock);
}

static void p11_the_gate_is_kept_while_the_lock_is_waited_for(void **state)
{
    fasteners_ipc_lock *lock = make_fair();

    (void)state;
    foreign_takes_lock(NULL);
    fake_foreign_queue(PATH, 5000, LOCK_BYTE, 10);
    fake_at_ms(30, foreign_releases, NULL);
    expect_fair_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 40);
    expect_release(lock, FASTENERS_OK);
    end(lock);
}

static void note_gate(void *noted)
{
    *(bool *)noted = fake_we_lock(PATH, 1) && !fake_we_lock(PATH, 0);
}

static void p11_the_gate_is_ours_during_the_wait(void **state)
{
    fasteners_ipc_lock *lock = make_fair();
    bool gate_was_ours = false;

    (void)state;
    foreign_takes_lock(NULL);
    fake_at_ms(15, note_gate, &gate_was_ours);
    expect_fair_acquire(lock, 30, FASTENERS_TIMED_OUT);
    assert_true(gate_was_ours);
    end(lock);
}

static void p11_time_out_and_cancel_at_either_byte(void **state)
{
    static const fake_action holders[] = {foreign_takes_lock, foreign_takes_gate};
    fasteners_ipc_lock *lock = make_fair();

    (void)state;
    for (int i = 0; i < 2; i++) {
        int64_t start = fake_elapsed_ms();
        holders[i](NULL);
        expect_fair_acquire(lock, 30, FASTENERS_TIMED_OUT);
        assert_int_equal(fake_elapsed_ms(), start + 30);
        fake_at_ms(start + 50, handle_is_cancelled, lock);
        expect_fair_acquire(lock, FASTENERS_FOREVER, FASTENERS_CANCELLED);
        assert_int_equal(fake_elapsed_ms(), start + 50);
        foreign_releases(NULL);
    }
    end(lock);
}

/* The gate is granted at the deadline: then the wait for the lock has no time left. */
static void p11_the_gate_is_granted_while_the_wait_is_given_up(void **state)
{
    fasteners_ipc_lock *lock = make_fair();

    (void)state;
    foreign_takes_gate(NULL);
    fake_foreign_lock(PATH, 5000, FST_EXCLUSIVE, LOCK_BYTE);
    fake_before(FAKE_ABANDON, 1, foreign_releases, NULL);
    expect_fair_acquire(lock, 30, FASTENERS_TIMED_OUT);
    fake_foreign_release(5000);
    end(lock);
}

/* The lock is granted at the deadline: OK, and the gate is dropped. */
static void p11_the_lock_is_granted_while_the_wait_is_given_up(void **state)
{
    fasteners_ipc_lock *lock = make_fair();

    (void)state;
    foreign_takes_lock(NULL);
    fake_before(FAKE_ABANDON, 1, foreign_releases, NULL);
    expect_fair_acquire(lock, 30, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    end(lock);
}

/* One failure of each operation at each place of both ways through the gate. */
static void expect_clean_failure(fake_action holder, fake_operation operation, unsigned nth)
{
    fasteners_ipc_lock *lock = make_fair();
    int64_t start = fake_elapsed_ms();

    fake_heal();
    if (holder != NULL) {
        holder(NULL);
        fake_at_ms(start + 10, foreign_releases, NULL);
    }
    fake_fail(operation, nth, FASTENERS_OS_ERROR, EIO);
    fasteners_status status = fasteners_ipc_lock_acquire(lock, 1000);
    expect_bytes(status == FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_is_held(lock), status == FASTENERS_OK);
    assert_int_equal(fake_requests(), 0);
    /* A look at the path that fails counts only with the lock granted: a later one decides. */
    assert_true(status == FASTENERS_OS_ERROR ||
                (status == FASTENERS_OK && (!fake_has_failed() || operation == FAKE_PATH_ID)));
    if (status == FASTENERS_OS_ERROR)
        assert_int_equal(fasteners_ipc_lock_os_error(lock), EIO);
    fake_heal();
    if (status == FASTENERS_OK)
        expect_release(lock, FASTENERS_OK);
    end(lock);
    fake_reset();
}

static void p11_a_failure_at_any_step_leaves_neither_byte_locked(void **state)
{
    static const fake_operation operations[] = {FAKE_LOCK_TRY, FAKE_UNLOCK, FAKE_BEGIN, FAKE_FINISH,
                                                FAKE_PATH_ID};
    static const fake_action holders[] = {NULL, foreign_takes_lock, foreign_takes_gate};

    (void)state;
    for (int h = 0; h < 3; h++)
        for (int o = 0; o < 5; o++)
            for (unsigned n = 1; n <= 30; n++)
                expect_clean_failure(holders[h], operations[o], n);
}

typedef struct hog {
    fasteners_ipc_lock *lock;
    int turns;
} hog;

/* Holds for 1 ms and comes back at once, for 200 ms. */
static void run_hog(void *argument)
{
    hog *h = argument;

    while (fake_elapsed_ms() < 200) {
        if (fasteners_ipc_lock_acquire(h->lock, FASTENERS_FOREVER) != FASTENERS_OK)
            return;
        fake_advance_ms(1);
        h->turns++;
        if (fasteners_ipc_lock_release(h->lock) != FASTENERS_OK)
            return;
    }
}

/* Two handles stand for two processes: the gate is the same to both. */
static void p11_two_hogs_take_turns(void **state)
{
    hog hogs[2] = {{.lock = make_fair()}, {.lock = make_fair()}};

    (void)state;
    fake_thread_start(run_hog, &hogs[0]);
    fake_thread_start(run_hog, &hogs[1]);
    fake_threads_join();
    assert_in_range(hogs[0].turns, 50, 150);
    assert_in_range(hogs[1].turns, 50, 150);
    fasteners_ipc_lock_destroy(hogs[0].lock);
    fasteners_ipc_lock_destroy(hogs[1].lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(p11_uncontended),
        fault_test(p11_who_comes_back_at_once_finds_the_gate_taken),
        fault_test(p11_the_gate_is_kept_while_the_lock_is_waited_for),
        fault_test(p11_the_gate_is_ours_during_the_wait),
        fault_test(p11_time_out_and_cancel_at_either_byte),
        fault_test(p11_the_gate_is_granted_while_the_wait_is_given_up),
        fault_test(p11_the_lock_is_granted_while_the_wait_is_given_up),
        fault_test(p11_a_failure_at_any_step_leaves_neither_byte_locked),
        fault_test(p11_two_hogs_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
