/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_OPEN_FILES_PARTS_H
#define FST_OPEN_FILES_PARTS_H

/* What open_files.c shares with adopted_files.c and reservations.c, and with nobody else. */

#include "mutex.h"
#include "open_files.h"

/* See open_files.h for what it guards. Held across a fork. */
extern fst_mutex fst_open_files_mutex;

/* Every open file of this process. */
extern fst_open_file *fst_open_files_first;

/* The pool of all files where locks belong to the process; adopted ones get others. */
#define FST_PROCESS_POOL 1

/* Around every change of the table: see open_files.h. */
void fst_open_files_begin_transition(void);
void fst_open_files_end_transition(void);

/* Its descriptor, id and pool are set. */
void fst_open_files_enter_locked(fst_open_file *file);

/* Those who wait for a reservation of the file look again. */
void fst_open_files_wake_locked(fst_file_id id);

/* Closes the orphans of a file, unless that would drop a lock that somebody here relies on. */
void fst_open_files_reap_locked(fst_file_id id, fst_report *report);

#endif
