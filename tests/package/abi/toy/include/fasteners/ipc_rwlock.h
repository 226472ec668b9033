/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOY_FASTENERS_IPC_RWLOCK_H
#define TOY_FASTENERS_IPC_RWLOCK_H

/* An interface with one of each kind of thing; each change to it can be asked for. */

#include <stddef.h>

typedef enum fasteners_status {
    FASTENERS_OK = 0,
#ifdef ENUMERATOR_APPENDED
    FASTENERS_MORE = 2,
#endif
#ifdef ENUMERATOR_RENUMBERED
    FASTENERS_BUSY = 7
#else
    FASTENERS_BUSY = 1
#endif
} fasteners_status;

typedef struct fasteners_ipc_options {
    size_t size;
#ifdef OPTION_INSERTED
    long inserted;
#endif
    long first;
#ifdef OPTION_APPENDED
    long appended;
#endif
} fasteners_ipc_options;

typedef struct fasteners_rw_lock {
    long word;
#ifdef LOCK_GROWN
    long grown;
#endif
} fasteners_rw_lock;

typedef struct fasteners_ipc_rwlock fasteners_ipc_rwlock;

fasteners_status fasteners_ipc_rwlock_create(fasteners_ipc_rwlock **lock,
                                             const fasteners_ipc_options *options);

#ifdef PARAMETER_CHANGED
void fasteners_ipc_rwlock_destroy(int lock);
#else
void fasteners_ipc_rwlock_destroy(fasteners_ipc_rwlock *lock);
#endif

#ifndef FUNCTION_REMOVED
void fasteners_rw_lock_destroy(fasteners_rw_lock *lock);
#endif

#ifdef FUNCTION_ADDED
int fasteners_rw_lock_added(const fasteners_rw_lock *lock);
#endif

#endif
