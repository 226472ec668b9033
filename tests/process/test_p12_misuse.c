/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P12: misuse gets an answer, at once, and changes nothing: no call hangs because it was wrong.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <fasteners.h>

#include "acquirer.h"
#include "links.h"
#include "patience.h"
#include "temp_dir.h"

static fasteners_ipc_lock *lock_at(const char *path, const fasteners_ipc_options *options)
{
    fasteners_ipc_lock *lock;

    assert_int_equal(fasteners_ipc_lock_create(&lock, path, options), FASTENERS_OK);
    return lock;
}

static fasteners_ipc_lock *held_lock_at(const char *path)
{
    fasteners_ipc_lock *lock = lock_at(path, NULL);

    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    return lock;
}

/* What somebody else finds when he tries. */
static fasteners_status tried_elsewhere(const char *path)
{
    fasteners_ipc_lock *other = lock_at(path, NULL);
    fasteners_status status = acquirer_end(acquirer_start(other, FASTENERS_NO_WAIT), NULL);

    fasteners_ipc_lock_destroy(other);
    return status;
}

/* ----------------------------------------------------------------------- wrong release -- */

static void p12_release_of_what_was_never_acquired(void **state)
{
    fasteners_ipc_lock *lock = lock_at(temp_path(state, "lock"), NULL);

    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_NOT_OWNER);
    assert_false(fasteners_ipc_lock_exists(lock));
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static void p12_release_twice(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = held_lock_at(path);
    fasteners_ipc_lock *other;

    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_NOT_OWNER);
    /* And above all the second release does not take from others what they got since the first. */
    other = held_lock_at(path);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_NOT_OWNER);
    assert_true(fasteners_ipc_lock_is_held(other));
    assert_int_equal(tried_elsewhere(path), FASTENERS_BUSY);
    fasteners_ipc_lock_destroy(other);
    fasteners_ipc_lock_destroy(lock);
}

static void p12_release_by_another_thread(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = lock_at(path, NULL);
    acquirer *holder = acquirer_start(lock, FASTENERS_FOREVER);
    acquirer_result result;

    assert_int_equal(acquirer_status(holder), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_NOT_OWNER);
    assert_true(fasteners_ipc_lock_is_held(lock));
    assert_int_equal(tried_elsewhere(path), FASTENERS_BUSY);
    assert_int_equal(acquirer_end(holder, &result), FASTENERS_OK);
    assert_int_equal(result.released, FASTENERS_OK);
    assert_false(fasteners_ipc_lock_is_held(lock));
    fasteners_ipc_lock_destroy(lock);
}

static void p12_release_through_another_handle(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = held_lock_at(path);
    fasteners_ipc_lock *other = lock_at(path, NULL);

    assert_int_equal(fasteners_ipc_lock_release(other), FASTENERS_NOT_OWNER);
    assert_true(fasteners_ipc_lock_is_held(lock));
    assert_int_equal(tried_elsewhere(path), FASTENERS_BUSY);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    assert_int_equal(tried_elsewhere(path), FASTENERS_OK);
    fasteners_ipc_lock_destroy(other);
    fasteners_ipc_lock_destroy(lock);
}

static void p12_release_after_a_failed_acquire(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = held_lock_at(path);
    fasteners_ipc_lock *other = lock_at(path, NULL);

    assert_int_equal(fasteners_ipc_lock_acquire(other, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    assert_int_equal(fasteners_ipc_lock_release(other), FASTENERS_NOT_OWNER);
    assert_int_equal(fasteners_ipc_lock_acquire(other, 1), FASTENERS_TIMED_OUT);
    assert_int_equal(fasteners_ipc_lock_release(other), FASTENERS_NOT_OWNER);
    assert_int_equal(fasteners_ipc_lock_check(other), FASTENERS_NOT_OWNER);
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
    fasteners_ipc_lock_destroy(other);
    fasteners_ipc_lock_destroy(lock);
}

static void p12_check_by_who_does_not_hold(void **state)
{
    fasteners_ipc_lock *lock = lock_at(temp_path(state, "lock"), NULL);
    acquirer *holder;

    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_NOT_OWNER);
    holder = acquirer_start(lock, FASTENERS_FOREVER);
    assert_int_equal(acquirer_status(holder), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_NOT_OWNER);
    assert_int_equal(acquirer_end(holder, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_NOT_OWNER);
    fasteners_ipc_lock_destroy(lock);
}

/* ------------------------------------------------------------------- waiting for oneself -- */

/* Every way to ask for what the calling thread holds already through `held`. */
static void assert_self_wait_is_answered(fasteners_ipc_lock *held, fasteners_ipc_lock *asked)
{
    int64_t begin = test_now();

    assert_int_equal(fasteners_ipc_lock_acquire(asked, FASTENERS_FOREVER),
                     FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(fasteners_ipc_lock_acquire(asked, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    assert_int_equal(fasteners_ipc_lock_acquire(asked, 60), FASTENERS_TIMED_OUT);
    assert_true(test_now() - begin >= INT64_C(60000000));
    assert_int_equal(fasteners_ipc_lock_os_error(asked), 0);
    assert_true(fasteners_ipc_lock_is_held(held));
    assert_int_equal(tried_elsewhere(fasteners_ipc_lock_path(held)), FASTENERS_BUSY);
}

/* The hold is one hold still: one release frees it. */
static void assert_released_by_one(fasteners_ipc_lock *held)
{
    assert_int_equal(fasteners_ipc_lock_release(held), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(held), FASTENERS_NOT_OWNER);
    assert_int_equal(tried_elsewhere(fasteners_ipc_lock_path(held)), FASTENERS_OK);
}

static void p12_same_handle_twice(void **state)
{
    fasteners_ipc_lock *lock = held_lock_at(temp_path(state, "lock"));

    assert_self_wait_is_answered(lock, lock);
    assert_released_by_one(lock);
    fasteners_ipc_lock_destroy(lock);
}

static void p12_same_fair_handle_twice(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.fair = true;
    lock = lock_at(temp_path(state, "lock"), &options);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_self_wait_is_answered(lock, lock);
    assert_released_by_one(lock);
    fasteners_ipc_lock_destroy(lock);
}

static void p12_polling_handle_twice(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.delay_ms = 1;
    lock = lock_at(temp_path(state, "lock"), &options);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_self_wait_is_answered(lock, lock);
    assert_released_by_one(lock);
    fasteners_ipc_lock_destroy(lock);
}

/* A second handle, made by `path` with these options, on the file that is held by "lock". */
static void second_handle(void **state, const char *path, const fasteners_ipc_options *options)
{
    fasteners_ipc_lock *held = held_lock_at(temp_path(state, "lock"));
    fasteners_ipc_lock *asked = lock_at(path, options);

    assert_self_wait_is_answered(held, asked);
    assert_released_by_one(held);
    assert_int_equal(fasteners_ipc_lock_acquire(asked, FASTENERS_FOREVER), FASTENERS_OK);
    fasteners_ipc_lock_destroy(asked);
    fasteners_ipc_lock_destroy(held);
}

static void p12_other_handle_same_path(void **state)
{
    second_handle(state, temp_path(state, "lock"), NULL);
}

static void p12_other_handle_that_is_fair(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    options.fair = true;
    second_handle(state, temp_path(state, "lock"), &options);
}

static void p12_other_handle_that_polls(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    options.delay_ms = 5;
    second_handle(state, temp_path(state, "lock"), &options);
}

static void p12_other_handle_other_spelling(void **state)
{
    second_handle(state, temp_path(state, "./lock"), NULL);
}

static void p12_other_handle_through_a_linked_directory(void **state)
{
    make_symlink(".", temp_path(state, "here"));
    second_handle(state, temp_path(state, "here/lock"), NULL);
}

static void p12_other_handle_through_a_symbolic_link(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    options.follow_symlinks = true;
    make_symlink("lock", temp_path(state, "alias"));
    second_handle(state, temp_path(state, "alias"), &options);
}

static void p12_other_handle_through_a_hard_link(void **state)
{
    const char *path = temp_path(state, "lock");
    const char *alias = temp_path(state, "alias");

    fasteners_ipc_lock_destroy(held_lock_at(path)); /* makes the file */
    make_hard_link(path, alias);
    second_handle(state, alias, NULL);
}

/* The asked handle has its file open since before the other one was acquired. */
static void p12_other_handle_used_before(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *asked = held_lock_at(path);
    fasteners_ipc_lock *held = lock_at(path, NULL);

    assert_int_equal(fasteners_ipc_lock_release(asked), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire(held, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_self_wait_is_answered(held, asked);
    assert_released_by_one(held);
    fasteners_ipc_lock_destroy(asked);
    fasteners_ipc_lock_destroy(held);
}

/*
 * Another thread is in the middle of waiting on the second handle, for the file that this thread
 * holds. To queue behind that thread would be waiting for oneself just as well.
 */
static void p12_behind_a_thread_that_waits_for_me(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *held = held_lock_at(path);
    fasteners_ipc_lock *asked = lock_at(path, NULL);
    acquirer *waiter = acquirer_start(asked, FASTENERS_FOREVER);

    assert_true(acquirer_waits(waiter));
    assert_self_wait_is_answered(held, asked);
    assert_false(acquirer_has_returned(waiter));
    assert_int_equal(fasteners_ipc_lock_release(held), FASTENERS_OK);
    assert_int_equal(acquirer_status(waiter), FASTENERS_OK);
    assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_OK);
    fasteners_ipc_lock_destroy(asked);
    fasteners_ipc_lock_destroy(held);
}

static void p12_behind_a_thread_that_waits_for_me_by_hard_link(void **state)
{
    const char *path = temp_path(state, "lock");
    const char *alias = temp_path(state, "alias");
    fasteners_ipc_lock *held = held_lock_at(path);
    fasteners_ipc_lock *asked;
    acquirer *waiter;

    make_hard_link(path, alias);
    asked = lock_at(alias, NULL);
    waiter = acquirer_start(asked, FASTENERS_FOREVER);
    assert_true(acquirer_waits(waiter));
    assert_self_wait_is_answered(held, asked);
    assert_int_equal(fasteners_ipc_lock_release(held), FASTENERS_OK);
    assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_OK);
    fasteners_ipc_lock_destroy(asked);
    fasteners_ipc_lock_destroy(held);
}

/* ----------------------------------------------------------------------- no false alarm -- */

/* Waits for ever on `asked` while another thread holds, and gets it: that is no deadlock. */
static void p12_no_deadlock_while_another_thread_holds(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *one = lock_at(path, NULL);
    fasteners_ipc_lock *two = lock_at(path, NULL);
    fasteners_ipc_lock *asked[] = {one, two};

    for (size_t i = 0; i < 2; i++) {
        acquirer *waiter;

        assert_int_equal(fasteners_ipc_lock_acquire(one, FASTENERS_FOREVER), FASTENERS_OK);
        waiter = acquirer_start(asked[i], FASTENERS_FOREVER);
        assert_true(acquirer_waits(waiter));
        assert_int_equal(fasteners_ipc_lock_release(one), FASTENERS_OK);
        assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_OK);
    }
    fasteners_ipc_lock_destroy(one);
    fasteners_ipc_lock_destroy(two);
}

static void p12_no_deadlock_between_different_files(void **state)
{
    fasteners_ipc_lock *held = held_lock_at(temp_path(state, "one"));
    fasteners_ipc_lock *asked = lock_at(temp_path(state, "two"), NULL);

    assert_int_equal(fasteners_ipc_lock_acquire(asked, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(held), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(asked), FASTENERS_OK);
    fasteners_ipc_lock_destroy(held);
    fasteners_ipc_lock_destroy(asked);
}

/* What the thread holds is another file than the path names now. */
static void p12_no_deadlock_when_the_file_was_replaced(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *held = held_lock_at(path);
    fasteners_ipc_lock *asked = lock_at(path, NULL);

    assert_int_equal(fasteners_ipc_lock_acquire(asked, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    assert_int_equal(rename(path, temp_path(state, "away")), 0);
    assert_int_equal(fasteners_ipc_lock_acquire(asked, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(asked), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(held), FASTENERS_OK);
    fasteners_ipc_lock_destroy(held);
    fasteners_ipc_lock_destroy(asked);
}

/* ---------------------------------------------------------------------------- arguments -- */

static void p12_null_lock(void **state)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;

    (void)state;
    assert_int_equal(fasteners_ipc_lock_acquire(NULL, FASTENERS_NO_WAIT), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_acquire(NULL, FASTENERS_FOREVER), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_release(NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_check(NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_holder(NULL, &holder), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_os_error(NULL), 0);
    assert_false(fasteners_ipc_lock_is_held(NULL));
    assert_false(fasteners_ipc_lock_exists(NULL));
    assert_null(fasteners_ipc_lock_path(NULL));
    fasteners_ipc_lock_cancel(NULL);
    fasteners_ipc_lock_destroy(NULL);
}

/* A pointer that no create may leave where it was. */
static fasteners_ipc_lock *const untouched = (fasteners_ipc_lock *)(intptr_t)0x55;

static void assert_create_is_invalid(const char *path, const fasteners_ipc_options *options)
{
    fasteners_ipc_lock *lock = untouched;

    assert_int_equal(fasteners_ipc_lock_create(&lock, path, options), FASTENERS_INVALID);
    assert_null(lock);
}

static void p12_null_arguments(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = lock_at(path, NULL);

    assert_int_equal(fasteners_ipc_lock_create(NULL, path, NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_create(NULL, NULL, NULL), FASTENERS_INVALID);
    assert_create_is_invalid(NULL, NULL);
    assert_int_equal(fasteners_ipc_lock_holder(lock, NULL), FASTENERS_INVALID);
    fasteners_ipc_lock_destroy(lock);
}

static void assert_time_outs_are_invalid(fasteners_ipc_lock *lock)
{
    const int64_t wrong[] = {-2, -1000, INT32_MIN, INT64_MIN + 1, INT64_MIN};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(fasteners_ipc_lock_acquire(lock, wrong[i]), FASTENERS_INVALID);
}

static void p12_time_outs_out_of_range(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = lock_at(path, NULL);
    fasteners_ipc_lock *other = lock_at(path, NULL);

    assert_time_outs_are_invalid(lock); /* while it is free, by us, by somebody else */
    assert_false(fasteners_ipc_lock_exists(lock));
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_time_outs_are_invalid(lock);
    assert_time_outs_are_invalid(other);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(other);
}

/* The largest numbers are very long waits, not overflows that end at once. */
static void p12_time_outs_at_the_edge(void **state)
{
    const char *path = temp_path(state, "lock");
    const int64_t large[] = {INT32_MAX,           INT64_C(1) << 53,
                             INT64_MAX / 1000000, INT64_MAX / 1000000 + 1,
                             INT64_MAX - 1,       INT64_MAX};
    fasteners_ipc_lock *lock = lock_at(path, NULL);
    fasteners_ipc_lock *other = lock_at(path, NULL);

    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        acquirer *waiter;

        assert_int_equal(fasteners_ipc_lock_acquire(lock, large[i]), FASTENERS_OK);
        waiter = acquirer_start(other, large[i]);
        assert_true(acquirer_waits(waiter));
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
        assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_OK);
    }
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(other);
}

static void p12_destroy_while_held(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = held_lock_at(path);

    assert_int_equal(tried_elsewhere(path), FASTENERS_BUSY);
    fasteners_ipc_lock_destroy(lock);
    assert_int_equal(tried_elsewhere(path), FASTENERS_OK);
}

/* The thread that acquired it is gone; the handle still holds, and destroy frees it. */
static void *acquire_and_end(void *lock)
{
    return fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER) == FASTENERS_OK ? lock : NULL;
}

static void p12_destroy_of_what_a_gone_thread_holds(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = lock_at(path, NULL);
    pthread_t thread;
    void *got;

    assert_int_equal(pthread_create(&thread, NULL, acquire_and_end, lock), 0);
    assert_int_equal(pthread_join(thread, &got), 0);
    assert_ptr_equal(got, lock);
    assert_true(fasteners_ipc_lock_is_held(lock));
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_NOT_OWNER);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, 1), FASTENERS_TIMED_OUT);
    assert_int_equal(tried_elsewhere(path), FASTENERS_BUSY);
    fasteners_ipc_lock_destroy(lock);
    assert_int_equal(tried_elsewhere(path), FASTENERS_OK);
}

/* ------------------------------------------------------------------------------ options -- */

static void p12_mode_out_of_range(void **state)
{
    const uint32_t wrong[] = {01000, 02666, 04755, 07777, 0100644, UINT32_MAX};
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        options.mode = wrong[i];
        assert_create_is_invalid(temp_path(state, "lock"), &options);
    }
    options.mode = 0777;
    fasteners_ipc_lock_destroy(lock_at(temp_path(state, "lock"), &options));
}

static void p12_delays_out_of_range(void **state)
{
    const int64_t wrong[] = {-1, -10, INT64_MIN};
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    const char *path = temp_path(state, "lock");

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        options.delay_ms = wrong[i];
        options.max_delay_ms = 0;
        assert_create_is_invalid(path, &options);
        options.delay_ms = 1;
        options.max_delay_ms = wrong[i];
        assert_create_is_invalid(path, &options);
    }
    options.delay_ms = INT64_MAX;
    options.max_delay_ms = 1;
    fasteners_ipc_lock_destroy(lock_at(path, &options));
}

static void p12_options_without_a_size(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    options.size = 0;
    assert_create_is_invalid(temp_path(state, "lock"), &options);
    options.size = sizeof(options.size) - 1;
    assert_create_is_invalid(temp_path(state, "lock"), &options);
}

/* The struct of an older header ends earlier: what lies behind it is not the library's to read. */
static void p12_options_of_an_older_header(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    options.size = offsetof(fasteners_ipc_options, delay_ms);
    options.delay_ms = -1;
    options.max_delay_ms = -1;
    fasteners_ipc_lock_destroy(lock_at(temp_path(state, "lock"), &options));
    options.mode = 07777; /* that one is within */
    assert_create_is_invalid(temp_path(state, "lock"), &options);
    options.size = sizeof(options.size);
    fasteners_ipc_lock_destroy(lock_at(temp_path(state, "lock"), &options));
}

typedef struct newer_options {
    fasteners_ipc_options known;
    unsigned char unknown[24];
} newer_options;

static void p12_options_of_a_newer_header(void **state)
{
    const char *path = temp_path(state, "lock");
    newer_options options = {.known = FASTENERS_IPC_OPTIONS_INIT};

    options.known.size = sizeof(options);
    fasteners_ipc_lock_destroy(lock_at(path, &options.known));
    for (size_t i = 0; i < sizeof(options.unknown); i++) {
        memset(options.unknown, 0, sizeof(options.unknown));
        options.unknown[i] = 1;
        assert_create_is_invalid(path, &options.known);
    }
}

static void p12_options_are_copied(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;
    char path[4096];

    snprintf(path, sizeof(path), "%s", temp_path(state, "lock"));
    lock = lock_at(path, &options);
    memset(&options, 0xff, sizeof(options));
    memset(path, 'x', sizeof(path));
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_string_equal(fasteners_ipc_lock_path(lock), temp_path(state, "lock"));
    assert_true(fasteners_ipc_lock_exists(lock));
    fasteners_ipc_lock_destroy(lock);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(p12_release_of_what_was_never_acquired),
        TEST(p12_release_twice),
        TEST(p12_release_by_another_thread),
        TEST(p12_release_through_another_handle),
        TEST(p12_release_after_a_failed_acquire),
        TEST(p12_check_by_who_does_not_hold),
        TEST(p12_same_handle_twice),
        TEST(p12_same_fair_handle_twice),
        TEST(p12_polling_handle_twice),
        TEST(p12_other_handle_same_path),
        TEST(p12_other_handle_that_is_fair),
        TEST(p12_other_handle_that_polls),
        TEST(p12_other_handle_other_spelling),
        TEST(p12_other_handle_through_a_linked_directory),
        TEST(p12_other_handle_through_a_symbolic_link),
        TEST(p12_other_handle_through_a_hard_link),
        TEST(p12_other_handle_used_before),
        TEST(p12_behind_a_thread_that_waits_for_me),
        TEST(p12_behind_a_thread_that_waits_for_me_by_hard_link),
        TEST(p12_no_deadlock_while_another_thread_holds),
        TEST(p12_no_deadlock_between_different_files),
        TEST(p12_no_deadlock_when_the_file_was_replaced),
        TEST(p12_null_lock),
        TEST(p12_null_arguments),
        TEST(p12_time_outs_out_of_range),
        TEST(p12_time_outs_at_the_edge),
        TEST(p12_destroy_while_held),
        TEST(p12_destroy_of_what_a_gone_thread_holds),
        TEST(p12_mode_out_of_range),
        TEST(p12_delays_out_of_range),
        TEST(p12_options_without_a_size),
        TEST(p12_options_of_an_older_header),
        TEST(p12_options_of_a_newer_header),
        TEST(p12_options_are_copied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
