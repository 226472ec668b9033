/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORCED_H
#define FORCED_H

/*
 * What a run of a test program forces upon the locks, by the words on its command line. What
 * happens rarely by itself happens all the time then.
 */

#include <fasteners/rw_lock.h>

/*
 * Any of these, with hyphens between them:
 *   automatic, central, fenced, biased  the mode that locks are kept in
 *   symmetric                           no heavy barrier
 *   hot                                 the hot path, though a checker watches
 *   spinless                            whoever has to wait sleeps at once
 *   napless                             nobody sleeps on a timer
 *   hasty                               each release is for the head of the queue
 *   fickle                              modes change all the time
 *   hooked                              locks have hooks, for which threads are fibers (hooked.h)
 * To be called before the first use of a lock.
 */
void force(const char *words);

/* "readers", "phase_fair"; anything else: FASTENERS_PREFER_WRITERS. */
uint32_t preference_called(const char *word);

#endif
