/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_IPC_WAIT_H
#define FST_IPC_WAIT_H

/*
 * A wait that the program has begun and will finish (P18). What can be had at once is got by the
 * thread that begins; else a thread of ours, the runner, makes the same acquire that the caller
 * would have made, and sets an event when it is over.
 *
 * Neither of them is the owner: the caller goes on, may begin other waits for the same lock, and
 * may release meanwhile what it holds, so it must not be taken for one who waits for himself. A
 * wait has a number of its own, which stands where a thread's number stands. finish puts the
 * calling thread in its place.
 *
 * Life. `state` says who may touch the wait:
 *
 *   RUNNING    begin -> the runner
 *   SETTLED    the runner: the outcome stands; it still sets the event
 *   OVER       the runner's last touch -> whoever finishes or abandons, which frees it
 *
 * If the process forks, the child has no runner: there the wait is over, cancelled, with an event
 * of its own.
 */

#include <fasteners/ipc_wait.h>

#include "ipc_handle.h"

/* What the two objects do for it. `owner` is the number of the wait. */
typedef struct fst_ipc_wait_calls {
    const char *name; /* of the public function that begins, for the log */

    /* As the public acquire, from the turn or the group on. */
    fasteners_status (*acquire)(fst_ipc_handle *handle, fst_wait *wait, fst_report *report);

    /*
     * What the wait got becomes `heir`'s. BUSY: not now, the heir is in the middle of a call.
     * WOULD_DEADLOCK: the heir cannot have it.
     */
    fasteners_status (*pass_on)(fst_ipc_handle *handle, uint64_t owner, uint64_t heir,
                                fst_report *report);

    /* Gives back what the wait got, by closing the file if the system does not let it go. */
    void (*drop)(fst_ipc_handle *handle, uint64_t owner, fst_report *report);

    bool takes_turn; /* it waits for the handle's turn: in the order of begin */

    /* From here on a cancel of the object reaches the wait. */
    void (*enter)(fst_ipc_handle *handle, fst_wait *wait);
} fst_ipc_wait_calls;

/* Statuses of fasteners_ipc_lock_acquire_begin. */
fasteners_status fst_ipc_wait_begin(fst_ipc_handle *handle, const fst_ipc_wait_calls *calls,
                                    int64_t timeout_ms, fasteners_ipc_wait **begun);

#endif
