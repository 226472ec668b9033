/* SPDX-License-Identifier: Apache-2.0 */

/* A lock with a flag per reading thread, which the thread has to bring along. */

#include <ck_brlock.h>

#include "rw_peer.h"

typedef ck_brlock_t peer_lock;
typedef struct {
    ck_brlock_reader_t reader __attribute__((aligned(RW_LINE)));
} peer_seat;

#define peer_open(lock) ck_brlock_init(lock)
#define peer_close(lock) ((void)(lock))
#define peer_enter(lock, seat) ck_brlock_read_register(lock, &(seat)->reader)
#define peer_leave(lock, seat) ck_brlock_read_unregister(lock, &(seat)->reader)
#define peer_read(lock, seat) ck_brlock_read_lock(lock, &(seat)->reader)
#define peer_unread(lock, seat) ck_brlock_read_unlock(&(seat)->reader)
#define peer_write(lock, seat) ck_brlock_write_lock(lock)
#define peer_unwrite(lock, seat) ck_brlock_write_unlock(lock)
#include "rw_loops.h"

const struct rw_peer rw_peer_ck_brlock = RW_PEER("ck-brlock", "ck_brlock (spins)", RW_SPIN_LOCK);
