/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_kernel.h"

#include <stdint.h>
#include <stdlib.h>

enum { PENDING = 0x103, GRANTED = 0 };
static const ULONG_PTR CANCELLED = 0xC0000120;

/* A lock, or a request for one. */
typedef struct entry {
    struct entry *next;
    HANDLE file;
    uint64_t inode, first, length;
    bool exclusive;
    OVERLAPPED *request; /* of one that waits */
} entry;

static SRWLOCK guard = SRWLOCK_INIT;
static entry *held, *queue;
static int cancelled;
static void (*before_cancel)(void);

static uint64_t inode_of_handle(HANDLE file)
{
    BY_HANDLE_FILE_INFORMATION info;

    return GetFileInformationByHandle(file, &info)
               ? (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow
               : 0;
}

static entry describe(HANDLE file, DWORD low, DWORD high, const OVERLAPPED *place)
{
    return (entry){.file = file,
                   .inode = inode_of_handle(file),
                   .first = (uint64_t)place->OffsetHigh << 32 | place->Offset,
                   .length = (uint64_t)high << 32 | low};
}

static bool overlap(const entry *a, const entry *b)
{
    return a->inode == b->inode && a->first < b->first + b->length &&
           b->first < a->first + a->length;
}

static bool conflicts(const entry *wanted)
{
    for (const entry *lock = held; lock != NULL; lock = lock->next)
        if (overlap(lock, wanted) &&
            (wanted->exclusive || (lock->exclusive && lock->file != wanted->file)))
            return true;
    return false;
}

static entry *add_last(entry **list, const entry *what)
{
    entry *added = malloc(sizeof(*added));

    while (*list != NULL)
        list = &(*list)->next;
    *added = *what;
    added->next = NULL;
    *list = added;
    return added;
}

static void settle(OVERLAPPED *request, ULONG_PTR outcome)
{
    request->Internal = outcome;
    SetEvent(request->hEvent);
}

/* In the order of arrival, who can have it. */
static void serve_queue(void)
{
    for (entry **link = &queue; *link != NULL;) {
        entry *first = *link;
        if (conflicts(first)) {
            link = &first->next;
            continue;
        }
        *link = first->next;
        settle(first->request, GRANTED);
        add_last(&held, first);
        free(first);
    }
}

static BOOL fail(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

static BOOL lock(const entry *wanted, DWORD flags)
{
    if (!conflicts(wanted)) {
        add_last(&held, wanted);
        if (wanted->request->hEvent != NULL)
            settle(wanted->request, GRANTED);
        return TRUE;
    }
    if (flags & LOCKFILE_FAIL_IMMEDIATELY)
        return fail(ERROR_LOCK_VIOLATION);
    wanted->request->Internal = PENDING;
    ResetEvent(wanted->request->hEvent);
    add_last(&queue, wanted);
    return fail(ERROR_IO_PENDING);
}

BOOL WINAPI fake_LockFileEx(HANDLE file, DWORD flags, DWORD reserved, DWORD low, DWORD high,
                            OVERLAPPED *request)
{
    entry wanted = describe(file, low, high, request);

    (void)reserved;
    wanted.exclusive = (flags & LOCKFILE_EXCLUSIVE_LOCK) != 0;
    wanted.request = request;
    if (wanted.inode == 0)
        return fail(ERROR_INVALID_HANDLE);
    AcquireSRWLockExclusive(&guard);
    BOOL granted = lock(&wanted, flags);
    DWORD error = GetLastError();
    ReleaseSRWLockExclusive(&guard);
    SetLastError(error);
    return granted;
}

/* Exactly this range; the exclusive lock first. */
static bool unlock(const entry *place, bool exclusive)
{
    for (entry **link = &held; *link != NULL; link = &(*link)->next) {
        entry *lock = *link;
        if (lock->file != place->file || lock->first != place->first ||
            lock->length != place->length || lock->exclusive != exclusive)
            continue;
        *link = lock->next;
        free(lock);
        serve_queue();
        return true;
    }
    return false;
}

BOOL WINAPI fake_UnlockFileEx(HANDLE file, DWORD reserved, DWORD low, DWORD high, OVERLAPPED *place)
{
    entry what = describe(file, low, high, place);

    (void)reserved;
    AcquireSRWLockExclusive(&guard);
    bool done = unlock(&what, true) || unlock(&what, false);
    ReleaseSRWLockExclusive(&guard);
    return done ? TRUE : fail(ERROR_NOT_LOCKED);
}

void fake_kernel_before_cancel(void (*action)(void))
{
    before_cancel = action;
}

BOOL WINAPI fake_CancelIoEx(HANDLE file, OVERLAPPED *request)
{
    bool found = false;

    if (before_cancel != NULL)
        before_cancel();
    before_cancel = NULL;
    AcquireSRWLockExclusive(&guard);
    for (entry **link = &queue; *link != NULL && !found; link = &(*link)->next) {
        entry *waiting = *link;
        if (waiting->request != request || waiting->file != file)
            continue;
        *link = waiting->next;
        free(waiting);
        cancelled++;
        settle(request, CANCELLED);
        found = true;
        break;
    }
    ReleaseSRWLockExclusive(&guard);
    return found ? TRUE : fail(ERROR_NOT_FOUND);
}

BOOL WINAPI fake_GetOverlappedResult(HANDLE file, OVERLAPPED *request, DWORD *count, BOOL wait)
{
    (void)file;
    *count = 0;
    if (wait)
        WaitForSingleObject(request->hEvent, INFINITE);
    if (request->Internal == PENDING)
        return fail(ERROR_IO_INCOMPLETE);
    return request->Internal == GRANTED ? TRUE : fail(ERROR_OPERATION_ABORTED);
}

bool fake_is_wine(void)
{
    return false;
}

static int count_of(const entry *list)
{
    int count = 0;

    AcquireSRWLockShared(&guard);
    for (; list != NULL; list = list->next)
        count++;
    ReleaseSRWLockShared(&guard);
    return count;
}

int fake_kernel_held(void)
{
    return count_of(held);
}

int fake_kernel_queued(void)
{
    return count_of(queue);
}

int fake_kernel_cancelled(void)
{
    AcquireSRWLockShared(&guard);
    int count = cancelled;
    ReleaseSRWLockShared(&guard);
    return count;
}
