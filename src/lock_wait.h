/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_LOCK_WAIT_H
#define FST_LOCK_WAIT_H

/*
 * Waiting for a lock on a range of an open file, by one of three means:
 *   - a few quick tries, since most sections are shorter than falling asleep and waking up;
 *   - a request in the kernel's queue (platform.h), while the thread sleeps on its own word, where
 *     time-out and cancel reach it;
 *   - polling, if the user asked for it or the system cannot queue.
 *
 * Only the thread whose turn it is works on the file, so none of this needs a mutex.
 */

#include "open_files.h"
#include "options.h"
#include "report.h"
#include "wait.h"

/* What is asked for. */
typedef struct fst_claim {
    fst_lock_mode mode;
    fst_range range;
} fst_claim;

/*
 * OK: the range is locked, be it that a cancel came at that moment: see fst_wait_is_cancelled.
 * TIMED_OUT, CANCELLED: it is as it was before.
 * LOST: the path does not name this file any more (looked at once a second); the range may be
 * locked: the file is of no use and is to be closed. Other statuses are the system's, noted in the
 * report.
 */
fasteners_status fst_lock_wait(fst_open_file *file, fst_claim claim, const fst_settings *settings,
                               fst_wait *wait, fst_report *report);

/* When a sleeping wait next looks at the path. */
int64_t fst_lock_wait_next_look(void);

/* One try without waiting. OK, BUSY, or the system's status, noted in the report. */
typedef fasteners_status fst_try_fn(fst_open_file *file, fst_claim claim, fst_report *report);
fst_try_fn fst_lock_try;

/* Tries with growing sleeps in between, the user's if there is such a function, as long as BUSY. */
fasteners_status fst_wait_by_polling(fst_open_file *file, fst_try_fn *try_once, fst_claim claim,
                                     const fst_settings *settings, fst_wait *wait,
                                     fst_report *report);

/* As fst_lock_wait with one try only: more would get ahead of those who are waking up. */
fasteners_status fst_lock_wait_in_turn(fst_open_file *file, fst_claim claim,
                                       const fst_settings *settings, fst_wait *wait,
                                       fst_report *report);

#endif
