/* SPDX-License-Identifier: Apache-2.0 */
#include "rw_rust.h"
#include "rw_seat.h"

typedef rw_rust_lock peer_lock;

#define peer_open(lock) rw_rust_parking_lot_open(lock)
#define peer_close(lock) ((void)(lock))
#define peer_read(lock, seat) rw_rust_parking_lot_read(lock)
#define peer_unread(lock, seat) rw_rust_parking_lot_unread(lock)
#define peer_write(lock, seat) rw_rust_parking_lot_write(lock)
#define peer_unwrite(lock, seat) rw_rust_parking_lot_unwrite(lock)
#include "rw_loops.h"

const struct rw_peer rw_peer_parking_lot =
    RW_PEER("parking-lot", "parking_lot::RwLock (Rust)", RW_BLOCKING_LOCK);
