/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

/*
 * A lock with hooks (T11) when memory runs out, when its fibers are woken for nothing, and after a
 * raw clone. The fibers are numbers; the script says what a wait does.
 */

#define FOREVER FASTENERS_FOREVER
#define NO_WAIT FASTENERS_NO_WAIT
#define OK FASTENERS_OK

static fasteners_rw_lock lock;
static char fibers[3]; /* their addresses are their names */
static void *running;

/* What the next waits are: each takes some microseconds, and returns something. */
static struct {
    int64_t takes_us[4];
    fasteners_status returns[4];
    int64_t asked[4]; /* the time-outs that they were given */
    int count;
} waits;

static void *current(void *user)
{
    (void)user;
    return running;
}

static fasteners_status wait(void *user, void *fiber, int64_t timeout_ms)
{
    int which = waits.count++;

    (void)user;
    assert_in_range(which, 0, 3);
    assert_ptr_equal(fiber, running);
    waits.asked[which] = timeout_ms;
    fake_set_clock(fst_os_now() + waits.takes_us[which] * 1000);
    return waits.returns[which];
}

static void wake(void *user, void *fiber)
{
    (void)user;
    (void)fiber;
    fail();
}

static fasteners_status init(void)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    options.current = current;
    options.wait = wait;
    options.wake = wake;
    running = &fibers[0];
    waits.count = 0;
    return fasteners_rw_lock_init(&lock, &options);
}

static void read_and_release(int fiber)
{
    running = &fibers[fiber];
    assert_int_equal(fasteners_rw_lock_acquire_read(&lock, NO_WAIT), OK);
    assert_int_equal(fasteners_rw_lock_release_read(&lock), OK);
}

static void no_memory_for_the_lock(void **state)
{
    (void)state;
    fake_fail(FAKE_ALLOC, 1, FASTENERS_NO_MEMORY, 0);
    assert_int_equal(init(), FASTENERS_NO_MEMORY);
    assert_int_equal(fake_memory_blocks(), 0);
    assert_int_equal(init(), OK);
    assert_int_equal(fasteners_rw_lock_destroy(&lock), OK);
}

/* The second fiber at once needs a place; later ones take those that there are. */
static void no_memory_for_a_hold(void **state)
{
    (void)state;
    assert_int_equal(init(), OK);
    assert_int_equal(fasteners_rw_lock_acquire_read(&lock, FOREVER), OK);
    running = &fibers[1];
    fake_fail(FAKE_ALLOC, 0, FASTENERS_NO_MEMORY, 0);
    assert_int_equal(fasteners_rw_lock_acquire_read(&lock, FOREVER), FASTENERS_NO_MEMORY);
    assert_int_equal(fasteners_rw_lock_acquire_write(&lock, FOREVER), FASTENERS_NO_MEMORY);
    assert_false(fasteners_rw_lock_has_pending_writers(&lock));
    assert_int_equal(fasteners_rw_lock_release_read(&lock), FASTENERS_NOT_OWNER);
    running = &fibers[0];
    assert_int_equal(fasteners_rw_lock_acquire_read(&lock, FOREVER), OK);
    assert_int_equal(fasteners_rw_lock_upgrade(&lock, FOREVER), OK);
    assert_int_equal(fasteners_rw_lock_downgrade(&lock), OK);
    fake_heal();
    read_and_release(1);
    fake_fail(FAKE_ALLOC, 0, FASTENERS_NO_MEMORY, 0);
    for (int i = 0; i < 10; i++)
        read_and_release(1 + i % 2);
    fake_heal();
    running = &fibers[0];
    assert_int_equal(fasteners_rw_lock_release_read(&lock), OK);
    assert_int_equal(fasteners_rw_lock_release_read(&lock), OK);
    assert_int_equal(waits.count, 0);
    assert_int_equal(fasteners_rw_lock_destroy(&lock), OK);
}

/* Tries, and waits that end in nothing, leave their place behind for others: and only one. */
static void failed_calls_take_no_memory(void **state)
{
    (void)state;
    assert_int_equal(init(), OK);
    assert_int_equal(fasteners_rw_lock_acquire_write(&lock, FOREVER), OK);
    running = &fibers[1];
    assert_int_equal(fasteners_rw_lock_acquire_read(&lock, NO_WAIT), FASTENERS_BUSY);
    unsigned blocks = fake_memory_blocks();
    for (int i = 0; i < 10; i++) {
        waits.count = 0;
        waits.returns[0] = FASTENERS_TIMED_OUT;
        assert_int_equal(fasteners_rw_lock_acquire_read(&lock, NO_WAIT), FASTENERS_BUSY);
        assert_int_equal(fasteners_rw_lock_acquire_write(&lock, 1), FASTENERS_TIMED_OUT);
    }
    assert_int_equal(fake_memory_blocks(), blocks);
    running = &fibers[0];
    assert_int_equal(fasteners_rw_lock_release_write(&lock), OK);
    assert_int_equal(fasteners_rw_lock_destroy(&lock), OK);
}

/* Each wait after that is for what is left, in full milliseconds: so that it is never early. */
static void t5_woken_for_nothing(void **state)
{
    (void)state;
    assert_int_equal(init(), OK);
    assert_int_equal(fasteners_rw_lock_acquire_read(&lock, FOREVER), OK);
    running = &fibers[1];
    for (int i = 0; i < 4; i++)
        waits.returns[i] = OK;
    waits.takes_us[0] = 30000;
    waits.takes_us[1] = 69500;
    waits.takes_us[2] = 400;
    waits.takes_us[3] = 100;
    assert_int_equal(fasteners_rw_lock_acquire_write(&lock, 100), FASTENERS_TIMED_OUT);
    assert_int_equal(waits.count, 4);
    assert_int_equal(waits.asked[0], 100);
    assert_int_equal(waits.asked[1], 70);
    assert_int_equal(waits.asked[2], 1);
    assert_int_equal(waits.asked[3], 1);
    waits.count = 0;
    waits.returns[2] = FASTENERS_CANCELLED;
    assert_int_equal(fasteners_rw_lock_acquire_write(&lock, FOREVER), FASTENERS_CANCELLED);
    assert_int_equal(waits.count, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(waits.asked[i], FOREVER);
    running = &fibers[0];
    assert_int_equal(fasteners_rw_lock_release_read(&lock), OK);
    assert_int_equal(fasteners_rw_lock_destroy(&lock), OK);
}

/* It is as it was, since the fibers are there as well. */
static void t8_after_a_raw_clone(void **state)
{
    (void)state;
    assert_int_equal(init(), OK);
    assert_int_equal(fasteners_rw_lock_acquire_write(&lock, FOREVER), OK);
    fake_clone_as_child();
    assert_int_equal(fasteners_rw_lock_owner(&lock), FASTENERS_OWNER_WRITER);
    running = &fibers[1];
    assert_int_equal(fasteners_rw_lock_acquire_read(&lock, NO_WAIT), FASTENERS_BUSY);
    running = &fibers[0];
    assert_int_equal(fasteners_rw_lock_release_write(&lock), OK);
    read_and_release(1);
    assert_int_equal(fasteners_rw_lock_destroy(&lock), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(no_memory_for_the_lock),      fault_test(no_memory_for_a_hold),
        fault_test(failed_calls_take_no_memory), fault_test(t5_woken_for_nothing),
        fault_test(t8_after_a_raw_clone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
