/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_file.h"

#include "lock_proof.h"
#include "path_check.h"

static const fst_range LOCK = {.first = 0, .length = 1};
static const fst_range GATE = {.first = 1, .length = 1};
static const fst_range LOCK_AND_GATE = {.first = 0, .length = 2};
static const fst_range INTENT = {.first = 2, .length = 1};
static const fst_range GATE_AND_INTENT = {.first = 1, .length = 2};
/* Unlocking all is the cheapest for the kernel, which then need not think of splitting a lock. */
static const fst_range EVERYTHING = {.first = 0, .length = 0};

/* Somebody who keeps deleting what we open or create is not to keep us for ever. */
enum { ATTEMPTS = 16 };

/* ------------------------------------------------------------------ opening, closing -- */

static fasteners_status open_as(fst_lock_file *lock, fst_access access, int *os_error)
{
    const fst_settings *settings = lock->settings;

    return fst_open_files_open(&lock->file, settings->path, access,
                               settings->options.follow_symlinks, os_error);
}

/* A shared lock needs no more than a file that can be read. */
static fasteners_status open_existing(fst_lock_file *lock, fst_lock_mode mode, int *os_error)
{
    fasteners_status status = open_as(lock, FST_READ_WRITE, os_error);

    lock->read_only = status == FASTENERS_NO_PERMISSION && mode == FST_SHARED;
    lock->reopen = false;
    return lock->read_only ? open_as(lock, FST_READ, os_error) : status;
}

/*
 * NOT_FOUND: what was in the way has been dealt with, or has come meanwhile (*raced): look again.
 */
static fasteners_status create(fst_lock_file *lock, bool *raced, int *os_error)
{
    const fst_settings *settings = lock->settings;
    fasteners_status status =
        fst_open_files_create(&lock->file, settings->path, settings->options.mode,
                              settings->options.follow_symlinks, os_error);

    *raced = status == FASTENERS_BUSY;
    if (*raced)
        return FASTENERS_NOT_FOUND;
    if (status != FASTENERS_NOT_FOUND)
        return status;
    status = fst_os_make_parents(settings->path, os_error);
    return status == FASTENERS_OK ? FASTENERS_NOT_FOUND : status;
}

/*
 * Looks for the file first: creating is the rare case, and on some systems forbidden for a file
 * that is there. LOST: others create and remove it in step with us, which is contention.
 */
static fasteners_status open_or_create(fst_lock_file *lock, fst_lock_mode mode, fst_report *report)
{
    int os_error = 0;
    bool raced = false;
    fasteners_status status = FASTENERS_NOT_FOUND;

    for (int i = 0; i < ATTEMPTS && status == FASTENERS_NOT_FOUND; i++) {
        status = open_existing(lock, mode, &os_error);
        if (status != FASTENERS_NOT_FOUND)
            return fst_report_note(report, "open the lock file", status, os_error);
        status = create(lock, &raced, &os_error);
    }
    if (status == FASTENERS_NOT_FOUND && raced)
        return FASTENERS_LOST;
    return fst_report_note(report, "create the lock file", status, os_error);
}

static bool is_stolen(const fst_lock_file *lock)
{
    return atomic_load_explicit(&lock->file.stolen, memory_order_relaxed);
}

/* Whether the number certainly is no descriptor of our file any more. */
static bool is_foreign(const fst_lock_file *lock)
{
    fst_file_id id;
    int ignored;

    if (!lock->file.is_open || is_stolen(lock))
        return true;
    fasteners_status status = fst_os_file_id(lock->file.os, &id, &ignored);
    return status == FASTENERS_LOST ||
           (status == FASTENERS_OK && !fst_file_id_equal(id, lock->file.id));
}

/* OK: the descriptor is still that of our file. LOST: the program has closed it. */
static fasteners_status check_descriptor(const fst_lock_file *lock, fst_report *report)
{
    fst_file_id id;
    int os_error = 0;

    if (!lock->file.is_open || is_stolen(lock))
        return FASTENERS_LOST;
    fasteners_status status = fst_os_file_id(lock->file.os, &id, &os_error);
    if (status == FASTENERS_NOT_FOUND ||
        (status == FASTENERS_OK && !fst_file_id_equal(id, lock->file.id)))
        status = FASTENERS_LOST;
    return fst_report_note(report, "look at the locked file", status, os_error);
}

static fasteners_status ensure_open(fst_lock_file *lock, fst_lock_mode mode, fst_report *report)
{
    if (lock->file.is_open && (is_stolen(lock) || lock->reopen))
        fst_lock_file_close(lock, report);
    return lock->file.is_open ? FASTENERS_OK : open_or_create(lock, mode, report);
}

void fst_lock_file_close(fst_lock_file *lock, fst_report *report)
{
    if (!lock->file.is_open)
        return;
    atomic_store_explicit(&lock->file.holder, 0, memory_order_relaxed);
    fst_owner_clear(&lock->owner);
    fst_open_files_close(&lock->file, report);
}

/* --------------------------------------------------------------------- byte protocols -- */

static fasteners_status unlock_range(const fst_lock_file *lock, fst_range range, fst_report *report)
{
    int os_error = 0;
    fasteners_status status = fst_os_unlock(lock->file.os, range, &os_error);

    return fst_report_note(report, "unlock", status, os_error);
}

static fst_claim claim_of(fst_lock_mode mode, fst_range range)
{
    return (fst_claim){.mode = mode, .range = range};
}

/* Whether somebody is there. What is asked for is shared, lest readers of the whole file count. */
static fasteners_status look(fst_open_file *file, fst_claim claim, fst_report *report)
{
    int os_error = 0;
    fasteners_status status = fst_os_lock_test(file->os, claim.mode, claim.range, &os_error);

    return fst_report_note(report, "look at the lock", status, os_error);
}

static fasteners_status look_at_gate(fst_lock_file *lock, fst_report *report)
{
    return look(&lock->file, claim_of(FST_SHARED, GATE_AND_INTENT), report);
}

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

static fasteners_status try_exclusive(fst_lock_file *lock, fst_report *report)
{
    if (!lock->gated)
        return fst_lock_try(&lock->file, claim_of(FST_EXCLUSIVE, LOCK), report);
    fasteners_status status =
        fst_lock_try(&lock->file, claim_of(FST_EXCLUSIVE, LOCK_AND_GATE), report);
    return status == FASTENERS_OK ? unlock_range(lock, GATE, report) : status;
}

/*
 * The gate is given back before the wait for the lock: as long as readers have it, the next writer
 * cannot show itself there. The intent is queued for together with it, but where locks belong to
 * the process: to take and give back would be to take it from another handle that upgrades.
 */
static fasteners_status pass_gate(fst_lock_file *lock, fst_wait *wait, fst_report *report)
{
    bool alone = fst_os_locks_per_process();
    const fst_settings *settings = lock->settings;
    const fst_claim passage = claim_of(FST_SHARED, alone ? GATE : GATE_AND_INTENT);
    const fst_claim intent = claim_of(FST_SHARED, INTENT);
    fasteners_status status = look_at_gate(lock, report);

    if (status != FASTENERS_BUSY)
        return status;
    status = fst_lock_wait_in_turn(&lock->file, passage, settings, wait, report);
    if (status == FASTENERS_OK)
        status = unlock_range(lock, passage.range, report);
    if (status == FASTENERS_OK && alone)
        status = fst_wait_by_polling(&lock->file, look, intent, settings, wait, report);
    return status;
}

static fasteners_status wait_for_exclusive(fst_lock_file *lock, fst_wait *wait, fst_report *report)
{
    const fst_settings *settings = lock->settings;
    const fst_claim exclusive = claim_of(FST_EXCLUSIVE, LOCK);

    if (!lock->gated)
        return fst_lock_wait(&lock->file, exclusive, settings, wait, report);
    fasteners_status status =
        fst_lock_wait_in_turn(&lock->file, claim_of(FST_EXCLUSIVE, GATE), settings, wait, report);
    if (status != FASTENERS_OK)
        return status;
    status = fst_lock_wait(&lock->file, exclusive, settings, wait, report);
    if (status == FASTENERS_LOST)
        return status;
    fasteners_status unlocked = unlock_range(lock, GATE, report);
    return unlocked == FASTENERS_OK ? status : unlocked;
}

/* ------------------------------------------------------------------------ reservation -- */

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
        return fst_wait_by_polling(&lock->file, try_to_reserve, claim_of(mode, EVERYTHING),
                                   lock->settings, wait, report);
    do {
        status = fst_open_files_reserve(&lock->file, mode, passes, wait, fst_lock_wait_next_look());
    } while (status == FASTENERS_BUSY &&
             !fst_path_has_changed(&lock->file, lock->settings, report));
    return status == FASTENERS_BUSY ? FASTENERS_LOST : status;
}

/* ----------------------------------------------------------------------- one attempt -- */

static void set_holder(fst_lock_file *lock, fst_lock_mode mode, uint64_t thread)
{
    bool by_group = mode == FST_SHARED && lock->file.group != NULL;

    atomic_store_explicit(&lock->file.shared, mode == FST_SHARED, memory_order_relaxed);
    atomic_store_explicit(&lock->file.holder, by_group ? FST_GROUP : thread, memory_order_relaxed);
}

/* Into a file that may not be ours any more nothing is written. */
static fasteners_status begin_record(fst_lock_file *lock, fst_report *report)
{
    int os_error = 0;
    fasteners_status status = check_descriptor(lock, report);

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

typedef fasteners_status record_change(fst_owner *owner, fst_os_file file, int *os_error);

static void change_record(fst_lock_file *lock, record_change *change, fst_report *report)
{
    if (fst_lock_file_generation(lock) == 0 || check_descriptor(lock, report) != FASTENERS_OK)
        return;
    report->record_failed =
        change(&lock->owner, lock->file.os, &report->record_error) != FASTENERS_OK;
}

/* The lock is granted: is it the right file? Until then it counts for nothing. */
static fasteners_status confirm(fst_lock_file *lock, fst_lock_mode mode, uint64_t thread,
                                fst_report *report)
{
    fasteners_status status = fst_path_check(&lock->file, lock->settings, report);

    if (status == FASTENERS_OK)
        status = fst_lock_prove(&lock->file, lock->settings, report);
    if (status == FASTENERS_OK)
        status = record_hold(lock, mode, report);
    if (status == FASTENERS_OK)
        set_holder(lock, mode, thread);
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
    const fst_claim shared = claim_of(FST_SHARED, LOCK);
    bool queues = must_queue(lock, mode, thread);
    fasteners_status status = FASTENERS_OK;

    if (mode == FST_SHARED && queues)
        status = look_at_gate(lock, report);
    if (status == FASTENERS_OK)
        status = fst_open_files_try_reserve(&lock->file, mode, !queues);
    if (status == FASTENERS_OK)
        status = mode == FST_SHARED ? fst_lock_try(&lock->file, shared, report)
                                    : try_exclusive(lock, report);
    if (status == FASTENERS_OK)
        return confirm(lock, mode, thread, report);
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
    fasteners_status status = unlock_range(lock, EVERYTHING, report);
    return status == FASTENERS_OK ? FASTENERS_CANCELLED : status;
}

/*
 * A lock that was granted while the program closed the descriptor has gone with it. That is looked
 * for where there was time for it: after a wait.
 */
static fasteners_status confirm_after_wait(fst_lock_file *lock, fst_lock_mode mode,
                                           const fst_wait *wait, fst_report *report)
{
    fasteners_status status = check_descriptor(lock, report);

    if (status != FASTENERS_OK)
        return status;
    return fst_wait_is_cancelled(wait) ? give_back(lock, mode, report)
                                       : confirm(lock, mode, wait->thread, report);
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
    const fst_claim shared = claim_of(FST_SHARED, LOCK);
    bool queues = must_queue(lock, mode, wait->thread);
    fasteners_status status = FASTENERS_OK;

    if (waits_for_itself(lock, mode, wait))
        return FASTENERS_WOULD_DEADLOCK;
    if (mode == FST_SHARED && queues)
        status = pass_gate(lock, wait, report);
    if (status == FASTENERS_OK)
        status = wait_for_reservation(lock, mode, !queues, wait, report);
    if (status == FASTENERS_OK)
        status = mode == FST_SHARED
                     ? fst_lock_wait(&lock->file, shared, lock->settings, wait, report)
                     : wait_for_exclusive(lock, wait, report);
    return status == FASTENERS_OK ? confirm_after_wait(lock, mode, wait, report) : status;
}

/* ---------------------------------------------------------------------- the interface -- */

fasteners_status fst_lock_file_try(fst_lock_file *lock, fst_lock_mode mode, uint64_t thread,
                                   fst_report *report)
{
    fasteners_status status = FASTENERS_LOST;

    for (int i = 0; i < ATTEMPTS && status == FASTENERS_LOST; i++) {
        status = ensure_open(lock, mode, report);
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
    if (attempts >= ATTEMPTS)
        fst_wait_sleep(wait, fst_time_after(1));
}

fasteners_status fst_lock_file_wait(fst_lock_file *lock, fst_lock_mode mode, fst_wait *wait,
                                    fst_report *report)
{
    fasteners_status status;
    int attempts = 0;

    do {
        pause_after(attempts++, wait);
        status = ensure_open(lock, mode, report);
        if (status != FASTENERS_OK && status != FASTENERS_LOST)
            return status;
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

    return check_descriptor(lock, &unused) == FASTENERS_OK &&
           fst_os_path_id(lock->settings->path, false, &id, &ignored) == FASTENERS_OK &&
           fst_file_id_equal(id, lock->file.id);
}

/*
 * Removes the name while we own the file exclusively, so nobody who looks at the path after locking
 * can be fooled. The hold does not depend on it: a name that cannot be removed is told and stays.
 */
static bool remove_name(const fst_lock_file *lock, fst_report *report)
{
    if (!lock->settings->options.unlink_on_release || !is_ours_and_named(lock))
        return false;
    report->unlink_failed =
        fst_os_unlink(lock->settings->path, &report->unlink_error) != FASTENERS_OK;
    return !report->unlink_failed;
}

static bool is_shared(const fst_lock_file *lock)
{
    return atomic_load_explicit(&lock->file.shared, memory_order_relaxed);
}

static fasteners_status unlock_all(fst_lock_file *lock, fst_report *report)
{
    if (is_stolen(lock))
        return FASTENERS_LOST;
    if (!is_shared(lock))
        return unlock_range(lock, EVERYTHING, report);
    if (fst_open_files_leave(&lock->file))
        return FASTENERS_OK;
    fasteners_status status = unlock_range(lock, EVERYTHING, report);
    if (status != FASTENERS_OK && status != FASTENERS_LOST)
        fst_open_files_share(&lock->file);
    return status;
}

fasteners_status fst_lock_file_release(fst_lock_file *lock, fst_report *report)
{
    bool removed = !is_shared(lock) && remove_name(lock, report);

    change_record(lock, fst_owner_end, report);
    fasteners_status status = unlock_all(lock, report);
    if (status != FASTENERS_OK && status != FASTENERS_LOST) {
        change_record(lock, fst_owner_resume, report);
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

/* ------------------------------------------------------------------------ conversion -- */

/* BUSY: as long as somebody reads who locks the whole file, it is open who is first. */
static fasteners_status try_to_announce(fst_open_file *file, fst_claim claim, fst_report *report)
{
    fasteners_status status = fst_lock_try(file, claim, report);

    if (status != FASTENERS_BUSY)
        return status;
    status = look(file, claim_of(FST_SHARED, claim.range), report);
    if (status == FASTENERS_OK)
        return FASTENERS_BUSY;
    return status == FASTENERS_BUSY ? FASTENERS_WOULD_DEADLOCK : status;
}

/* Not in a queue of the kernel's, which cannot tell who is second. */
static fasteners_status announce(fst_lock_file *lock, fst_wait *wait, fst_report *report)
{
    const fst_claim intent = claim_of(FST_EXCLUSIVE, INTENT);
    fasteners_status status = try_to_announce(&lock->file, intent, report);

    if (status == FASTENERS_BUSY && wait->timeout_ms != FASTENERS_NO_WAIT)
        status =
            fst_wait_by_polling(&lock->file, try_to_announce, intent, lock->settings, wait, report);
    return status;
}

fasteners_status fst_lock_file_announce(fst_lock_file *lock, fst_wait *wait, fst_report *report)
{
    fasteners_status status = check_descriptor(lock, report);

    if (status != FASTENERS_OK)
        return status;
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
    fasteners_status status = check_descriptor(lock, report);

    if (status == FASTENERS_OK && fst_wait_is_cancelled(wait))
        status = FASTENERS_CANCELLED;
    if (status == FASTENERS_OK)
        status = unlock_range(lock, INTENT, report);
    return status == FASTENERS_OK ? confirm(lock, FST_EXCLUSIVE, wait->thread, report) : status;
}

fasteners_status fst_lock_file_raise(fst_lock_file *lock, fst_wait *wait, fst_report *report)
{
    const fst_claim exclusive = claim_of(FST_EXCLUSIVE, LOCK);
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

    if (!is_foreign(lock)) {
        fst_lock_try(&lock->file, claim_of(FST_SHARED, LOCK), &unused);
        unlock_range(lock, INTENT, &unused);
    }
    fst_open_files_share(&lock->file);
}

fasteners_status fst_lock_file_lower(fst_lock_file *lock, fst_report *report)
{
    uint64_t thread = atomic_load_explicit(&lock->file.holder, memory_order_relaxed);

    if (is_stolen(lock))
        return FASTENERS_LOST;
    change_record(lock, fst_owner_end, report);
    fasteners_status status = fst_lock_try(&lock->file, claim_of(FST_SHARED, LOCK), report);
    if (status != FASTENERS_OK) {
        change_record(lock, fst_owner_resume, report);
        return status;
    }
    fst_owner_clear(&lock->owner);
    set_holder(lock, FST_SHARED, thread);
    fst_open_files_share(&lock->file);
    return FASTENERS_OK;
}

bool fst_lock_file_gate_is_taken(fst_lock_file *lock)
{
    fst_report unused = {0};

    return look_at_gate(lock, &unused) == FASTENERS_BUSY;
}

/* ------------------------------------------------------------------------- questions -- */

fasteners_status fst_lock_file_check(const fst_lock_file *lock, fst_report *report)
{
    fasteners_status status = check_descriptor(lock, report);

    return status == FASTENERS_OK ? fst_path_check(&lock->file, lock->settings, report) : status;
}

void fst_lock_file_reset(fst_lock_file *lock)
{
    lock->owner.knows_itself = false;
}

bool fst_lock_file_was_abandoned(const fst_lock_file *lock)
{
    return atomic_load_explicit(&lock->owner.abandoned, memory_order_relaxed);
}

uint64_t fst_lock_file_generation(const fst_lock_file *lock)
{
    return atomic_load_explicit(&lock->owner.generation, memory_order_relaxed);
}

bool fst_lock_file_is_held(const fst_lock_file *lock, uint64_t thread)
{
    uint64_t holder = atomic_load_explicit(&lock->file.holder, memory_order_relaxed);

    return thread != 0 ? holder == thread : holder != 0;
}

fst_held fst_lock_file_path_held_by(const fst_settings *settings, uint64_t thread)
{
    fst_file_id id;
    int ignored;

    if (fst_os_path_id(settings->path, settings->options.follow_symlinks, &id, &ignored) !=
        FASTENERS_OK)
        return FST_NOT_HELD;
    return fst_open_files_held_by(id, thread, NULL);
}

typedef struct inquiry {
    const fst_open_file *file;
    fst_holders *holders;
    bool reads_record; /* which changes the time of the file's last access */
} inquiry;

static void add_with_record(void *user, const fasteners_holder *found)
{
    const inquiry *of = user;
    fasteners_holder holder = *found;

    if (of->reads_record && !holder.shared)
        fst_owner_describe(of->file->os, &holder);
    fst_holders_add(of->holders, &holder);
}

/* The kernel does not show a process its own locks where locks belong to processes. */
static fasteners_status ask_holders(const fst_open_file *file, inquiry *of, int *os_error)
{
    fasteners_holder self = {0};

    if (fst_os_locks_per_process() && fst_open_files_held(file->id)) {
        fst_os_describe_self(&self);
        add_with_record(of, &self);
        return FASTENERS_OK;
    }
    return fst_os_lock_holders(file->os, file->id, LOCK, add_with_record, of, os_error);
}

fasteners_status fst_lock_file_holders(const fst_settings *settings, fst_holders *holders,
                                       fst_report *report)
{
    fst_open_file file = {0};
    inquiry of = {
        .file = &file, .holders = holders, .reads_record = settings->options.record_owner};
    int os_error = 0;
    fasteners_status status = fst_open_files_open(&file, settings->path, FST_READ,
                                                  settings->options.follow_symlinks, &os_error);

    if (status == FASTENERS_OK) {
        status = ask_holders(&file, &of, &os_error);
        fst_open_files_close(&file, report);
    }
    return status == FASTENERS_NOT_FOUND
               ? status
               : fst_report_note(report, "ask for the holder", status, os_error);
}
