/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_LOCK_FILE_PARTS_H
#define FST_LOCK_FILE_PARTS_H

/*
 * What the files lock_file*.c share, and nobody else uses. All here is for the thread that works on
 * the file, unless it says otherwise.
 */

#include "lock_bytes.h"
#include "lock_file.h"
#include "path_check.h"

/* Somebody who keeps deleting what we open or create is not to keep us for ever. */
enum { FST_LOCK_FILE_ATTEMPTS = 16 };

static inline fst_claim fst_claim_of(fst_lock_mode mode, fst_range range)
{
    return (fst_claim){.mode = mode, .range = range};
}

/* ----------------------------------------------------------------- lock_file_open.c -- */

/* Another file of ours has got the descriptor, which the program had closed. */
static inline bool fst_lock_file_is_stolen(const fst_lock_file *lock)
{
    return atomic_load_explicit(&lock->file.stolen, memory_order_relaxed);
}

/*
 * Whether the number certainly is no descriptor of our file any more. One whose file the server has
 * forgotten is ours still, and is to be unlocked: that is what check_descriptor does not tell.
 */
bool fst_lock_file_is_foreign(const fst_lock_file *lock);

/* fst_descriptor_check. By any holder. */
static inline fasteners_status fst_lock_file_check_descriptor(const fst_lock_file *lock,
                                                              fst_report *report)
{
    return fst_descriptor_check(&lock->file, report);
}

/*
 * Opens the file, or creates it, unless it is open already. LOST: others create and remove it in
 * step with us. Statuses of fst_os_file_open, fst_os_file_create and fst_os_make_parents.
 */
fasteners_status fst_lock_file_ensure_open(fst_lock_file *lock, fst_lock_mode mode,
                                           fst_report *report);

/* ---------------------------------------------------------------- lock_file_bytes.c -- */

fasteners_status fst_lock_file_unlock(const fst_lock_file *lock, fst_range range,
                                      fst_report *report);

/*
 * What is to be unlocked to give back everything. Through a descriptor of the program's it may have
 * locked other bytes for itself.
 */
static inline fst_range fst_lock_file_bytes(const fst_lock_file *lock)
{
    return lock->file.is_adopted ? FST_OUR_BYTES : FST_ALL_BYTES;
}

/*
 * An fst_try_fn that takes nothing. OK: the range would be granted. BUSY: somebody is there. The
 * others of a group may do so too.
 */
fasteners_status fst_lock_file_look(fst_open_file *file, fst_claim claim, fst_report *report);
fasteners_status fst_lock_file_look_at_gate(fst_lock_file *lock, fst_report *report);

/* Locks it exclusively, by way of the gate if the file is gated. On BUSY nothing is locked. */
fasteners_status fst_lock_file_try_exclusive(fst_lock_file *lock, fst_report *report);

/* The same, waiting. Statuses of fst_lock_wait. */
fasteners_status fst_lock_file_wait_for_exclusive(fst_lock_file *lock, fst_wait *wait,
                                                  fst_report *report);

/* A gated reader waits behind those who are at the gate or upgrade. OK: it may ask for the lock. */
fasteners_status fst_lock_file_pass_gate(fst_lock_file *lock, fst_wait *wait, fst_report *report);

/* ---------------------------------------------------------------------- lock_file.c -- */

/* Notes who holds the lock. FST_GROUP takes the place of the thread where a group shares it. */
void fst_lock_file_set_holder(fst_lock_file *lock, fst_lock_mode mode, uint64_t thread);

/*
 * The kernel has granted the lock, which counts for nothing until this says OK: the path still
 * names the file, the lock excludes, the owner record is written. Otherwise the caller gives it
 * back: LOST, or why it is of no use.
 */
fasteners_status fst_lock_file_confirm(fst_lock_file *lock, fst_lock_mode mode, uint64_t thread,
                                       fst_report *report);

/* Writes to the owner record, if the holder has one; a failure is told to the log alone. */
typedef fasteners_status fst_record_change(fst_owner *owner, fst_os_file file, int *os_error);
void fst_lock_file_change_record(fst_lock_file *lock, fst_record_change *change,
                                 fst_report *report);

#endif
