/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_file_parts.h"

/* The gate and the intent: who is served before whom (see lock_file.h). */

fasteners_status fst_lock_file_unlock(const fst_lock_file *lock, fst_range range,
                                      fst_report *report)
{
    int os_error = 0;
    fasteners_status status = fst_os_unlock(lock->file.os, range, &os_error);

    return fst_report_note(report, "unlock", status, os_error);
}

fasteners_status fst_lock_file_look(fst_open_file *file, fst_claim claim, fst_report *report)
{
    int os_error = 0;
    fasteners_status status = fst_os_lock_test(file->os, claim.mode, claim.range, &os_error);

    return fst_report_note(report, "look at the lock", status, os_error);
}

/* What is asked for is shared, lest readers of the whole file count. */
fasteners_status fst_lock_file_look_at_gate(fst_lock_file *lock, fst_report *report)
{
    return fst_lock_file_look(&lock->file, fst_claim_of(FST_SHARED, FST_GATE_AND_INTENT), report);
}

fasteners_status fst_lock_file_try_exclusive(fst_lock_file *lock, fst_report *report)
{
    if (!lock->gated)
        return fst_lock_try(&lock->file, fst_claim_of(FST_EXCLUSIVE, FST_LOCK_BYTE), report);
    fasteners_status status =
        fst_lock_try(&lock->file, fst_claim_of(FST_EXCLUSIVE, FST_LOCK_AND_GATE), report);
    return status == FASTENERS_OK ? fst_lock_file_unlock(lock, FST_GATE_BYTE, report) : status;
}

/*
 * The gate is given back before the wait for the lock: as long as readers have it, the next writer
 * cannot show itself there. The intent is queued for together with it, but where files
 * have their locks in common: to take and give back would be to take it from another handle that
 * upgrades.
 */
fasteners_status fst_lock_file_pass_gate(fst_lock_file *lock, fst_wait *wait, fst_report *report)
{
    bool alone = lock->file.pool != 0;
    const fst_settings *settings = lock->settings;
    const fst_claim passage = fst_claim_of(FST_SHARED, alone ? FST_GATE_BYTE : FST_GATE_AND_INTENT);
    const fst_claim intent = fst_claim_of(FST_SHARED, FST_INTENT_BYTE);
    fasteners_status status = fst_lock_file_look_at_gate(lock, report);

    if (status != FASTENERS_BUSY)
        return status;
    status = fst_lock_wait_in_turn(&lock->file, passage, settings, wait, report);
    if (status == FASTENERS_OK)
        status = fst_lock_file_unlock(lock, passage.range, report);
    if (status == FASTENERS_OK && alone)
        status =
            fst_wait_by_polling(&lock->file, fst_lock_file_look, intent, settings, wait, report);
    return status;
}

fasteners_status fst_lock_file_wait_for_exclusive(fst_lock_file *lock, fst_wait *wait,
                                                  fst_report *report)
{
    const fst_settings *settings = lock->settings;
    const fst_claim exclusive = fst_claim_of(FST_EXCLUSIVE, FST_LOCK_BYTE);

    if (!lock->gated)
        return fst_lock_wait(&lock->file, exclusive, settings, wait, report);
    fasteners_status status = fst_lock_wait_in_turn(
        &lock->file, fst_claim_of(FST_EXCLUSIVE, FST_GATE_BYTE), settings, wait, report);
    if (status != FASTENERS_OK)
        return status;
    status = fst_lock_wait(&lock->file, exclusive, settings, wait, report);
    if (status == FASTENERS_LOST)
        return status;
    fasteners_status unlocked = fst_lock_file_unlock(lock, FST_GATE_BYTE, report);
    return unlocked == FASTENERS_OK ? status : unlocked;
}

bool fst_lock_file_gate_is_taken(fst_lock_file *lock)
{
    fst_report unused = {0};

    return fst_lock_file_look_at_gate(lock, &unused) == FASTENERS_BUSY ||
           fst_open_files_writer_waits(&lock->file);
}
