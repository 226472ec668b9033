/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners.h>

#include "rw_peer.h"
#include "rw_seat.h"

typedef fasteners_rw_lock peer_lock;

static inline void need(fasteners_status status)
{
    if (status != FASTENERS_OK)
        rw_refused();
}

#define peer_open(lock) need(fasteners_rw_lock_init(lock, NULL))
#define peer_close(lock) need(fasteners_rw_lock_destroy(lock))
#define peer_read(lock, seat) need(fasteners_rw_lock_acquire_read(lock, FASTENERS_FOREVER))
#define peer_unread(lock, seat) fasteners_rw_lock_release_read(lock)
#define peer_write(lock, seat) need(fasteners_rw_lock_acquire_write(lock, FASTENERS_FOREVER))
#define peer_unwrite(lock, seat) fasteners_rw_lock_release_write(lock)
#include "rw_loops.h"

const struct rw_peer rw_peer_fasteners = RW_PEER("fasteners", "libfasteners", RW_BLOCKING_LOCK);
