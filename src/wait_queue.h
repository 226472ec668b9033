/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_WAIT_QUEUE_H
#define FST_WAIT_QUEUE_H

/*
 * The queue of threads that wait for one rw_lock: a ring with a pointer to its last member. It
 * decides who stands where; who may take the lock is decided by rw_lock_wait.c and
 * rw_lock_release.c. All functions are called under the lock's mutex. Members live on the stacks of
 * the waiting threads; a member that is WAITING or HEAD is in the queue, one that is LET_GO or
 * GRANTED is not.
 */

#include "wait.h"

typedef enum fst_waiter_role {
    FST_WAITING, /* sleeps on its own signal until its role changes */
    FST_HEAD,    /* may take the lock */
    FST_LET_GO,  /* a reader that is to try again by itself */
    FST_GRANTED  /* a reader that was counted in: holds the lock */
} fst_waiter_role;

typedef enum fst_waiter_kind {
    FST_READER_WAITS,
    FST_WRITER_WAITS,
    FST_UPGRADER_WAITS
} fst_waiter_kind;

typedef struct fst_waiter {
    struct fst_waiter *next;
    fst_waiter_kind kind;
    _Atomic int role;           /* fst_waiter_role; changed under the mutex */
    int64_t since;              /* when it came */
    _Atomic int64_t head_since; /* a head: when it became that */
    fst_wait *wait;             /* its signals wake the thread */
} fst_waiter;

/* How long it has been the head. */
static inline int64_t fst_head_age(const fst_waiter *head)
{
    return fst_os_now() - atomic_load_explicit(&head->head_since, memory_order_relaxed);
}

typedef struct fst_wait_queue {
    fst_waiter *last; /* NULL: empty */
} fst_wait_queue;

/* Wake-ups that are due when the mutex has been released: addresses, which may be stale by then. */
enum { FST_WAKE_UPS = 16 };
typedef struct fst_wake_ups {
    const _Atomic uint32_t *word[FST_WAKE_UPS];
    int count;
} fst_wake_ups;

static inline fst_waiter *fst_queue_first(const fst_wait_queue *queue)
{
    return queue->last != NULL ? queue->last->next : NULL;
}

/* The member that is HEAD, or NULL. It is the first one. */
fst_waiter *fst_queue_head(const fst_wait_queue *queue);

/*
 * At the end; but a writer goes ahead of the readers at the end that came after `respect_since`,
 * though not ahead of the head.
 */
void fst_queue_add(fst_wait_queue *queue, fst_waiter *waiter, int64_t respect_since);

/* At the front, where a head steps back; but behind an upgrader. */
void fst_queue_add_first(fst_wait_queue *queue, fst_waiter *waiter);

/* Behind the head, and behind those there that have waited longer. */
void fst_queue_add_again(fst_wait_queue *queue, fst_waiter *waiter);

void fst_queue_remove(fst_wait_queue *queue, fst_waiter *waiter);

/* Brings the first reader to the front, if there is one. A head steps back. */
void fst_queue_readers_first(fst_wait_queue *queue);

/*
 * Takes a reader out: the first member if it is one; with `anywhere`, whichever reader comes first.
 * NULL: none.
 */
fst_waiter *fst_queue_take_reader(fst_wait_queue *queue, bool anywhere);

/* Whether a writer or an upgrader is queued. */
bool fst_queue_has_writer(const fst_wait_queue *queue);

/*
 * Gives a waiter another role and has its thread look at it. That thread passes through the mutex
 * before it goes on, so the waiter stays until the caller has released the mutex.
 */
void fst_waiter_tell(fst_waiter *waiter, fst_waiter_role role, fst_wake_ups *wake_ups);

/* Makes the first member the head if there is none. */
void fst_queue_promote(fst_wait_queue *queue, fst_wake_ups *wake_ups);

void fst_wake_ups_send(fst_wake_ups *wake_ups);

#endif
