/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_AT_FORK_H
#define FST_AT_FORK_H

/*
 * What becomes of our objects in a forked child. A child of fork has one thread, the one
 * that forked; mutexes that other threads held are locked for ever, queues name threads that do not
 * exist. So everything is reset there: handles belong to nobody, files are closed (and never
 * unlocked: that would take the lock from the parent), and open again at their next use. The thread
 * locks are repaired (registry.h): the thread that forked keeps its holds.
 *
 * Before the fork, in this order: the mutex of this list, the opening of files (open_files.h), the
 * readers that leave a thread lock (registry.h), the platform's own state, the mutexes of members
 * that ask for it. So the child never sees a file that is open but not yet listed, or half of a
 * read hold.
 */

#include "mutex.h"

/* Embedded in an object that must be reset in a forked child. */
typedef struct fst_fork_member {
    struct fst_fork_member *next, **link; /* guarded by the mutex in at_fork.c */
    void (*reset)(struct fst_fork_member *member);

    /*
     * Taken for the fork, so that the child finds what it guards whole. NULL: none. Whoever holds
     * it takes no other mutex. Set before fst_at_fork_add.
     */
    fst_mutex *mutex;
} fst_fork_member;

/* Hooks into fork unless that was done at load; OS_ERROR or NO_MEMORY if that fails. */
fasteners_status fst_at_fork_hook(int *os_error);

/* The same, and has the member reset in a forked child. */
fasteners_status fst_at_fork_add(fst_fork_member *member, void (*reset)(fst_fork_member *member),
                                 int *os_error);
void fst_at_fork_remove(fst_fork_member *member);

/* Resets everything in a child that was made past fork(), by a raw clone. */
void fst_at_fork_repair(void);

/*
 * To be called first by every public function; the hot paths of rw_lock, which wait for nobody and
 * touch nothing that another thread may have locked, call it when they leave for a longer way.
 */
static inline void fst_at_fork_check(void)
{
    if (fst_os_fork_unseen())
        fst_at_fork_repair();
}

#endif
