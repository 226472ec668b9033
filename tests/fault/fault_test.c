/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <stdio.h>
#include <string.h>

enum { LINES_MAX = 64, LINE_SIZE = 512 };

static struct {
    fasteners_log_level level;
    char text[LINE_SIZE];
} lines[LINES_MAX];
static int line_count;

int fault_set_up(void **state)
{
    (void)state;
    fake_reset();
    log_clear();
    return 0;
}

int fault_tear_down(void **state)
{
    (void)state;
    if (fake_memory_blocks() + fake_open_files() + fake_requests() + fake_locks() + fake_events() +
            fake_adopted() ==
        0)
        return 0;
    print_error("left behind: %u blocks of memory, %u open files, %u requests, %u locked bytes, %u "
                "events, %u adopted descriptors\n",
                fake_memory_blocks(), fake_open_files(), fake_requests(), fake_locks(),
                fake_events(), fake_adopted());
    return -1;
}

/* --------------------------------------------------------------------------- log -- */

static void keep_line(void *user, fasteners_log_level level, const char *message)
{
    (void)user;
    assert_true(line_count < LINES_MAX);
    lines[line_count].level = level;
    (void)snprintf(lines[line_count].text, LINE_SIZE, "%s", message);
    line_count++;
}

void log_clear(void)
{
    line_count = 0;
}

unsigned log_lines(fasteners_log_level level)
{
    unsigned count = 0;

    for (int i = 0; i < line_count; i++)
        count += lines[i].level == level;
    return count;
}

static bool contains(const char *text, const char *part)
{
    return part == NULL || strstr(text, part) != NULL;
}

bool log_has(fasteners_log_level level, const char *a, const char *b, const char *c)
{
    for (int i = 0; i < line_count; i++)
        if (lines[i].level == level && contains(lines[i].text, a) && contains(lines[i].text, b) &&
            contains(lines[i].text, c))
            return true;
    return false;
}

/* ----------------------------------------------------------------------- handles -- */

fasteners_ipc_options kept_log(void)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    options.log = keep_line;
    return options;
}

fasteners_ipc_lock *make_lock(const fasteners_ipc_options *options)
{
    fasteners_ipc_options defaults = kept_log();
    fasteners_ipc_lock *lock;

    assert_int_equal(fasteners_ipc_lock_create(&lock, PATH, options ? options : &defaults),
                     FASTENERS_OK);
    return lock;
}

void expect_acquire(fasteners_ipc_lock *lock, int64_t timeout_ms, fasteners_status expected)
{
    fasteners_status status = fasteners_ipc_lock_acquire(lock, timeout_ms);
    bool held = status == FASTENERS_OK;

    assert_string_equal(fasteners_status_name(status), fasteners_status_name(expected));
    assert_int_equal(fasteners_ipc_lock_check(lock), held ? FASTENERS_OK : FASTENERS_NOT_OWNER);
    if (held)
        assert_true(fake_we_lock(PATH, 0));
    assert_int_equal(fake_requests(), 0);
}

void expect_release(fasteners_ipc_lock *lock, fasteners_status expected)
{
    fasteners_status status = fasteners_ipc_lock_release(lock);

    assert_string_equal(fasteners_status_name(status), fasteners_status_name(expected));
}

void use_and_destroy(fasteners_ipc_lock *lock)
{
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    assert_int_equal(fake_locks(), 0);
    fasteners_ipc_lock_destroy(lock);
}

/* ----------------------------------------------------------- readers and writers -- */

fasteners_ipc_rwlock *make_rwlock(const fasteners_ipc_options *options)
{
    fasteners_ipc_options defaults = kept_log();
    fasteners_ipc_rwlock *lock;

    assert_int_equal(fasteners_ipc_rwlock_create(&lock, PATH, options ? options : &defaults),
                     FASTENERS_OK);
    return lock;
}

static void expect_status(fasteners_status status, fasteners_status expected)
{
    assert_string_equal(fasteners_status_name(status), fasteners_status_name(expected));
}

void expect_held(const fasteners_ipc_rwlock *lock, bool reads, bool writes)
{
    assert_int_equal(fasteners_ipc_rwlock_is_reader(lock), reads);
    assert_int_equal(fasteners_ipc_rwlock_is_writer(lock), writes);
    if (reads || writes)
        assert_true(fake_we_lock(PATH, 0));
    if (writes)
        assert_true(fake_we_lock_alone(PATH, 0));
    assert_false(fake_we_lock(PATH, 1));
    assert_false(fake_we_lock(PATH, 2));
}

void expect_read(fasteners_ipc_rwlock *lock, int64_t timeout_ms, fasteners_status expected)
{
    bool reads = fasteners_ipc_rwlock_is_reader(lock);
    bool writes = fasteners_ipc_rwlock_is_writer(lock);

    expect_status(fasteners_ipc_rwlock_acquire_read(lock, timeout_ms), expected);
    expect_held(lock, reads || expected == FASTENERS_OK, writes);
}

void expect_write(fasteners_ipc_rwlock *lock, int64_t timeout_ms, fasteners_status expected)
{
    bool reads = fasteners_ipc_rwlock_is_reader(lock);
    bool writes = fasteners_ipc_rwlock_is_writer(lock);

    expect_status(fasteners_ipc_rwlock_acquire_write(lock, timeout_ms), expected);
    expect_held(lock, reads, writes || expected == FASTENERS_OK);
}

void expect_upgrade(fasteners_ipc_rwlock *lock, int64_t timeout_ms, fasteners_status expected)
{
    bool writes = fasteners_ipc_rwlock_is_writer(lock);

    expect_status(fasteners_ipc_rwlock_upgrade(lock, timeout_ms), expected);
    assert_int_equal(fasteners_ipc_rwlock_is_writer(lock), writes || expected == FASTENERS_OK);
    if (expected != FASTENERS_OK && expected != FASTENERS_NOT_OWNER)
        expect_held(lock, true, false);
}

void expect_downgrade(fasteners_ipc_rwlock *lock, fasteners_status expected)
{
    expect_status(fasteners_ipc_rwlock_downgrade(lock), expected);
    if (expected == FASTENERS_OK)
        assert_true(fasteners_ipc_rwlock_is_reader(lock));
}

void expect_unread(fasteners_ipc_rwlock *lock, fasteners_status expected)
{
    expect_status(fasteners_ipc_rwlock_release_read(lock), expected);
}

void expect_unwrite(fasteners_ipc_rwlock *lock, fasteners_status expected)
{
    expect_status(fasteners_ipc_rwlock_release_write(lock), expected);
}

/* ----------------------------------------------------------------------- actions -- */

void foreign_takes_lock(void *unused)
{
    (void)unused;
    fake_foreign_lock(PATH, FOREIGN_PID, FST_EXCLUSIVE, LOCK_BYTE);
}

void foreign_takes_gate(void *unused)
{
    (void)unused;
    fake_foreign_lock(PATH, FOREIGN_PID, FST_EXCLUSIVE, GATE_BYTE);
}

void foreign_reads(void *unused)
{
    (void)unused;
    fake_foreign_lock(PATH, FOREIGN_PID, FST_SHARED, LOCK_BYTE);
}

void foreign_releases(void *unused)
{
    (void)unused;
    fake_foreign_release(FOREIGN_PID);
}

void file_is_deleted(void *unused)
{
    (void)unused;
    fake_delete(PATH);
}

void file_is_replaced(void *unused)
{
    (void)unused;
    fake_replace(PATH);
}

void file_is_renamed_away(void *unused)
{
    (void)unused;
    fake_rename(PATH, "/elsewhere");
}

void handle_is_cancelled(void *lock)
{
    fasteners_ipc_lock_cancel(lock);
}

void rwlock_is_cancelled(void *lock)
{
    fasteners_ipc_rwlock_cancel(lock);
}

void clock_goes_on_1_ms(void *unused)
{
    (void)unused;
    fake_advance_ms(1);
}
