/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_file_parts.h"

/* Which file a path would lock, for those who put several in order before they lock any. */

/* Opened and closed by the usual way, which knows about parents, modes, links, races and forks. */
static fasteners_status make_file(const fst_settings *settings, fst_file_id *id, fst_report *report)
{
    fst_lock_file made = {.settings = settings};
    fasteners_status status = fst_lock_file_ensure_open(&made, FST_SHARED, report);

    if (status != FASTENERS_OK)
        return status;
    *id = made.file.id;
    fst_lock_file_close(&made, report);
    return FASTENERS_OK;
}

/* It is what it was when it was adopted, or cannot be acquired any more: which acquire tells. */
static fasteners_status identify_adopted(const fst_settings *settings, fst_file_id *id)
{
    *id = settings->adopted.id;
    return FASTENERS_OK;
}

fasteners_status fst_lock_file_identify(const fst_settings *settings, fst_file_id *id,
                                        fst_report *report)
{
    int os_error = 0;

    if (settings->is_adopted)
        return identify_adopted(settings, id);
    fasteners_status status =
        fst_os_path_id(settings->path, settings->options.follow_symlinks, id, &os_error);

    if (status == FASTENERS_NOT_FOUND)
        return make_file(settings, id, report);
    return fst_report_note(report, "look for the lock file", status, os_error);
}
