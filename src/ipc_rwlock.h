/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_IPC_RWLOCK_H
#define FST_IPC_RWLOCK_H

/*
 * The inside of fasteners_ipc_rwlock.
 *
 * A handle has two lock files, that is, two open files that the kernel takes for strangers:
 * `handle.writing` is locked by the thread that writes, which has the turn as long as it does;
 * `reading` is locked once for all threads that read, the group: by the first of them that comes,
 * until the last has gone. With one for both, an exclusive lock that is waited for would be granted
 * together with the shared one, as an owner is never in its own way.
 *
 * A thread that upgrades is alone in the group then and has `reading` exclusively. A thread that
 * downgrades, or releases the write while it still reads, goes on with what it has, be it `writing`
 * (it keeps the turn) or `reading`.
 *
 * Who works on a file (locks, unlocks, opens): on `writing` the thread that has the turn; on
 * `reading` the one that has set `works`, or that is the upgrader or the writer of the group.
 * Everything in fst_group is guarded by holds.mutex, which is never held across a call of
 * lock_file.h or of the system.
 */

#include <fasteners/ipc_rwlock.h>
#include <fasteners/rw_lock.h>

#include "ipc_handle.h"
#include "ipc_holds.h"

typedef enum fst_group_mode { FST_GROUP_NONE, FST_GROUP_READS, FST_GROUP_WRITES } fst_group_mode;

typedef struct fst_group {
    fst_group_mode mode; /* what `reading` is locked for */
    uint32_t members;
    bool works;        /* a thread works on `reading` ... */
    bool works_long;   /* ... and may sleep meanwhile */
    uint64_t upgrader; /* the thread that is in upgrade; 0 = none */
    bool writer_waits; /* a thread of this handle waits for other processes, to write */
    bool gate_taken;   /* a writer of another handle was seen at the gate ... */
    int64_t looked_at; /* ... when somebody last looked */
    bool looks;        /* somebody does, and wants `reading` to stay open */
    fst_wait *waits;   /* readers and upgraders, as long as they wait */
    uint32_t cancels;  /* calls of cancel */
} fst_group;

struct fasteners_ipc_rwlock {
    fst_ipc_handle handle;
    fst_lock_file reading;
    fst_ipc_holds holds;
    fst_group group;
};

static inline bool fst_ipc_prefers_writers(const fasteners_ipc_rwlock *lock)
{
    return lock->handle.settings.options.preference == FASTENERS_PREFER_WRITERS;
}

static inline fst_ipc_hold *fst_ipc_hold_locked(fasteners_ipc_rwlock *lock, uint64_t thread)
{
    return fst_ipc_holds_find_locked(&lock->holds, thread);
}

/* The file that a hold rests on. */
static inline fst_lock_file *fst_ipc_file_of(fasteners_ipc_rwlock *lock, const fst_ipc_hold *hold)
{
    return hold->by_writing ? &lock->handle.writing : &lock->reading;
}

/* The state has changed: all who wait look again. */
void fst_ipc_wake_locked(fasteners_ipc_rwlock *lock);

/* Makes a wait visible to wake and cancel; before it ends, unlist. */
void fst_ipc_list_locked(fasteners_ipc_rwlock *lock, fst_wait *wait);
void fst_ipc_unlist_locked(fasteners_ipc_rwlock *lock, const fst_wait *wait);

/*
 * Gives back the last hold of its thread and what it rests on. With the mutex, which it lets go of
 * meanwhile. If the system refuses, the hold stays.
 */
fasteners_status fst_ipc_leave_locked(fasteners_ipc_rwlock *lock, fst_ipc_hold *hold,
                                      fst_report *report);

/* acquire_read and acquire_write of `wait->thread`, without what the public functions do around. */
fasteners_status fst_ipc_read(fasteners_ipc_rwlock *lock, fst_wait *wait, fst_report *report);
fasteners_status fst_ipc_write(fasteners_ipc_rwlock *lock, fst_wait *wait, fst_report *report);

/* From here on a cancel reaches the reader. */
void fst_ipc_read_enter(fasteners_ipc_rwlock *lock, fst_wait *wait);

/* A new entry for the thread, or NULL: memory ran out, which is noted in the report. */
fst_ipc_hold *fst_ipc_enter_locked(fasteners_ipc_rwlock *lock, uint64_t thread, fst_report *report);

#endif
