/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Queued lock requests: an overlapped LockFileEx, which the kernel keeps in its queue. A pool of
 * one thread watches the event that tells its end: not the pool that the program uses, whose
 * threads may all be waiting for locks. The request is given up with CancelIoEx; the kernel may
 * have granted the lock by then, which only the result tells.
 *
 * However the request ends, its event is set, and the watcher calls done(). That is waited for
 * before the request goes away: to call the watcher off instead is not safe, since Wine's thread
 * pool may call it a moment later all the same.
 *
 * The request belongs to the thread that made it, and would be cancelled with its end: that thread
 * sleeps in the library until finish or abandon.
 *
 * Wine 8 answers "pending" and forgets the request. There nothing is queued.
 */

#include "errors_windows.h"
#include "lock_windows.h"

typedef struct request {
    OVERLAPPED overlapped; /* the kernel writes to it until the request is settled */
    HANDLE event;
    PTP_WAIT watch;
    fst_windows_file *file;
    fst_lock_mode mode;
    fst_range range;
    void (*done)(void *argument);
    void *argument;
    _Atomic uint32_t told; /* 1: done() has returned, and nobody but the owner comes here again */
} request;

static void CALLBACK settled(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT watch,
                             TP_WAIT_RESULT result)
{
    request *of = context;
    const _Atomic uint32_t *told = &of->told;

    (void)instance;
    (void)watch;
    (void)result;
    of->done(of->argument);
    atomic_store(&of->told, 1);
    fst_os_unpark(told);
}

static void wait_until_told(const request *of)
{
    while (atomic_load(&of->told) == 0)
        fst_os_park(&of->told, 0, FST_NEVER);
}

/* Of a request that is not watched, or not any more. */
static void dispose(request *of)
{
    if (of->watch != NULL)
        CloseThreadpoolWait(of->watch);
    if (of->event != NULL)
        CloseHandle(of->event);
    fst_os_free(of);
}

/* NULL: there is no thread to be had. */
static PTP_POOL make_pool(void)
{
    PTP_POOL made = CreateThreadpool(NULL);

    if (made == NULL)
        return NULL;
    SetThreadpoolThreadMaximum(made, 1);
    if (SetThreadpoolThreadMinimum(made, 1))
        return made;
    CloseThreadpool(made);
    return NULL;
}

/* For as long as the process lives. */
static PTP_POOL pool_of_watchers(void)
{
    static _Atomic(PTP_POOL) pool;
    PTP_POOL first = atomic_load(&pool);

    if (first != NULL)
        return first;
    PTP_POOL made = make_pool();
    if (made == NULL || atomic_compare_exchange_strong(&pool, &first, made))
        return made;
    CloseThreadpool(made);
    return first;
}

static PTP_WAIT make_watch(request *of)
{
    TP_CALLBACK_ENVIRON environment;
    PTP_POOL pool = pool_of_watchers();

    if (pool == NULL)
        return NULL;
    InitializeThreadpoolEnvironment(&environment);
    SetThreadpoolCallbackPool(&environment, pool);
    PTP_WAIT watch = CreateThreadpoolWait(settled, of, &environment);
    DestroyThreadpoolEnvironment(&environment);
    return watch;
}

static request *prepare(fst_windows_file *file, fst_lock_mode mode, fst_range range)
{
    request *new = fst_os_alloc(sizeof(*new));

    if (new == NULL)
        return NULL;
    new->file = file;
    new->mode = mode;
    new->range = range;
    new->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    new->watch = new->event != NULL ? make_watch(new) : NULL;
    if (new->watch != NULL)
        return new;
    dispose(new);
    return NULL;
}

/* False: not under way, for this reason. */
static bool ask(request *of, DWORD *error)
{
    DWORD flags = of->mode == FST_EXCLUSIVE ? LOCKFILE_EXCLUSIVE_LOCK : 0;
    fst_range range = of->range;

    fst_windows_set_offset(&of->overlapped, fst_windows_place(range));
    of->overlapped.hEvent = fst_windows_tag(of->file, of->event);
    if (LockFileEx(fst_windows_handle_of(of->file), flags, 0, (DWORD)range.length,
                   (DWORD)(range.length >> 32), &of->overlapped))
        return true;
    *error = GetLastError();
    return *error == ERROR_IO_PENDING;
}

/*
 * A lock cannot be asked for twice, nor byte 0 together with another one; and some handles of the
 * program's would keep the caller. What is noted of the file changes only by the thread that works
 * on it, which is the caller.
 */
static bool can_queue(const fst_windows_file *file, fst_range range)
{
    fst_windows_notes *notes = file->notes;

    if (fst_windows_is_wine() || file->is_synchronous || (range.first == 0 && range.length != 1))
        return false;
    fst_mutex_lock(&notes->mutex);
    bool can = fst_windows_find_locked(notes, range) == NULL && fst_windows_has_room_locked(notes);
    fst_mutex_unlock(&notes->mutex);
    return can;
}

fasteners_status fst_os_lock_begin(fst_lock_request *result, fst_os_file file, fst_lock_mode mode,
                                   fst_range range, void (*done)(void *argument), void *argument,
                                   int *os_error)
{
    fst_windows_file *ours = fst_windows_file_of(file);
    request *new = can_queue(ours, range) ? prepare(ours, mode, range) : NULL;
    DWORD error;

    if (new == NULL) {
        *os_error = ERROR_NOT_SUPPORTED;
        return FASTENERS_NOT_SUPPORTED;
    }
    new->done = done;
    new->argument = argument;
    if (!ask(new, &error)) {
        dispose(new);
        return fst_windows_failure_of(error, os_error);
    }
    result->state = new;
    SetThreadpoolWait(new->watch, new->event, NULL);
    return FASTENERS_OK;
}

/* The outcome, once it is there. */
static DWORD await(request *of)
{
    HANDLE handle = fst_windows_handle_of(of->file);
    DWORD ignored;

    return GetOverlappedResult(handle, &of->overlapped, &ignored, TRUE) ? ERROR_SUCCESS
                                                                        : GetLastError();
}

static fasteners_status conclude(request *of, int *os_error)
{
    DWORD error = await(of);

    if (error == ERROR_SUCCESS)
        fst_windows_note_granted(of->file, of->mode, of->range);
    wait_until_told(of);
    dispose(of);
    if (error == ERROR_SUCCESS)
        return FASTENERS_OK;
    return error == ERROR_OPERATION_ABORTED || fst_windows_is_contention(error)
               ? FASTENERS_BUSY
               : fst_windows_failure_of(error, os_error);
}

fasteners_status fst_os_lock_finish(fst_lock_request *settled_request, int *os_error)
{
    return conclude(settled_request->state, os_error);
}

fasteners_status fst_os_lock_abandon(fst_lock_request *abandoned, int *os_error)
{
    request *of = abandoned->state;

    /* It fails if the request is settled already. */
    CancelIoEx(fst_windows_handle_of(of->file), &of->overlapped);
    return conclude(of, os_error);
}
