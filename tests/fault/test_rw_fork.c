/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

/*
 * P5 for readers and writers: whatever the parent's threads are at, a child holds nothing, its
 * handles work, and the parent notices nothing.
 */

typedef void (*make_child)(void);

static const make_child ways[] = {fake_fork_as_child, fake_clone_as_child};

enum { WAYS = 2, KINDS_OF_LOCKS = 2 };

/* Runs `state` in the parent, then looks at the child, for each way to get there. */
static void for_each_child(void **unused, void (*state)(fasteners_ipc_rwlock *lock))
{
    for (int way = 0; way < WAYS; way++)
        for (int per_process = 0; per_process < KINDS_OF_LOCKS; per_process++) {
            (void)fault_set_up(unused);
            fake_set_locks_per_process(per_process);
            fake_make_file(PATH);
            fasteners_ipc_rwlock *lock = make_rwlock(NULL);
            fasteners_ipc_rwlock *unused_one = make_rwlock(NULL);
            state(lock);
            ways[way]();
            fake_heal();
            foreign_releases(NULL);
            assert_false(fasteners_ipc_rwlock_is_held(lock));
            assert_false(fasteners_ipc_rwlock_is_reader(lock));
            assert_false(fasteners_ipc_rwlock_is_writer(lock));
            assert_int_equal(fake_open_files(), 0);
            assert_int_equal(fasteners_ipc_rwlock_release_read(lock), FASTENERS_NOT_OWNER);
            assert_int_equal(fasteners_ipc_rwlock_release_write(lock), FASTENERS_NOT_OWNER);
            assert_int_equal(fasteners_ipc_rwlock_downgrade(lock), FASTENERS_NOT_OWNER);
            fasteners_ipc_rwlock_cancel(lock);
            fake_parent_exits();
            expect_write(lock, FASTENERS_FOREVER, FASTENERS_OK);
            expect_unwrite(lock, FASTENERS_OK);
            expect_read(lock, FASTENERS_FOREVER, FASTENERS_OK);
            expect_upgrade(lock, FASTENERS_FOREVER, FASTENERS_OK);
            fasteners_ipc_rwlock_destroy(lock);
            fasteners_ipc_rwlock_destroy(unused_one);
            assert_int_equal(fault_tear_down(unused), 0);
        }
}

static void reads(fasteners_ipc_rwlock *lock)
{
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_become_thread(2);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_become_thread(FAKE_MAIN_THREAD);
}

static void another_thread_reads(fasteners_ipc_rwlock *lock)
{
    reads(lock);
    expect_unread(lock, FASTENERS_OK);
}

static void writes(fasteners_ipc_rwlock *lock)
{
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
}

static void has_downgraded(fasteners_ipc_rwlock *lock)
{
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_downgrade(lock, FASTENERS_OK);
}

static void has_upgraded(fasteners_ipc_rwlock *lock)
{
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_upgrade(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
}

static void read_for_ever(void *lock)
{
    (void)!fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_FOREVER);
}

static void write_for_ever(void *lock)
{
    (void)!fasteners_ipc_rwlock_acquire_write(lock, FASTENERS_FOREVER);
}

static void upgrade_for_ever(void *lock)
{
    (void)!fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_FOREVER);
    (void)!fasteners_ipc_rwlock_upgrade(lock, FASTENERS_FOREVER);
}

static void threads_wait_for_a_writer_elsewhere(fasteners_ipc_rwlock *lock)
{
    foreign_takes_lock(NULL);
    fake_thread_start(read_for_ever, lock);
    fake_thread_start(read_for_ever, lock);
    fake_thread_start(write_for_ever, lock);
    fake_thread_start(write_for_ever, lock);
    fake_advance_ms(10);
}

static void a_thread_upgrades_while_this_one_reads(fasteners_ipc_rwlock *lock)
{
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_thread_start(upgrade_for_ever, lock);
    fake_advance_ms(10);
}

static void a_thread_upgrades_among_readers_elsewhere(fasteners_ipc_rwlock *lock)
{
    foreign_reads(NULL);
    fake_thread_start(upgrade_for_ever, lock);
    fake_advance_ms(10);
}

static void p5_child_of_readers(void **state)
{
    for_each_child(state, reads);
}

static void p5_child_while_another_thread_reads(void **state)
{
    for_each_child(state, another_thread_reads);
}

static void p5_child_of_a_writer(void **state)
{
    for_each_child(state, writes);
}

static void p5_child_of_one_who_downgraded(void **state)
{
    for_each_child(state, has_downgraded);
}

static void p5_child_of_one_who_upgraded(void **state)
{
    for_each_child(state, has_upgraded);
}

static void p5_child_while_threads_wait(void **state)
{
    for_each_child(state, threads_wait_for_a_writer_elsewhere);
}

static void p5_child_while_a_thread_upgrades(void **state)
{
    for_each_child(state, a_thread_upgrades_while_this_one_reads);
}

static void p5_child_while_a_thread_upgrades_elsewhere(void **state)
{
    for_each_child(state, a_thread_upgrades_among_readers_elsewhere);
}

/* ----------------------------------------------------------------------- the parent -- */

static void process_forks(void *unused)
{
    (void)unused;
    fake_fork_as_parent();
}

static void p5_the_parent_goes_on(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fork_as_parent();
    expect_held(lock, true, false);
    expect_upgrade(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fork_as_parent();
    expect_held(lock, false, true);
    expect_downgrade(lock, FASTENERS_OK);
    expect_unread(lock, FASTENERS_OK);
    assert_int_equal(fake_locks(), 0);
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fake_at_ms(10, process_forks, NULL);
    fake_at_ms(30, foreign_releases, NULL);
    expect_read(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 30);
    fasteners_ipc_rwlock_destroy(lock);
}

/* The child cannot give back what the parent has, not even by destroy. */
static void p5_destroy_in_the_child_leaves_the_parent_alone(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);
    fasteners_ipc_rwlock *other = make_rwlock(NULL);

    (void)state;
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fork_as_child();
    fasteners_ipc_rwlock_destroy(lock);
    assert_int_equal(fake_calls(FAKE_UNLOCK), 0);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write(other, 0), FASTENERS_BUSY);
    expect_read(other, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_parent_exits();
    fasteners_ipc_rwlock_destroy(other);
}

/* ---------------------------------------------------- a fork in the sleep function -- */

static bool has_forked;

static void fork_and_go_on_as_child(void *user, int64_t ms)
{
    (void)user;
    (void)ms;
    if (!has_forked) {
        has_forked = true;
        fake_fork_as_child();
    }
    fake_advance_ms(5);
}

static fasteners_ipc_rwlock *make_forking(void)
{
    fasteners_ipc_options options = kept_log();

    has_forked = false;
    options.sleep = fork_and_go_on_as_child;
    return make_rwlock(&options);
}

/* The child goes on with the call that its thread was in. */
static void p5_the_sleep_function_forks_in_acquire(void **state)
{
    for (int writing = 0; writing < 2; writing++) {
        (void)fault_set_up(state);
        fasteners_ipc_rwlock *lock = make_forking();
        fake_make_file(PATH);
        foreign_takes_lock(NULL);
        fake_at_ms(12, foreign_releases, NULL);
        if (writing)
            expect_write(lock, FASTENERS_FOREVER, FASTENERS_OK);
        else
            expect_read(lock, FASTENERS_FOREVER, FASTENERS_OK);
        fake_parent_exits();
        expect_held(lock, !writing, writing);
        fake_become_thread(2);
        assert_int_equal(fasteners_ipc_rwlock_acquire_write(lock, 0), FASTENERS_BUSY);
        fake_become_thread(FAKE_MAIN_THREAD);
        if (writing)
            expect_unwrite(lock, FASTENERS_OK);
        else
            expect_unread(lock, FASTENERS_OK);
        expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        fasteners_ipc_rwlock_destroy(lock);
        assert_int_equal(fault_tear_down(state), 0);
    }
}

static void p5_the_sleep_function_forks_in_acquire_of_an_ipc_lock(void **state)
{
    fasteners_ipc_options options = kept_log();

    (void)state;
    has_forked = false;
    options.sleep = fork_and_go_on_as_child;
    fasteners_ipc_lock *lock = make_lock(&options);
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fake_at_ms(12, foreign_releases, NULL);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    fake_parent_exits();
    fake_become_thread(2);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, 0), FASTENERS_BUSY);
    fake_become_thread(FAKE_MAIN_THREAD);
    expect_release(lock, FASTENERS_OK);
    use_and_destroy(lock);
}

/* The hold that was to be upgraded is the parent's. */
static void p5_the_sleep_function_forks_in_upgrade(void **state)
{
    fasteners_ipc_rwlock *lock = make_forking();

    (void)state;
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    foreign_reads(NULL);
    assert_int_equal(fasteners_ipc_rwlock_upgrade(lock, FASTENERS_FOREVER), FASTENERS_LOST);
    foreign_releases(NULL);
    assert_false(fasteners_ipc_rwlock_is_held(lock));
    assert_int_equal(fasteners_ipc_rwlock_release_read(lock), FASTENERS_NOT_OWNER);
    fake_parent_exits();
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(p5_child_of_readers),
        fault_test(p5_child_while_another_thread_reads),
        fault_test(p5_child_of_a_writer),
        fault_test(p5_child_of_one_who_downgraded),
        fault_test(p5_child_of_one_who_upgraded),
        fault_test(p5_child_while_threads_wait),
        fault_test(p5_child_while_a_thread_upgrades),
        fault_test(p5_child_while_a_thread_upgrades_elsewhere),
        fault_test(p5_the_parent_goes_on),
        fault_test(p5_destroy_in_the_child_leaves_the_parent_alone),
        fault_test(p5_the_sleep_function_forks_in_acquire),
        fault_test(p5_the_sleep_function_forks_in_acquire_of_an_ipc_lock),
        fault_test(p5_the_sleep_function_forks_in_upgrade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
