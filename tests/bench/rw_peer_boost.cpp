/* SPDX-License-Identifier: Apache-2.0 */
#include <boost/thread/shared_mutex.hpp>
#include <new>

#include "rw_seat.h"

typedef boost::shared_mutex peer_lock;

#define peer_open(lock) new (lock) peer_lock()
#define peer_close(lock) (lock)->~peer_lock()
#define peer_read(lock, seat) (lock)->lock_shared()
#define peer_unread(lock, seat) (lock)->unlock_shared()
#define peer_write(lock, seat) (lock)->lock()
#define peer_unwrite(lock, seat) (lock)->unlock()
#include "rw_loops.h"

extern const struct rw_peer rw_peer_boost;
const struct rw_peer rw_peer_boost = RW_PEER("boost", "boost::shared_mutex", RW_BLOCKING_LOCK);
