/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/* P8, P13: what the path leads to, and the creation of what is missing. */

static fasteners_ipc_lock *make_lock_at(const char *path, const fasteners_ipc_options *options)
{
    fasteners_ipc_options defaults = kept_log();
    fasteners_ipc_lock *lock;

    assert_int_equal(fasteners_ipc_lock_create(&lock, path, options ? options : &defaults),
                     FASTENERS_OK);
    return lock;
}

static void expect_status_at(const char *path, const fasteners_ipc_options *options,
                             fasteners_status expected)
{
    fasteners_ipc_lock *lock = make_lock_at(path, options);
    fasteners_status status = fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER);

    assert_string_equal(fasteners_status_name(status), fasteners_status_name(expected));
    assert_int_equal(fake_locks(), status == FASTENERS_OK);
    if (status != FASTENERS_OK)
        assert_int_not_equal(fasteners_ipc_lock_os_error(lock), 0);
    fasteners_ipc_lock_destroy(lock);
    assert_int_equal(fake_elapsed_ns(), 0);
}

static void p8_missing_directories_are_created(void **state)
{
    (void)state;
    expect_status_at("/a/b/c/lock", NULL, FASTENERS_OK);
    assert_true(fake_exists("/a/b/c/lock"));
}

static void p8_an_existing_file_is_neither_created_nor_changed(void **state)
{
    fasteners_ipc_options options = kept_log();

    (void)state;
    fake_make_file(PATH);
    uint32_t mode = fake_mode(PATH);
    options.mode = 0600;
    expect_status_at(PATH, &options, FASTENERS_OK);
    assert_int_equal(fake_mode(PATH), mode);
    assert_int_equal(fake_calls(FAKE_CREATE), 0);
    assert_int_equal(fake_calls(FAKE_MAKE_PARENTS), 0);
}

static void p13_the_mode_is_given_by_the_creator(void **state)
{
    fasteners_ipc_options options = kept_log();

    (void)state;
    options.mode = 0660;
    expect_status_at(PATH, &options, FASTENERS_OK);
    assert_int_equal(fake_mode(PATH), 0660);
}

static void p8_anything_but_a_regular_file_is_invalid(void **state)
{
    (void)state;
    fake_make_directory("/directory");
    fake_make_fifo("/fifo");
    fake_make_file("/file");
    expect_status_at("/directory", NULL, FASTENERS_INVALID);
    expect_status_at("/fifo", NULL, FASTENERS_INVALID);
    expect_status_at("/file/lock", NULL, FASTENERS_INVALID);
    expect_status_at("/file/deeper/lock", NULL, FASTENERS_INVALID);
}

static void p8_symbolic_links_are_followed_if_asked_for(void **state)
{
    fasteners_ipc_options options = kept_log();

    (void)state;
    fake_make_file("/file");
    fake_make_symlink("/link", "/file");
    fake_make_symlink("/dangling", "/nowhere");
    expect_status_at("/link", NULL, FASTENERS_INVALID);
    expect_status_at("/dangling", NULL, FASTENERS_INVALID);
    assert_false(fake_exists("/nowhere"));
    options.follow_symlinks = true;
    expect_status_at("/link", &options, FASTENERS_OK);
    expect_status_at("/dangling", &options, FASTENERS_OK);
    assert_true(fake_exists("/nowhere"));
}

static void p13_permissions_are_respected_and_told(void **state)
{
    (void)state;
    fake_make_file("/locked");
    fake_permit("/locked", true, false);
    fake_make_directory("/closed");
    fake_permit("/closed", true, false);
    expect_status_at("/locked", NULL, FASTENERS_NO_PERMISSION);
    expect_status_at("/closed/lock", NULL, FASTENERS_NO_PERMISSION);
    assert_false(fake_exists("/closed/lock"));
}

static void another_creates_it(void *path)
{
    if (!fake_exists(path))
        fake_make_file(path);
}

static char path[] = PATH;

static void p8_another_process_creates_the_file_first(void **state)
{
    (void)state;
    fake_before(FAKE_CREATE, 1, another_creates_it, path);
    expect_status_at(PATH, NULL, FASTENERS_OK);
}

static void it_is_deleted(void *name)
{
    if (fake_exists(name))
        fake_delete(name);
}

static void p8_the_file_is_deleted_just_after_its_creation(void **state)
{
    (void)state;
    fake_before(FAKE_OPEN, 2, it_is_deleted, path);
    expect_status_at(PATH, NULL, FASTENERS_OK);
}

static char directory[] = "/run";

static void p8_the_directory_is_deleted_just_after_its_creation(void **state)
{
    (void)state;
    fake_before(FAKE_CREATE, 2, it_is_deleted, directory);
    expect_status_at("/run/lock", NULL, FASTENERS_OK);
}

/* Nobody can keep us busy for ever. */
static void p8_the_directory_is_deleted_again_and_again(void **state)
{
    (void)state;
    fake_before(FAKE_CREATE, 0, it_is_deleted, directory);
    expect_status_at("/run/lock", NULL, FASTENERS_NOT_FOUND);
}

/* Who creates the file has it open, and needs not find it again. */
static void p8_the_file_is_deleted_whenever_it_is_looked_for(void **state)
{
    (void)state;
    fake_before(FAKE_OPEN, 0, it_is_deleted, path);
    expect_status_at(PATH, NULL, FASTENERS_OK);
}

/* The path names something else than a file by now, and the handle has the old file open. */
static void p8_the_file_gives_way_to_something_else(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    fake_make_directory(PATH);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_INVALID);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_INVALID);
    fake_make_symlink(PATH, "/elsewhere");
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_INVALID);
    fake_delete(PATH);
    use_and_destroy(lock);
}

/* ----------------------------------------------------------------------- P15: holder -- */

static void p15_holder_of_a_foreign_lock(void **state)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_OK);
    assert_int_equal(holder.pid, FOREIGN_PID);
    assert_string_equal(holder.program, "program4711");
    assert_false(holder.shared);
    foreign_releases(NULL);
    fake_foreign_lock(PATH, FOREIGN_PID, FST_SHARED, LOCK_BYTE);
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_OK);
    assert_true(holder.shared);
    fasteners_ipc_lock_destroy(lock);
}

static void p15_holder_is_this_process(void **state)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_OK);
    assert_string_equal(holder.program, "self");
    assert_true(fake_we_lock(PATH, 0));
    expect_release(lock, FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_NOT_FOUND);
    assert_int_equal(holder.pid, 0);
    assert_int_equal(fake_open_files(), 1);
    fasteners_ipc_lock_destroy(lock);
}

enum { MANY = 5, ROOM = 3 };

static void expect_readers(fasteners_ipc_lock *lock, size_t limit)
{
    fasteners_holder holders[ROOM];
    size_t count = 0;

    for (size_t i = 0; i < ROOM; i++)
        holders[i] = (fasteners_holder)FASTENERS_HOLDER_INIT;
    assert_int_equal(fasteners_ipc_lock_holders(lock, holders, limit, &count), FASTENERS_OK);
    assert_int_equal(count, MANY);
    for (size_t i = 0; i < ROOM; i++) {
        assert_int_equal(holders[i].pid != 0, i < limit);
        assert_int_equal(holders[i].shared, i < limit);
        for (size_t j = 0; j < i && i < limit; j++)
            assert_int_not_equal(holders[i].pid, holders[j].pid);
    }
}

static void p15_shared_holders_up_to_a_limit(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);
    size_t count = 99;

    (void)state;
    fake_make_file(PATH);
    assert_int_equal(fasteners_ipc_lock_holders(lock, NULL, 0, &count), FASTENERS_NOT_FOUND);
    assert_int_equal(count, 0);
    for (int i = 0; i < MANY; i++)
        fake_foreign_lock(PATH, FOREIGN_PID + i, FST_SHARED, LOCK_BYTE);
    for (size_t limit = 0; limit <= ROOM; limit++)
        expect_readers(lock, limit);
    fasteners_ipc_lock_destroy(lock);
}

static void p15_array_of_holders_is_checked(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);
    fasteners_holder holders[2] = {FASTENERS_HOLDER_INIT, FASTENERS_HOLDER_INIT};
    size_t count;

    (void)state;
    assert_int_equal(fasteners_ipc_lock_holders(lock, holders, 2, NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_holders(lock, NULL, 2, &count), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_holders(NULL, holders, 2, &count), FASTENERS_INVALID);
    holders[1].size++;
    assert_int_equal(fasteners_ipc_lock_holders(lock, holders, 2, &count), FASTENERS_INVALID);
    holders[1].size = holders[0].size = 0;
    assert_int_equal(fasteners_ipc_lock_holders(lock, holders, 2, &count), FASTENERS_INVALID);
    fasteners_ipc_lock_destroy(lock);
}

static void p15_the_gate_has_no_holder(void **state)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_gate(NULL);
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_NOT_FOUND);
    fasteners_ipc_lock_destroy(lock);
}

static void p15_holder_creates_nothing(void **state)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    fasteners_ipc_lock *lock = make_lock_at("/no/where", NULL);

    (void)state;
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_NOT_FOUND);
    assert_false(fake_exists("/no"));
    assert_int_equal(fasteners_ipc_lock_os_error(lock), 0);
    fasteners_ipc_lock_destroy(lock);
}

static void p15_holder_of_a_file_that_may_only_be_read(void **state)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    fake_permit(PATH, true, false);
    foreign_takes_lock(NULL);
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_OK);
    assert_int_equal(holder.pid, FOREIGN_PID);
    fasteners_ipc_lock_destroy(lock);
}

static void p15_failures_of_holder(void **state)
{
    static const struct {
        fake_operation operation;
        fasteners_status status;
        int os_error;
        fasteners_status expected;
        int expected_error;
    } cases[] = {
        {FAKE_OPEN, FASTENERS_NO_PERMISSION, EACCES, FASTENERS_NO_PERMISSION, EACCES},
        {FAKE_OPEN, FASTENERS_OS_ERROR, EMFILE, FASTENERS_OS_ERROR, EMFILE},
        {FAKE_ALLOC, FASTENERS_OK, 0, FASTENERS_NO_MEMORY, 0},
        {FAKE_HOLDER, FASTENERS_NOT_SUPPORTED, ENOLCK, FASTENERS_NOT_SUPPORTED, ENOLCK},
        {FAKE_HOLDER, FASTENERS_OS_ERROR, EIO, FASTENERS_OS_ERROR, EIO},
        {FAKE_CLOSE, FASTENERS_OS_ERROR, EIO, FASTENERS_OK, 0},
    };

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fasteners_holder holder = FASTENERS_HOLDER_INIT;
        fasteners_ipc_lock *lock = make_lock(NULL);
        fake_fail(cases[i].operation, 1, cases[i].status, cases[i].os_error);
        assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), cases[i].expected);
        assert_int_equal(fasteners_ipc_lock_os_error(lock), cases[i].expected_error);
        assert_int_equal(fake_open_files(), 0);
        fake_heal();
        fasteners_ipc_lock_destroy(lock);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(p8_missing_directories_are_created),
        fault_test(p8_an_existing_file_is_neither_created_nor_changed),
        fault_test(p13_the_mode_is_given_by_the_creator),
        fault_test(p8_anything_but_a_regular_file_is_invalid),
        fault_test(p8_symbolic_links_are_followed_if_asked_for),
        fault_test(p13_permissions_are_respected_and_told),
        fault_test(p8_another_process_creates_the_file_first),
        fault_test(p8_the_file_is_deleted_just_after_its_creation),
        fault_test(p8_the_directory_is_deleted_just_after_its_creation),
        fault_test(p8_the_directory_is_deleted_again_and_again),
        fault_test(p8_the_file_is_deleted_whenever_it_is_looked_for),
        fault_test(p8_the_file_gives_way_to_something_else),
        fault_test(p15_holder_of_a_foreign_lock),
        fault_test(p15_holder_is_this_process),
        fault_test(p15_shared_holders_up_to_a_limit),
        fault_test(p15_array_of_holders_is_checked),
        fault_test(p15_the_gate_has_no_holder),
        fault_test(p15_holder_creates_nothing),
        fault_test(p15_holder_of_a_file_that_may_only_be_read),
        fault_test(p15_failures_of_holder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
