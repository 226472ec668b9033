/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

/* P1 and P12: who excludes whom inside one process, and what misuse is answered with. */

enum { THREADS = 4, ROUNDS = 25 };

/* ------------------------------------------------------------------- P1, P4: threads -- */

typedef struct contest {
    fasteners_ipc_lock *locks[THREADS];
    int next_thread;
    int inside, most_inside;
    int rounds, failures;
} contest;

static void run_section(contest *c, fasteners_ipc_lock *lock)
{
    if (fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER) != FASTENERS_OK) {
        c->failures++;
        return;
    }
    if (++c->inside > c->most_inside)
        c->most_inside = c->inside;
    fst_os_yield();
    c->failures += !fake_we_lock(PATH, 0);
    c->inside--;
    c->rounds++;
    c->failures += fasteners_ipc_lock_release(lock) != FASTENERS_OK;
}

static void contend(void *argument)
{
    contest *c = argument;
    fasteners_ipc_lock *lock = c->locks[c->next_thread++];

    for (int i = 0; i < ROUNDS; i++)
        run_section(c, lock);
}

static void run_contest(contest *c)
{
    for (int i = 0; i < THREADS; i++)
        fake_thread_start(contend, c);
    fake_threads_join();
    assert_int_equal(c->failures, 0);
    assert_int_equal(c->rounds, THREADS * ROUNDS);
    assert_int_equal(c->most_inside, 1);
}

static void contest_on_one_handle(const fasteners_ipc_options *options)
{
    contest c = {0};

    c.locks[0] = make_lock(options);
    for (int i = 1; i < THREADS; i++)
        c.locks[i] = c.locks[0];
    run_contest(&c);
    fasteners_ipc_lock_destroy(c.locks[0]);
}

static void contest_on_separate_handles(const fasteners_ipc_options *options)
{
    contest c = {0};

    for (int i = 0; i < THREADS; i++)
        c.locks[i] = make_lock(options);
    run_contest(&c);
    for (int i = 0; i < THREADS; i++)
        fasteners_ipc_lock_destroy(c.locks[i]);
}

static void p1_threads_exclude_each_other_on_one_handle(void **state)
{
    (void)state;
    contest_on_one_handle(NULL);
}

static void p1_threads_exclude_each_other_on_separate_handles(void **state)
{
    (void)state;
    contest_on_separate_handles(NULL);
}

static void p1_the_same_with_fair(void **state)
{
    fasteners_ipc_options options = kept_log();

    (void)state;
    options.fair = true;
    contest_on_one_handle(&options);
    contest_on_separate_handles(&options);
}

static void p1_the_same_where_locks_belong_to_the_process(void **state)
{
    (void)state;
    fake_set_locks_per_process(true);
    contest_on_one_handle(NULL);
    contest_on_separate_handles(NULL);
}

static void p1_the_same_where_the_file_goes_at_each_release(void **state)
{
    fasteners_ipc_options options = kept_log();

    (void)state;
    options.unlink_on_release = true;
    contest_on_one_handle(&options);
    contest_on_separate_handles(&options);
}

static void p1_two_handles_of_one_thread_exclude_each_other(void **state)
{
    fasteners_ipc_lock *one = make_lock(NULL);
    fasteners_ipc_lock *two = make_lock(NULL);

    (void)state;
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_acquire(two, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    expect_release(one, FASTENERS_OK);
    expect_acquire(two, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    expect_release(two, FASTENERS_OK);
    fasteners_ipc_lock_destroy(one);
    fasteners_ipc_lock_destroy(two);
}

static void p1_a_foreign_holder_is_respected(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    foreign_releases(NULL);
    use_and_destroy(lock);
}

/* ------------------------------------------------------------------------ P12: misuse -- */

static void p12_release_of_what_is_not_held(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_release(lock, FASTENERS_NOT_OWNER);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    expect_release(lock, FASTENERS_NOT_OWNER);
    use_and_destroy(lock);
}

static void p12_release_by_another_thread_changes_nothing(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_become_thread(2);
    expect_release(lock, FASTENERS_NOT_OWNER);
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_NOT_OWNER);
    assert_true(fasteners_ipc_lock_is_held(lock));
    assert_true(fake_we_lock(PATH, 0));
    fake_become_thread(FAKE_MAIN_THREAD);
    expect_release(lock, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

/* `lock` is held already by this thread, through itself or another handle. */
static void expect_self_deadlock_noticed(fasteners_ipc_lock *lock)
{
    int64_t before = fake_elapsed_ms();

    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(fake_elapsed_ms(), before);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, 40), FASTENERS_TIMED_OUT);
    assert_int_equal(fake_elapsed_ms(), before + 40);
    assert_true(fake_we_lock(PATH, 0));
}

static void check_self_deadlock(void)
{
    fasteners_ipc_lock *one = make_lock(NULL);
    fasteners_ipc_lock *two = make_lock(NULL);

    expect_acquire(one, FASTENERS_FOREVER, FASTENERS_OK);
    expect_self_deadlock_noticed(one);
    expect_self_deadlock_noticed(two);
    assert_int_equal(fasteners_ipc_lock_check(one), FASTENERS_OK);
    expect_release(one, FASTENERS_OK);
    use_and_destroy(two);
    use_and_destroy(one);
}

static void p12_a_thread_that_would_wait_for_itself(void **state)
{
    (void)state;
    check_self_deadlock();
}

static void p12_the_same_where_locks_belong_to_the_process(void **state)
{
    (void)state;
    fake_set_locks_per_process(true);
    check_self_deadlock();
}

static void p12_the_same_under_another_name_of_the_file(void **state)
{
    fasteners_ipc_options options = kept_log();
    fasteners_ipc_lock *one = make_lock(NULL);
    fasteners_ipc_lock *two;

    (void)state;
    fake_make_symlink("/alias", PATH);
    options.follow_symlinks = true;
    assert_int_equal(fasteners_ipc_lock_create(&two, "/alias", &options), FASTENERS_OK);
    expect_acquire(one, FASTENERS_FOREVER, FASTENERS_OK);
    expect_self_deadlock_noticed(two);
    expect_release(one, FASTENERS_OK);
    use_and_destroy(two);
    use_and_destroy(one);
}

static fasteners_status status_of_waiter;

static void acquire_within_100_ms(void *lock)
{
    status_of_waiter = fasteners_ipc_lock_acquire(lock, 100);
}

/*
 * The thread holds the file through one handle, and at another one somebody waits already: it would
 * wait for that one, who waits for it.
 */
static void p12_a_thread_that_would_wait_for_who_waits_for_it(void **state)
{
    fasteners_ipc_lock *one = make_lock(NULL);
    fasteners_ipc_lock *two = make_lock(NULL);

    (void)state;
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_thread_start(acquire_within_100_ms, two);
    fake_advance_ms(50);
    assert_int_equal(fasteners_ipc_lock_acquire(two, FASTENERS_FOREVER), FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(fasteners_ipc_lock_acquire(two, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    assert_int_equal(fake_elapsed_ms(), 50);
    fake_threads_join();
    assert_int_equal(status_of_waiter, FASTENERS_TIMED_OUT);
    expect_release(one, FASTENERS_OK);
    use_and_destroy(two);
    use_and_destroy(one);
}

static void p12_null_is_answered(void **state)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    assert_int_equal(fasteners_ipc_lock_acquire(NULL, 0), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_release(NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_check(NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_holder(NULL, &holder), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_holder(lock, NULL), FASTENERS_INVALID);
    assert_false(fasteners_ipc_lock_is_held(NULL));
    assert_false(fasteners_ipc_lock_exists(NULL));
    assert_null(fasteners_ipc_lock_path(NULL));
    assert_int_equal(fasteners_ipc_lock_os_error(NULL), 0);
    fasteners_ipc_lock_cancel(NULL);
    fasteners_ipc_lock_destroy(NULL);
    fasteners_ipc_lock_destroy(lock);
}

static void p12_invalid_timeouts_touch_nothing(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, -2, FASTENERS_INVALID);
    expect_acquire(lock, INT64_MIN, FASTENERS_INVALID);
    assert_int_equal(fake_calls(FAKE_OPEN), 0);
    expect_acquire(lock, INT64_MAX, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static void destroy_releases_what_is_held(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    assert_false(fake_we_lock(PATH, 0));
    assert_true(fake_exists(PATH));
}

/*
 * The owner's thread has ended, or is somewhere else: the end of the handle is the end of the hold.
 */
static void destroy_releases_what_another_thread_holds(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_become_thread(2);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_become_thread(FAKE_MAIN_THREAD);
    assert_true(fasteners_ipc_lock_is_held(lock));
    fasteners_ipc_lock_destroy(lock);
    assert_false(fake_we_lock(PATH, 0));
}

static void p17_a_handle_keeps_its_file_open_and_opens_it_once(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    for (int i = 0; i < 10; i++) {
        expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        expect_release(lock, FASTENERS_OK);
    }
    assert_int_equal(fake_open_files(), 1);
    assert_int_equal(fake_calls(FAKE_CREATE), 1);
    assert_int_equal(fake_calls(FAKE_OPEN), 1); /* found nothing */
    fasteners_ipc_lock_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(p1_threads_exclude_each_other_on_one_handle),
        fault_test(p1_threads_exclude_each_other_on_separate_handles),
        fault_test(p1_the_same_with_fair),
        fault_test(p1_the_same_where_locks_belong_to_the_process),
        fault_test(p1_the_same_where_the_file_goes_at_each_release),
        fault_test(p1_two_handles_of_one_thread_exclude_each_other),
        fault_test(p1_a_foreign_holder_is_respected),
        fault_test(p12_release_of_what_is_not_held),
        fault_test(p12_release_by_another_thread_changes_nothing),
        fault_test(p12_a_thread_that_would_wait_for_itself),
        fault_test(p12_the_same_where_locks_belong_to_the_process),
        fault_test(p12_the_same_under_another_name_of_the_file),
        fault_test(p12_a_thread_that_would_wait_for_who_waits_for_it),
        fault_test(p12_null_is_answered),
        fault_test(p12_invalid_timeouts_touch_nothing),
        fault_test(destroy_releases_what_is_held),
        fault_test(destroy_releases_what_another_thread_holds),
        fault_test(p17_a_handle_keeps_its_file_open_and_opens_it_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
