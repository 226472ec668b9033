/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_WAIT_H
#define FST_WAIT_H

/*
 * One call of acquire or upgrade as far as it waits: its time-out, and the word its thread sleeps
 * on wherever it waits. Lives on the caller's stack.
 *
 * Others reach it only while it is linked somewhere, under the mutex of that place (a turn, the
 * group of a rwlock's readers, the table of open files), or through a lock request that was begun
 * with it. The owner unlinks it and ends the request before it returns: so a signal never meets
 * freed memory.
 */

#include "platform.h"

typedef enum fst_signal {
    FST_SIGNAL_WAKE = 1,  /* look again */
    FST_SIGNAL_DONE = 2,  /* the lock request is settled */
    FST_SIGNAL_CANCEL = 4 /* give up; stays set */
} fst_signal;

typedef struct fst_wait {
    int64_t timeout_ms;
    int64_t deadline; /* 0: the clock has not been looked at yet */
    uint64_t thread;
    _Atomic uint32_t signals; /* fst_signal bits; the word slept on */

    uint32_t cancels; /* of the turn, or of the group, when the wait entered */

    struct fst_wait *next; /* of those that wait at the same turn, or group; guarded by its mutex */

    /* While queued at a turn; guarded by its mutex. */
    int64_t since;
    bool granted;
} fst_wait;

/* Whether an acquire may be called with it. */
bool fst_timeout_is_valid(int64_t timeout_ms);

/* So many milliseconds from now; FST_NEVER if that lies beyond the end of the clock. */
int64_t fst_time_after(int64_t ms);

void fst_wait_init(fst_wait *wait, int64_t timeout_ms);

/* When to give up; reads the clock the first time. FST_NEVER for FASTENERS_FOREVER. */
int64_t fst_wait_deadline(fst_wait *wait);

/* OK: go on waiting. Otherwise CANCELLED or TIMED_OUT (BUSY for FASTENERS_NO_WAIT). */
fasteners_status fst_wait_status(fst_wait *wait);

/* Whether a cancel has reached it. What never waits is not cancelled. */
static inline bool fst_wait_is_cancelled(const fst_wait *wait)
{
    return wait->timeout_ms != FASTENERS_NO_WAIT &&
           (atomic_load_explicit(&wait->signals, memory_order_acquire) & FST_SIGNAL_CANCEL) != 0;
}

/*
 * Sleeps until a signal is there, the deadline or `until` has come. Returns the signals and takes
 * WAKE away.
 */
uint32_t fst_wait_sleep(fst_wait *wait, int64_t until);

/* Sets the signal and wakes the thread, after which *wait may be gone. */
void fst_wait_send(fst_wait *wait, fst_signal signal);

#endif
