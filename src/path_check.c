/* SPDX-License-Identifier: Apache-2.0 */
#include "path_check.h"

fasteners_status fst_path_check(const fst_open_file *file, const fst_settings *settings,
                                fst_report *report)
{
    fst_file_id id;
    int os_error = 0;

    if (settings->is_adopted)
        return fst_descriptor_check(file, report);
    fasteners_status status =
        fst_os_path_id(settings->path, settings->options.follow_symlinks, &id, &os_error);

    if (status == FASTENERS_OK && fst_file_id_equal(id, file->id))
        return FASTENERS_OK;
    if (status != FASTENERS_OK && status != FASTENERS_NOT_FOUND)
        return fst_report_note(report, "look at the lock file", status, os_error);
    report->replaced = true;
    return FASTENERS_LOST;
}

/* A path that cannot be looked at is told when the lock is granted, not while it is waited for. */
bool fst_path_has_changed(const fst_open_file *file, const fst_settings *settings,
                          fst_report *report)
{
    fst_report seen = {0};
    bool lost = fst_path_check(file, settings, &seen) == FASTENERS_LOST;

    report->replaced |= seen.replaced;
    return lost;
}

fasteners_status fst_descriptor_check(const fst_open_file *file, fst_report *report)
{
    fst_file_id id;
    int os_error = 0;

    if (!file->is_open || atomic_load_explicit(&file->stolen, memory_order_relaxed))
        return FASTENERS_LOST;
    fasteners_status status = fst_os_file_id(file->os, &id, &os_error);
    if (status == FASTENERS_NOT_FOUND ||
        (status == FASTENERS_OK && !fst_file_id_equal(id, file->id)))
        status = FASTENERS_LOST;
    return fst_report_note(report, "look at the locked file", status, os_error);
}
