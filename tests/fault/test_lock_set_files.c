/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_set_test.h"

#include <errno.h>
#include <string.h>

/*
 * S7: lock files that are created, deleted, replaced and renamed while a set is acquired. The order
 * is always that of the files that are really locked: whatever is waited for, nothing is held that
 * comes after it.
 */

/* Older than all others: it comes first. */
#define OLDER "/older"
#define OTHER_PID 4712

static fasteners_ipc_lock *lock_a, *lock_b;

static int set_up(void **state)
{
    (void)set_test_set_up(state);
    fake_delete(A);
    fake_delete(B);
    fake_make_file(OLDER);
    fake_make_file(A);
    fake_make_file(B);
    lock_a = lock_at(A);
    lock_b = lock_at(B);
    return 0;
}

#define files_test(function) cmocka_unit_test_setup_teardown(function, set_up, set_test_tear_down)

static void make_a_b(member *members)
{
    members[0] = fasteners_member_ipc_lock(lock_a);
    members[1] = fasteners_member_ipc_lock(lock_b);
}

/* Whatever is locked is what the paths name now. */
static void expect_both_locked(void)
{
    assert_true(fake_we_lock(A, 0) && fake_we_lock(B, 0));
    assert_int_equal(fake_locks(), 2);
}

/* ---------------------------------------------------------------------- creating them -- */

static void s7_files_are_created_before_anything_is_locked(void **state)
{
    fasteners_ipc_options options = kept_log();
    member members[3];

    (void)state;
    options.mode = 0640;
    members[0] = fasteners_member_ipc_lock(lock_with("/new/newer/lock", &options));
    members[1] = fasteners_member_ipc_write(rwlock_at("/new/other"));
    members[2] = fasteners_member_ipc_lock(lock_a);
    foreign_takes(A);
    expect_set(members, 3, FASTENERS_NO_WAIT, FASTENERS_BUSY, 2);
    assert_true(fake_exists("/new/newer/lock") && fake_exists("/new/other"));
    assert_int_equal(fake_mode("/new/newer/lock"), 0640);
    assert_int_equal(fake_locks(), 0);
    foreign_releases(NULL);
    expect_got(members, 3, FASTENERS_NO_WAIT);
    expect_given_back(members, 3);
}

/* P9: told by the handle, by the log, by the index; before anything is locked. */
static void s7_a_file_that_cannot_be_created_is_named(void **state)
{
    member members[] = {fasteners_member_ipc_lock(lock_a), fasteners_member_write(&first_rw),
                        fasteners_member_ipc_lock(lock_at("/new"))};

    (void)state;
    fake_fail(FAKE_CREATE, 0, FASTENERS_NO_PERMISSION, EACCES);
    expect_set(members, 3, FASTENERS_FOREVER, FASTENERS_NO_PERMISSION, 2);
    assert_int_equal(fake_calls(FAKE_LOCK_TRY), 0);
    assert_int_equal(fasteners_ipc_lock_os_error(members[2].lock), EACCES);
    assert_int_equal(fasteners_ipc_lock_os_error(lock_a), 0);
    assert_true(log_has(FASTENERS_LOG_ERROR, "fasteners_lock_set_acquire", "/new",
                        "FASTENERS_NO_PERMISSION"));
    assert_int_equal(log_lines(FASTENERS_LOG_ERROR), 1);
    fake_heal();
    expect_got(members, 3, FASTENERS_NO_WAIT);
    expect_given_back(members, 3);
}

/* P8: a link at the end of the path is not followed, be it to create what it names. */
static void p8_links_are_not_followed(void **state)
{
    member members[2];

    (void)state;
    fake_make_symlink("/link", "/victim");
    make_a_b(members);
    members[1] = fasteners_member_ipc_lock(lock_at("/link"));
    expect_set(members, 2, FASTENERS_FOREVER, FASTENERS_INVALID, 1);
    assert_false(fake_exists("/victim"));
    assert_int_equal(fake_locks(), 0);
}

/* ----------------------------------------------------- replaced before they are locked -- */

static void replace_a(void *unused)
{
    (void)unused;
    fake_replace(A);
}

static bool a_held_first, b_held_first;

static void look_who_is_first(void *unused)
{
    (void)unused;
    a_held_first = fake_we_lock(A, 0);
    b_held_first = fake_we_lock(B, 0);
}

/* A is put in order, then another file takes its place, which comes after B. */
static void s7_replaced_between_the_look_and_the_lock(void **state)
{
    member members[2];

    (void)state;
    make_a_b(members);
    fake_before(FAKE_LOCK_TRY, 1, replace_a, NULL);
    fake_before(FAKE_LOCK_TRY, 4, look_who_is_first, NULL);
    expect_got(members, 2, FASTENERS_FOREVER);
    expect_both_locked();
    assert_true(b_held_first && !a_held_first);
    expect_given_back(members, 2);
}

/* The same without a wait: it is not taken for contention. */
static void s7_replaced_without_a_wait(void **state)
{
    member members[2];

    (void)state;
    make_a_b(members);
    fake_before(FAKE_LOCK_TRY, 1, replace_a, NULL);
    expect_got(members, 2, FASTENERS_NO_WAIT);
    expect_both_locked();
    expect_given_back(members, 2);
}

static void heal(void *unused)
{
    (void)unused;
    fake_heal();
}

static void s7_replaced_again_and_again(void **state)
{
    const fasteners_ipc_options silent = FASTENERS_IPC_OPTIONS_INIT;
    member members[] = {fasteners_member_ipc_lock(lock_with(A, &silent)),
                        fasteners_member_ipc_lock(lock_with(B, &silent))};

    (void)state;
    fake_before(FAKE_LOCK_TRY, 0, replace_a, NULL);
    expect_set(members, 2, FASTENERS_NO_WAIT, FASTENERS_BUSY, 0);
    expect_set(members, 2, 20, FASTENERS_TIMED_OUT, 0);
    assert_in_range(fake_elapsed_ms(), 20, 21);
    assert_int_equal(fake_locks(), 0);
    fake_at_ms(100, heal, NULL);
    expect_got(members, 2, FASTENERS_FOREVER);
    expect_both_locked();
    expect_given_back(members, 2);
}

static const char *looked_at_first, *looked_at_next;

static void move_first_to_next(void *unused)
{
    (void)unused;
    fake_rename(looked_at_first, looked_at_next);
}

/* One file under two names, one after the other, is no conflict. */
static void s7_renamed_from_one_path_to_the_other_while_they_are_looked_at(void **state)
{
    member members[2];
    bool a_first = (uintptr_t)lock_a < (uintptr_t)lock_b;

    (void)state;
    make_a_b(members);
    looked_at_first = a_first ? A : B;
    looked_at_next = a_first ? B : A;
    fake_before(FAKE_PATH_ID, 2, move_first_to_next, NULL);
    expect_got(members, 2, FASTENERS_NO_WAIT);
    expect_both_locked();
    expect_given_back(members, 2);
}

static const char *low_path, *high_path;

static void first_becomes_next(void *unused)
{
    (void)unused;
    fake_rename(high_path, low_path);
    fake_make_symlink(high_path, low_path);
}

/*
 * The first one is locked on the file that the next one was known by, and which that one still
 * leads to: the set is in its own way, and that is told at once, as if it had been so from the
 * start. (Of two on one file the address decides who is the first, so files are made to match.)
 */
static void s7_the_first_is_got_on_the_file_of_the_next(void **state)
{
    fasteners_ipc_options options = kept_log();
    member members[2];

    (void)state;
    options.follow_symlinks = true;
    fasteners_ipc_lock *a = lock_with(A, &options), *b = lock_with(B, &options);
    bool a_is_low = (uintptr_t)a < (uintptr_t)b;
    low_path = a_is_low ? A : B;
    high_path = a_is_low ? B : A;
    fake_delete(high_path);
    fake_make_file(high_path);
    members[0] = fasteners_member_ipc_lock(a_is_low ? a : b);
    members[1] = fasteners_member_ipc_lock(a_is_low ? b : a);
    fake_before(FAKE_LOCK_TRY, 1, first_becomes_next, NULL);
    expect_set(members, 2, 1000, FASTENERS_WOULD_DEADLOCK, 1);
    assert_int_equal(fake_elapsed_ms(), 0);
    assert_int_equal(fake_locks(), 0);
}

/* ------------------------------------------------------ replaced while it is waited for -- */

/*
 * The set has A and waits for B. Then B becomes a file that comes before A, and which somebody has
 * who might want A: the set must not keep it.
 */
static void b_becomes_older(void *unused)
{
    (void)unused;
    fake_rename(OLDER, B);
}

static bool a_is_free;

static void other_takes_a(void *unused)
{
    (void)unused;
    a_is_free = !fake_we_lock(A, 0);
    if (a_is_free)
        fake_foreign_lock(A, OTHER_PID, FST_EXCLUSIVE, LOCK_BYTE);
}

static void other_is_done(void *unused)
{
    (void)unused;
    fake_foreign_release(OTHER_PID);
}

static void release_foreign(void *unused)
{
    (void)unused;
    foreign_releases(NULL);
}

static void prepare_swap(int64_t a_is_free_at_ms)
{
    foreign_takes(B);
    fake_foreign_lock(OLDER, OTHER_PID, FST_EXCLUSIVE, LOCK_BYTE);
    fake_at_ms(100, b_becomes_older, NULL);
    fake_at_ms(a_is_free_at_ms, other_takes_a, NULL);
    fake_at_ms(4000, other_is_done, NULL);
    a_is_free = false;
}

static void expect_got_after_swap(member *members)
{
    expect_got(members, 2, FASTENERS_FOREVER);
    assert_true(a_is_free);
    assert_in_range(fake_elapsed_ms(), 4000, 4100);
    expect_both_locked();
    foreign_releases(NULL);
}

static void s7_replaced_while_the_file_is_waited_for(void **state)
{
    member members[2];

    (void)state;
    make_a_b(members);
    prepare_swap(2500);
    expect_got_after_swap(members);
    expect_given_back(members, 2);
}

/* The set learns of it by the grant of the old file: at once, not by its next look at the path. */
static void s7_replaced_when_the_file_is_granted(void **state)
{
    member members[2];

    (void)state;
    make_a_b(members);
    prepare_swap(200);
    fake_at_ms(100, release_foreign, NULL);
    expect_got_after_swap(members);
    expect_given_back(members, 2);
}

static void wait_for_b(void *unused)
{
    (void)unused;
    assert_int_equal(fasteners_ipc_lock_acquire(lock_b, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(lock_b), FASTENERS_OK);
}

/* The set waits behind another thread of the same handle, which follows the path. */
static void s7_replaced_while_the_turn_is_waited_for(void **state)
{
    member members[2];

    (void)state;
    make_a_b(members);
    prepare_swap(2500);
    fake_thread_start(wait_for_b, NULL);
    fst_os_yield();
    expect_got_after_swap(members);
    expect_given_back(members, 2);
    fake_threads_join();
}

static void hold_b_for_50_ms(void *unused)
{
    static _Atomic uint32_t never;

    (void)unused;
    assert_int_equal(fasteners_ipc_lock_acquire(lock_b, 0), FASTENERS_OK);
    fst_os_park(&never, 0, fst_os_now() + 50 * FST_NS_PER_MS);
    assert_int_equal(fasteners_ipc_lock_release(lock_b), FASTENERS_OK);
}

static void a_becomes_b(void *unused)
{
    (void)unused;
    fake_rename(A, B);
}

/*
 * The set has A when that file gets the name of the other one: as B, which another thread has, it
 * would be its own obstacle. That is no deadlock, since the set can let go of it.
 */
static void s7_a_file_of_the_set_becomes_the_other_one(void **state)
{
    member members[2];

    (void)state;
    make_a_b(members);
    fake_thread_start(hold_b_for_50_ms, NULL);
    fst_os_yield();
    /* Both are looked for, A is locked and confirmed, then the path of B is asked about. */
    fake_before(FAKE_PATH_ID, 4, a_becomes_b, NULL);
    expect_got(members, 2, FASTENERS_FOREVER);
    assert_in_range(fake_elapsed_ms(), 50, 51);
    expect_both_locked();
    expect_given_back(members, 2);
    fake_threads_join();
}

static fasteners_ipc_rwlock *rwlock_b;

static void read_b(void *unused)
{
    (void)unused;
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(rwlock_b, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_release_read(rwlock_b), FASTENERS_OK);
}

/* The same behind the reader who asks for the file on behalf of all of its process. */
static void s7_replaced_while_the_first_reader_is_waited_for(void **state)
{
    member members[2];

    (void)state;
    rwlock_b = rwlock_at(B);
    members[0] = fasteners_member_ipc_lock(lock_a);
    members[1] = fasteners_member_ipc_read(rwlock_b);
    prepare_swap(2500);
    fake_thread_start(read_b, NULL);
    fst_os_yield();
    expect_got_after_swap(members);
    expect_given_back(members, 2);
    fake_threads_join();
}

#define MIDDLE "/middle"

static fasteners_lock_set_member others_set[3];
static fasteners_status of_others_set;

static void take_others_set(void *unused)
{
    (void)unused;
    of_others_set = fasteners_lock_set_acquire(others_set, 3, FASTENERS_FOREVER, NULL);
    if (of_others_set == FASTENERS_OK)
        of_others_set = fasteners_lock_set_release(others_set, 3, NULL);
}

/*
 * Another thread has A, the old file, and comes to wait for B; this set has B and waits for the
 * handle of A, since the file that A names now comes after B. Each in the right order, but that the
 * one is about the old file and the other about the new one.
 */
static void s7_a_file_that_is_held_is_replaced(void **state)
{
    static _Atomic uint32_t never;
    member members[2];

    (void)state;
    fake_make_file(MIDDLE);
    fake_delete(B);
    fake_make_file(B);
    fake_foreign_lock(MIDDLE, OTHER_PID, FST_EXCLUSIVE, LOCK_BYTE);
    make_a_b(members);
    others_set[0] = members[0];
    others_set[1] = fasteners_member_ipc_lock(lock_at(MIDDLE));
    others_set[2] = members[1];
    of_others_set = FASTENERS_BUSY;
    fake_thread_start(take_others_set, NULL);
    fake_at_ms(10, replace_a, NULL);
    fake_at_ms(30, other_is_done, NULL);
    fst_os_park(&never, 0, fst_os_now() + 20 * FST_NS_PER_MS);
    expect_got(members, 2, FASTENERS_FOREVER);
    assert_true(fake_elapsed_ms() < 3000);
    assert_true(fake_we_lock(A, 0) && fake_we_lock(B, 0));
    assert_int_equal(fasteners_lock_set_release(members, 2, NULL), FASTENERS_OK);
    fake_threads_join();
    assert_int_equal(of_others_set, FASTENERS_OK);
}

static void sleep_by_the_clock(void *unused, int64_t ms)
{
    (void)unused;
    fake_advance_ms(ms);
}

static void count_locks(void *count)
{
    *(unsigned *)count = fake_locks();
}

/* A polling wait of the program's own looks at the paths too, and gives back what is stale. */
static void s7_a_file_that_is_held_is_replaced_while_the_program_sleeps(void **state)
{
    fasteners_ipc_options options = kept_log();
    unsigned locks_meanwhile = 99;
    member members[2];

    (void)state;
    options.sleep = sleep_by_the_clock;
    make_a_b(members);
    members[1] = fasteners_member_ipc_lock(lock_with(B, &options));
    foreign_takes(B);
    fake_at_ms(10, replace_a, NULL);
    fake_at_ms(2500, count_locks, &locks_meanwhile);
    fake_at_ms(3000, foreign_releases, NULL);
    expect_got(members, 2, FASTENERS_FOREVER);
    assert_int_equal(locks_meanwhile, 0);
    assert_int_equal(fasteners_lock_set_release(members, 2, NULL), FASTENERS_OK);
}

static void delete_a(void *unused)
{
    (void)unused;
    fake_delete(A);
}

/* P6: what was acquired before a wait counts only if its path still names it after the wait. */
static void p6_replaced_while_another_one_is_waited_for(void **state)
{
    member members[2];

    (void)state;
    make_a_b(members);
    foreign_takes(B);
    fake_at_ms(10, delete_a, NULL);
    fake_at_ms(50, foreign_releases, NULL);
    expect_got(members, 2, FASTENERS_FOREVER);
    expect_both_locked();
    assert_int_equal(fasteners_ipc_lock_check(lock_a), FASTENERS_OK);
    expect_given_back(members, 2);
}

/* It would not help to acquire it again: it is the thread's already. */
static void p6_what_was_held_before_is_not_looked_at(void **state)
{
    fasteners_ipc_rwlock *rwlock = rwlock_at(A);
    member members[] = {fasteners_member_ipc_write(rwlock), fasteners_member_ipc_lock(lock_b)};

    (void)state;
    assert_int_equal(fasteners_ipc_rwlock_acquire_write(rwlock, 0), FASTENERS_OK);
    fake_replace(A);
    foreign_takes(B);
    fake_at_ms(50, release_foreign, NULL);
    expect_got(members, 2, 1000);
    assert_int_equal(fake_elapsed_ms(), 50);
    assert_int_equal(fasteners_lock_set_release(members, 2, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_release_write(rwlock), FASTENERS_OK);
}

/* R1: readers of a file that was replaced share it until the last one goes; a set may join. */
static void r1_a_set_joins_the_readers_of_a_file_that_was_replaced(void **state)
{
    fasteners_ipc_rwlock *rwlock = rwlock_at(A);
    member members[] = {fasteners_member_ipc_read(rwlock), fasteners_member_ipc_lock(lock_b)};

    (void)state;
    fake_become_thread(2);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(rwlock, 0), FASTENERS_OK);
    fake_become_thread(FAKE_MAIN_THREAD);
    fake_replace(A);
    expect_got(members, 2, FASTENERS_NO_WAIT);
    assert_int_equal(fasteners_ipc_rwlock_check(rwlock), FASTENERS_LOST);
    assert_int_equal(fasteners_lock_set_release(members, 2, NULL), FASTENERS_OK);
    foreign_takes(B);
    fake_at_ms(10, foreign_releases, NULL);
    expect_got(members, 2, FASTENERS_FOREVER);
    assert_int_equal(fasteners_lock_set_release(members, 2, NULL), FASTENERS_OK);
    fake_become_thread(2);
    assert_int_equal(fasteners_ipc_rwlock_release_read(rwlock), FASTENERS_OK);
    fake_become_thread(FAKE_MAIN_THREAD);
    expect_got(members, 2, FASTENERS_NO_WAIT);
    expect_both_locked();
    expect_given_back(members, 2);
}

/* --------------------------------------------------------------------------- one member -- */

static void count_calls(unsigned *calls)
{
    for (int i = 0; i < FAKE_OPERATIONS; i++)
        calls[i] = fake_calls((fake_operation)i);
}

/* A set of one asks the system for nothing more than the object does. */
static void s2_one_handle_costs_what_its_own_acquire_costs(void **state)
{
    unsigned before[FAKE_OPERATIONS], alone[FAKE_OPERATIONS], as_set[FAKE_OPERATIONS];
    member members[] = {fasteners_member_write(&first_rw), fasteners_member_ipc_lock(lock_a),
                        fasteners_member_ipc_lock(lock_a)};

    (void)state;
    expect_got(members, 3, FASTENERS_FOREVER);
    expect_given_back(members, 3);
    count_calls(before);
    assert_int_equal(fasteners_ipc_lock_acquire(lock_a, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(lock_a), FASTENERS_OK);
    count_calls(alone);
    assert_int_equal(fasteners_lock_set_acquire(members, 3, FASTENERS_FOREVER, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_lock_set_release(members, 3, NULL), FASTENERS_OK);
    count_calls(as_set);
    for (int i = 0; i < FAKE_OPERATIONS; i++)
        assert_int_equal(as_set[i] - alone[i], alone[i] - before[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        files_test(s7_files_are_created_before_anything_is_locked),
        files_test(s7_a_file_that_cannot_be_created_is_named),
        files_test(p8_links_are_not_followed),
        files_test(s7_replaced_between_the_look_and_the_lock),
        files_test(s7_replaced_without_a_wait),
        files_test(s7_replaced_again_and_again),
        files_test(s7_renamed_from_one_path_to_the_other_while_they_are_looked_at),
        files_test(s7_the_first_is_got_on_the_file_of_the_next),
        files_test(s7_replaced_while_the_file_is_waited_for),
        files_test(s7_replaced_when_the_file_is_granted),
        files_test(s7_a_file_of_the_set_becomes_the_other_one),
        files_test(s7_replaced_while_the_turn_is_waited_for),
        files_test(s7_replaced_while_the_first_reader_is_waited_for),
        files_test(s7_a_file_that_is_held_is_replaced),
        files_test(s7_a_file_that_is_held_is_replaced_while_the_program_sleeps),
        files_test(p6_replaced_while_another_one_is_waited_for),
        files_test(p6_what_was_held_before_is_not_looked_at),
        files_test(r1_a_set_joins_the_readers_of_a_file_that_was_replaced),
        files_test(s2_one_handle_costs_what_its_own_acquire_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
