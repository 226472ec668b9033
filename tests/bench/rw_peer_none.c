/* SPDX-License-Identifier: Apache-2.0 */

/* No lock at all: what the loops and the sections themselves take. */

#include "rw_seat.h"

typedef char peer_lock;

#define peer_open(lock) ((void)(lock))
#define peer_close(lock) ((void)(lock))
#define peer_read(lock, seat) ((void)(lock))
#define peer_unread(lock, seat) ((void)(lock))
#define peer_write(lock, seat) ((void)(lock))
#define peer_unwrite(lock, seat) ((void)(lock))
#include "rw_loops.h"

const struct rw_peer rw_peer_none = RW_PEER("none", "no lock (the floor)", RW_NESTS | RW_WRITES);
