/* SPDX-License-Identifier: Apache-2.0 */

/* No lock, but two calls into a shared library: the floor of every lock that lives in one. There
 * are processors on which far calls are dear, and this is most of what a good lock takes. */

#include "rw_calls.h"
#include "rw_seat.h"

typedef char peer_lock;

#define peer_open(lock) ((void)(lock))
#define peer_close(lock) ((void)(lock))
#define peer_read(lock, seat) rw_call_begin(lock)
#define peer_unread(lock, seat) rw_call_end(lock)
#define peer_write(lock, seat) rw_call_begin(lock)
#define peer_unwrite(lock, seat) rw_call_end(lock)
#include "rw_loops.h"

const struct rw_peer rw_peer_calls =
    RW_PEER("calls", "no lock, two library calls", RW_NESTS | RW_WRITES);
