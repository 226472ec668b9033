/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_IPC_MEMBER_H
#define FST_IPC_MEMBER_H

/* What a lock set needs of fasteners_ipc_lock and fasteners_ipc_rwlock beyond what users have. */

#include <fasteners/ipc_lock.h>
#include <fasteners/ipc_rwlock.h>

#include "ipc_handle.h"

/*
 * The object's acquire, by a wait that the caller has made: with a deadline of his, and perhaps for
 * one file alone (LOST: the path does not name that any more). `call` is what the log is told.
 */
fasteners_status fst_ipc_lock_acquire(fasteners_ipc_lock *lock, fst_wait *wait, const char *call);
fasteners_status fst_ipc_rwlock_acquire_read(fasteners_ipc_rwlock *lock, fst_wait *wait,
                                             const char *call);
fasteners_status fst_ipc_rwlock_acquire_write(fasteners_ipc_rwlock *lock, fst_wait *wait,
                                              const char *call);

typedef struct fst_ipc_view {
    fst_ipc_handle *handle;
    bool is_held;     /* the calling thread holds it, in whatever way: ... */
    fst_file_id file; /* ... this file */
} fst_ipc_view;

/* `held`: the lock file that the calling thread's hold rests on, or NULL. */
static inline fst_ipc_view fst_ipc_handle_view(fst_ipc_handle *handle, const fst_lock_file *held)
{
    return (fst_ipc_view){.handle = handle,
                          .is_held = held != NULL,
                          .file = held != NULL ? held->file.id : (fst_file_id){0}};
}

fst_ipc_view fst_ipc_lock_view(fasteners_ipc_lock *lock);
fst_ipc_view fst_ipc_rwlock_view(fasteners_ipc_rwlock *lock);

#endif
