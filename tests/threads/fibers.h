/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIBERS_H
#define FIBERS_H

/*
 * Fibers for tests, upon one thread or several, with a clock of their own that stands still while
 * any of them can run. With one thread a seed tells all that happens.
 *
 * Fibers assert nothing (guarded.h): the test does so when they have ended.
 */

#include <fasteners/rw_lock.h>

enum { MOST_FIBERS = 48 };

typedef void fiber_body(void *argument);

/* How unhelpful the hooks are, within what is allowed. Each with a chance of one in four. */
typedef struct fiber_moods {
    bool dawdling;  /* others run before a wait has begun, and after it has ended */
    bool restless;  /* a wait returns OK though nobody woke it */
    bool impatient; /* a wait returns CANCELLED */
    bool refusing;  /* the same always, unless it was woken before */
    bool curious;   /* hooks ask the lock what they may */
} fiber_moods;

typedef struct fiber_counts {
    long waits, wakes;
    long used_up;   /* waits that returned OK because of a wake */
    long left_over; /* fibers that ended with a wake that was not used up */
    long pending;   /* curious: waits of a fiber that is_writer takes for a pending writer */
} fiber_counts;

/* Forgets all fibers. */
void fibers_begin(unsigned seed, fiber_moods moods, fasteners_rw_lock *asked);
/* For a lock of theirs. */
void fibers_hook(fasteners_rw_lock_options *options);

/*
 * One more, with a name that none had before. It runs when fibers_run is called, or after the
 * caller.
 */
void *fiber_start(fiber_body *body, void *argument);

/*
 * Runs them until all have ended, on that many threads, the calling one included. False: those that
 * are left wait for ever.
 */
bool fibers_run(int threads);

fiber_counts fibers_counts(void);

/* ------------------------------------------------------------------------- for fibers -- */

/* The calling one; NULL if it is none. */
void *fiber_self(void);
/* Lets others run. */
void fiber_yield(void);
/* Until so much time has passed. */
void fiber_sleep(int64_t ms);
/* Milliseconds since fibers_begin, by their clock. */
int64_t fiber_now(void);
/* Throws another one away. */
void fiber_kill(void *fiber);

#endif
