/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_set_test.h"

#include <string.h>

/* Lock sets upon the fake platform: duplicates, what the thread holds besides, misuse, fork. */

/* -------------------------------------------------------------------------- duplicates -- */

static unsigned tries_before;

static void expect_tries(unsigned tries)
{
    assert_int_equal(fake_calls(FAKE_LOCK_TRY) - tries_before, tries);
    tries_before = fake_calls(FAKE_LOCK_TRY);
}

static void s5_the_same_object_is_acquired_once(void **state)
{
    fasteners_ipc_lock *lock = lock_at(A);
    member members[] = {
        fasteners_member_ipc_lock(lock), fasteners_member_read(&first_rw),
        fasteners_member_ipc_lock(lock), fasteners_member_read(&first_rw),
        fasteners_member_ipc_lock(lock),
    };

    (void)state;
    tries_before = 0;
    expect_got(members, 5, FASTENERS_FOREVER);
    expect_tries(1);
    assert_int_equal(fasteners_rw_lock_release_read(&first_rw), FASTENERS_OK);
    assert_int_equal(fasteners_rw_lock_release_read(&first_rw), FASTENERS_NOT_OWNER);
    assert_false(fasteners_lock_set_member_is_held(&members[1]));
    assert_int_equal(fasteners_rw_lock_acquire_read(&first_rw, 0), FASTENERS_OK);
    expect_given_back(members, 5);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_NOT_OWNER);
}

static void s5_read_and_write_is_write(void **state)
{
    fasteners_ipc_rwlock *lock = rwlock_at(A);
    member members[] = {
        fasteners_member_ipc_read(lock),
        fasteners_member_read(&first_rw),
        fasteners_member_ipc_write(lock),
        fasteners_member_write(&first_rw),
    };

    (void)state;
    expect_got(members, 4, FASTENERS_FOREVER);
    assert_true(fasteners_ipc_rwlock_is_writer(lock));
    assert_false(fasteners_ipc_rwlock_is_reader(lock));
    assert_true(fasteners_rw_lock_is_writer(&first_rw, false));
    assert_false(fasteners_rw_lock_is_reader(&first_rw));
    expect_given_back(members, 4);
}

/* What the thread holds already is counted by the object; the set takes and gives back its own. */
static void s5_held_before_is_held_after(void **state)
{
    fasteners_ipc_rwlock *lock = rwlock_at(A);
    member members[] = {
        fasteners_member_ipc_read(lock),
        fasteners_member_write(&first_rw),
        fasteners_member_ipc_lock(lock_at(B)),
    };

    (void)state;
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, 0), FASTENERS_OK);
    assert_int_equal(fasteners_rw_lock_acquire_write(&first_rw, 0), FASTENERS_OK);
    expect_got(members, 3, FASTENERS_FOREVER);
    assert_int_equal(fasteners_lock_set_release(members, 3, NULL), FASTENERS_OK);
    assert_true(fasteners_ipc_rwlock_is_reader(lock) && fake_we_lock(A, 0));
    assert_true(fasteners_rw_lock_is_writer(&first_rw, false));
    assert_int_equal(fasteners_rw_lock_release_write(&first_rw), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_release_read(lock), FASTENERS_OK);
}

/* T3, P12: the object's answer, with the member's name. */
static void s5_a_reader_that_asks_for_write_is_refused(void **state)
{
    member members[] = {fasteners_member_ipc_lock(lock_at(A)), fasteners_member_write(&first_rw)};

    (void)state;
    assert_int_equal(fasteners_rw_lock_acquire_read(&first_rw, 0), FASTENERS_OK);
    expect_set(members, 2, 100, FASTENERS_WOULD_DEADLOCK, 1);
    assert_int_equal(fake_elapsed_ms(), 0);
    assert_int_equal(fake_locks(), 0);
    assert_true(fasteners_rw_lock_is_reader(&first_rw));
    assert_int_equal(fasteners_rw_lock_release_read(&first_rw), FASTENERS_OK);
}

static void s5_what_the_thread_holds_by_another_handle_is_in_the_way(void **state)
{
    fasteners_ipc_lock *held = lock_at(B);
    member members[] = {fasteners_member_ipc_lock(lock_at(B)),
                        fasteners_member_ipc_lock(lock_at(A))};

    (void)state;
    assert_int_equal(fasteners_ipc_lock_acquire(held, 0), FASTENERS_OK);
    expect_set(members, 2, FASTENERS_FOREVER, FASTENERS_WOULD_DEADLOCK, 0);
    expect_set(members, 2, 30, FASTENERS_TIMED_OUT, 0);
    assert_int_equal(fake_elapsed_ms(), 30);
    assert_false(fake_we_lock(A, 0));
    assert_int_equal(fasteners_ipc_lock_release(held), FASTENERS_OK);
}

static const int64_t timeouts[] = {FASTENERS_NO_WAIT, 100, FASTENERS_FOREVER};

/* At once, whatever the time-out, before anything is locked. */
static void expect_conflict(member *members, size_t count, size_t second)
{
    tries_before = fake_calls(FAKE_LOCK_TRY);
    for (int i = 0; i < 3; i++)
        expect_set(members, count, timeouts[i], FASTENERS_WOULD_DEADLOCK, second);
    expect_tries(0);
    assert_int_equal(fake_elapsed_ms(), 0);
}

static void s5_two_handles_on_one_file(void **state)
{
    fasteners_ipc_options options = kept_log();
    fasteners_ipc_lock *one = lock_at(B), *two = lock_at(B);
    fasteners_ipc_rwlock *three = rwlock_at(B), *four = rwlock_at(B);
    member both[] = {fasteners_member_ipc_lock(lock_at(A)), fasteners_member_ipc_lock(one),
                     fasteners_member_ipc_lock(lock_at(C)), fasteners_member_ipc_lock(two)};
    member mixed[] = {fasteners_member_ipc_read(three), fasteners_member_ipc_read(four),
                      fasteners_member_ipc_lock(one)};
    member write[] = {fasteners_member_ipc_write(three), fasteners_member_ipc_read(four)};
    member read[] = {fasteners_member_ipc_read(three), fasteners_member_ipc_read(four)};

    (void)state;
    expect_conflict(both, 4, 3);
    expect_conflict(mixed, 3, 2);
    expect_conflict(write, 2, 1);
    expect_got(read, 2, FASTENERS_NO_WAIT);
    expect_given_back(read, 2);
    options.follow_symlinks = true;
    fake_make_symlink("/link", B);
    both[2] = fasteners_member_ipc_lock(lock_with("/link", &options));
    expect_conflict(both, 4, 2);
}

/* ------------------------------------------------------------------------------ misuse -- */

static void p12_arguments(void **state)
{
    member members[4];
    member bad;
    size_t failed = 4711;

    (void)state;
    make_four(members);
    expect_set(members, 4, -2, FASTENERS_INVALID, 4);
    expect_set(NULL, 0, -2, FASTENERS_INVALID, 0);
    expect_got(NULL, 0, FASTENERS_FOREVER);
    expect_got(members, 0, FASTENERS_FOREVER);
    assert_int_equal(fasteners_lock_set_acquire(NULL, 1, 0, NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_lock_set_release(NULL, 1, &failed), FASTENERS_INVALID);
    assert_int_equal(failed, 1);
    assert_int_equal(fasteners_lock_set_release(NULL, 0, NULL), FASTENERS_OK);
    assert_false(fasteners_lock_set_member_is_held(NULL));
    fasteners_lock_set_cancel(NULL, 3);
    bad = members[2];
    members[2].lock = NULL;
    expect_set(members, 4, 0, FASTENERS_INVALID, 2);
    members[2] = (member){0};
    expect_set(members, 4, 0, FASTENERS_INVALID, 2);
    members[2] = bad;
    members[2].kind = FASTENERS_MEMBER_WRITE + 1;
    expect_set(members, 4, 0, FASTENERS_INVALID, 2);
    expect_nothing_held();
}

static void s6_wrong_releases_change_nothing(void **state)
{
    member members[4], copy[4];
    size_t failed = 4711;

    (void)state;
    make_four(members);
    assert_int_equal(fasteners_lock_set_release(members, 4, &failed), FASTENERS_NOT_OWNER);
    assert_int_equal(failed, 4);
    expect_got(members, 4, FASTENERS_NO_WAIT);
    assert_int_equal(fasteners_lock_set_release(members, 3, NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_lock_set_release(members + 1, 3, NULL), FASTENERS_INVALID);
    fake_become_thread(2);
    assert_int_equal(fasteners_lock_set_release(members, 4, &failed), FASTENERS_NOT_OWNER);
    assert_false(fasteners_lock_set_member_is_held(&members[2]));
    fake_become_thread(FAKE_MAIN_THREAD);
    for (int i = 0; i < 4; i++)
        assert_true(fasteners_lock_set_member_is_held(&members[i]));
    assert_int_equal(fasteners_lock_set_acquire(members, 4, 0, &failed), FASTENERS_INVALID);
    assert_int_equal(failed, 0);
    memcpy(copy, members, sizeof(copy));
    expect_given_back(copy, 4);
}

/* By other means: told, and the rest is given back. */
static void s6_a_member_that_was_released_by_hand(void **state)
{
    member members[4];
    size_t failed;

    (void)state;
    make_four(members);
    expect_got(members, 4, FASTENERS_NO_WAIT);
    assert_int_equal(fasteners_ipc_lock_release(members[2].lock), FASTENERS_OK);
    assert_false(fasteners_lock_set_member_is_held(&members[2]));
    assert_int_equal(fasteners_lock_set_release(members, 4, &failed), FASTENERS_NOT_OWNER);
    assert_int_equal(failed, 2);
    expect_nothing_held();
    assert_int_equal(fasteners_lock_set_release(members, 4, &failed), FASTENERS_NOT_OWNER);
    assert_int_equal(failed, 4);
}

/* P5. */
static void s8_a_child_holds_no_file_of_the_set(void **state)
{
    static void (*const ways[])(void) = {fake_fork_as_child, fake_clone_as_child};

    for (int way = 0; way < 2; way++)
        for (int per_process = 0; per_process < 2; per_process++) {
            (void)set_test_set_up(state);
            fake_set_locks_per_process(per_process);
            member members[] = {fasteners_member_ipc_lock(lock_at(A)),
                                fasteners_member_ipc_read(rwlock_at(B))};
            expect_got(members, 2, FASTENERS_NO_WAIT);
            ways[way]();
            size_t failed;
            assert_false(fasteners_lock_set_member_is_held(&members[0]));
            assert_false(fasteners_lock_set_member_is_held(&members[1]));
            assert_int_equal(fasteners_lock_set_release(members, 2, &failed), FASTENERS_NOT_OWNER);
            assert_int_equal(failed, 1);
            expect_set(members, 2, FASTENERS_NO_WAIT, FASTENERS_BUSY, 0);
            fake_parent_exits();
            expect_got(members, 2, FASTENERS_NO_WAIT);
            expect_given_back(members, 2);
            assert_int_equal(set_test_tear_down(state), 0);
        }
    (void)set_test_set_up(state);
}

/* ------------------------------------------------------------------- descriptors, fibers -- */

static void s2_an_adopted_descriptor_is_a_member_like_any_other(void **state)
{
    fasteners_ipc_lock *named = make_lock(NULL);
    fasteners_ipc_lock *adopted, *same;
    size_t failed;

    (void)state;
    fake_make_file("/other");
    fake_make_file(PATH);
    assert_int_equal(fasteners_ipc_lock_create_from_fd(
                         &adopted, fake_program_opens("/other", FST_READ_WRITE), NULL),
                     FASTENERS_OK);
    assert_int_equal(
        fasteners_ipc_lock_create_from_fd(&same, fake_program_opens(PATH, FST_READ_WRITE), NULL),
        FASTENERS_OK);
    fasteners_lock_set_member set[] = {fasteners_member_ipc_lock(named),
                                       fasteners_member_ipc_lock(adopted)};
    fasteners_lock_set_member twice[] = {fasteners_member_ipc_lock(named),
                                         fasteners_member_ipc_lock(same)};
    assert_int_equal(fasteners_lock_set_acquire(set, 2, FASTENERS_FOREVER, &failed), FASTENERS_OK);
    assert_int_equal(fake_locks(), 2);
    assert_int_equal(fasteners_lock_set_release(set, 2, &failed), FASTENERS_OK);
    assert_int_equal(fasteners_lock_set_acquire(twice, 2, FASTENERS_FOREVER, &failed),
                     FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(failed, 1);
    assert_int_equal(fake_locks(), 0);
    fasteners_ipc_lock_destroy(named);
    fasteners_ipc_lock_destroy(adopted);
    fasteners_ipc_lock_destroy(same);
}

static void *running;
static fasteners_ipc_lock *given_back;

static void *current_fiber(void *user)
{
    (void)user;
    return running;
}

/* While the set waits, the other fiber releases. */
static void let_the_other_release(void *user, int64_t ms)
{
    (void)user;
    fake_advance_ms(ms);
    if (given_back == NULL)
        return;
    running = (void *)1;
    assert_int_equal(fasteners_ipc_lock_release(given_back), FASTENERS_OK);
    given_back = NULL;
    running = (void *)2;
}

static void t11_a_set_waits_for_another_fiber(void **state)
{
    fasteners_ipc_options options = kept_log();
    size_t failed;

    (void)state;
    options.current = current_fiber;
    options.sleep = let_the_other_release;
    fasteners_ipc_lock *lock = make_lock(&options);
    fasteners_lock_set_member set[] = {fasteners_member_ipc_lock(lock)};
    running = (void *)1;
    assert_int_equal(fasteners_ipc_lock_acquire(lock, 0), FASTENERS_OK);
    given_back = lock;
    running = (void *)2;
    assert_int_equal(fasteners_lock_set_acquire(set, 1, FASTENERS_FOREVER, &failed), FASTENERS_OK);
    assert_true(fasteners_lock_set_member_is_held(&set[0]));
    assert_int_equal(fasteners_lock_set_release(set, 1, &failed), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static fasteners_status give_up_with_lost(void *user, void *fiber, int64_t timeout_ms)
{
    (void)user, (void)fiber, (void)timeout_ms;
    return FASTENERS_LOST;
}

static void wake_nobody(void *user, void *fiber)
{
    (void)user, (void)fiber;
}

/* LOST within a set means that a file was replaced, and the set begins again: not so here. */
static void t11_a_hook_that_gives_up_with_lost_ends_the_acquire(void **state)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;
    fasteners_rw_lock lock;
    fasteners_lock_set_member set[] = {
        fasteners_member_ipc_lock(lock_at(A)),
        fasteners_member_write(&lock),
    };

    (void)state;
    options.current = current_fiber;
    options.wait = give_up_with_lost;
    options.wake = wake_nobody;
    assert_int_equal(fasteners_rw_lock_init(&lock, &options), FASTENERS_OK);
    running = (void *)1;
    assert_int_equal(fasteners_rw_lock_acquire_read(&lock, 0), FASTENERS_OK);
    running = (void *)2;
    expect_set(set, 2, FASTENERS_FOREVER, FASTENERS_CANCELLED, 1);
    running = (void *)1;
    assert_int_equal(fasteners_rw_lock_release_read(&lock), FASTENERS_OK);
    fasteners_rw_lock_destroy(&lock);
}

static void t11_a_grant_that_reaches_nobody_leaves_the_news(void **state)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;
    fasteners_rw_lock row[2];

    (void)state;
    options.current = current_fiber;
    options.wait = give_up_with_lost;
    options.wake = wake_nobody;
    assert_int_equal(fasteners_rw_lock_init(&row[0], &options), FASTENERS_OK);
    assert_int_equal(fasteners_rw_lock_init(&row[1], &options), FASTENERS_OK);
    running = (void *)1;
    assert_int_equal(fasteners_rw_lock_acquire_write(&row[0], 0), FASTENERS_OK);
    assert_int_equal(fasteners_rw_lock_acquire_write(&row[1], 0), FASTENERS_OK);
    assert_int_equal(fasteners_rw_lock_fiber_ended(&row[0], (void *)1), FASTENERS_OK);
    running = (void *)2;
    for (int i = 0; i < 2; i++) {
        member set[] = {fasteners_member_write(&row[0]), fasteners_member_write(&row[1])};
        expect_set(set, 2, FASTENERS_NO_WAIT, FASTENERS_BUSY, 1);
        assert_true(fasteners_rw_lock_was_abandoned(&row[0]));
    }
    assert_int_equal(fasteners_rw_lock_acquire_write(&row[0], 0), FASTENERS_OK);
    assert_int_equal(fasteners_rw_lock_release_write(&row[0]), FASTENERS_OK);
    assert_false(fasteners_rw_lock_was_abandoned(&row[0]));
    fasteners_rw_lock_destroy(&row[0]);
    running = (void *)1;
    assert_int_equal(fasteners_rw_lock_release_write(&row[1]), FASTENERS_OK);
    fasteners_rw_lock_destroy(&row[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        set_test(s5_the_same_object_is_acquired_once),
        set_test(s5_read_and_write_is_write),
        set_test(s5_held_before_is_held_after),
        set_test(s5_a_reader_that_asks_for_write_is_refused),
        set_test(s5_what_the_thread_holds_by_another_handle_is_in_the_way),
        set_test(s5_two_handles_on_one_file),
        set_test(p12_arguments),
        set_test(s6_wrong_releases_change_nothing),
        set_test(s6_a_member_that_was_released_by_hand),
        set_test(s8_a_child_holds_no_file_of_the_set),
        fault_test(s2_an_adopted_descriptor_is_a_member_like_any_other),
        fault_test(t11_a_set_waits_for_another_fiber),
        set_test(t11_a_hook_that_gives_up_with_lost_ends_the_acquire),
        set_test(t11_a_grant_that_reaches_nobody_leaves_the_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
