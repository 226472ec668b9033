/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is particular to handles that the program opened (P7, P12, P16, P17), and to the events of
 * begun waits (P18). What holds on every system: process/test_adopted.c, test_p18_event_loop.c.
 */
#include "../process/process_test.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "event_wait.h"

static const DWORD SHARED_WITH_ALL = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

static HANDLE open_file(const char *path, DWORD access, DWORD flags)
{
    HANDLE file = CreateFileA(path, access, SHARED_WITH_ALL, NULL, OPEN_ALWAYS, flags, NULL);

    assert_true(file != INVALID_HANDLE_VALUE);
    return file;
}

static fasteners_ipc_lock *lock_of(HANDLE file, bool record_owner)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.record_owner = record_owner;
    assert_int_equal(fasteners_ipc_lock_create_from_fd(&lock, (intptr_t)file, &options),
                     FASTENERS_OK);
    return lock;
}

static fasteners_status adopt(HANDLE file, bool record_owner)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.record_owner = record_owner;
    fasteners_status status = fasteners_ipc_lock_create_from_fd(&lock, (intptr_t)file, &options);
    fasteners_ipc_lock_destroy(lock);
    return status;
}

/* ------------------------------------------------------------------------ adopted handles -- */

/* Whether its operations may be waited for or wait themselves, a handle is a handle. */
static void p1_handles_of_either_kind(void **state)
{
    static const DWORD flags[] = {0, FILE_FLAG_OVERLAPPED};
    const char *path = temp_path(state, "lock");
    child *other = agent_with_lock(path, "");

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        HANDLE file = open_file(path, GENERIC_READ | GENERIC_WRITE, flags[i]);
        fasteners_ipc_lock *lock = lock_of(file, false);
        agent_expect(other, "FASTENERS_OK", "acquire l 0");
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
        assert_int_equal(fasteners_ipc_lock_acquire(lock, 5), FASTENERS_TIMED_OUT);
        agent_expect(other, "started", "start 1 acquire l -1");
        agent_expect(other, "FASTENERS_OK", "release l");
        agent_murder(other);
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
        other = agent_with_lock(path, "");
        agent_expect(other, "FASTENERS_BUSY", "acquire l 0");
        fasteners_ipc_lock_destroy(lock);
        assert_true(CloseHandle(file));
    }
}

/*
 * The system grants a shared lock beside an exclusive one of the same open file, and gives back one
 * lock at a time.
 */
static void p1_r1_two_handles_of_one_open_file(void **state)
{
    const char *path = temp_path(state, "lock");
    HANDLE self = GetCurrentProcess(), copy;
    HANDLE file = open_file(path, GENERIC_READ | GENERIC_WRITE, 0);
    child *other = agent_start();
    fasteners_ipc_rwlock *one, *two;

    assert_true(DuplicateHandle(self, file, self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS));
    assert_int_equal(fasteners_ipc_rwlock_create_from_fd(&one, (intptr_t)file, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_create_from_fd(&two, (intptr_t)copy, NULL), FASTENERS_OK);
    agent_expect(other, "FASTENERS_OK", "rw_create l %s", path);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fasteners_ipc_rwlock_acquire_read(one, 0), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_rwlock_acquire_read(two, 0), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_rwlock_release_read(one), FASTENERS_OK);
        agent_expect(other, "FASTENERS_BUSY", "write l 0");
        assert_int_equal(fasteners_ipc_rwlock_release_read(two), FASTENERS_OK);
        agent_expect(other, "FASTENERS_OK", "write l 0");
        agent_expect(other, "FASTENERS_OK", "unwrite l");
        assert_int_equal(fasteners_ipc_rwlock_acquire_write(one, 0), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_rwlock_acquire_write(two, 0), FASTENERS_BUSY);
        assert_int_equal(fasteners_ipc_rwlock_acquire_read(two, 0), FASTENERS_BUSY);
        assert_int_equal(fasteners_ipc_rwlock_release_write(one), FASTENERS_OK);
    }
    fasteners_ipc_rwlock_destroy(one);
    fasteners_ipc_rwlock_destroy(two);
    assert_true(CloseHandle(copy));
    assert_true(CloseHandle(file));
}

static LONGLONG position_of(HANDLE file)
{
    const LARGE_INTEGER no_move = {.QuadPart = 0};
    LARGE_INTEGER at;

    assert_true(SetFilePointerEx(file, no_move, &at, FILE_CURRENT));
    return at.QuadPart;
}

static void p7_p16_the_record_leaves_the_position_alone(void **state)
{
    const LARGE_INTEGER somewhere = {.QuadPart = 7};
    HANDLE file = open_file(temp_path(state, "lock"), GENERIC_READ | GENERIC_WRITE, 0);
    fasteners_ipc_lock *lock = lock_of(file, true);

    assert_true(SetFilePointerEx(file, somewhere, NULL, FILE_BEGIN));
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_generation(lock), i);
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
        assert_int_equal(position_of(file), somewhere.QuadPart);
    }
    fasteners_ipc_lock_destroy(lock);
    assert_true(CloseHandle(file));
}

/* What we do is not reported to the program's event loop. */
static void p7_a_completion_port_hears_nothing(void **state)
{
    DWORD access = GENERIC_READ | GENERIC_WRITE, count;
    HANDLE file = open_file(temp_path(state, "lock"), access, FILE_FLAG_OVERLAPPED);
    HANDLE port = CreateIoCompletionPort(file, NULL, 1, 0);
    fasteners_ipc_lock *lock = lock_of(file, true);
    ULONG_PTR key;
    OVERLAPPED *done;

    assert_non_null(port);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    assert_false(GetQueuedCompletionStatus(port, &count, &key, &done, 0));
    assert_int_equal(GetLastError(), WAIT_TIMEOUT);
    fasteners_ipc_lock_destroy(lock);
    assert_true(CloseHandle(port));
    assert_true(CloseHandle(file));
}

static void p12_handles_that_are_of_no_use(void **state)
{
    const char *path = temp_path(state, "lock");
    HANDLE appends = open_file(path, GENERIC_READ | FILE_APPEND_DATA, 0);
    HANDLE writes_only = open_file(path, GENERIC_WRITE, 0);
    HANDLE looks_only = open_file(path, FILE_READ_ATTRIBUTES, 0);
    HANDLE directory = CreateFileA(temp_dir_path(state), GENERIC_READ, SHARED_WITH_ALL, NULL,
                                   OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);

    assert_int_equal(adopt(appends, true), FASTENERS_INVALID);
    assert_int_equal(adopt(appends, false), FASTENERS_OK);
    assert_int_equal(adopt(writes_only, true), FASTENERS_INVALID);
    assert_int_equal(adopt(writes_only, false), FASTENERS_OK);
    assert_int_equal(adopt(looks_only, false), FASTENERS_INVALID);
    assert_int_equal(adopt(directory, false), FASTENERS_INVALID);
    assert_int_equal(adopt(event, false), FASTENERS_INVALID);
    assert_int_equal(adopt(INVALID_HANDLE_VALUE, false), FASTENERS_INVALID);
    assert_int_equal(adopt(NULL, false), FASTENERS_INVALID);
    assert_true(CloseHandle(appends));
    assert_int_equal(adopt(appends, false), FASTENERS_INVALID);
    assert_true(CloseHandle(writes_only) && CloseHandle(looks_only) && CloseHandle(directory) &&
                CloseHandle(event));
}

static void p12_what_the_handle_was_not_opened_for(void **state)
{
    const char *path = temp_path(state, "lock");
    HANDLE reads = open_file(path, GENERIC_READ, 0);
    fasteners_ipc_rwlock *lock;

    assert_int_equal(fasteners_ipc_rwlock_create_from_fd(&lock, (intptr_t)reads, NULL),
                     FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, 0), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_release_read(lock), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write(lock, 0), FASTENERS_NO_PERMISSION);
    fasteners_ipc_rwlock_destroy(lock);
    assert_true(CloseHandle(reads));
}

static void p17_adopting_leaves_nothing(void **state)
{
    HANDLE file = open_file(temp_path(state, "lock"), GENERIC_READ | GENERIC_WRITE, 0);
    int before = 0;

    for (int i = 0; i < 30; i++) {
        fasteners_ipc_lock *lock = lock_of(file, true);
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
        fasteners_ipc_lock_destroy(lock);
        if (i == 10)
            before = count_descriptors((long)GetCurrentProcessId());
    }
    assert_int_equal(count_descriptors((long)GetCurrentProcessId()), before);
    assert_true(CloseHandle(file));
}

/* --------------------------------------------------------------- what the program closes -- */

/* The number of the lock file's handle, which is no business of the program's. */
static HANDLE find_handle_of(const char *path)
{
    uint64_t inode = inode_of(path);
    BY_HANDLE_FILE_INFORMATION info;

    for (uintptr_t number = 4; number < 4096; number += 4)
        if (GetFileType((HANDLE)number) == FILE_TYPE_DISK &&
            GetFileInformationByHandle((HANDLE)number, &info) &&
            ((uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow) == inode)
            return (HANDLE)number;
    return NULL;
}

/* A program that closes all handles; the library opens another file under the same number. */
static void p4_the_lock_file_s_handle_is_closed_and_used_again(void **state)
{
    const char *path = temp_path(state, "lock");
    child *other = agent_with_lock(path, "");
    fasteners_ipc_lock *lock, *next;

    assert_int_equal(fasteners_ipc_lock_create(&lock, path, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_create(&next, temp_path(state, "next"), NULL),
                     FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    HANDLE ours = find_handle_of(path);
    assert_true(CloseHandle(ours));
    assert_int_equal(fasteners_ipc_lock_acquire(next, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_ptr_equal(find_handle_of(temp_path(state, "next")), ours);
    agent_expect(other, "FASTENERS_OK", "acquire l 0");
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_LOST);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_LOST);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    fasteners_ipc_lock_destroy(lock);
    assert_int_equal(fasteners_ipc_lock_check(next), FASTENERS_OK);
    agent_expect(other, "FASTENERS_OK", "create next %s", temp_path(state, "next"));
    agent_expect(other, "FASTENERS_BUSY", "acquire next 0");
    fasteners_ipc_lock_destroy(next);
}

/* A program that closes the event of a wait, and has one of its own under the number. */
static void p18_no_event_of_a_stranger_is_set_or_closed(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    fasteners_ipc_lock *lock;
    fasteners_ipc_wait *wait;

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire_begin(lock, -1, &wait), FASTENERS_OK);
    HANDLE theirs = (HANDLE)fasteners_ipc_wait_descriptor(wait);
    assert_true(CloseHandle(theirs));
    HANDLE stranger = CreateEventA(NULL, TRUE, FALSE, NULL);
    assert_ptr_equal(stranger, theirs);
    agent_expect(holder, "FASTENERS_OK", "release l");
    while (fasteners_ipc_wait_finish(&wait) == FASTENERS_BUSY)
        test_pause_ms(1);
    assert_int_equal(WaitForSingleObject(stranger, 0), WAIT_TIMEOUT);
    assert_true(CloseHandle(stranger));
    fasteners_ipc_lock_destroy(lock);
}

static void p18_the_program_can_only_wait_for_the_event(void **state)
{
    fasteners_ipc_lock *lock;
    fasteners_ipc_wait *wait;

    assert_int_equal(fasteners_ipc_lock_create(&lock, temp_path(state, "lock"), NULL),
                     FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire_begin(lock, 0, &wait), FASTENERS_OK);
    HANDLE event = (HANDLE)fasteners_ipc_wait_descriptor(wait);
    DWORD flags;
    assert_true(GetHandleInformation(event, &flags));
    assert_int_equal(flags & HANDLE_FLAG_INHERIT, 0);
    assert_true(wait_is_over_within(wait, 0));
    assert_false(ResetEvent(event));
    assert_true(wait_is_over_within(wait, 0));
    assert_int_equal(fasteners_ipc_wait_finish(&wait), FASTENERS_OK);
    assert_false(GetHandleInformation(event, &flags));
    fasteners_ipc_lock_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p1_handles_of_either_kind),
        PROCESS_TEST(p1_r1_two_handles_of_one_open_file),
        PROCESS_TEST(p7_p16_the_record_leaves_the_position_alone),
        PROCESS_TEST(p7_a_completion_port_hears_nothing),
        PROCESS_TEST(p12_handles_that_are_of_no_use),
        PROCESS_TEST(p12_what_the_handle_was_not_opened_for),
        PROCESS_TEST(p17_adopting_leaves_nothing),
        PROCESS_TEST(p4_the_lock_file_s_handle_is_closed_and_used_again),
        PROCESS_TEST(p18_no_event_of_a_stranger_is_set_or_closed),
        PROCESS_TEST(p18_the_program_can_only_wait_for_the_event),
    };

    return RUN_PROCESS_TESTS(tests);
}
