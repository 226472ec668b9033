/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>

#include "rw_seat.h"

typedef GRWLock peer_lock;

#define peer_open(lock) g_rw_lock_init(lock)
#define peer_close(lock) g_rw_lock_clear(lock)
#define peer_read(lock, seat) g_rw_lock_reader_lock(lock)
#define peer_unread(lock, seat) g_rw_lock_reader_unlock(lock)
#define peer_write(lock, seat) g_rw_lock_writer_lock(lock)
#define peer_unwrite(lock, seat) g_rw_lock_writer_unlock(lock)
#include "rw_loops.h"

const struct rw_peer rw_peer_glib = RW_PEER("glib", "GLib GRWLock", RW_BLOCKING_LOCK);
