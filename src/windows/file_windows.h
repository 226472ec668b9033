/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_FILE_WINDOWS_H
#define FST_FILE_WINDOWS_H

#include "../mutex.h"
#include "system_windows.h"

/*
 * An open file. The system gives locks back only as they were taken, range for range, and does not
 * tell what is locked: so that is noted here.
 */

/*
 * The lock, the gate, the intent, and the latter two as one: see lock_bytes.h. Each is shared,
 * exclusive, or both, as the system allows one open file.
 */
enum { FST_WINDOWS_LOCKS = 2 * 4 };

typedef struct fst_windows_lock {
    fst_range range;
    fst_lock_mode mode;
} fst_windows_lock;

/* What is locked. Handles that the program has duplicated have their locks in common. */
typedef struct fst_windows_notes {
    /* Guards what follows; held across the system calls that change it, which do not wait. */
    fst_mutex mutex;
    int count;
    fst_windows_lock locks[FST_WINDOWS_LOCKS];

    int users; /* guarded by the mutex of all files */
} fst_windows_notes;

typedef struct fst_windows_file {
    /*
     * NULL: the program closed it behind our back, and the system gave its number to another file.
     */
    _Atomic(HANDLE) handle;

    fst_file_id id;
    fst_windows_notes *notes;
    struct fst_windows_file *next, **link;

    bool is_adopted;
    bool is_synchronous; /* a request that cannot be granted at once blocks its caller */

    /* For what is asked of an adopted handle at once: see fst_windows_tag. Guarded by the notes. */
    HANDLE event;
} fst_windows_file;

static inline fst_windows_file *fst_windows_file_of(fst_os_file file)
{
    return (fst_windows_file *)file.handle;
}

static inline HANDLE fst_windows_handle_of(const fst_windows_file *file)
{
    return atomic_load_explicit(&file->handle, memory_order_relaxed);
}

/*
 * An event, as to be put into an OVERLAPPED. The program may have tied its handle to a completion
 * port: with this mark on the event the system does not report there what we do.
 */
static inline HANDLE fst_windows_tag(const fst_windows_file *file, HANDLE event)
{
    return file->is_adopted ? (HANDLE)((uintptr_t)event | 1) : event;
}

/* files_windows.c: what the handle is. */
bool fst_windows_read_id(HANDLE handle, fst_file_id *id);
bool fst_windows_is_regular(HANDLE handle, bool follow_symlinks);

/*
 * open_windows.c: all open files of the library. new: NULL if memory ran out; closes nothing.
 * free: the handle stays as it is.
 */
fst_windows_file *fst_windows_file_new(HANDLE handle, fst_file_id id, bool is_adopted);
void fst_windows_file_free(fst_windows_file *file);

/* lock_windows.c: gives back what is still locked, before the handle is closed. */
void fst_windows_unlock_all(fst_windows_file *file);

#endif
