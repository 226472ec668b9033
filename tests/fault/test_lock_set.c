/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_set_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Lock sets upon the fake platform: order, all or nothing, one time-out. */

/* ------------------------------------------------------------------------------- order -- */

static char story[256];

static void tell(const char *word)
{
    size_t length = strlen(story);

    (void)snprintf(story + length, sizeof(story) - length, "%s", word);
}

/* What is held at this moment. */
static void tell_held(void *unused)
{
    (void)unused;
    tell("|");
    tell(fake_we_lock(A, 0) ? "a" : "");
    tell(fake_we_lock(B, 0) ? "b" : "");
    tell(fake_we_lock(C, 0) ? "c" : "");
    tell(fasteners_rw_lock_owner(&first_rw) != FASTENERS_OWNER_NONE ? "r" : "");
}

static void expect_story(member *members, size_t count, const char *expected)
{
    story[0] = '\0';
    fake_before(FAKE_LOCK_TRY, 0, tell_held, NULL);
    fake_before(FAKE_UNLOCK, 0, tell_held, NULL);
    expect_got(members, count, FASTENERS_FOREVER);
    tell_held(NULL);
    expect_given_back(members, count);
    fake_heal();
    assert_string_equal(story, expected);
}

/* S2, S6. */
static void s2_files_by_identity_then_thread_locks_and_back_in_reverse(void **state)
{
    static const int orders[][4] = {{0, 1, 2, 3}, {0, 2, 1, 3}, {1, 0, 3, 2}, {1, 2, 0, 3},
                                    {2, 3, 0, 1}, {2, 1, 0, 3}, {3, 2, 1, 0}, {3, 0, 2, 1}};
    fasteners_ipc_rwlock *c = rwlock_at(C); /* not in the order of their addresses, as it happens */
    fasteners_ipc_lock *a = lock_at(A);
    fasteners_ipc_rwlock *b = rwlock_at(B);
    const member all[] = {
        fasteners_member_ipc_lock(a),
        fasteners_member_ipc_write(b),
        fasteners_member_ipc_read(c),
        fasteners_member_write(&first_rw),
    };

    (void)state;
    assert_false((uintptr_t)a < (uintptr_t)b && (uintptr_t)b < (uintptr_t)c);
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        member given[4];
        for (int k = 0; k < 4; k++)
            given[k] = all[orders[i][k]];
        expect_story(given, 4, "||a|ab|abcr|abc|ab|a");
    }
}

static void s2_identity_counts_not_spelling(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    member given[2];

    (void)state;
    options.follow_symlinks = true;
    fake_make_symlink("/link to b", B);
    fake_rename(A, "/z");
    given[0] = fasteners_member_ipc_lock(lock_with("/link to b", &options));
    given[1] = fasteners_member_ipc_lock(lock_at("/z"));
    fake_make_file(A);
    story[0] = '\0';
    fake_before(FAKE_LOCK_TRY, 2, tell_held, NULL);
    expect_got(given, 2, FASTENERS_FOREVER);
    assert_string_equal(story, "|"); /* /z is neither a, b nor c */
    assert_true(fake_we_lock(B, 0) && fake_we_lock("/z", 0));
    expect_given_back(given, 2);
}

static fasteners_rw_lock row[3];

static void write_and_wait(void *unused)
{
    static _Atomic uint32_t never;

    (void)unused;
    for (int i = 0; i < 3; i += 2)
        assert_int_equal(fasteners_rw_lock_acquire_write(&row[i], 0), FASTENERS_OK);
    fst_os_park(&never, 0, fst_os_now() + 50 * FST_NS_PER_MS);
    for (int i = 0; i < 3; i += 2)
        assert_int_equal(fasteners_rw_lock_release_write(&row[i]), FASTENERS_OK);
}

/* Of two that are busy, the first of the order is the one that is met. */
static void s2_thread_locks_by_address(void **state)
{
    member up[] = {fasteners_member_read(&row[0]), fasteners_member_write(&row[1]),
                   fasteners_member_write(&row[2])};
    member down[] = {fasteners_member_write(&row[2]), fasteners_member_write(&row[1]),
                     fasteners_member_read(&row[0])};

    (void)state;
    fake_thread_start(write_and_wait, NULL);
    fst_os_yield();
    expect_set(up, 3, FASTENERS_NO_WAIT, FASTENERS_BUSY, 0);
    expect_set(down, 3, FASTENERS_NO_WAIT, FASTENERS_BUSY, 2);
    assert_int_equal(fasteners_rw_lock_owner(&row[1]), FASTENERS_OWNER_NONE);
    expect_got(down, 3, FASTENERS_FOREVER);
    expect_given_back(down, 3);
    fake_threads_join();
}

static void s2_large_sets(void **state)
{
    enum { MANY = 500 };
    static fasteners_rw_lock many[MANY];
    static member members[MANY];

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        members[i] = fasteners_member_write(&many[i * 211 % MANY]);
    expect_got(members, MANY, FASTENERS_FOREVER);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(fasteners_rw_lock_owner(&many[i]), FASTENERS_OWNER_WRITER);
    expect_given_back(members, MANY);
}

/* ---------------------------------------------------------------------- all or nothing -- */

static void cancel_all(void *members)
{
    fasteners_lock_set_cancel(members, 4);
}

static const char *const path_of[] = {NULL, C, A, B};

/* S1, S4: whichever is in the way, it is named, and nothing is held afterwards. */
static void s1_all_or_nothing_whichever_is_in_the_way(void **state)
{
    member members[4];

    (void)state;
    make_four(members);
    for (size_t i = 1; i < 4; i++) {
        foreign_takes(path_of[i]);
        expect_set(members, 4, FASTENERS_NO_WAIT, FASTENERS_BUSY, i);
        expect_nothing_held();
        expect_set(members, 4, 20, FASTENERS_TIMED_OUT, i);
        expect_nothing_held();
        fake_at_ms(fake_elapsed_ms() + 30, cancel_all, members);
        expect_set(members, 4, FASTENERS_FOREVER, FASTENERS_CANCELLED, i);
        expect_nothing_held();
        foreign_releases(NULL);
        expect_got(members, 4, FASTENERS_NO_WAIT);
        expect_given_back(members, 4);
    }
}

static void hold_for_50_ms(void *unused)
{
    static _Atomic uint32_t never;

    (void)unused;
    assert_int_equal(fasteners_rw_lock_acquire_read(&first_rw, 0), FASTENERS_OK);
    fst_os_park(&never, 0, fst_os_now() + 50 * FST_NS_PER_MS);
    assert_int_equal(fasteners_rw_lock_release_read(&first_rw), FASTENERS_OK);
}

static void s1_all_or_nothing_with_a_busy_thread_lock(void **state)
{
    member members[4];

    (void)state;
    make_four(members);
    fake_thread_start(hold_for_50_ms, NULL);
    fst_os_yield();
    expect_set(members, 4, FASTENERS_NO_WAIT, FASTENERS_BUSY, 0);
    assert_int_equal(fake_locks(), 0);
    expect_set(members, 4, 20, FASTENERS_TIMED_OUT, 0);
    assert_int_equal(fake_elapsed_ms(), 20);
    assert_int_equal(fake_locks(), 0);
    expect_got(members, 4, FASTENERS_FOREVER);
    expect_given_back(members, 4);
    fake_threads_join();
}

/* What the system refuses to give back is told, and can be given back later. */
static void s6_what_cannot_be_given_back_is_told(void **state)
{
    member members[4];
    size_t failed;

    (void)state;
    make_four(members);
    foreign_takes(C);
    fake_fail(FAKE_UNLOCK, 1, FASTENERS_OS_ERROR, EIO);
    assert_int_equal(fasteners_lock_set_acquire(members, 4, FASTENERS_NO_WAIT, &failed),
                     FASTENERS_OS_ERROR);
    assert_int_equal(failed, 3);
    assert_true(fasteners_lock_set_member_is_held(&members[3]));
    assert_false(fasteners_lock_set_member_is_held(&members[2]));
    assert_true(fake_we_lock(B, 0) && !fake_we_lock(A, 0));
    assert_int_equal(fasteners_lock_set_acquire(members, 4, 0, &failed), FASTENERS_INVALID);
    assert_int_equal(failed, 3);
    assert_int_equal(fasteners_lock_set_release(members, 4, NULL), FASTENERS_OK);
    expect_nothing_held();
    foreign_releases(NULL);
    expect_got(members, 4, FASTENERS_NO_WAIT);
    expect_given_back(members, 4);
}

static void s6_release_goes_on_after_a_failure(void **state)
{
    member members[4];
    size_t failed;

    (void)state;
    make_four(members);
    expect_got(members, 4, FASTENERS_NO_WAIT);
    fake_fail(FAKE_UNLOCK, 2, FASTENERS_OS_ERROR, EIO);
    fake_fail(FAKE_UNLOCK, 3, FASTENERS_NOT_SUPPORTED, ENOLCK);
    assert_int_equal(fasteners_lock_set_release(members, 4, &failed), FASTENERS_OS_ERROR);
    assert_int_equal(failed, 3);
    assert_false(fasteners_lock_set_member_is_held(&members[0]));
    assert_false(fasteners_lock_set_member_is_held(&members[1]));
    assert_true(fasteners_lock_set_member_is_held(&members[2]));
    assert_true(fasteners_lock_set_member_is_held(&members[3]));
    expect_given_back(members, 4);
    assert_int_equal(fasteners_lock_set_release(members, 4, &failed), FASTENERS_NOT_OWNER);
    assert_int_equal(failed, 4);
}

/* P4: the first of the reverse order is named, all are given back. */
static void s6_lost_descriptors_are_told(void **state)
{
    member members[4];
    size_t failed;

    (void)state;
    make_four(members);
    expect_got(members, 4, FASTENERS_NO_WAIT);
    fake_steal_files(NULL);
    assert_int_equal(fasteners_lock_set_release(members, 4, &failed), FASTENERS_LOST);
    assert_int_equal(failed, 1);
    for (int i = 0; i < 4; i++)
        assert_false(fasteners_lock_set_member_is_held(&members[i]));
    expect_nothing_held();
    expect_got(members, 4, FASTENERS_NO_WAIT);
    expect_given_back(members, 4);
}

/* ------------------------------------------------------------------------ one time-out -- */

static void release_a_b(void *unused)
{
    (void)unused;
    fake_foreign_release(1);
}

/* S3, P10: never early, and not one for each. */
static void s3_one_time_out_for_all(void **state)
{
    member members[4];

    (void)state;
    make_four(members);
    fake_foreign_lock(A, 1, FST_EXCLUSIVE, LOCK_BYTE);
    fake_at_ms(60, release_a_b, NULL);
    foreign_takes(C);
    expect_set(members, 4, 100, FASTENERS_TIMED_OUT, 1);
    assert_int_equal(fake_elapsed_ms(), 100);
    assert_int_equal(fake_elapsed_ns() % FST_NS_PER_MS, 0);
    expect_nothing_held();
}

static void hold_first_rw_until_200(void *unused)
{
    static _Atomic uint32_t never;

    (void)unused;
    assert_int_equal(fasteners_rw_lock_acquire_write(&first_rw, 0), FASTENERS_OK);
    fst_os_park(&never, 0, fst_os_now() + 200 * FST_NS_PER_MS);
    assert_int_equal(fasteners_rw_lock_release_write(&first_rw), FASTENERS_OK);
}

static void s3_one_time_out_with_a_thread_lock_at_the_end(void **state)
{
    member members[4];

    (void)state;
    make_four(members);
    fake_foreign_lock(A, 1, FST_EXCLUSIVE, LOCK_BYTE);
    fake_at_ms(60, release_a_b, NULL);
    fake_thread_start(hold_first_rw_until_200, NULL);
    fst_os_yield();
    expect_set(members, 4, 100, FASTENERS_TIMED_OUT, 0);
    assert_int_equal(fake_elapsed_ms(), 100);
    assert_int_equal(fake_locks(), 0);
    fake_threads_join();
}

/* P10: all that is free by then is tried, though the time is up. */
static void s3_each_is_tried_before_the_clock_counts(void **state)
{
    member members[4];

    (void)state;
    make_four(members);
    foreign_takes(A);
    fake_before(FAKE_ABANDON, 1, foreign_releases, NULL);
    expect_got(members, 4, 50);
    assert_in_range(fake_elapsed_ms(), 50, 50);
    expect_given_back(members, 4);
}

static void s3_a_free_set_does_not_look_at_the_clock(void **state)
{
    member members[4];

    (void)state;
    make_four(members);
    fake_set_clock(FST_NEVER - 5);
    expect_got(members, 4, INT64_MAX);
    expect_given_back(members, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        set_test(s2_files_by_identity_then_thread_locks_and_back_in_reverse),
        set_test(s2_identity_counts_not_spelling),
        set_test(s2_thread_locks_by_address),
        set_test(s2_large_sets),
        set_test(s1_all_or_nothing_whichever_is_in_the_way),
        set_test(s1_all_or_nothing_with_a_busy_thread_lock),
        set_test(s6_what_cannot_be_given_back_is_told),
        set_test(s6_release_goes_on_after_a_failure),
        set_test(s6_lost_descriptors_are_told),
        set_test(s3_one_time_out_for_all),
        set_test(s3_one_time_out_with_a_thread_lock_at_the_end),
        set_test(s3_each_is_tried_before_the_clock_counts),
        set_test(s3_a_free_set_does_not_look_at_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
