/* SPDX-License-Identifier: Apache-2.0 */
#include "proc_info.h"

#include <stdatomic.h>
#include <stdio.h>
#include <windows.h>

#include <tlhelp32.h>

#include "patience.h"

/*
 * Windows does not show who has a lock or waits for one. So whoever calls something that may wait
 * notes it in memory that all processes share, and "queued" means: has made such a call. A moment
 * later it waits. No test that runs on Windows goes wrong if it does not wait yet.
 *
 * Who is killed stays noted.
 */

/* -------------------------------------------------------------------------- calls noted -- */

enum { BOARDS = 256 };

typedef struct board {
    uint64_t path; /* its hash */
    _Atomic int32_t *calls;
} board;

static board boards[BOARDS];
static SRWLOCK boards_lock = SRWLOCK_INIT;

/* The same for however the test and the library write the path. */
static uint64_t hash_of(const char *path)
{
    char full[2 * MAX_PATH] = "";
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    if (path != NULL)
        GetFullPathNameA(path, sizeof(full), full, NULL);
    for (const char *at = full; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    return hash;
}

static _Atomic int32_t *map_calls(uint64_t hash)
{
    char name[64];

    snprintf(name, sizeof(name), "fasteners-test-%016llx", (unsigned long long)hash);
    HANDLE mapping = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0,
                                        sizeof(_Atomic int32_t), name);
    return mapping != NULL ? MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, 0) : NULL;
}

/* Mapped once, and until the process ends. */
static _Atomic int32_t *calls_on(const char *path)
{
    uint64_t hash = hash_of(path);
    _Atomic int32_t *calls = NULL;

    AcquireSRWLockExclusive(&boards_lock);
    for (int i = 0; i < BOARDS && calls == NULL; i++) {
        if (boards[i].calls == NULL)
            boards[i] = (board){.path = hash, .calls = map_calls(hash)};
        if (boards[i].path == hash)
            calls = boards[i].calls;
    }
    ReleaseSRWLockExclusive(&boards_lock);
    return calls;
}

static void add(const char *path, int32_t change)
{
    _Atomic int32_t *calls = calls_on(path);

    if (calls != NULL)
        atomic_fetch_add(calls, change);
}

void note_call_begins(const char *path)
{
    add(path, 1);
}

void note_call_ends(const char *path)
{
    add(path, -1);
}

typedef struct crowd {
    const char *path;
    int size;
} crowd;

static bool is_that_large(void *argument)
{
    const crowd *wanted = argument;

    return locks_on(wanted->path).queued >= wanted->size;
}

bool wait_until_queued(const char *path, int n)
{
    crowd wanted = {.path = path, .size = n};

    return test_wait_until(is_that_large, &wanted);
}

/* -------------------------------------------------------------------------------- locks -- */

/* Where the library puts the gate: see lock_windows.h. */
static const uint64_t GATE = (UINT64_C(1) << 62) + 1;

/* By trying: only whether there is a lock on the byte. */
static bool is_locked(const char *path, uint64_t byte)
{
    OVERLAPPED place = {0};
    HANDLE file =
        CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_EXISTING, 0, NULL);

    if (file == INVALID_HANDLE_VALUE)
        return false;
    place.Offset = (DWORD)byte;
    place.OffsetHigh = (DWORD)(byte >> 32);
    bool granted =
        LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &place);
    if (granted)
        UnlockFileEx(file, 0, 1, 0, &place);
    CloseHandle(file);
    return !granted;
}

static bool gate_is_taken(void *argument)
{
    return is_locked(argument, GATE);
}

bool wait_until_gate_is_taken(const char *path)
{
    return test_wait_until(gate_is_taken, (void *)(uintptr_t)path);
}

file_locks locks_on(const char *path)
{
    const _Atomic int32_t *calls = calls_on(path);

    bool held = is_locked(path, 0);

    return (file_locks){
        .held = held, .ofd = held, .queued = calls != NULL ? atomic_load(calls) : 0};
}

uint64_t inode_of(const char *path)
{
    BY_HANDLE_FILE_INFORMATION info = {0};
    HANDLE file = CreateFileA(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);

    if (file == INVALID_HANDLE_VALUE)
        return 0;
    GetFileInformationByHandle(file, &info);
    CloseHandle(file);
    return (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow;
}

/* ------------------------------------------------------------------------------ threads -- */

long this_thread(void)
{
    return (long)GetCurrentThreadId();
}

static uint64_t time_used_by(HANDLE thread)
{
    FILETIME created, ended, in_kernel, in_program;

    if (!GetThreadTimes(thread, &created, &ended, &in_kernel, &in_program))
        return 0;
    return ((uint64_t)in_kernel.dwHighDateTime << 32 | in_kernel.dwLowDateTime) +
           ((uint64_t)in_program.dwHighDateTime << 32 | in_program.dwLowDateTime);
}

/* It has used no time for a while. */
bool wait_until_asleep(long pid, long thread)
{
    enum { QUIET_LOOKS = 10 };
    HANDLE opened = OpenThread(THREAD_QUERY_INFORMATION, FALSE, (DWORD)thread);
    int64_t end = test_now() + test_patience_ms() * 1000000;
    uint64_t used = 0;
    int quiet = 0;

    (void)pid;
    while (opened != NULL && quiet < QUIET_LOOKS && test_now() < end) {
        uint64_t now = time_used_by(opened);
        quiet = now == used ? quiet + 1 : 0;
        used = now;
        test_pause_ms(2);
    }
    if (opened != NULL)
        CloseHandle(opened);
    return quiet >= QUIET_LOOKS;
}

bool wait_until_waiting(long pid, long thread)
{
    return wait_until_asleep(pid, thread);
}

/* Wine 8 does not count handles. It gives out the smallest number that is free. */
static int next_handle(void)
{
    enum { STEP = 4 };
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);

    CloseHandle(event);
    return (int)((uintptr_t)event / STEP);
}

int count_descriptors(long pid)
{
    if (is_wine())
        return pid == (long)GetCurrentProcessId() ? next_handle() : -1;
    HANDLE process = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, (DWORD)pid);
    DWORD count = 0;

    if (process == NULL)
        return -1;
    bool known = GetProcessHandleCount(process, &count);
    CloseHandle(process);
    return known ? (int)count : -1;
}

int count_threads(long pid)
{
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 entry = {.dwSize = sizeof(entry)};
    int count = 0;

    for (BOOL more = Thread32First(all, &entry); more; more = Thread32Next(all, &entry))
        count += entry.th32OwnerProcessID == (DWORD)pid;
    CloseHandle(all);
    return count;
}

bool is_wine(void)
{
    return GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version") != NULL;
}

bool host_name(char *name, size_t size)
{
    DWORD count = (DWORD)size;

    return GetComputerNameExA(ComputerNameDnsHostname, name, &count);
}
