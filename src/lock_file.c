/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_file_parts.h"

#include "lock_proof.h"

/* One attempt after the other, until the lock is on the file that the path names; the release. */

/* ------------------------------------------------------------------------- reservation -- */

/*
 * Whether those who wait are to be waited for. A reader past which nobody can get anyhow, since it
 * reads already, would wait for itself.
 */
static bool must_queue(const fst_lock_file *lock, fst_lock_mode mode, uint64_t thread)
{
    if (mode == FST_EXCLUSIVE)
        return true;
    return lock->gated && fst_open_files_held_by(lock->file.id, thread, NULL) == FST_NOT_HELD;
}

static fasteners_status try_to_reserve(fst_open_file *file, fst_claim claim, fst_report *report)
{
    (void)report;
    return fst_open_files_try_reserve(file, claim.mode, file->passes);
}

static fasteners_status wait_for_reservation(fst_lock_file *lock, fst_lock_mode mode, bool passes,
                                             fst_wait *wait, fst_report *report)
{
    fasteners_status status;

    if (lock->settings->polls)
        return fst_wait_by_polling(&lock->file, try_to_reserve, fst_claim_of(mode, FST_ALL_BYTES),
                                   lock->settings, wait, report);
    do {
        status = fst_open_files_reserve(&lock->file, mode, passes, wait, fst_lock_wait_next_look());
    } while (status == FASTENERS_BUSY &&
             !fst_path_has_changed(&lock->file, lock->settings, report));
    return status == FASTENERS_BUSY ? FASTENERS_LOST : status;
}

/* ------------------------------------------------------------------------- one attempt -- */

void fst_lock_file_set_holder(fst_lock_file *lock, fst_lock_mode mode, uint64_t thread)
{
    bool by_group = mode == FST_SHARED && lock->file.group != NULL;

    atomic_store_explicit(&lock->file.shared, mode == FST_SHARED, memory_order_relaxed);
    atomic_store_explicit(&lock->file.holder, by_group ? FST_GROUP : thread, memory_order_relaxed);
}

/* Into a file that may not be ours any more nothing is written. */
static fasteners_status begin_record(fst_lock_file *lock, fst_report *report)
{
    int os_error = 0;
    fasteners_status status = fst_lock_file_check_descriptor(lock, report);

    if (status != FASTENERS_OK)
        return status;
    status = fst_owner_begin(&lock->owner, lock->file.os, &os_error);
    return fst_report_note(report,
                           status == FASTENERS_INVALID
                               ? "keep the owner record in a file that holds something else"
                               : "write the owner record",
                           status, os_error);
}

static fasteners_status record_hold(fst_lock_file *lock, fst_lock_mode mode, fst_report *report)
{
    if (!lock->settings->options.record_owner)
        return FASTENERS_OK;
    if (mode == FST_EXCLUSIVE)
        return begin_record(lock, report);
    fst_owner_look(&lock->owner, lock->file.os);
    return FASTENERS_OK;
}

void fst_lock_file_change_record(fst_lock_file *lock, fst_record_change *change, fst_report *report)
{
    if (fst_lock_file_generation(lock) == 0 ||
        fst_lock_file_check_descriptor(lock, report) != FASTENERS_OK)
        return;
    report->record_failed =
        change(&lock->owner, lock->file.os, &report->record_error) != FASTENERS_OK;
}

fasteners_status fst_lock_file_confirm(fst_lock_file *lock, fst_lock_mode mode, uint64_t thread,
                                       fst_report *report)
{
    fasteners_status status = fst_path_check(&lock->file, lock->settings, report);

    if (status == FASTENERS_OK)
        status = fst_lock_prove(&lock->file, lock->settings, report);
    if (status == FASTENERS_OK)
        status = record_hold(lock, mode, report);
    if (status == FASTENERS_OK)
        fst_lock_file_set_holder(lock, mode, thread);
    if (status == FASTENERS_OK && mode == FST_SHARED)
        fst_open_files_share(&lock->file);
    return status;
}

/* Whether the file may be kept open for the next call: nothing of it is locked, for sure. */
static bool ended_clean(fasteners_status status)
{
    return status == FASTENERS_BUSY || status == FASTENERS_TIMED_OUT ||
           status == FASTENERS_CANCELLED || status == FASTENERS_WOULD_DEADLOCK;
}

/* After a failure: leaves nothing locked. Closing always works where unlocking might not. */
static void back_out(fst_lock_file *lock, fasteners_status status, fst_report *report)
{
    if (ended_clean(status))
        fst_open_files_unreserve(&lock->file, report);
    else
        fst_lock_file_close(lock, report);
}

static fasteners_status attempt_now(fst_lock_file *lock, fst_lock_mode mode, uint64_t thread,
                                    fst_report *report)
{
    const fst_claim shared = fst_claim_of(FST_SHARED, FST_LOCK_BYTE);
    bool queues = must_queue(lock, mode, thread);
    fasteners_status status = FASTENERS_OK;

    if (mode == FST_SHARED && queues)
        status = fst_lock_file_look_at_gate(lock, report);
    if (status == FASTENERS_OK)
        status = fst_open_files_try_reserve(&lock->file, mode, !queues);
    if (status == FASTENERS_OK)
        status = mode == FST_SHARED ? fst_lock_try(&lock->file, shared, report)
                                    : fst_lock_file_try_exclusive(lock, report);
    if (status == FASTENERS_OK)
        return fst_lock_file_confirm(lock, mode, thread, report);
    /* Busy, but perhaps with a file that the path does not name any more. */
    if (status == FASTENERS_BUSY && fst_path_has_changed(&lock->file, lock->settings, report))
        status = FASTENERS_LOST;
    return status;
}

/*
 * A lock that came together with a cancel. To close would not do: a program that is just being
 * started has a copy of the descriptor until it is executed, and would keep the lock.
 */
static fasteners_status give_back(fst_lock_file *lock, fst_lock_mode mode, fst_report *report)
{
    if (mode == FST_SHARED && fst_open_files_leave(&lock->file))
        return FASTENERS_CANCELLED;
    fasteners_status status = fst_lock_file_unlock(lock, fst_lock_file_bytes(lock), report);
    return status == FASTENERS_OK ? FASTENERS_CANCELLED : status;
}

/*
 * A lock that was granted while the program closed the descriptor has gone with it. That is looked
 * for where there was time for it: after a wait.
 */
static fasteners_status confirm_after_wait(fst_lock_file *lock, fst_lock_mode mode,
                                           const fst_wait *wait, fst_report *report)
{
    fasteners_status status = fst_lock_file_check_descriptor(lock, report);

    if (status != FASTENERS_OK)
        return status;
    return fst_wait_is_cancelled(wait) ? give_back(lock, mode, report)
                                       : fst_lock_file_confirm(lock, mode, wait->thread, report);
}

/* Whether the thread itself is what it would wait for. */
static bool waits_for_itself(const fst_lock_file *lock, fst_lock_mode mode, const fst_wait *wait)
{
    if (wait->timeout_ms != FASTENERS_FOREVER)
        return false;
    fst_held held = fst_open_files_held_by(lock->file.id, wait->thread, NULL);
    return held == FST_HELD_EXCLUSIVE || (held == FST_HELD_SHARED && mode == FST_EXCLUSIVE);
}

static fasteners_status attempt_waiting(fst_lock_file *lock, fst_lock_mode mode, fst_wait *wait,
                                        fst_report *report)
{
    const fst_claim shared = fst_claim_of(FST_SHARED, FST_LOCK_BYTE);
    bool queues = must_queue(lock, mode, wait->thread);
    fasteners_status status = FASTENERS_OK;

    if (waits_for_itself(lock, mode, wait))
        return FASTENERS_WOULD_DEADLOCK;
    if (mode == FST_SHARED && queues)
        status = fst_lock_file_pass_gate(lock, wait, report);
    if (status == FASTENERS_OK)
        status = wait_for_reservation(lock, mode, !queues, wait, report);
    if (status == FASTENERS_OK)
        status = mode == FST_SHARED
                     ? fst_lock_wait(&lock->file, shared, lock->settings, wait, report)
                     : fst_lock_file_wait_for_exclusive(lock, wait, report);
    return status == FASTENERS_OK ? confirm_after_wait(lock, mode, wait, report) : status;
}

/* ----------------------------------------------------------------------- the interface -- */

fasteners_status fst_lock_file_try(fst_lock_file *lock, fst_lock_mode mode, uint64_t thread,
                                   fst_report *report)
{
    fasteners_status status = FASTENERS_LOST;

    for (int i = 0; i < FST_LOCK_FILE_ATTEMPTS && status == FASTENERS_LOST; i++) {
        status = fst_lock_file_ensure_open(lock, mode, report);
        if (status == FASTENERS_LOST)
            continue;
        if (status != FASTENERS_OK)
            return status;
        status = attempt_now(lock, mode, thread, report);
        if (status != FASTENERS_OK)
            back_out(lock, status, report);
    }
    return status == FASTENERS_LOST ? FASTENERS_BUSY : status;
}

/*
 * Where the path never names what is open, somebody is playing with it, or its inode numbers are
 * unstable.
 */
static void pause_after(int attempts, fst_wait *wait)
{
    if (attempts >= FST_LOCK_FILE_ATTEMPTS)
        fst_wait_sleep(wait, fst_time_after(1));
}

fasteners_status fst_lock_file_wait(fst_lock_file *lock, fst_lock_mode mode, fst_wait *wait,
                                    fst_report *report)
{
    fasteners_status status;
    int attempts = 0;

    do {
        pause_after(attempts++, wait);
        status = fst_lock_file_ensure_open(lock, mode, report);
        if (status != FASTENERS_OK && status != FASTENERS_LOST)
            return status;
        if (status == FASTENERS_OK && !fst_wait_is_for(wait, lock->file.id))
            return FASTENERS_LOST;
        if (status == FASTENERS_OK)
            status = attempt_waiting(lock, mode, wait, report);
        if (status != FASTENERS_OK)
            back_out(lock, status, report);
    } while (status == FASTENERS_LOST && (status = fst_wait_status(wait)) == FASTENERS_OK);
    return status;
}

/*
 * Not through a symbolic link: that is not ours to remove, and the file behind it would stay. Nor
 * if the lock has gone with its descriptor: others may have the file by now.
 */
static bool is_ours_and_named(const fst_lock_file *lock)
{
    fst_report unused = {0};
    fst_file_id id;
    int ignored;

    return fst_lock_file_check_descriptor(lock, &unused) == FASTENERS_OK &&
           fst_os_path_id(lock->settings->path, false, &id, &ignored) == FASTENERS_OK &&
           fst_file_id_equal(id, lock->file.id);
}

/*
 * Removes the name while we own the file exclusively, so nobody who looks at the path after locking
 * can be fooled. The hold does not depend on it: a name that cannot be removed is told and stays.
 */
static bool remove_name(const fst_lock_file *lock, fst_report *report)
{
    if (!lock->settings->options.unlink_on_release || fst_owner_keeps_news(&lock->owner) ||
        !is_ours_and_named(lock))
        return false;
    report->unlink_failed =
        fst_os_unlink(lock->settings->path, &report->unlink_error) != FASTENERS_OK;
    return !report->unlink_failed;
}

static bool is_shared(const fst_lock_file *lock)
{
    return atomic_load_explicit(&lock->file.shared, memory_order_relaxed);
}

/* The number of an adopted descriptor may be any file's: far from where programs open it is not. */
static bool is_lost(const fst_lock_file *lock)
{
    return lock->file.is_adopted ? fst_lock_file_is_foreign(lock) : fst_lock_file_is_stolen(lock);
}

static fasteners_status unlock_all(fst_lock_file *lock, fst_report *report)
{
    if (is_lost(lock))
        return FASTENERS_LOST;
    if (!is_shared(lock))
        return fst_lock_file_unlock(lock, fst_lock_file_bytes(lock), report);
    if (fst_open_files_leave(&lock->file))
        return FASTENERS_OK;
    fasteners_status status = fst_lock_file_unlock(lock, fst_lock_file_bytes(lock), report);
    if (status != FASTENERS_OK && status != FASTENERS_LOST)
        fst_open_files_share(&lock->file);
    return status;
}

void fst_lock_file_set_unheard(fst_lock_file *lock, bool unheard)
{
    lock->owner.unheard = unheard;
}

fasteners_status fst_lock_file_release(fst_lock_file *lock, fst_report *report)
{
    bool removed = !is_shared(lock) && remove_name(lock, report);

    fst_lock_file_change_record(lock, fst_owner_end, report);
    fasteners_status status = unlock_all(lock, report);
    if (status != FASTENERS_OK && status != FASTENERS_LOST) {
        fst_lock_file_change_record(lock, fst_owner_resume, report);
        return status;
    }
    atomic_store_explicit(&lock->file.holder, 0, memory_order_relaxed);
    fst_owner_clear(&lock->owner);
    fst_open_files_unreserve(&lock->file, report);
    report->descriptor_lost = status == FASTENERS_LOST;
    if (removed || report->descriptor_lost)
        fst_lock_file_close(lock, report);
    return status;
}

void fst_lock_file_reset(fst_lock_file *lock)
{
    fst_owner_clear(&lock->owner);
    lock->owner.knows_itself = false;
    lock->is_inherited = lock->settings->is_adopted;
}
