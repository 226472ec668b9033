/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOOKED_H
#define HOOKED_H

/*
 * Locks with hooks in the tests that were written for threads: the fibers are threads. What such a
 * test asks of a lock then holds for the one for fibers too (T11).
 */

#include <fasteners/rw_lock.h>

#include "mutex.h"
#include "wait_queue.h"

/* Whether the locks of this run are to have hooks; see force(). */
extern bool hooks_wanted;

/* Gives the lock hooks if so. */
void hook(fasteners_rw_lock_options *options);

/* The calling thread as a fiber. */
void *hook_self(void);

/* In a forked child, where no other fiber is: nobody is woken. */
void hook_alone(void);

/*
 * Has the lock told of threads that end, as a scheduler tells of its fibers, until the next
 * hook_no_ends.
 */
void hook_ends(fasteners_rw_lock *lock);
void hook_no_ends(void);

/* The queue of any lock, and what guards it. */
fst_mutex *mutex_of(fasteners_rw_lock *lock);
const fst_wait_queue *queue_of(fasteners_rw_lock *lock);

#endif
