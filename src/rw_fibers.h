/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_RW_FIBERS_H
#define FST_RW_FIBERS_H

/*
 * The inside of a fasteners_rw_lock for fibers: one with hooks that tell who calls, and that
 * suspend and wake him.
 *
 * It is a monitor: a mutex, who holds, and who waits. Whoever lets go of the lock, or gives up,
 * gives it to all who may have it now, in their name (fst_fibers_grant_locked), and wakes them when
 * the mutex is released. So nobody waits who could be in, and a fiber that was woken needs to look
 * at nothing: this is simple, and costs what fibers can afford, whose switches are cheap. It shares
 * the order of the queue with the lock for threads (wait_queue.h), and no more: threads are worth
 * slots and modes, and fibers that move between threads can have no slot in a thread's record.
 *
 * A fiber is woken once for each wait, and does not return before. A waker has no use for the lock
 * when it has released the mutex, so the lock may be gone by then (T9); but for what it wakes: each
 * waits until it is told, and so is still there.
 *
 * No hook is called with the mutex held. Code that runs after a wait may run in another thread than
 * before: it must not use the address of a thread's variable that was computed before, so such
 * variables are used in other functions only than the one that waits.
 */

#include <fasteners/rw_lock.h>

#include "at_fork.h"
#include "wait_queue.h"

typedef struct fst_fiber_hooks {
    fasteners_current_fn current;
    fasteners_wait_fn wait;
    fasteners_wake_fn wake;
    void *user;
} fst_fiber_hooks;

/* What one fiber holds. In a bucket while that is anything. */
typedef struct fst_fiber_hold {
    struct fst_fiber_hold *next;
    void *fiber;
    uint32_t reads, writes;
} fst_fiber_hold;

enum { FST_FIBER_BUCKETS_SHIFT = 6, FST_FIBER_BUCKETS = 1 << FST_FIBER_BUCKETS_SHIFT };

typedef struct fst_fibers {
    /* Never changes. */
    fst_fiber_hooks hooks;
    fasteners_log_fn log;
    void *log_user;
    uint32_t preference;
    fst_fork_member fork;

    fst_mutex mutex;      /* guards all below */
    fst_wait_queue queue; /* of those that wait; all of them with the role WAITING */
    fst_fiber_hold *writer;
    uint32_t readers;      /* fibers that read, a writer among them */
    bool abandoned;        /* a writing fiber has ended */
    bool unheard;          /* the write hold reaches no caller: that is for the next one */
    fst_fiber_hold *spare; /* places that have been used before */
    fst_fiber_hold *bucket[FST_FIBER_BUCKETS];
} fst_fibers;

/* A fiber that waits; on its stack. */
typedef struct fst_fiber_waiter {
    fst_waiter waiter;    /* its first member: the queue knows nothing else */
    fst_fiber_hold *hold; /* an upgrader's; for others a place for it */
    struct fst_fiber_waiter *next_to_wake;
    _Atomic bool told; /* it has the lock, and is about to be woken: its waker is done with it */
} fst_fiber_waiter;

/* Those who were given the lock, in their order: to be woken when the mutex has been released. */
typedef struct fst_fiber_wakes {
    fst_fiber_hooks hooks;
    fst_fiber_waiter *first, *last;
} fst_fiber_wakes;

static inline fst_fiber_wakes fst_fiber_no_wakes(const fst_fibers *lock)
{
    return (fst_fiber_wakes){.hooks = lock->hooks};
}

/* ------------------------------------------------------------- rw_fibers.c: the monitor -- */

/* What the fiber holds, or NULL. */
fst_fiber_hold *fst_fibers_find_locked(fst_fibers *lock, const void *fiber);

/* A place that has been used before, or NULL. A place is not a hold before fst_fibers_enter_.... */
fst_fiber_hold *fst_fibers_take_place_locked(fst_fibers *lock, void *fiber);
void fst_fibers_give_place_locked(fst_fibers *lock, fst_fiber_hold *place);

/* The first member of the queue that is this fiber, or NULL. */
fst_fiber_waiter *fst_fibers_find_waiter_locked(const fst_fibers *lock, const void *fiber);

/* Whether one more fiber may enter in that way at once, with due respect to those who wait. */
bool fst_fibers_is_open_locked(const fst_fibers *lock, fst_waiter_kind kind);

/* The fiber whose hold, or place, this is enters. */
void fst_fibers_enter_locked(fst_fibers *lock, fst_fiber_hold *hold, fst_waiter_kind kind);

/* One level less. To be followed by fst_fibers_settle_locked. */
void fst_fibers_drop_read_locked(fst_fibers *lock, fst_fiber_hold *hold);
void fst_fibers_drop_write_locked(fst_fibers *lock, fst_fiber_hold *hold);

/*
 * The hold has become less: it becomes a place if nothing is left of it; and whoever may enter now
 * does. wrote: a writer has left.
 */
void fst_fibers_settle_locked(fst_fibers *lock, fst_fiber_hold *hold, bool wrote,
                              fst_fiber_wakes *wakes);

/* Out of the queue, without the lock; whoever waited because of it enters. */
void fst_fibers_leave_queue_locked(fst_fibers *lock, fst_fiber_waiter *waiter,
                                   fst_fiber_wakes *wakes);

/* To be called last: neither the lock nor those that were woken may exist any more. */
void fst_fibers_send(const fst_fiber_wakes *wakes);

/* ------------------------------------- rw_fibers_calls.c, rw_fibers_object.c: public calls -- */

fasteners_status fst_fibers_acquire(fst_fibers *lock, fst_waiter_kind kind, int64_t timeout_ms);
fasteners_status fst_fibers_release_read(fst_fibers *lock);
fasteners_status fst_fibers_release_write(fst_fibers *lock);
fasteners_status fst_fibers_downgrade(fst_fibers *lock);

bool fst_fibers_are_asked_for(const fasteners_rw_lock_options *options);
fasteners_status fst_fibers_create(const fasteners_rw_lock_options *options, fst_fibers **lock);
/* Whether any holds the lock, as somebody does if others wait. */
bool fst_fibers_are_in(fst_fibers *lock);
void fst_fibers_destroy(fst_fibers *lock);

bool fst_fibers_is_reader(fst_fibers *lock);
bool fst_fibers_is_writer(fst_fibers *lock, bool check_pending);
bool fst_fibers_has_pending_writers(fst_fibers *lock);
fasteners_rw_owner fst_fibers_owner(fst_fibers *lock);
bool fst_fibers_was_abandoned(fst_fibers *lock);
void fst_fibers_set_unheard(fst_fibers *lock, bool unheard);
fasteners_status fst_fibers_abandon(fst_fibers *lock, void *fiber);

#endif
