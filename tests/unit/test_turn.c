/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_platform.h"
#include "turn.h"
#include "unit_test.h"

/* Whose turn it is among threads. A wake-up that is forgotten ends a test with "deadlock". */

enum { WAITERS = 4 };

static fst_turn turn;

static struct {
    uint64_t order[WAITERS];
    fasteners_status statuses[WAITERS];
    int64_t ended_ms[WAITERS];
    int ended;
    int inside, most_inside;
} seen;

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    turn = (fst_turn){0};
    seen.ended = seen.inside = seen.most_inside = 0;
    return 0;
}

/* Waits for the turn, keeps it for 5 ms. */
static void take_a_turn(void *timeout_ms)
{
    fst_wait wait;
    int me;

    fst_wait_init(&wait, *(const int64_t *)timeout_ms);
    fasteners_status status =
        fst_turn_try(&turn, wait.thread) ? FASTENERS_OK : fst_turn_wait(&turn, &wait);
    me = seen.ended++;
    seen.order[me] = wait.thread;
    seen.statuses[me] = status;
    seen.ended_ms[me] = fake_elapsed_ms();
    if (status != FASTENERS_OK)
        return;
    if (++seen.inside > seen.most_inside)
        seen.most_inside = seen.inside;
    fake_advance_ms(5);
    seen.inside--;
    fst_turn_pass(&turn);
}

static int64_t forever = FASTENERS_FOREVER;
static int64_t in_20_ms = 20;

static void start(int64_t *timeout_ms)
{
    fake_thread_start(take_a_turn, timeout_ms);
    fake_advance_ms(1);
}

static bool is_free(void)
{
    if (!fst_turn_try(&turn, FAKE_MAIN_THREAD))
        return false;
    fst_turn_pass(&turn);
    return true;
}

static void one_has_it_at_a_time(void **state)
{
    (void)state;
    assert_true(fst_turn_try(&turn, FAKE_MAIN_THREAD));
    assert_true(fst_turn_is_mine(&turn, FAKE_MAIN_THREAD));
    assert_false(fst_turn_is_mine(&turn, 2));
    assert_false(fst_turn_try(&turn, 2));
    assert_false(fst_turn_try(&turn, FAKE_MAIN_THREAD));
    fst_turn_pass(&turn);
    assert_false(fst_turn_is_mine(&turn, FAKE_MAIN_THREAD));
    assert_true(is_free());
}

static void waiters_are_served_first_come_first_served(void **state)
{
    (void)state;
    assert_true(fst_turn_try(&turn, FAKE_MAIN_THREAD));
    for (int i = 0; i < WAITERS; i++)
        start(&forever);
    fst_turn_pass(&turn);
    fake_threads_join();
    assert_int_equal(seen.ended, WAITERS);
    assert_int_equal(seen.most_inside, 1);
    for (int i = 0; i < WAITERS; i++) {
        assert_int_equal(seen.order[i], 101 + i);
        assert_int_equal(seen.statuses[i], FASTENERS_OK);
        assert_int_equal(seen.ended_ms[i], WAITERS + 5 * i);
    }
    assert_true(is_free());
}

static void who_waits_is_overtaken_for_a_millisecond_only(void **state)
{
    (void)state;
    assert_true(fst_turn_try(&turn, FAKE_MAIN_THREAD));
    fake_thread_start(take_a_turn, &forever);
    fst_os_yield();
    fst_turn_pass(&turn);
    assert_true(fst_turn_try(&turn, FAKE_MAIN_THREAD));
    fake_advance_ms(2);
    assert_int_equal(seen.ended, 0);
    fst_turn_pass(&turn);
    assert_false(fst_turn_try(&turn, FAKE_MAIN_THREAD));
    fake_threads_join();
    assert_int_equal(seen.statuses[0], FASTENERS_OK);
    assert_true(is_free());
}

static void who_gives_up_leaves_the_queue_to_the_others(void **state)
{
    (void)state;
    assert_true(fst_turn_try(&turn, FAKE_MAIN_THREAD));
    start(&in_20_ms);
    start(&forever);
    start(&in_20_ms);
    start(&forever);
    fake_advance_ms(30);
    assert_int_equal(seen.ended, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(seen.statuses[i], FASTENERS_TIMED_OUT);
        assert_int_equal(seen.ended_ms[i], 20 + 2 * i);
    }
    fst_turn_pass(&turn);
    fake_threads_join();
    assert_int_equal(seen.order[2], 102);
    assert_int_equal(seen.order[3], 104);
    assert_int_equal(seen.most_inside, 1);
    assert_true(is_free());
}

static void owner_passes_the_turn(void *unused)
{
    (void)unused;
    fst_turn_pass(&turn);
}

/*
 * The turn comes at the very deadline: it is taken, or it goes to the next one, but it is never
 * lost.
 */
static void a_turn_that_comes_at_the_deadline_is_not_lost(void **state)
{
    (void)state;
    assert_true(fst_turn_try(&turn, FAKE_MAIN_THREAD));
    fake_at_ms(20, owner_passes_the_turn, NULL);
    fake_thread_start(take_a_turn, &in_20_ms);
    start(&forever);
    fake_threads_join();
    assert_int_equal(seen.ended, 2);
    assert_int_equal(seen.statuses[1], FASTENERS_OK);
    assert_int_equal(seen.most_inside, 1);
    assert_true(is_free());
}

static void cancel(void *unused)
{
    (void)unused;
    fst_turn_cancel(&turn);
}

static void a_cancel_ends_all_waits(void **state)
{
    fst_wait outside;

    (void)state;
    assert_true(fst_turn_try(&turn, FAKE_MAIN_THREAD));
    fst_wait_init(&outside, FASTENERS_FOREVER);
    fst_turn_expose(&turn, &outside);
    for (int i = 0; i < WAITERS; i++)
        start(&forever);
    fake_at_ms(10, cancel, NULL);
    assert_int_equal(fst_wait_sleep(&outside, FST_NEVER), FST_SIGNAL_CANCEL);
    fst_turn_expose(&turn, NULL);
    assert_int_equal(fst_wait_status(&outside), FASTENERS_CANCELLED);
    fake_threads_join();
    for (int i = 0; i < WAITERS; i++) {
        assert_int_equal(seen.statuses[i], FASTENERS_CANCELLED);
        assert_int_equal(seen.ended_ms[i], 10);
    }
    fst_turn_pass(&turn);
    assert_true(is_free());
}

static void a_cancel_reaches_nobody_who_is_not_exposed(void **state)
{
    fst_wait outside;

    (void)state;
    assert_true(fst_turn_try(&turn, FAKE_MAIN_THREAD));
    fst_wait_init(&outside, FASTENERS_FOREVER);
    fst_turn_expose(&turn, &outside);
    fst_turn_expose(&turn, NULL);
    fst_turn_cancel(&turn);
    assert_int_equal(fst_wait_status(&outside), FASTENERS_OK);
    assert_true(fst_turn_is_mine(&turn, FAKE_MAIN_THREAD));
    fst_turn_pass(&turn);
}

static void a_child_starts_anew(void **state)
{
    fst_wait gone;

    (void)state;
    assert_true(fst_turn_try(&turn, 2));
    fst_wait_init(&gone, FASTENERS_FOREVER);
    fst_turn_expose(&turn, &gone);
    fst_mutex_lock(&turn.mutex);
    fst_turn_reset(&turn);
    fst_turn_cancel(&turn);
    assert_int_equal(fst_wait_status(&gone), FASTENERS_OK);
    assert_true(is_free());
}

/*
 * A thread that is in acquire, but could not be found yet, is reached all the same; a later one is
 * not.
 */
static void p10_a_cancel_between_entering_and_waiting(void **state)
{
    fst_wait early, late;

    (void)state;
    fst_wait_init(&early, FASTENERS_FOREVER);
    fst_turn_enter(&turn, &early);
    assert_true(fst_turn_try(&turn, early.thread));
    fst_turn_cancel(&turn);
    fst_turn_expose(&turn, &early);
    assert_int_equal(fst_wait_status(&early), FASTENERS_CANCELLED);
    fst_turn_conceal(&turn);
    fst_wait_init(&late, FASTENERS_FOREVER);
    fst_turn_enter(&turn, &late);
    fst_turn_expose(&turn, &late);
    assert_int_equal(fst_wait_status(&late), FASTENERS_OK);
    fst_turn_conceal(&turn);
    fst_turn_pass(&turn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_has_it_at_a_time, set_up),
        cmocka_unit_test_setup(p10_a_cancel_between_entering_and_waiting, set_up),
        cmocka_unit_test_setup(waiters_are_served_first_come_first_served, set_up),
        cmocka_unit_test_setup(who_waits_is_overtaken_for_a_millisecond_only, set_up),
        cmocka_unit_test_setup(who_gives_up_leaves_the_queue_to_the_others, set_up),
        cmocka_unit_test_setup(a_turn_that_comes_at_the_deadline_is_not_lost, set_up),
        cmocka_unit_test_setup(a_cancel_ends_all_waits, set_up),
        cmocka_unit_test_setup(a_cancel_reaches_nobody_who_is_not_exposed, set_up),
        cmocka_unit_test_setup(a_child_starts_anew, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
