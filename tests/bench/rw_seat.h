/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_RW_SEAT_H
#define BENCH_RW_SEAT_H

/* For locks whose threads need nothing besides the lock, see rw_loops.h. */

typedef char peer_seat;

#define peer_enter(lock, seat) ((void)(lock), (void)(seat))
#define peer_leave(lock, seat) ((void)(lock), (void)(seat))

#endif
