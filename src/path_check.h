/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_PATH_CHECK_H
#define FST_PATH_CHECK_H

/*
 * Whether the path still names the file that is open. A lock on any other file is worth nothing:
 * whoever comes later locks the one that the path names.
 */

#include "open_files.h"
#include "options.h"
#include "report.h"

/*
 * OK: the path names this file. LOST: another one or none. Other statuses are the system's. Of an
 * adopted file it is the descriptor that counts.
 */
fasteners_status fst_path_check(const fst_open_file *file, const fst_settings *settings,
                                fst_report *report);

/* The same for those who wait: what cannot be looked at has not changed. */
bool fst_path_has_changed(const fst_open_file *file, const fst_settings *settings,
                          fst_report *report);

/* OK: the descriptor is still that of the file. LOST: the program has closed it. */
fasteners_status fst_descriptor_check(const fst_open_file *file, fst_report *report);

#endif
