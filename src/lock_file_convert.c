/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_file_parts.h"

/* From shared to exclusive, and back, without letting go. */

/* BUSY: as long as somebody reads who locks the whole file, it is open who is first. */
static fasteners_status try_to_announce(fst_open_file *file, fst_claim claim, fst_report *report)
{
    fasteners_status status = fst_lock_try(file, claim, report);

    if (status != FASTENERS_BUSY)
        return status;
    status = fst_lock_file_look(file, fst_claim_of(FST_SHARED, claim.range), report);
    if (status == FASTENERS_OK)
        return FASTENERS_BUSY;
    return status == FASTENERS_BUSY ? FASTENERS_WOULD_DEADLOCK : status;
}

/* Not in a queue of the kernel's, which cannot tell who is second. */
static fasteners_status announce(fst_lock_file *lock, fst_wait *wait, fst_report *report)
{
    const fst_claim intent = fst_claim_of(FST_EXCLUSIVE, FST_INTENT_BYTE);
    fasteners_status status = try_to_announce(&lock->file, intent, report);

    if (status == FASTENERS_BUSY && wait->timeout_ms != FASTENERS_NO_WAIT)
        status =
            fst_wait_by_polling(&lock->file, try_to_announce, intent, lock->settings, wait, report);
    return status;
}

fasteners_status fst_lock_file_announce(fst_lock_file *lock, fst_wait *wait, fst_report *report)
{
    fasteners_status status = fst_lock_file_check_descriptor(lock, report);

    if (status != FASTENERS_OK)
        return status;
    if (!fst_os_locks_can_be_raised())
        return FASTENERS_NOT_SUPPORTED;
    lock->reopen = lock->read_only;
    if (lock->read_only)
        return fst_report_note(report, "write to the lock file", FASTENERS_NO_PERMISSION, 0);
    if (wait->timeout_ms == FASTENERS_FOREVER &&
        fst_open_files_held_by(lock->file.id, wait->thread, &lock->file) != FST_NOT_HELD)
        return FASTENERS_WOULD_DEADLOCK; /* it would wait for its other hold */
    status = fst_open_files_announce(&lock->file);
    if (status != FASTENERS_OK)
        return status;
    status = announce(lock, wait, report);
    if (status != FASTENERS_OK)
        fst_open_files_share(&lock->file);
    return status;
}

static fasteners_status try_to_raise(fst_open_file *file, fst_claim claim, fst_report *report)
{
    (void)claim;
    (void)report;
    return fst_open_files_raise(file);
}

/* First the other files of this process, where locks belong to the process, then the kernel. */
static fasteners_status raise_waiting(fst_lock_file *lock, fst_claim claim, fst_wait *wait,
                                      fst_report *report)
{
    const fst_settings *settings = lock->settings;
    fasteners_status status =
        fst_wait_by_polling(&lock->file, try_to_raise, claim, settings, wait, report);

    return status == FASTENERS_OK ? fst_lock_wait(&lock->file, claim, settings, wait, report)
                                  : status;
}

static fasteners_status raise_now(fst_lock_file *lock, fst_claim claim, fst_report *report)
{
    fasteners_status status = fst_open_files_raise(&lock->file);

    return status == FASTENERS_OK ? fst_lock_try(&lock->file, claim, report) : status;
}

/* Not wanted any more after a cancel, of no worth if the descriptor was closed meanwhile. */
static fasteners_status confirm_raised(fst_lock_file *lock, const fst_wait *wait,
                                       fst_report *report)
{
    fasteners_status status = fst_lock_file_check_descriptor(lock, report);

    if (status == FASTENERS_OK && fst_wait_is_cancelled(wait))
        status = FASTENERS_CANCELLED;
    if (status == FASTENERS_OK)
        status = fst_lock_file_unlock(lock, FST_INTENT_BYTE, report);
    return status == FASTENERS_OK ? fst_lock_file_confirm(lock, FST_EXCLUSIVE, wait->thread, report)
                                  : status;
}

fasteners_status fst_lock_file_raise(fst_lock_file *lock, fst_wait *wait, fst_report *report)
{
    const fst_claim exclusive = fst_claim_of(FST_EXCLUSIVE, FST_LOCK_BYTE);
    fasteners_status status = raise_now(lock, exclusive, report);

    if (status == FASTENERS_BUSY && wait->timeout_ms != FASTENERS_NO_WAIT)
        status = raise_waiting(lock, exclusive, wait, report);
    return status == FASTENERS_OK ? confirm_raised(lock, wait, report) : status;
}

/*
 * What the kernel has now is shared or exclusive: there is no contention for shared. If the system
 * refuses all the same, we have more than we need until the release, which gives back everything.
 */
void fst_lock_file_withdraw(fst_lock_file *lock)
{
    fst_report unused = {0};

    if (!fst_lock_file_is_foreign(lock)) {
        fst_lock_try(&lock->file, fst_claim_of(FST_SHARED, FST_LOCK_BYTE), &unused);
        fst_lock_file_unlock(lock, FST_INTENT_BYTE, &unused);
    }
    fst_open_files_share(&lock->file);
}

fasteners_status fst_lock_file_lower(fst_lock_file *lock, fst_report *report)
{
    uint64_t thread = atomic_load_explicit(&lock->file.holder, memory_order_relaxed);

    if (fst_lock_file_is_stolen(lock))
        return FASTENERS_LOST;
    fst_lock_file_change_record(lock, fst_owner_end, report);
    fasteners_status status =
        fst_lock_try(&lock->file, fst_claim_of(FST_SHARED, FST_LOCK_BYTE), report);
    if (status != FASTENERS_OK) {
        fst_lock_file_change_record(lock, fst_owner_resume, report);
        return status;
    }
    fst_owner_clear(&lock->owner);
    fst_lock_file_set_holder(lock, FST_SHARED, thread);
    fst_open_files_share(&lock->file);
    return FASTENERS_OK;
}
