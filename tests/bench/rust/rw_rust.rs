// SPDX-License-Identifier: Apache-2.0

//! The locks of Rust, for C: rw_peer_rust.h. A call into this file stands for what would be inlined
//! into a program in Rust, at the price of a direct call more.

use parking_lot::lock_api::RawRwLock as _;
use parking_lot::RawRwLock;
use std::mem::{align_of, size_of};
use std::ptr;
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

type ReadGuard = RwLockReadGuard<'static, ()>;
type WriteGuard = RwLockWriteGuard<'static, ()>;

/// struct rw_rust_lock and struct rw_rust_seat.
const ROOM: usize = 64;
const _: () = assert!(size_of::<RwLock<()>>() <= ROOM && size_of::<RawRwLock>() <= ROOM);
const _: () = assert!(size_of::<ReadGuard>() <= ROOM && size_of::<WriteGuard>() <= ROOM);
const _: () = assert!(align_of::<ReadGuard>() <= 8 && align_of::<WriteGuard>() <= 8);

#[no_mangle]
pub unsafe extern "C" fn rw_rust_std_open(lock: *mut RwLock<()>) {
    ptr::write(lock, RwLock::new(()));
}

#[no_mangle]
pub unsafe extern "C" fn rw_rust_std_close(lock: *mut RwLock<()>) {
    ptr::drop_in_place(lock);
}

#[no_mangle]
pub unsafe extern "C" fn rw_rust_std_read(lock: *const RwLock<()>, seat: *mut ReadGuard) {
    ptr::write(seat, (*lock).read().unwrap());
}

#[no_mangle]
pub unsafe extern "C" fn rw_rust_std_unread(seat: *mut ReadGuard) {
    ptr::drop_in_place(seat);
}

#[no_mangle]
pub unsafe extern "C" fn rw_rust_std_write(lock: *const RwLock<()>, seat: *mut WriteGuard) {
    ptr::write(seat, (*lock).write().unwrap());
}

#[no_mangle]
pub unsafe extern "C" fn rw_rust_std_unwrite(seat: *mut WriteGuard) {
    ptr::drop_in_place(seat);
}

#[no_mangle]
pub unsafe extern "C" fn rw_rust_parking_lot_open(lock: *mut RawRwLock) {
    ptr::write(lock, RawRwLock::INIT);
}

#[no_mangle]
pub unsafe extern "C" fn rw_rust_parking_lot_read(lock: *const RawRwLock) {
    (*lock).lock_shared();
}

#[no_mangle]
pub unsafe extern "C" fn rw_rust_parking_lot_unread(lock: *const RawRwLock) {
    (*lock).unlock_shared();
}

#[no_mangle]
pub unsafe extern "C" fn rw_rust_parking_lot_write(lock: *const RawRwLock) {
    (*lock).lock_exclusive();
}

#[no_mangle]
pub unsafe extern "C" fn rw_rust_parking_lot_unwrite(lock: *const RawRwLock) {
    (*lock).unlock_exclusive();
}
