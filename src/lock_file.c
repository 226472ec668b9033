/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_file.h"

#include "path_check.h"

static const fst_range LOCK = {.first = 0, .length = 1};
static const fst_range GATE = {.first = 1, .length = 1};
static const fst_range LOCK_AND_GATE = {.first = 0, .length = 2};
/* Unlocking all is the cheapest for the kernel, which then need not think of splitting a lock. */
static const fst_range EVERYTHING = {.first = 0, .length = 0};

/* Somebody who keeps deleting what we open or create is not to keep us for ever. */
enum { ATTEMPTS = 16 };

/* ------------------------------------------------------------------ opening, closing -- */

static fasteners_status open_existing(fst_lock_file *lock, int *os_error)
{
    const fst_settings *settings = lock->settings;

    return fst_open_files_open(&lock->file, settings->path, FST_READ_WRITE,
                               settings->options.follow_symlinks, os_error);
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
static fasteners_status open_or_create(fst_lock_file *lock, fst_report *report)
{
    int os_error = 0;
    bool raced = false;
    fasteners_status status = FASTENERS_NOT_FOUND;

    for (int i = 0; i < ATTEMPTS && status == FASTENERS_NOT_FOUND; i++) {
        status = open_existing(lock, &os_error);
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

static fasteners_status ensure_open(fst_lock_file *lock, fst_report *report)
{
    if (lock->file.is_open && is_stolen(lock))
        fst_lock_file_close(lock, report);
    return lock->file.is_open ? FASTENERS_OK : open_or_create(lock, report);
}

void fst_lock_file_close(fst_lock_file *lock, fst_report *report)
{
    if (!lock->file.is_open)
        return;
    atomic_store_explicit(&lock->file.holder, 0, memory_order_relaxed);
    fst_open_files_close(&lock->file, report);
}

/* --------------------------------------------------------------------- byte protocols -- */

static fasteners_status unlock_range(const fst_lock_file *lock, fst_range range, fst_report *report)
{
    int os_error = 0;
    fasteners_status status = fst_os_unlock(lock->file.os, range, &os_error);

    return fst_report_note(report, "unlock", status, os_error);
}

static fasteners_status try_bytes(fst_lock_file *lock, fst_report *report)
{
    if (!lock->settings->options.fair)
        return fst_lock_try(&lock->file, LOCK, report);
    fasteners_status status = fst_lock_try(&lock->file, LOCK_AND_GATE, report);
    return status == FASTENERS_OK ? unlock_range(lock, GATE, report) : status;
}

static fasteners_status wait_for_bytes(fst_lock_file *lock, fst_wait *wait, fst_report *report)
{
    const fst_settings *settings = lock->settings;

    if (!settings->options.fair)
        return fst_lock_wait(&lock->file, LOCK, settings, wait, report);
    fasteners_status status = fst_lock_wait_in_turn(&lock->file, GATE, settings, wait, report);
    if (status != FASTENERS_OK)
        return status;
    status = fst_lock_wait(&lock->file, LOCK, settings, wait, report);
    fasteners_status unlocked = unlock_range(lock, GATE, report);
    return unlocked == FASTENERS_OK ? status : unlocked;
}

/* ------------------------------------------------------------------------ reservation -- */

static fasteners_status try_to_reserve(fst_open_file *file, fst_range range, fst_report *report)
{
    (void)range;
    (void)report;
    return fst_open_files_try_reserve(file);
}

static fasteners_status wait_for_reservation(fst_lock_file *lock, fst_wait *wait,
                                             fst_report *report)
{
    fasteners_status status;

    if (lock->settings->polls)
        return fst_wait_by_polling(&lock->file, try_to_reserve, EVERYTHING, lock->settings, wait,
                                   report);
    do {
        status = fst_open_files_reserve(&lock->file, wait, fst_lock_wait_next_look());
    } while (status == FASTENERS_BUSY &&
             !fst_path_has_changed(&lock->file, lock->settings, report));
    return status == FASTENERS_BUSY ? FASTENERS_LOST : status;
}

/* ----------------------------------------------------------------------- one attempt -- */

/* OK: the descriptor is still that of our file. LOST: the program has closed it. */
static fasteners_status check_descriptor(const fst_lock_file *lock, fst_report *report)
{
    fst_file_id id;
    int os_error = 0;

    if (is_stolen(lock))
        return FASTENERS_LOST;
    fasteners_status status = fst_os_file_id(lock->file.os, &id, &os_error);
    if (status == FASTENERS_NOT_FOUND ||
        (status == FASTENERS_OK && !fst_file_id_equal(id, lock->file.id)))
        status = FASTENERS_LOST;
    return fst_report_note(report, "look at the locked file", status, os_error);
}

/* The lock is granted: is it the right file? Until then it counts for nothing. */
static fasteners_status confirm(fst_lock_file *lock, uint64_t thread, fst_report *report)
{
    fasteners_status status = fst_path_check(&lock->file, lock->settings, report);

    if (status == FASTENERS_OK)
        atomic_store_explicit(&lock->file.holder, thread, memory_order_relaxed);
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

static fasteners_status attempt_now(fst_lock_file *lock, uint64_t thread, fst_report *report)
{
    fasteners_status status = fst_open_files_try_reserve(&lock->file);

    if (status == FASTENERS_OK)
        status = try_bytes(lock, report);
    if (status == FASTENERS_OK)
        return confirm(lock, thread, report);
    /* Busy, but perhaps with a file that the path does not name any more. */
    if (status == FASTENERS_BUSY && fst_path_has_changed(&lock->file, lock->settings, report))
        status = FASTENERS_LOST;
    return status;
}

/*
 * A lock that was granted while the program closed the descriptor has gone with it. That is looked
 * for where there was time for it: after a wait.
 */
static fasteners_status confirm_after_wait(fst_lock_file *lock, uint64_t thread, fst_report *report)
{
    fasteners_status status = check_descriptor(lock, report);

    return status == FASTENERS_OK ? confirm(lock, thread, report) : status;
}

static fasteners_status attempt_waiting(fst_lock_file *lock, fst_wait *wait, fst_report *report)
{
    if (wait->timeout_ms == FASTENERS_FOREVER &&
        fst_open_files_held_by(lock->file.id, wait->thread))
        return FASTENERS_WOULD_DEADLOCK;
    fasteners_status status = wait_for_reservation(lock, wait, report);
    if (status == FASTENERS_OK)
        status = wait_for_bytes(lock, wait, report);
    return status == FASTENERS_OK ? confirm_after_wait(lock, wait->thread, report) : status;
}

/* ---------------------------------------------------------------------- the interface -- */

fasteners_status fst_lock_file_try(fst_lock_file *lock, uint64_t thread, fst_report *report)
{
    fasteners_status status = FASTENERS_LOST;

    for (int i = 0; i < ATTEMPTS && status == FASTENERS_LOST; i++) {
        status = ensure_open(lock, report);
        if (status == FASTENERS_LOST)
            continue;
        if (status != FASTENERS_OK)
            return status;
        status = attempt_now(lock, thread, report);
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

fasteners_status fst_lock_file_wait(fst_lock_file *lock, fst_wait *wait, fst_report *report)
{
    fasteners_status status;
    int attempts = 0;

    do {
        pause_after(attempts++, wait);
        status = ensure_open(lock, report);
        if (status != FASTENERS_OK && status != FASTENERS_LOST)
            return status;
        if (status == FASTENERS_OK)
            status = attempt_waiting(lock, wait, report);
        if (status != FASTENERS_OK)
            back_out(lock, status, report);
    } while (status == FASTENERS_LOST && (status = fst_wait_status(wait)) == FASTENERS_OK);
    return status;
}

/* Not through a symbolic link: that is not ours to remove, and the file behind it would stay. */
static bool is_named_directly(const fst_lock_file *lock)
{
    fst_file_id id;
    int ignored;

    return fst_os_path_id(lock->settings->path, false, &id, &ignored) == FASTENERS_OK &&
           fst_file_id_equal(id, lock->file.id);
}

/*
 * Removes the name while we own the file exclusively, so nobody who looks at the path after locking
 * can be fooled. The hold does not depend on it: a name that cannot be removed is told and stays.
 */
static bool remove_name(const fst_lock_file *lock, fst_report *report)
{
    if (!lock->settings->options.unlink_on_release || !is_named_directly(lock))
        return false;
    report->unlink_failed =
        fst_os_unlink(lock->settings->path, &report->unlink_error) != FASTENERS_OK;
    return !report->unlink_failed;
}

fasteners_status fst_lock_file_release(fst_lock_file *lock, fst_report *report)
{
    bool removed = remove_name(lock, report);
    fasteners_status status =
        is_stolen(lock) ? FASTENERS_LOST : unlock_range(lock, EVERYTHING, report);

    if (status != FASTENERS_OK && status != FASTENERS_LOST)
        return status;
    atomic_store_explicit(&lock->file.holder, 0, memory_order_relaxed);
    fst_open_files_unreserve(&lock->file, report);
    report->descriptor_lost = status == FASTENERS_LOST;
    if (removed || report->descriptor_lost)
        fst_lock_file_close(lock, report);
    return status;
}

fasteners_status fst_lock_file_check(const fst_lock_file *lock, fst_report *report)
{
    fasteners_status status = check_descriptor(lock, report);

    return status == FASTENERS_OK ? fst_path_check(&lock->file, lock->settings, report) : status;
}

bool fst_lock_file_is_held(const fst_lock_file *lock, uint64_t thread)
{
    uint64_t holder = atomic_load_explicit(&lock->file.holder, memory_order_relaxed);

    return thread != 0 ? holder == thread : holder != 0;
}

bool fst_lock_file_path_held_by(const fst_settings *settings, uint64_t thread)
{
    fst_file_id id;
    int ignored;

    return fst_os_path_id(settings->path, settings->options.follow_symlinks, &id, &ignored) ==
               FASTENERS_OK &&
           fst_open_files_held_by(id, thread);
}

/* The kernel does not show a process its own locks where locks belong to processes. */
static fasteners_status ask_holder(const fst_open_file *file, fasteners_holder *holder,
                                   int *os_error)
{
    if (fst_os_locks_per_process() && fst_open_files_held(file->id)) {
        fst_os_describe_self(holder);
        return FASTENERS_OK;
    }
    return fst_os_lock_holder(file->os, file->id, LOCK, holder, os_error);
}

fasteners_status fst_lock_file_holder(const fst_settings *settings, fasteners_holder *holder,
                                      fst_report *report)
{
    fst_open_file file = {0};
    int os_error = 0;
    fasteners_status status = fst_open_files_open(&file, settings->path, FST_READ,
                                                  settings->options.follow_symlinks, &os_error);

    *holder = (fasteners_holder){0};
    if (status == FASTENERS_OK) {
        status = ask_holder(&file, holder, &os_error);
        fst_open_files_close(&file, report);
    }
    return status == FASTENERS_NOT_FOUND
               ? status
               : fst_report_note(report, "ask for the holder", status, os_error);
}
