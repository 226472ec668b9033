/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_platform.h"
#include "unit_test.h"
#include "wait.h"

/* Time-outs become deadlines here and nowhere else. */

#define NS_PER_MS INT64_C(1000000)

static int64_t deadline_of(int64_t timeout_ms)
{
    fst_wait wait;

    fst_wait_init(&wait, timeout_ms);
    return fst_wait_deadline(&wait);
}

static void timeouts_that_acquire_takes(void **state)
{
    static const int64_t valid[] = {FASTENERS_FOREVER, FASTENERS_NO_WAIT, 1, 1000, INT64_MAX};
    static const int64_t invalid[] = {-2, -1000, INT64_MIN};

    (void)state;
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
        assert_true(fst_timeout_is_valid(valid[i]));
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
        assert_false(fst_timeout_is_valid(invalid[i]));
}

static void deadline_counts_from_the_clock(void **state)
{
    (void)state;
    fake_set_clock(5);
    assert_true(deadline_of(1) == 5 + NS_PER_MS);
    assert_true(deadline_of(1000) == 5 + 1000 * NS_PER_MS);
}

static void forever_has_no_deadline(void **state)
{
    (void)state;
    assert_true(deadline_of(FASTENERS_FOREVER) == FST_NEVER);
}

/* 292 years from the clock's zero; later than that is never. */
static void deadline_saturates(void **state)
{
    static const int64_t clocks[] = {1, NS_PER_MS, INT64_MAX / 2, INT64_MAX - 1};

    (void)state;
    for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        fake_set_clock(clocks[i]);
        assert_true(deadline_of(INT64_MAX) == FST_NEVER);
        assert_true(deadline_of(INT64_MAX / NS_PER_MS + 1) == FST_NEVER);
    }
}

static void deadline_does_not_saturate_early(void **state)
{
    (void)state;
    fake_set_clock(INT64_MAX - 10 * NS_PER_MS - 1);
    assert_true(deadline_of(10) == INT64_MAX - 1);
    assert_true(deadline_of(9) == INT64_MAX - 1 - NS_PER_MS);
    assert_true(deadline_of(11) == FST_NEVER);
}

/* The first look at the clock decides: what comes after it does not move the deadline. */
static void deadline_is_fixed_once(void **state)
{
    fst_wait wait;

    (void)state;
    fst_wait_init(&wait, 100);
    int64_t deadline = fst_wait_deadline(&wait);
    fake_advance_ms(50);
    assert_true(fst_wait_deadline(&wait) == deadline);
}

static void timed_out_at_the_deadline_and_never_before(void **state)
{
    fst_wait wait;

    (void)state;
    fst_wait_init(&wait, 100);
    assert_int_equal(fst_wait_status(&wait), FASTENERS_OK);
    fake_advance_ms(99);
    assert_int_equal(fst_wait_status(&wait), FASTENERS_OK);
    fake_advance_ms(1);
    assert_int_equal(fst_wait_status(&wait), FASTENERS_TIMED_OUT);
}

static void no_wait_is_busy_and_does_not_look_at_the_clock(void **state)
{
    fst_wait wait;

    (void)state;
    fst_wait_init(&wait, FASTENERS_NO_WAIT);
    assert_int_equal(fst_wait_status(&wait), FASTENERS_BUSY);
    assert_true(wait.deadline == 0);
}

static void a_cancel_comes_before_the_time_out(void **state)
{
    fst_wait wait;

    (void)state;
    fst_wait_init(&wait, 1);
    fst_wait_send(&wait, FST_SIGNAL_CANCEL);
    assert_int_equal(fst_wait_status(&wait), FASTENERS_CANCELLED);
    fake_advance_ms(10);
    assert_int_equal(fst_wait_status(&wait), FASTENERS_CANCELLED);
}

static void sleep_ends_at_the_earlier_of_deadline_and_until(void **state)
{
    fst_wait wait;

    (void)state;
    fst_wait_init(&wait, 100);
    assert_int_equal(fst_wait_sleep(&wait, fst_os_now() + 30 * NS_PER_MS), 0);
    assert_int_equal(fake_elapsed_ms(), 30);
    assert_int_equal(fst_wait_sleep(&wait, FST_NEVER), 0);
    assert_int_equal(fake_elapsed_ms(), 100);
}

static void send_wake(void *wait)
{
    fst_wait_send(wait, FST_SIGNAL_WAKE);
}

static void sleep_ends_with_a_signal_and_takes_wake_away(void **state)
{
    fst_wait wait;

    (void)state;
    fst_wait_init(&wait, FASTENERS_FOREVER);
    fake_at_ms(20, send_wake, &wait);
    assert_int_equal(fst_wait_sleep(&wait, FST_NEVER), FST_SIGNAL_WAKE);
    assert_int_equal(fake_elapsed_ms(), 20);
    fake_at_ms(30, send_wake, &wait);
    assert_int_equal(fst_wait_sleep(&wait, FST_NEVER), FST_SIGNAL_WAKE);
    assert_int_equal(fake_elapsed_ms(), 30);
}

/* The signal that arrives between the look at the word and falling asleep is not lost. */
static void sleep_misses_no_signal(void **state)
{
    fst_wait wait;

    (void)state;
    fst_wait_init(&wait, FASTENERS_FOREVER);
    fake_before(FAKE_PARK, 1, send_wake, &wait);
    assert_int_equal(fst_wait_sleep(&wait, FST_NEVER), FST_SIGNAL_WAKE);
    assert_int_equal(fake_elapsed_ms(), 0);
}

static void sleep_goes_on_after_a_wake_up_for_no_reason(void **state)
{
    fst_wait wait;

    (void)state;
    fst_wait_init(&wait, 10);
    fake_fail(FAKE_PARK, 1, FASTENERS_OK, 0);
    fake_fail(FAKE_PARK, 2, FASTENERS_OK, 0);
    assert_int_equal(fst_wait_sleep(&wait, FST_NEVER), 0);
    assert_int_equal(fake_elapsed_ms(), 10);
}

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(timeouts_that_acquire_takes, set_up),
        cmocka_unit_test_setup(deadline_counts_from_the_clock, set_up),
        cmocka_unit_test_setup(forever_has_no_deadline, set_up),
        cmocka_unit_test_setup(deadline_saturates, set_up),
        cmocka_unit_test_setup(deadline_does_not_saturate_early, set_up),
        cmocka_unit_test_setup(deadline_is_fixed_once, set_up),
        cmocka_unit_test_setup(timed_out_at_the_deadline_and_never_before, set_up),
        cmocka_unit_test_setup(no_wait_is_busy_and_does_not_look_at_the_clock, set_up),
        cmocka_unit_test_setup(a_cancel_comes_before_the_time_out, set_up),
        cmocka_unit_test_setup(sleep_ends_at_the_earlier_of_deadline_and_until, set_up),
        cmocka_unit_test_setup(sleep_ends_with_a_signal_and_takes_wake_away, set_up),
        cmocka_unit_test_setup(sleep_misses_no_signal, set_up),
        cmocka_unit_test_setup(sleep_goes_on_after_a_wake_up_for_no_reason, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
