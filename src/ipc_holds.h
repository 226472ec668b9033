/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_IPC_HOLDS_H
#define FST_IPC_HOLDS_H

/*
 * Which threads hold one handle of a fasteners_ipc_rwlock, and how often. Its mutex guards the
 * other state of the handle too: the common call, a reader that joins others, takes it once.
 *
 * Entries are never freed before the handle is: a pointer to one stays valid without the mutex, and
 * a fork in the middle of a change leaves nothing that a reset does not repair.
 */

#include "mutex.h"

enum { FST_IPC_HOLDS_BLOCK = 8 };

typedef struct fst_ipc_hold {
    uint64_t thread;        /* 0: the entry is free */
    uint64_t reads, writes; /* so wide that a program which never releases never wraps them */
    bool by_writing;        /* it rests on the file `writing`, whose turn the thread has */
} fst_ipc_hold;

typedef struct fst_ipc_holds_block {
    fst_ipc_hold hold[FST_IPC_HOLDS_BLOCK];
    struct fst_ipc_holds_block *next;
} fst_ipc_holds_block;

typedef struct fst_ipc_holds {
    fst_mutex mutex;
    fst_ipc_holds_block first;
} fst_ipc_holds;

/* The thread's entry, or NULL. */
fst_ipc_hold *fst_ipc_holds_find_locked(fst_ipc_holds *holds, uint64_t thread);

/*
 * A new entry for the thread, with no hold yet. May let go of the mutex meanwhile. NULL: memory ran
 * out.
 */
fst_ipc_hold *fst_ipc_holds_add_locked(fst_ipc_holds *holds, uint64_t thread);

static inline void fst_ipc_holds_remove_locked(fst_ipc_hold *hold)
{
    *hold = (fst_ipc_hold){0};
}

/* Whether the thread is one of the group that reads together. Takes the mutex. */
bool fst_ipc_holds_in_group(fst_ipc_holds *holds, uint64_t thread);

/*
 * In a forked child, where nobody holds anything. The entry of an acquire that is under way stays:
 * its thread forked in the user's sleep function, and goes on with it.
 */
void fst_ipc_holds_reset(fst_ipc_holds *holds);

void fst_ipc_holds_free(fst_ipc_holds *holds);

#endif
