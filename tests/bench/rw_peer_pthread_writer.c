/* SPDX-License-Identifier: Apache-2.0 */

/* The one of glibc's rwlocks that prefers writers; a reader that reads again may deadlock. */

#include <pthread.h>

#include "rw_seat.h"

typedef pthread_rwlock_t peer_lock;

static void peer_open(peer_lock *lock)
{
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
}

#define peer_close(lock) pthread_rwlock_destroy(lock)
#define peer_read(lock, seat) pthread_rwlock_rdlock(lock)
#define peer_unread(lock, seat) pthread_rwlock_unlock(lock)
#define peer_write(lock, seat) pthread_rwlock_wrlock(lock)
#define peer_unwrite(lock, seat) pthread_rwlock_unlock(lock)
#include "rw_loops.h"

const struct rw_peer rw_peer_pthread_writer =
    RW_PEER("pthread-writer", "pthread_rwlock, writer first", RW_BLOCKING_LOCK);
