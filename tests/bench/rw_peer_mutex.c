/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "rw_seat.h"

typedef pthread_mutex_t peer_lock;

#define peer_open(lock) pthread_mutex_init(lock, NULL)
#define peer_close(lock) pthread_mutex_destroy(lock)
#define peer_read(lock, seat) pthread_mutex_lock(lock)
#define peer_unread(lock, seat) pthread_mutex_unlock(lock)
#define peer_write(lock, seat) pthread_mutex_lock(lock)
#define peer_unwrite(lock, seat) pthread_mutex_unlock(lock)
#include "rw_loops.h"

const struct rw_peer rw_peer_mutex =
    RW_PEER("mutex", "pthread_mutex", RW_BLOCKING_LOCK & ~(unsigned)RW_NESTS);
