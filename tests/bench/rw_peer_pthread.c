/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "rw_seat.h"

typedef pthread_rwlock_t peer_lock;

#define peer_open(lock) pthread_rwlock_init(lock, NULL)
#define peer_close(lock) pthread_rwlock_destroy(lock)
#define peer_read(lock, seat) pthread_rwlock_rdlock(lock)
#define peer_unread(lock, seat) pthread_rwlock_unlock(lock)
#define peer_write(lock, seat) pthread_rwlock_wrlock(lock)
#define peer_unwrite(lock, seat) pthread_rwlock_unlock(lock)
#include "rw_loops.h"

const struct rw_peer rw_peer_pthread = RW_PEER("pthread", "pthread_rwlock", RW_BLOCKING_LOCK);
