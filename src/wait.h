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
    FST_SIGNAL_WAKE = 1,   /* look again */
    FST_SIGNAL_DONE = 2,   /* the lock request is settled */
    FST_SIGNAL_CANCEL = 4, /* give up; stays set */
    FST_SIGNAL_LOST = 8    /* the watch is over; stays set */
} fst_signal;

/*
 * Who holds other locks may wait for one file alone: for another one, which the path may come to
 * name, it might have to be waited in another order (lock_set_parts.h).
 */
typedef struct fst_watch {
    fst_file_id id; /* that file */

    /* Asked once a second wherever the wait sleeps: whether to give up. No mutex is held then. */
    bool (*is_over)(const struct fst_watch *watch);
    const void *user;

    int64_t next_look; /* 0: not set yet */
} fst_watch;

typedef struct fst_wait {
    int64_t timeout_ms;
    int64_t deadline;         /* 0: the clock has not been looked at yet */
    uint64_t thread;          /* or fiber: see fst_self */
    _Atomic uint32_t signals; /* fst_signal bits; the word slept on */

    /* Of a fiber: it never parks its thread, but sleeps by the user's function. NULL: parks. */
    const fasteners_ipc_options *fiber;
    int64_t delay_ms; /* of its last sleep */

    bool is_begun; /* of a thread of ours (ipc_wait.h), where the user's functions do not belong */

    fst_watch *watch; /* NULL: whatever the path names is waited for */

    uint32_t cancels; /* of the turn, or of the group, when the wait entered */

    struct fst_wait *next; /* of those that wait at the same turn, or group; guarded by its mutex */

    /* While queued at a turn; guarded by its mutex. */
    int64_t since;
    bool granted;

    bool queued_early; /* by another thread, before its own came to wait: see fst_turn_queue */
} fst_wait;

/* Whether an acquire may be called with it. */
bool fst_timeout_is_valid(int64_t timeout_ms);

/* So many milliseconds from now; FST_NEVER if that lies beyond the end of the clock. */
int64_t fst_time_after(int64_t ms);

/*
 * Who calls: the thread, or the fiber if the options tell them apart. Never 0; a thread and a fiber
 * never have the same number. Calls the user: not with a mutex.
 */
uint64_t fst_self(const fasteners_ipc_options *options);

/* A bit that the numbers of fibers have, and those of threads, which are small, have not. */
#define FST_FIBER (UINT64_C(1) << 63)

/* A wait of the calling thread; or of the calling fiber, if the options name one. */
void fst_wait_init(fst_wait *wait, int64_t timeout_ms);
void fst_wait_init_for(fst_wait *wait, const fasteners_ipc_options *options, int64_t timeout_ms);

/* A wait of nobody: its number is that of no thread, no fiber, and no other such wait. */
void fst_wait_init_begun(fst_wait *wait, int64_t timeout_ms);

/* Milliseconds until the time, 1 or more; rounded up, so that such a sleep does not end early. */
int64_t fst_ms_until(int64_t time);

/* The delay after this one, where the polls come farther and farther apart. */
int64_t fst_longer_delay(int64_t delay_ms, const fasteners_ipc_options *options);

/* When to give up; reads the clock the first time. FST_NEVER for FASTENERS_FOREVER. */
int64_t fst_wait_deadline(fst_wait *wait);

/*
 * OK: go on waiting. Otherwise CANCELLED or TIMED_OUT (BUSY for FASTENERS_NO_WAIT). LOST: the watch
 * is over.
 */
fasteners_status fst_wait_status(fst_wait *wait);

/* Whether a cancel has reached it. What never waits is not cancelled. */
static inline bool fst_wait_is_cancelled(const fst_wait *wait)
{
    return wait->timeout_ms != FASTENERS_NO_WAIT &&
           (atomic_load_explicit(&wait->signals, memory_order_acquire) & FST_SIGNAL_CANCEL) != 0;
}

/* Whether it may be waited for this file. */
static inline bool fst_wait_is_for(const fst_wait *wait, fst_file_id id)
{
    return wait->watch == NULL || fst_file_id_equal(wait->watch->id, id);
}

/*
 * Sleeps until a signal is there, the deadline or `until` has come; a fiber now and then before
 * that. Returns the signals and takes WAKE away. Not to be called with a mutex.
 */
uint32_t fst_wait_sleep(fst_wait *wait, int64_t until);

/* The look at the watch that a sleep would have made; for who sleeps by other means. */
void fst_wait_look(fst_wait *wait);

/* Sets the signal and wakes the thread, after which *wait may be gone. */
void fst_wait_send(fst_wait *wait, fst_signal signal);

#endif
