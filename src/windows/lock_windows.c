/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_windows.h"

#include "errors_windows.h"

bool fst_os_locks_per_process(void)
{
    return false;
}

bool fst_os_locks_can_be_raised(void)
{
    return false;
}

/* ------------------------------------------------------------------------- what is noted -- */

fst_windows_lock *fst_windows_find_locked(fst_windows_notes *notes, fst_range range)
{
    for (int i = 0; i < notes->count; i++)
        if (notes->locks[i].range.first == range.first &&
            notes->locks[i].range.length == range.length)
            return &notes->locks[i];
    return NULL;
}

static void note_locked(fst_windows_notes *notes, fst_lock_mode mode, fst_range range)
{
    notes->locks[notes->count++] = (fst_windows_lock){.range = range, .mode = mode};
}

static void forget_locked(fst_windows_notes *notes, const fst_windows_lock *lock)
{
    notes->locks[lock - notes->locks] = notes->locks[--notes->count];
}

static bool contains(fst_range outer, fst_range inner)
{
    return inner.first >= outer.first &&
           (outer.length == 0 || inner.first + inner.length <= outer.first + outer.length);
}

/*
 * What was locked as a whole can only be unlocked as a whole: so byte 0, which is placed apart
 * anyhow, is locked apart from what follows it.
 */
static int split(fst_range range, fst_range parts[2])
{
    int count = 0;

    if (range.first == 0 && range.length > 1) {
        parts[count++] = (fst_range){.first = 0, .length = 1};
        range = (fst_range){.first = 1, .length = range.length - 1};
    }
    parts[count++] = range;
    return count;
}

/* ------------------------------------------------------------------------- system calls -- */

/*
 * Such a request is not queued. Should it be on its way for a moment all the same (to a file
 * server), its end is waited for: by looking, since an event on the handle itself others might take
 * for theirs.
 */
static DWORD await(HANDLE handle, OVERLAPPED *request)
{
    DWORD ignored;

    if (fst_windows_is_wine())
        return ERROR_IO_PENDING; /* it was dropped */
    while (!HasOverlappedIoCompleted(request))
        fst_os_yield();
    return GetOverlappedResult(handle, request, &ignored, FALSE) ? ERROR_SUCCESS : GetLastError();
}

static DWORD lock_now(const fst_windows_file *file, fst_lock_mode mode, fst_range range)
{
    HANDLE handle = fst_windows_handle_of(file);
    DWORD flags = LOCKFILE_FAIL_IMMEDIATELY;
    OVERLAPPED request = {0};

    if (mode == FST_EXCLUSIVE)
        flags |= LOCKFILE_EXCLUSIVE_LOCK;
    if (file->event != NULL)
        request.hEvent = fst_windows_tag(file, file->event);
    fst_windows_set_offset(&request, fst_windows_place(range));
    if (LockFileEx(handle, flags, 0, (DWORD)range.length, (DWORD)(range.length >> 32), &request))
        return ERROR_SUCCESS;
    DWORD error = GetLastError();
    return error == ERROR_IO_PENDING ? await(handle, &request) : error;
}

/* Wine 8 says of what is not locked that it is locked by others. */
static DWORD unlock_now(const fst_windows_file *file, fst_range range)
{
    HANDLE handle = fst_windows_handle_of(file);
    OVERLAPPED place = {0};

    fst_windows_set_offset(&place, fst_windows_place(range));
    if (UnlockFileEx(handle, 0, (DWORD)range.length, (DWORD)(range.length >> 32), &place))
        return ERROR_SUCCESS;
    DWORD error = GetLastError();
    return fst_windows_is_contention(error) ? ERROR_NOT_LOCKED : error;
}

/* Whether there is nothing to give back any more: the program closed the handle. */
static bool is_gone(DWORD error)
{
    return error == ERROR_INVALID_HANDLE || error == ERROR_NOT_LOCKED;
}

/* ------------------------------------------------------------------------- try and unlock -- */

static DWORD take_locked(const fst_windows_file *file, fst_lock_mode mode, fst_range range)
{
    if (!fst_windows_has_room_locked(file->notes))
        return ERROR_NO_SYSTEM_RESOURCES;
    DWORD error = lock_now(file, mode, range);
    if (error == ERROR_SUCCESS)
        note_locked(file->notes, mode, range);
    return error;
}

static bool is_noted_locked(const fst_windows_notes *notes, fst_lock_mode mode, fst_range range)
{
    for (int i = 0; i < notes->count; i++)
        if (notes->locks[i].mode == mode && notes->locks[i].range.first == range.first &&
            notes->locks[i].range.length == range.length)
            return true;
    return false;
}

/*
 * Handles of one open file may queue for the same byte at the same time, and the system grants a
 * shared lock to each. One is all that they need; what is noted would have no end.
 */
void fst_windows_note_granted(const fst_windows_file *file, fst_lock_mode mode, fst_range range)
{
    fst_mutex_lock(&file->notes->mutex);
    if (is_noted_locked(file->notes, mode, range))
        unlock_now(file, range);
    else
        note_locked(file->notes, mode, range);
    fst_mutex_unlock(&file->notes->mutex);
}

/*
 * One open file may have a shared lock together with its exclusive one; unlocking takes away the
 * exclusive one first. So this is a downgrade that lets nobody in between.
 */
static DWORD lower_locked(const fst_windows_file *file, fst_windows_lock *lock)
{
    DWORD error = lock_now(file, FST_SHARED, lock->range);

    if (error == ERROR_SUCCESS)
        error = unlock_now(file, lock->range);
    if (error == ERROR_SUCCESS)
        lock->mode = FST_SHARED;
    return error;
}

/* The other way round there is nothing: an exclusive lock waits for the shared one of its owner. */
static DWORD convert_locked(const fst_windows_file *file, fst_windows_lock *lock,
                            fst_lock_mode mode)
{
    if (lock->mode == mode)
        return ERROR_SUCCESS;
    return mode == FST_SHARED ? lower_locked(file, lock) : ERROR_NOT_SUPPORTED;
}

static DWORD try_locked(const fst_windows_file *file, fst_lock_mode mode, fst_range range)
{
    fst_windows_lock *lock = fst_windows_find_locked(file->notes, range);

    return lock != NULL ? convert_locked(file, lock, mode) : take_locked(file, mode, range);
}

static DWORD unlock_locked(const fst_windows_file *file, fst_range range)
{
    fst_windows_notes *notes = file->notes;
    DWORD error = ERROR_SUCCESS;

    for (int i = notes->count; i-- > 0 && (error == ERROR_SUCCESS || is_gone(error));) {
        const fst_windows_lock *lock = &notes->locks[i];
        if (!contains(range, lock->range))
            continue;
        DWORD outcome = unlock_now(file, lock->range);
        if (outcome == ERROR_SUCCESS || is_gone(outcome))
            forget_locked(notes, lock);
        if (outcome != ERROR_SUCCESS)
            error = outcome;
    }
    return error;
}

/* All or nothing. */
static DWORD try_parts_locked(const fst_windows_file *file, fst_lock_mode mode, fst_range range)
{
    fst_range parts[2];
    int count = split(range, parts);
    bool had_first = fst_windows_find_locked(file->notes, parts[0]) != NULL;
    DWORD error = try_locked(file, mode, parts[0]);

    if (error != ERROR_SUCCESS || count == 1)
        return error;
    error = try_locked(file, mode, parts[1]);
    if (error != ERROR_SUCCESS && !had_first)
        unlock_locked(file, parts[0]);
    return error;
}

fasteners_status fst_os_lock_try(fst_os_file file, fst_lock_mode mode, fst_range range,
                                 int *os_error)
{
    fst_windows_file *ours = fst_windows_file_of(file);

    fst_mutex_lock(&ours->notes->mutex);
    DWORD error = try_parts_locked(ours, mode, range);
    fst_mutex_unlock(&ours->notes->mutex);
    if (error == ERROR_SUCCESS)
        return FASTENERS_OK;
    return fst_windows_is_contention(error) ? FASTENERS_BUSY
                                            : fst_windows_failure_of(error, os_error);
}

fasteners_status fst_os_unlock(fst_os_file file, fst_range range, int *os_error)
{
    fst_windows_file *ours = fst_windows_file_of(file);

    fst_mutex_lock(&ours->notes->mutex);
    DWORD error = unlock_locked(ours, range);
    fst_mutex_unlock(&ours->notes->mutex);
    return error == ERROR_SUCCESS ? FASTENERS_OK : fst_windows_failure_of(error, os_error);
}

void fst_windows_unlock_all(fst_windows_file *file)
{
    const fst_range all = {.first = 0, .length = 0};

    fst_mutex_lock(&file->notes->mutex);
    unlock_locked(file, all);
    fst_mutex_unlock(&file->notes->mutex);
}

/* ----------------------------------------------------------------------------- questions -- */

/*
 * The system cannot be asked: the lock is taken and given back. For that moment others may be
 * refused a lock that they would have had.
 */
static DWORD test_locked(const fst_windows_file *file, fst_lock_mode mode, fst_range range)
{
    const fst_windows_lock *lock = fst_windows_find_locked(file->notes, range);

    if (lock != NULL)
        return lock->mode == FST_EXCLUSIVE || mode == FST_SHARED ? ERROR_SUCCESS
                                                                 : ERROR_NOT_SUPPORTED;
    DWORD error = lock_now(file, mode, range);
    return error == ERROR_SUCCESS ? unlock_now(file, range) : error;
}

static DWORD test(const fst_windows_file *file, fst_lock_mode mode, fst_range range)
{
    fst_range parts[2];
    int count = split(range, parts);
    DWORD error = ERROR_SUCCESS;

    fst_mutex_lock(&file->notes->mutex);
    for (int i = 0; i < count && error == ERROR_SUCCESS; i++)
        error = test_locked(file, mode, parts[i]);
    fst_mutex_unlock(&file->notes->mutex);
    return error;
}

fasteners_status fst_os_lock_test(fst_os_file file, fst_lock_mode mode, fst_range range,
                                  int *os_error)
{
    DWORD error = test(fst_windows_file_of(file), mode, range);

    if (error == ERROR_SUCCESS)
        return FASTENERS_OK;
    return fst_windows_is_contention(error) ? FASTENERS_BUSY
                                            : fst_windows_failure_of(error, os_error);
}

static bool is_locked_here(const fst_windows_file *file, fst_range range)
{
    fst_mutex_lock(&file->notes->mutex);
    bool found = fst_windows_find_locked(file->notes, range) != NULL;
    fst_mutex_unlock(&file->notes->mutex);
    return found;
}

/*
 * The system does not tell who has a lock; nor, through an open file that shares it, whether others
 * share it too.
 */
fasteners_status fst_os_lock_holders(fst_os_file file, fst_file_id id, fst_range range,
                                     fst_holder_fn *report, void *user, int *os_error)
{
    fasteners_status status = FASTENERS_OK;

    (void)id;
    if (!is_locked_here(fst_windows_file_of(file), range))
        status = fst_os_lock_test(file, FST_EXCLUSIVE, range, os_error);
    if (status == FASTENERS_OK) {
        *os_error = 0;
        return FASTENERS_NOT_FOUND;
    }
    if (status != FASTENERS_BUSY)
        return status;
    status = fst_os_lock_test(file, FST_SHARED, range, os_error);
    if (status != FASTENERS_OK && status != FASTENERS_BUSY)
        return status;
    fasteners_holder holder = {.shared = status == FASTENERS_OK};
    report(user, &holder);
    return FASTENERS_OK;
}

/*
 * A library has no program of its own to start. Nothing is lost by it: to the system another open
 * file of this process is as much of a stranger as one of another process.
 */
fasteners_status fst_os_lock_try_in_child(const char *path, fst_lock_mode mode, fst_range range,
                                          int *os_error)
{
    (void)path;
    (void)mode;
    (void)range;
    *os_error = ERROR_NOT_SUPPORTED;
    return FASTENERS_NOT_SUPPORTED;
}
