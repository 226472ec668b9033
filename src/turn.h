/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_TURN_H
#define FST_TURN_H

/*
 * Whose turn it is among the threads that use one handle. The thread that has the turn
 * owns the handle's file: it alone opens, locks, unlocks and closes it. All zero is free.
 *
 * The free case costs one compare-and-swap each way. Waiting threads queue first come first
 * served. A running thread may take a free turn ahead of them, which saves two context switches
 * per section, until the first of the queue has waited for a millisecond: then the turn is
 * handed to it.
 *
 * Ordering: `state` is acquired and released, so what a thread did to the file during its turn
 * is seen by the next one. mutex guards first, last, outside and the queue fields of the waits.
 */

#include "mutex.h"
#include "wait.h"

typedef struct fst_turn {
    bool strict;            /* never overtake the queue. Set once, before use */
    _Atomic uint32_t state; /* free, taken, or taken and (perhaps) waited for */
    fst_mutex mutex;
    _Atomic uint64_t
        owner; /* the thread that has the turn; 0 = none. Exact for that thread alone */
    fst_wait *first, *last;   /* those who wait for the turn */
    _Atomic uint32_t cancels; /* calls of fst_turn_cancel; changed under the mutex */
    fst_wait *outside;        /* the owner's wait while it waits for something else than the turn */
} fst_turn;

/*
 * The beginning of an acquire: a cancel that comes from here on reaches it, if only it has to wait.
 */
void fst_turn_enter(const fst_turn *turn, fst_wait *wait);

/* Takes the turn if it is free. */
bool fst_turn_try(fst_turn *turn, uint64_t thread);

/* Waits for it. OK: it is the caller's. TIMED_OUT, CANCELLED: it is not. */
fasteners_status fst_turn_wait(fst_turn *turn, fst_wait *wait);

/*
 * For a wait whose thread will call fst_turn_wait later: its place in the queue is that of now.
 * unqueue: that thread will not come.
 */
void fst_turn_queue(fst_turn *turn, fst_wait *wait);
void fst_turn_unqueue(fst_turn *turn, fst_wait *wait);

/* Whether others wait for it. */
bool fst_turn_has_queue(fst_turn *turn);

/* Gives it to the next thread. Only by its owner. */
void fst_turn_pass(fst_turn *turn);

/*
 * After a wait in the user's sleep function: if that has forked, the child's turn has been reset,
 * and is the calling thread's again.
 */
void fst_turn_keep(fst_turn *turn, uint64_t thread);

/* The owner of the turn is another one from now on. Only by the owner. */
void fst_turn_hand_on(fst_turn *turn, uint64_t thread);

/* Whether the calling thread, `thread`, has the turn. */
bool fst_turn_is_mine(const fst_turn *turn, uint64_t thread);

/*
 * Lets fst_turn_cancel reach the owner while it waits for something else. A wait that was given the
 * turn by fst_turn_wait is exposed from that moment on. conceal: the owner's wait is over; before
 * it ends, at the latest.
 */
void fst_turn_expose(fst_turn *turn, fst_wait *wait);
void fst_turn_conceal(fst_turn *turn);

/* Cancels all who wait for the turn, and the exposed wait. */
void fst_turn_cancel(fst_turn *turn);

/* In a forked child, where nobody has the turn and nobody waits. */
void fst_turn_reset(fst_turn *turn);

#endif
