/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_IPC_HANDLE_H
#define FST_IPC_HANDLE_H

/*
 * What fasteners_ipc_lock and fasteners_ipc_rwlock have in common: the settings, the turn of the
 * threads that want it exclusively, and the file they lock.
 *
 * Who owns what: `settings` never changes. `writing` belongs to the thread that has the turn; the
 * one that acquired keeps the turn until it releases, so the other threads of the handle queue at
 * the turn, and only one thread of a handle stands in the kernel's queue.
 *
 * No function here looks for NULL or for a fork: the public ones have.
 */

#include "at_fork.h"
#include "lock_file.h"
#include "turn.h"

typedef struct fst_ipc_handle {
    fst_settings settings;
    fst_turn turn;
    fst_lock_file writing;
    _Atomic int os_error;
    fst_fork_member fork;
} fst_ipc_handle;

/*
 * Makes an object of `size` bytes that begins with a handle, all zero but for that; `complete` (or
 * NULL) sees to the rest, before a fork can find the object. Takes over the settings, also if it
 * fails. `reset` is called for handle->fork in a forked child.
 */
fasteners_status fst_ipc_handle_create(fst_ipc_handle **handle, size_t size,
                                       const fst_settings *settings,
                                       void (*complete)(fst_ipc_handle *handle),
                                       void (*reset)(fst_fork_member *member));

/* The part of `reset` that is the handle's. */
void fst_ipc_handle_reset(fst_ipc_handle *handle);

/* The end: after `retire` no fork looks at the object any more, `free` gives back its memory. */
void fst_ipc_handle_retire(fst_ipc_handle *handle);
void fst_ipc_handle_free(fst_ipc_handle *handle);

/* Who calls. */
static inline uint64_t fst_ipc_handle_self(const fst_ipc_handle *handle)
{
    return fst_self(&handle->settings.options);
}

bool fst_ipc_handle_timeout_is_valid(fst_ipc_handle *handle, int64_t timeout_ms);

/* The beginning of a call that can wait. False: the time-out is out of range. */
bool fst_ipc_handle_begin(fst_ipc_handle *handle, fst_wait *wait, int64_t timeout_ms);

/*
 * The end of every call that can fail: nothing internal is held any more, so the log may use the
 * lock.
 */
fasteners_status fst_ipc_handle_conclude(fst_ipc_handle *handle, const char *call,
                                         fasteners_status status, const fst_report *report);

/*
 * Gets the turn, and the file exclusively; `waits(handle, true)` is called before it waits for
 * other processes, `waits(handle, false)` after. NULL: nobody wants to know.
 */
typedef void fst_ipc_waits_fn(fst_ipc_handle *handle, bool waits);
fasteners_status fst_ipc_handle_acquire(fst_ipc_handle *handle, fst_wait *wait,
                                        fst_ipc_waits_fn *waits, fst_report *report);

/* Who has the turn and the file exclusively is `heir` from now on. */
void fst_ipc_handle_pass_on(fst_ipc_handle *handle, uint64_t heir);

/* Gives a lock back by force, if the file is locked, and closes it. */
void fst_ipc_handle_end_file(fst_lock_file *file, fst_report *report);

/* Answers of both objects. */
const char *fst_ipc_handle_path(const fst_ipc_handle *handle);
int fst_ipc_handle_os_error(const fst_ipc_handle *handle);
fasteners_status fst_ipc_handle_holders(fst_ipc_handle *handle, const char *call,
                                        fst_holders *found);

#endif
