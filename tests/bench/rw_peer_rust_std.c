/* SPDX-License-Identifier: Apache-2.0 */

/* A hold is a guard, for which the seat has room. The one of an outer read hold is overwritten by
 * that of an inner one, which is like it: both say no more than where the lock is. */

#include "rw_peer.h"
#include "rw_rust.h"

typedef rw_rust_lock peer_lock;
typedef rw_rust_seat peer_seat;

#define peer_open(lock) rw_rust_std_open(lock)
#define peer_close(lock) rw_rust_std_close(lock)
#define peer_enter(lock, seat) ((void)(lock), (void)(seat))
#define peer_leave(lock, seat) ((void)(lock), (void)(seat))
#define peer_read(lock, seat) rw_rust_std_read(lock, seat)
#define peer_unread(lock, seat) rw_rust_std_unread(seat)
#define peer_write(lock, seat) rw_rust_std_write(lock, seat)
#define peer_unwrite(lock, seat) rw_rust_std_unwrite(seat)
#include "rw_loops.h"

const struct rw_peer rw_peer_rust_std =
    RW_PEER("rust-std", "Rust std::sync::RwLock", RW_BLOCKING_LOCK);
