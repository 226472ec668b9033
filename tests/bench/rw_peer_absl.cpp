/* SPDX-License-Identifier: Apache-2.0 */
#include <absl/synchronization/mutex.h>
#include <new>

#include "rw_seat.h"

typedef absl::Mutex peer_lock;

/* The check for deadlocks, which not every build leaves out by itself, is a debugging aid. */
static void peer_open(peer_lock *lock)
{
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    new (lock) peer_lock();
}

#define peer_close(lock) (lock)->~peer_lock()
#define peer_read(lock, seat) (lock)->ReaderLock()
#define peer_unread(lock, seat) (lock)->ReaderUnlock()
#define peer_write(lock, seat) (lock)->Lock()
#define peer_unwrite(lock, seat) (lock)->Unlock()
#include "rw_loops.h"

extern const struct rw_peer rw_peer_absl;
const struct rw_peer rw_peer_absl = RW_PEER("absl", "absl::Mutex", RW_BLOCKING_LOCK);
