/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners.h>

#include <stddef.h>

#include "unit_test.h"

/* What a program that was compiled once relies on for as long as the major version stays. */

/* The end of the first version's last field: nothing before it may ever move. */
static void options_fields_follow_each_other_in_the_published_order(void **state)
{
    const size_t offsets[] = {
        offsetof(fasteners_ipc_options, size),
        offsetof(fasteners_ipc_options, mode),
        offsetof(fasteners_ipc_options, preference),
        offsetof(fasteners_ipc_options, fair),
        offsetof(fasteners_ipc_options, follow_symlinks),
        offsetof(fasteners_ipc_options, unlink_on_release),
        offsetof(fasteners_ipc_options, record_owner),
        offsetof(fasteners_ipc_options, allow_unreliable_filesystem),
        offsetof(fasteners_ipc_options, delay_ms),
        offsetof(fasteners_ipc_options, max_delay_ms),
        offsetof(fasteners_ipc_options, sleep),
        offsetof(fasteners_ipc_options, sleep_user),
        offsetof(fasteners_ipc_options, current),
        offsetof(fasteners_ipc_options, current_user),
        offsetof(fasteners_ipc_options, log),
        offsetof(fasteners_ipc_options, log_user),
    };

    (void)state;
    assert_int_equal(offsets[0], 0);
    for (size_t i = 1; i < sizeof(offsets) / sizeof(offsets[0]); i++)
        assert_true(offsets[i - 1] < offsets[i]);
}

static void options_size_on_64_bit_systems(void **state)
{
    (void)state;
    if (sizeof(void *) != 8)
        skip();
    assert_int_equal(sizeof(fasteners_ipc_options), 88);
    assert_int_equal(offsetof(fasteners_ipc_options, mode), 8);
    assert_int_equal(offsetof(fasteners_ipc_options, fair), 16);
    assert_int_equal(offsetof(fasteners_ipc_options, delay_ms), 24);
    assert_int_equal(offsetof(fasteners_ipc_options, log_user), 80);
}

/* The last size: a program that was built before hooks sends the struct up to there. */
static void rw_lock_options_of_older_programs(void **state)
{
    (void)state;
    assert_int_equal(offsetof(fasteners_rw_lock_options, size), 0);
    if (sizeof(void *) != 8)
        skip();
    assert_int_equal(offsetof(fasteners_rw_lock_options, preference), 8);
    assert_int_equal(offsetof(fasteners_rw_lock_options, log), 16);
    assert_int_equal(offsetof(fasteners_rw_lock_options, log_user), 24);
    assert_int_equal(offsetof(fasteners_rw_lock_options, current), 32);
    assert_int_equal(offsetof(fasteners_rw_lock_options, hooks_user), 56);
    assert_int_equal(sizeof(fasteners_rw_lock_options), 64);
    assert_int_equal(sizeof(fasteners_rw_lock), 64);
}

static void holder_layout(void **state)
{
    struct padded {
        char c;
        int64_t number;
    };
    const size_t alignment_of_64_bits = offsetof(struct padded, number);

    (void)state;
    assert_int_equal(offsetof(fasteners_holder, size), 0);
    /* The size goes first. i386 aligns 64 bits to 4. */
    size_t pid = sizeof(size_t) > alignment_of_64_bits ? sizeof(size_t) : alignment_of_64_bits;
    assert_int_equal(offsetof(fasteners_holder, pid), pid);
    assert_int_equal(offsetof(fasteners_holder, shared), pid + 8);
    assert_int_equal(offsetof(fasteners_holder, program), pid + 9);
    assert_int_equal(sizeof(((fasteners_holder *)NULL)->program), 64);
}

/* A caller of the first version passes this much and has no room for more. */
static void answers_that_the_first_version_had_room_for(void **state)
{
    enum { FIRST_HOLDER = 169, FIRST_PROBE_REPORT = 56 };

    (void)state;
    if (sizeof(void *) != 8)
        skip();
    assert_int_equal(offsetof(fasteners_holder, host) + sizeof(((fasteners_holder *)NULL)->host),
                     FIRST_HOLDER);
    assert_int_equal(offsetof(fasteners_probe_report, os_error) +
                         sizeof(((fasteners_probe_report *)NULL)->os_error),
                     FIRST_PROBE_REPORT);
}

/* Guards are made and ended in the program's own code, by inline functions. */
static void guard_layout(void **state)
{
    (void)state;
    assert_int_equal(offsetof(fasteners_ipc_guard, held), 0);
    assert_int_equal(offsetof(fasteners_ipc_guard, status), sizeof(void *));
    assert_int_equal(sizeof(fasteners_ipc_guard), 2 * sizeof(void *));
    assert_int_equal(offsetof(fasteners_ipc_read_guard, status), sizeof(void *));
    assert_int_equal(sizeof(fasteners_ipc_read_guard), 2 * sizeof(void *));
    assert_int_equal(offsetof(fasteners_ipc_write_guard, status), sizeof(void *));
    assert_int_equal(sizeof(fasteners_ipc_write_guard), 2 * sizeof(void *));
    assert_int_equal(offsetof(fasteners_rw_read_guard, status), sizeof(void *));
    assert_int_equal(sizeof(fasteners_rw_read_guard), 2 * sizeof(void *));
    assert_int_equal(offsetof(fasteners_rw_write_guard, status), sizeof(void *));
    assert_int_equal(sizeof(fasteners_rw_write_guard), 2 * sizeof(void *));
}

static void call_layout(void **state)
{
    (void)state;
    assert_int_equal(offsetof(fasteners_call, called), 0);
    assert_int_equal(offsetof(fasteners_call, result), sizeof(int));
    assert_int_equal(sizeof(fasteners_call), 2 * sizeof(int));
}

/* Its size is in the arrays of programs: it never grows. */
static void lock_set_member_layout(void **state)
{
    (void)state;
    assert_int_equal(offsetof(fasteners_lock_set_member, kind), 0);
    assert_int_equal(offsetof(fasteners_lock_set_member, lock), 8);
    if (sizeof(void *) != 8)
        skip();
    assert_int_equal(sizeof(fasteners_lock_set_member), 64);
}

static void member_kinds_are_pinned(void **state)
{
    (void)state;
    assert_int_equal(FASTENERS_MEMBER_IPC_LOCK, 1);
    assert_int_equal(FASTENERS_MEMBER_IPC_READ, 2);
    assert_int_equal(FASTENERS_MEMBER_IPC_WRITE, 3);
    assert_int_equal(FASTENERS_MEMBER_READ, 4);
    assert_int_equal(FASTENERS_MEMBER_WRITE, 5);
}

/* As a program does that has no such functions: another language. */
static void members_are_kind_and_lock_and_zero(void **state)
{
    fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;
    fasteners_lock_set_member by_hand = {.kind = FASTENERS_MEMBER_WRITE, .lock = &lock};
    fasteners_lock_set_member made = fasteners_member_write(&lock);

    (void)state;
    assert_memory_equal(&by_hand, &made, sizeof(made));
    assert_int_equal(fasteners_member_read(&lock).kind, FASTENERS_MEMBER_READ);
    assert_int_equal(fasteners_member_ipc_lock(NULL).kind, FASTENERS_MEMBER_IPC_LOCK);
    assert_int_equal(fasteners_member_ipc_read(NULL).kind, FASTENERS_MEMBER_IPC_READ);
    assert_int_equal(fasteners_member_ipc_write(NULL).kind, FASTENERS_MEMBER_IPC_WRITE);
}

static void status_is_an_int(void **state)
{
    (void)state;
    assert_int_equal(sizeof(fasteners_status), sizeof(int));
}

static void timeout_constants(void **state)
{
    (void)state;
    assert_int_equal(FASTENERS_NO_WAIT, 0);
    assert_int_equal(FASTENERS_FOREVER, -1);
}

static void log_levels_are_pinned(void **state)
{
    (void)state;
    assert_int_equal(FASTENERS_LOG_ERROR, 1);
    assert_int_equal(FASTENERS_LOG_WARNING, 2);
    assert_int_equal(FASTENERS_LOG_INFO, 3);
}

static void options_initialiser_sets_the_size_and_nothing_else(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    (void)state;
    assert_int_equal(options.size, sizeof(options));
    assert_int_equal(options.mode, 0);
    assert_false(options.fair || options.follow_symlinks || options.unlink_on_release);
    assert_int_equal(options.delay_ms, 0);
    assert_int_equal(options.max_delay_ms, 0);
    assert_true(options.sleep == NULL && options.log == NULL);
    assert_null(options.sleep_user);
    assert_null(options.log_user);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_fields_follow_each_other_in_the_published_order),
        cmocka_unit_test(options_size_on_64_bit_systems),
        cmocka_unit_test(rw_lock_options_of_older_programs),
        cmocka_unit_test(holder_layout),
        cmocka_unit_test(answers_that_the_first_version_had_room_for),
        cmocka_unit_test(guard_layout),
        cmocka_unit_test(call_layout),
        cmocka_unit_test(lock_set_member_layout),
        cmocka_unit_test(member_kinds_are_pinned),
        cmocka_unit_test(members_are_kind_and_lock_and_zero),
        cmocka_unit_test(status_is_an_int),
        cmocka_unit_test(timeout_constants),
        cmocka_unit_test(log_levels_are_pinned),
        cmocka_unit_test(options_initialiser_sets_the_size_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
