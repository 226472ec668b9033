/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the promises P1 to P17 looks different on Windows, or is tested elsewhere by means that
 * Windows has not.
 */
#include "../process/process_test.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/locking.h>
#include <wchar.h>
#include <windows.h>

#include "links.h"

static const DWORD SHARED_WITH_ALL = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

static fasteners_ipc_lock *lock_at(const char *path)
{
    fasteners_ipc_lock *lock;

    assert_int_equal(fasteners_ipc_lock_create(&lock, path, NULL), FASTENERS_OK);
    return lock;
}

static fasteners_ipc_lock *held_lock_at(const char *path)
{
    fasteners_ipc_lock *lock = lock_at(path);

    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    return lock;
}

static void expect_acquire(const char *path, fasteners_status expected)
{
    fasteners_ipc_lock *lock = lock_at(path);

    assert_string_equal(fasteners_status_name(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT)),
                        fasteners_status_name(expected));
    fasteners_ipc_lock_destroy(lock);
}

static HANDLE open_file(const char *path, DWORD sharing, DWORD disposition)
{
    HANDLE file =
        CreateFileA(path, GENERIC_READ | GENERIC_WRITE, sharing, NULL, disposition, 0, NULL);

    assert_true(file != INVALID_HANDLE_VALUE);
    return file;
}

/* ------------------------------------------------------------------------------ P1 and P8 -- */

static void p1_one_file_by_many_names(void **state)
{
    const char *path = temp_path(state, "lock");
    const char *hard_link = temp_path(state, "hard-link");
    fasteners_ipc_lock *held = held_lock_at(path);
    char name[2 * MAX_PATH];

    make_hard_link(path, hard_link);
    expect_acquire(hard_link, FASTENERS_BUSY);
    expect_acquire(temp_path(state, "LOCK"), FASTENERS_BUSY);
    expect_acquire(temp_path(state, "nothing\\..\\.\\lock"), FASTENERS_BUSY);
    snprintf(name, sizeof(name), "\\\\?\\%s", path);
    expect_acquire(name, FASTENERS_BUSY);
    snprintf(name, sizeof(name), "%s", path);
    for (char *at = name; *at != '\0'; at++)
        *at = *at == '\\' ? '/' : *at;
    expect_acquire(name, FASTENERS_BUSY);
    assert_true(SetCurrentDirectoryA(temp_dir_path(state)));
    expect_acquire("lock", FASTENERS_BUSY);
    assert_true(SetCurrentDirectoryA(temp_root()));
    fasteners_ipc_lock_destroy(held);
}

static bool exists(const WCHAR *path)
{
    return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

static void p8_names_of_any_script(void **state)
{
    WCHAR wide[2 * MAX_PATH];

    /* "Schloß, 锁, 🔒": of two, three and four bytes. */
    const char *path = temp_path(state, "Schlo\xc3\x9f \xe9\x94\x81 \xf0\x9f\x94\x92");
    fasteners_ipc_lock *held = held_lock_at(path);
    MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, 2 * MAX_PATH);
    assert_true(exists(wide));
    assert_string_equal(fasteners_ipc_lock_path(held), path);
    expect_acquire(path, FASTENERS_BUSY);
    fasteners_ipc_lock_destroy(held);
    assert_true(DeleteFileW(wide));
}

/* The file, and so many directories above it. */
static void remove_tree(const char *path, int levels)
{
    WCHAR wide[1024] = L"\\\\?\\";

    MultiByteToWideChar(CP_UTF8, 0, path, -1, wide + 4, 1020);
    assert_true(DeleteFileW(wide));
    for (int i = 0; i < levels; i++) {
        *wcsrchr(wide, L'\\') = L'\0';
        assert_true(RemoveDirectoryW(wide));
    }
}

/* Longer than MAX_PATH, with directories that are missing. */
static void p8_long_paths(void **state)
{
    enum { LEVELS = 12 };
    char path[1024];

    snprintf(path, sizeof(path), "%s", temp_dir_path(state));
    for (int i = 0; i < LEVELS; i++)
        strcat(path, "\\a-directory-with-a-rather-long-name");
    strcat(path, "\\lock");
    assert_true(strlen(path) > MAX_PATH + 100);
    fasteners_ipc_lock *held = held_lock_at(path);
    expect_acquire(path, FASTENERS_BUSY);
    assert_true(fasteners_ipc_lock_exists(held));
    fasteners_ipc_lock_destroy(held);
    remove_tree(path, LEVELS);
}

/* Wine 8 cuts them off: two different ones would be one lock. */
static void p8_too_long_paths(void **state)
{
    static char path[70000];
    static const size_t lengths[] = {32767, 32800, 40000, 65540, sizeof(path) - 1};
    size_t root = (size_t)snprintf(path, sizeof(path), "%s\\", temp_dir_path(state));

    memset(path + root, 'a', sizeof(path) - 1 - root);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        path[lengths[i]] = '\0';
        expect_acquire(path, FASTENERS_INVALID);
        path[lengths[i]] = 'a';
    }
}

static void expect_invalid_at_once(const char *path)
{
    fasteners_ipc_lock *lock;

    assert_int_equal(fasteners_ipc_lock_create(&lock, path, NULL), FASTENERS_INVALID);
    assert_null(lock);
}

static void p8_what_is_no_file(void **state)
{
    const char *file = temp_path(state, "file");

    CloseHandle(open_file(file, SHARED_WITH_ALL, CREATE_NEW));
    expect_invalid_at_once(temp_path(state, "directory\\"));
    expect_invalid_at_once(temp_path(state, "directory/"));
    expect_invalid_at_once(temp_path(state, "file:stream"));
    expect_invalid_at_once(temp_path(state, "no \xff text"));
    expect_invalid_at_once("\\\\?\\C:\\file:stream");
    expect_invalid_at_once("NUL");
    expect_invalid_at_once("\\\\.\\pipe\\fasteners");
    expect_acquire(temp_dir_path(state), FASTENERS_INVALID);
    expect_acquire(temp_path(state, "file\\lock"), FASTENERS_INVALID);
    expect_acquire(temp_path(state, "a?b"), FASTENERS_INVALID);
}

/* ------------------------------------------------------------------------------------- P2 -- */

/* Python's fasteners takes its lock so. */
static void p2_locking_of_the_c_library(void **state)
{
    const char *path = temp_path(state, "lock");
    int fd = _open(path, _O_RDWR | _O_CREAT, 0600);
    fasteners_ipc_lock *lock = lock_at(path);

    assert_int_equal(_locking(fd, _LK_NBLCK, 1), 0);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    assert_int_equal(_locking(fd, _LK_UNLCK, 1), 0);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_int_not_equal(_locking(fd, _LK_NBLCK, 1), 0);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    assert_int_equal(_locking(fd, _LK_NBLCK, 1), 0);
    _close(fd);
    fasteners_ipc_lock_destroy(lock);
}

static void p2_lock_file_ex(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_start();
    fasteners_ipc_rwlock *lock;

    assert_int_equal(fasteners_ipc_rwlock_create(&lock, path, NULL), FASTENERS_OK);
    int64_t file = agent_number(agent, "open %s rw", path);
    agent_expect(agent, "OK", "lock %lld any shared 0 1", (long long)file);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    agent_expect(agent, "OK", "lock %lld any unlock 0 1", (long long)file);
    agent_expect(agent, "ERROR", "lock %lld any exclusive 0 1", (long long)file);
    assert_int_equal(fasteners_ipc_rwlock_release_read(lock), FASTENERS_OK);
    agent_expect(agent, "OK", "lock %lld any exclusive 0 1", (long long)file);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    agent_murder(agent);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write(lock, FASTENERS_FOREVER), FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

/* ------------------------------------------------------------------------------ P5 and P7 -- */

/* A file that somebody has open cannot be opened for oneself alone. */
static void p5_a_started_program_inherits_nothing(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *held = held_lock_at(path);
    child *agent = agent_start();

    fasteners_ipc_lock_destroy(held);
    CloseHandle(open_file(path, 0, OPEN_EXISTING));
    agent_stop(agent);
}

static void expect_content(const char *path, const char *expected, const FILETIME *written)
{
    HANDLE file = open_file(path, SHARED_WITH_ALL, OPEN_EXISTING);
    char content[64] = "";
    FILETIME now;
    DWORD count;

    assert_true(ReadFile(file, content, sizeof(content) - 1, &count, NULL));
    assert_string_equal(content, expected);
    assert_true(GetFileTime(file, NULL, NULL, &now));
    assert_memory_equal(&now, written, sizeof(now));
    CloseHandle(file);
}

static void p7_content_stays(void **state)
{
    static const char content[] = "belongs to somebody else";
    const char *path = temp_path(state, "lock");
    HANDLE file = open_file(path, SHARED_WITH_ALL, CREATE_NEW);
    FILETIME written = {.dwHighDateTime = 0x01C00000};
    DWORD count;

    assert_true(WriteFile(file, content, sizeof(content) - 1, &count, NULL));
    assert_true(SetFileTime(file, NULL, NULL, &written));
    CloseHandle(file);
    for (int i = 0; i < 3; i++) {
        fasteners_ipc_lock *held = held_lock_at(path);
        expect_acquire(path, FASTENERS_BUSY);
        fasteners_ipc_lock_destroy(held);
    }
    expect_content(path, content, &written);
}

/* ----------------------------------------------------------------------------------- P9 -- */

static void skip_if_it_may_be_written(const char *path)
{
    HANDLE file = CreateFileA(path, GENERIC_WRITE, SHARED_WITH_ALL, NULL, OPEN_EXISTING, 0, NULL);

    if (file == INVALID_HANDLE_VALUE)
        return;
    CloseHandle(file);
    skip();
}

static void p9_who_may_not_write(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_rwlock *lock;

    CloseHandle(open_file(path, SHARED_WITH_ALL, CREATE_NEW));
    assert_true(SetFileAttributesA(path, FILE_ATTRIBUTE_READONLY));
    skip_if_it_may_be_written(path); /* as root of Linux, under Wine */
    expect_acquire(path, FASTENERS_NO_PERMISSION);
    assert_int_equal(fasteners_ipc_rwlock_create(&lock, path, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write(lock, FASTENERS_FOREVER),
                     FASTENERS_NO_PERMISSION);
    assert_int_equal(fasteners_ipc_rwlock_os_error(lock), ERROR_ACCESS_DENIED);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

/* To be kept out of the file is no contention for the lock: nothing is waited for. */
static void p9_a_file_that_another_one_has_for_itself(void **state)
{
    const char *path = temp_path(state, "lock");
    HANDLE file = open_file(path, 0, CREATE_NEW);
    fasteners_ipc_lock *lock = lock_at(path);

    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_NO_PERMISSION);
    assert_int_equal(fasteners_ipc_lock_os_error(lock), ERROR_SHARING_VIOLATION);
    CloseHandle(file);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

/* ----------------------------------------------------------------------------- P14 to P17 -- */

static void p14_probe(void **state)
{
    fasteners_probe_report report = FASTENERS_PROBE_REPORT_INIT;

    assert_int_equal(fasteners_ipc_probe(temp_dir_path(state), &report), FASTENERS_OK);
    assert_true(report.exclusive_excludes && report.shared_excludes && report.shared_shares);
    assert_false(report.between_processes);
    assert_int_equal(report.verdict,
                     is_wine() ? FASTENERS_LOCKS_EXCLUDE_HERE : FASTENERS_LOCKS_EXCLUDE);
    assert_string_not_equal(report.filesystem, "");
    assert_int_equal(fasteners_ipc_probe(temp_path(state, "missing"), NULL), FASTENERS_NOT_FOUND);
}

static void p15_the_record_tells_who(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_with_lock(path, "record");
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    fasteners_ipc_lock *lock;

    options.record_owner = true;
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_OK);
    assert_true(holder.recorded);
    assert_int_equal(holder.pid, child_pid(agent));
    assert_true(holder.start != 0 && holder.since_ms > 0 && holder.host[0] != '\0');
    agent_murder(agent);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
    assert_true(fasteners_ipc_lock_was_abandoned(lock));
    assert_int_equal(fasteners_ipc_lock_generation(lock), 2);
    fasteners_ipc_lock_destroy(lock);
}

static void p15_without_a_record_nobody_is_named(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_start();
    fasteners_ipc_lock *lock = lock_at(path);
    fasteners_holder holder = FASTENERS_HOLDER_INIT;

    agent_expect(agent, "FASTENERS_OK", "rw_create r %s", path);
    agent_expect(agent, "FASTENERS_OK", "write r 0");
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_OK);
    assert_true(!holder.shared && holder.pid == 0 && holder.program[0] == '\0');
    agent_expect(agent, "FASTENERS_OK", "downgrade r");
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_OK);
    assert_true(holder.shared && holder.pid == 0);
    agent_expect(agent, "FASTENERS_OK", "unread r");
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_NOT_FOUND);
    fasteners_ipc_lock_destroy(lock);
}

static void p17_handles_do_not_grow_in_number(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    int before = 0;

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    for (int i = 0; i < 60; i++) {
        fasteners_ipc_lock *lock = lock_at(path);
        assert_int_equal(fasteners_ipc_lock_acquire(lock, 1), FASTENERS_TIMED_OUT);
        fasteners_ipc_lock_destroy(lock);
        expect_acquire(temp_dir_path(state), FASTENERS_INVALID);
        if (i == 10)
            before = count_descriptors((long)GetCurrentProcessId());
    }
    assert_in_range(count_descriptors((long)GetCurrentProcessId()), 1, before + 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p1_one_file_by_many_names),
        PROCESS_TEST(p8_names_of_any_script),
        PROCESS_TEST(p8_long_paths),
        PROCESS_TEST(p8_too_long_paths),
        PROCESS_TEST(p8_what_is_no_file),
        PROCESS_TEST(p2_locking_of_the_c_library),
        PROCESS_TEST(p2_lock_file_ex),
        PROCESS_TEST(p5_a_started_program_inherits_nothing),
        PROCESS_TEST(p7_content_stays),
        PROCESS_TEST(p9_who_may_not_write),
        PROCESS_TEST(p9_a_file_that_another_one_has_for_itself),
        PROCESS_TEST(p14_probe),
        PROCESS_TEST(p15_the_record_tells_who),
        PROCESS_TEST(p15_without_a_record_nobody_is_named),
        PROCESS_TEST(p17_handles_do_not_grow_in_number),
    };

    return RUN_PROCESS_TESTS(tests);
}
