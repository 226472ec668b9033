/* SPDX-License-Identifier: Apache-2.0 */
#include <nsync.h>

#include "rw_seat.h"

typedef nsync_mu peer_lock;

#define peer_open(lock) nsync_mu_init(lock)
#define peer_close(lock) ((void)(lock))
#define peer_read(lock, seat) nsync_mu_rlock(lock)
#define peer_unread(lock, seat) nsync_mu_runlock(lock)
#define peer_write(lock, seat) nsync_mu_lock(lock)
#define peer_unwrite(lock, seat) nsync_mu_unlock(lock)
#include "rw_loops.h"

const struct rw_peer rw_peer_nsync = RW_PEER("nsync", "nsync_mu", RW_BLOCKING_LOCK);
