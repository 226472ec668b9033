/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_LOCK_FILE_H
#define FST_LOCK_FILE_H

/*
 * A lock on the file that a path names: opened at first use, locked, checked against the path, and
 * opened again when the path names another file. The objects of the API see no descriptor, only
 * this.
 *
 * Bytes of the file: 0 is the lock, 1 the gate of those who want to be served in turn. The
 * file may be empty: locks reach beyond its end.
 *
 * Gate: who asks for fairness takes the gate before the lock and drops it as soon as it has the
 * lock. So one of them waits for the lock at a time, all others queue at the gate, and who releases
 * and comes back at once finds the gate taken and queues too.
 *
 * Only the thread that has the turn of the handle may call these functions, but for is_held and
 * what says so. If the process dies at any line, the system closes the file and with it goes
 * whatever was locked.
 */

#include "lock_wait.h"

typedef struct fst_lock_file {
    const fst_settings *settings;
    fst_open_file file;
} fst_lock_file;

/* Gives back the descriptor, and with it a lock if there is one. */
void fst_lock_file_close(fst_lock_file *lock, fst_report *report);

/* OK: `thread` holds the lock on the file that the path names. BUSY, or why it cannot be. */
fasteners_status fst_lock_file_try(fst_lock_file *lock, uint64_t thread, fst_report *report);

/* The same, waiting. TIMED_OUT, CANCELLED, WOULD_DEADLOCK besides. */
fasteners_status fst_lock_file_wait(fst_lock_file *lock, fst_wait *wait, fst_report *report);

/* Gives the lock back. On failure it is still held. */
fasteners_status fst_lock_file_release(fst_lock_file *lock, fst_report *report);

/* OK or LOST for a held lock. */
fasteners_status fst_lock_file_check(const fst_lock_file *lock, fst_report *report);

/* Whether `thread`, or (0) any thread, holds the lock through this file. From any thread. */
bool fst_lock_file_is_held(const fst_lock_file *lock, uint64_t thread);

/* Whether `thread` holds the file that the path names, through any handle. From any thread. */
bool fst_lock_file_path_held_by(const fst_settings *settings, uint64_t thread);

/* Who holds the lock on what the path names. From any thread. */
fasteners_status fst_lock_file_holder(const fst_settings *settings, fasteners_holder *holder,
                                      fst_report *report);

#endif
