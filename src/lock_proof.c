/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_proof.h"

#include "lock_bytes.h"
#include "path_check.h"

/* OK: the rival was granted the lock. BUSY is what is hoped for. */
static fasteners_status ask_as_rival(const fst_open_file *file, const fst_settings *settings,
                                     fst_report *report, int *os_error)
{
    fst_open_file rival = {0};
    fasteners_status status = fst_open_files_open(&rival, settings->path, FST_READ_WRITE,
                                                  settings->options.follow_symlinks, os_error);

    if (status != FASTENERS_OK)
        return status == FASTENERS_NOT_FOUND ? FASTENERS_LOST : status;
    status = fst_file_id_equal(rival.id, file->id)
                 ? fst_os_lock_try(rival.os, FST_EXCLUSIVE, FST_LOCK_BYTE, os_error)
                 : FASTENERS_LOST;
    fst_open_files_close(&rival, report);
    return status;
}

/* Unless the lock was gone: with its descriptor, which the program has closed meanwhile. */
static fasteners_status refuse(const fst_open_file *file, fst_report *report)
{
    fasteners_status status = fst_descriptor_check(file, report);

    return status != FASTENERS_OK
               ? status
               : fst_report_note(report, "exclude anybody: this file system grants every lock",
                                 FASTENERS_NOT_SUPPORTED, 0);
}

/* A descriptor of the program's has no path by which a rival could come. */
static bool needs_proof(const fst_open_file *file, const fst_settings *settings)
{
    return !file->is_proven && !settings->options.allow_unreliable_filesystem &&
           !file->is_adopted && !fst_os_locks_per_process() && !fst_os_locks_are_trusted(file->os);
}

fasteners_status fst_lock_prove(fst_open_file *file, const fst_settings *settings,
                                fst_report *report)
{
    int os_error = 0;

    if (!needs_proof(file, settings)) {
        file->is_proven = true;
        return FASTENERS_OK;
    }
    fasteners_status status = ask_as_rival(file, settings, report, &os_error);
    if (status == FASTENERS_OK)
        return refuse(file, report);
    /* A user who may only read the file cannot play the rival. */
    file->is_proven = status == FASTENERS_BUSY || status == FASTENERS_NO_PERMISSION;
    return file->is_proven ? FASTENERS_OK
                           : fst_report_note(report, "try out the lock", status, os_error);
}
