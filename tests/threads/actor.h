/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ACTOR_H
#define ACTOR_H

/*
 * Threads that do with a lock what the test's thread tells them, one call at a time, and write down
 * the status. The test's thread asserts.
 */

#include <fasteners/rw_lock.h>

#include <pthread.h>

typedef enum actor_call {
    ACQUIRE_READ,
    ACQUIRE_WRITE,
    RELEASE_READ,
    RELEASE_WRITE,
    UPGRADE,
    DOWNGRADE,
    IS_READER, /* 1 or 0 */
    IS_WRITER,
    HAS_PENDING_WRITERS,
    DESTROY,
    END /* the thread ends, holding what it holds */
} actor_call;

enum { NOT_YET = -1 };

typedef struct actor {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool has_call;
    actor_call call;
    fasteners_rw_lock *lock;
    int64_t timeout_ms;
    int result; /* NOT_YET while the call goes on */
} actor;

/* The call itself, by the calling thread. */
int act(fasteners_rw_lock *lock, actor_call call, int64_t timeout_ms);

void actor_start(actor *self);
/* Has the call made; does not wait for it. */
void actor_begin(actor *self, fasteners_rw_lock *lock, actor_call call, int64_t timeout_ms);
/* Its result; waits for it, with patience. NOT_YET: the call hangs. */
int actor_finish(actor *self);
/* Both. */
int actor_do(actor *self, fasteners_rw_lock *lock, actor_call call, int64_t timeout_ms);
/* Whether the call goes on still. */
bool actor_is_waiting(actor *self);
/*
 * Waits until the call of one of them (a list that ends with NULL) has finished: that one. NULL:
 * patience ran out.
 */
actor *actor_first(actor *const *actors);
/* Ends the thread and waits for that. */
void actor_end(actor *self);

/*
 * How many threads wait for the lock, in whatever way. A writer that an upgrader has overtaken may
 * not have noticed yet; then it does not count.
 */
int waiters_of(fasteners_rw_lock *lock);
/* Waits until there are that many. False: patience ran out. */
bool wait_for_waiters(fasteners_rw_lock *lock, int count);
/* Whether one of them waits in upgrade. */
bool has_upgrader(fasteners_rw_lock *lock);

#endif
