/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_file_parts.h"

/* The file and its descriptor: opened, created, found to be another one, closed. */

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

    for (int i = 0; i < FST_LOCK_FILE_ATTEMPTS && status == FASTENERS_NOT_FOUND; i++) {
        status = open_existing(lock, mode, &os_error);
        if (status != FASTENERS_NOT_FOUND)
            return fst_report_note(report, "open the lock file", status, os_error);
        status = create(lock, &raced, &os_error);
    }
    if (status == FASTENERS_NOT_FOUND && raced)
        return FASTENERS_LOST;
    return fst_report_note(report, "create the lock file", status, os_error);
}

bool fst_lock_file_is_foreign(const fst_lock_file *lock)
{
    fst_file_id id;
    int ignored;

    if (!lock->file.is_open || fst_lock_file_is_stolen(lock))
        return true;
    fasteners_status status = fst_os_file_id(lock->file.os, &id, &ignored);
    return status == FASTENERS_LOST ||
           (status == FASTENERS_OK && !fst_file_id_equal(id, lock->file.id));
}

/* ------------------------------------------------------------ descriptors of the program -- */

static fasteners_status may_adopt(const fst_lock_file *lock, fst_lock_mode mode, fst_report *report)
{
    const fst_adopted *adopted = &lock->settings->adopted;

    if (lock->is_inherited)
        return fst_report_note(report, "lock what is the parent's open file too",
                               FASTENERS_NOT_SUPPORTED, 0);
    if (mode == FST_EXCLUSIVE && !adopted->writable)
        return fst_report_note(report, "write to the lock file", FASTENERS_NO_PERMISSION, 0);
    if (mode == FST_SHARED && !adopted->readable)
        return fst_report_note(report, "read the lock file", FASTENERS_NO_PERMISSION, 0);
    return FASTENERS_OK;
}

static bool is_still_open(const fst_adopted *adopted)
{
    fst_file_id id;
    int ignored;

    return fst_os_file_id(adopted->os, &id, &ignored) == FASTENERS_OK &&
           fst_file_id_equal(id, adopted->id);
}

/* Final: there is no path by which it could be opened again. */
static fasteners_status adopt(fst_lock_file *lock, fst_report *report)
{
    const fst_adopted *adopted = &lock->settings->adopted;
    int os_error = 0;

    if (!is_still_open(adopted))
        return fst_report_note(report, "use the descriptor: it was closed, or is another file",
                               FASTENERS_INVALID, 0);
    lock->read_only = !adopted->writable;
    return fst_report_note(report, "tell the descriptor from another one of the same file",
                           fst_open_files_adopt(&lock->file, adopted, &os_error), os_error);
}

static fasteners_status ensure_adopted(fst_lock_file *lock, fst_lock_mode mode, fst_report *report)
{
    fasteners_status status = may_adopt(lock, mode, report);

    if (status != FASTENERS_OK)
        return status;
    /* Looked at before it is locked, too: a lock on a stranger's file could not be taken back. */
    if (lock->file.is_open && fst_lock_file_is_foreign(lock))
        fst_lock_file_close(lock, report);
    return lock->file.is_open ? FASTENERS_OK : adopt(lock, report);
}

/*
 * Not closed, so what is locked through it must be given back, unless others rely on it. Without a
 * reservation nothing is; and where another handle has the number by now, all is that one's.
 */
static void unlock_adopted(fst_lock_file *lock, fst_report *report)
{
    fst_report unused = {0};

    if (lock->file.reserved && !fst_lock_file_is_stolen(lock) && !fst_open_files_leave(&lock->file))
        fst_lock_file_unlock(lock, fst_lock_file_bytes(lock), &unused);
    fst_open_files_unreserve(&lock->file, report);
}

/* ----------------------------------------------------------------------- the interface -- */

fasteners_status fst_lock_file_ensure_open(fst_lock_file *lock, fst_lock_mode mode,
                                           fst_report *report)
{
    if (lock->settings->is_adopted)
        return ensure_adopted(lock, mode, report);
    if (lock->file.is_open && (fst_lock_file_is_stolen(lock) || lock->reopen))
        fst_lock_file_close(lock, report);
    return lock->file.is_open ? FASTENERS_OK : open_or_create(lock, mode, report);
}

void fst_lock_file_close(fst_lock_file *lock, fst_report *report)
{
    if (!lock->file.is_open)
        return;
    atomic_store_explicit(&lock->file.holder, 0, memory_order_relaxed);
    fst_owner_clear(&lock->owner);
    if (lock->file.is_adopted)
        unlock_adopted(lock, report);
    fst_open_files_close(&lock->file, report);
}

fasteners_status fst_lock_file_check(const fst_lock_file *lock, fst_report *report)
{
    fasteners_status status = fst_lock_file_check_descriptor(lock, report);

    return status == FASTENERS_OK ? fst_path_check(&lock->file, lock->settings, report) : status;
}
