/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_LOCK_PROOF_H
#define FST_LOCK_PROOF_H

/*
 * Whether a lock that was granted keeps anybody out (P14). Some file systems in user space grant
 * every request; a lock there is worse than none, since it is believed.
 */

#include "open_files.h"
#include "options.h"
#include "report.h"

/*
 * The caller holds a lock through the file, in whatever mode. Unless its file system is known to be
 * honest: asks for an exclusive lock through another open file of this process, which must be
 * refused. Once per open file. Where locks belong to the process that tells nothing, and is not
 * done.
 * OK; also if the user may not write the file, and so cannot ask. NOT_SUPPORTED: it was granted.
 * LOST: the path names another file by now, or the program has closed the descriptor. Any other:
 * the file could not be opened again.
 */
fasteners_status fst_lock_prove(fst_open_file *file, const fst_settings *settings,
                                fst_report *report);

#endif
