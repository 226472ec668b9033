/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_FILE_WINDOWS_H
#define FST_FILE_WINDOWS_H

#include "../mutex.h"
#include "system_windows.h"

/*
 * An open file. The system gives locks back only as they were taken, range for range, and does not
 * tell what is locked: so that is noted here.
 */

/* The lock, the gate, the intent, and these two as one: see lock_bytes.h. */
enum { FST_WINDOWS_LOCKS = 4 };

typedef struct fst_windows_lock {
    fst_range range;
    fst_lock_mode mode;
} fst_windows_lock;

typedef struct fst_windows_file {
    HANDLE handle;

    /* Guards what follows; held across the system calls that change it, which do not wait. */
    fst_mutex mutex;
    int count;
    fst_windows_lock locks[FST_WINDOWS_LOCKS];
} fst_windows_file;

static inline fst_windows_file *fst_windows_file_of(fst_os_file file)
{
    return (fst_windows_file *)file.handle;
}

/* lock_windows.c: gives back what is still locked, before the handle is closed. */
void fst_windows_unlock_all(fst_windows_file *file);

#endif
