/* SPDX-License-Identifier: Apache-2.0 */
#include <ck_rwlock.h>

#include "rw_seat.h"

typedef ck_rwlock_t peer_lock;

#define peer_open(lock) ck_rwlock_init(lock)
#define peer_close(lock) ((void)(lock))
#define peer_read(lock, seat) ck_rwlock_read_lock(lock)
#define peer_unread(lock, seat) ck_rwlock_read_unlock(lock)
#define peer_write(lock, seat) ck_rwlock_write_lock(lock)
#define peer_unwrite(lock, seat) ck_rwlock_write_unlock(lock)
#include "rw_loops.h"

const struct rw_peer rw_peer_ck_rwlock = RW_PEER("ck-rwlock", "ck_rwlock (spins)", RW_SPIN_LOCK);
