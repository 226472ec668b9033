/* SPDX-License-Identifier: Apache-2.0 */

/* The read side of liburcu, inlined: no lock, and what reading can cost at best. */

#define _LGPL_SOURCE
#include <urcu/urcu-memb.h>

#include "rw_peer.h"

typedef char peer_lock;
typedef char peer_seat;

#define peer_open(lock) ((void)(lock))
#define peer_close(lock) ((void)(lock))
#define peer_enter(lock, seat) ((void)(lock), (void)(seat), urcu_memb_register_thread())
#define peer_leave(lock, seat) ((void)(lock), (void)(seat), urcu_memb_unregister_thread())
#define peer_read(lock, seat) ((void)(lock), urcu_memb_read_lock())
#define peer_unread(lock, seat) urcu_memb_read_unlock()
#define peer_write(lock, seat) ((void)(lock))
#define peer_unwrite(lock, seat) ((void)(lock))
#include "rw_loops.h"

const struct rw_peer rw_peer_urcu = RW_PEER("urcu", "liburcu reads (the limit)", RW_NESTS);
