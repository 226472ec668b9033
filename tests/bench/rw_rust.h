/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_RW_RUST_H
#define BENCH_RW_RUST_H

/* rust/rw_rust.rs */

#include <stdint.h>

/* Room for either lock, and for a guard of the standard library's. */
typedef struct rw_rust_lock {
    uint64_t opaque[8];
} rw_rust_lock;
typedef struct rw_rust_seat {
    uint64_t opaque[8];
} rw_rust_seat;

void rw_rust_std_open(rw_rust_lock *lock);
void rw_rust_std_close(rw_rust_lock *lock);
void rw_rust_std_read(const rw_rust_lock *lock, rw_rust_seat *seat);
void rw_rust_std_unread(rw_rust_seat *seat);
void rw_rust_std_write(const rw_rust_lock *lock, rw_rust_seat *seat);
void rw_rust_std_unwrite(rw_rust_seat *seat);

void rw_rust_parking_lot_open(rw_rust_lock *lock);
void rw_rust_parking_lot_read(const rw_rust_lock *lock);
void rw_rust_parking_lot_unread(const rw_rust_lock *lock);
void rw_rust_parking_lot_write(const rw_rust_lock *lock);
void rw_rust_parking_lot_unwrite(const rw_rust_lock *lock);

#endif
