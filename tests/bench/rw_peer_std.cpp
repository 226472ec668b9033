/* SPDX-License-Identifier: Apache-2.0 */
#include <new>
#include <shared_mutex>

#include "rw_seat.h"

typedef std::shared_mutex peer_lock;

#define peer_open(lock) new (lock) peer_lock()
#define peer_close(lock) (lock)->~peer_lock()
#define peer_read(lock, seat) (lock)->lock_shared()
#define peer_unread(lock, seat) (lock)->unlock_shared()
#define peer_write(lock, seat) (lock)->lock()
#define peer_unwrite(lock, seat) (lock)->unlock()
#include "rw_loops.h"

extern const struct rw_peer rw_peer_std;
const struct rw_peer rw_peer_std = RW_PEER("std", "std::shared_mutex", RW_BLOCKING_LOCK);
