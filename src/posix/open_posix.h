/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_OPEN_POSIX_H
#define FST_OPEN_POSIX_H

#include <sys/types.h>

#include "../platform.h"

/*
 * Opening and closing. Nothing here is a point where pthread_cancel takes effect: a thread that
 * vanished inside the library would leave it locked.
 */

/* The flags every lock file is opened with, beside those for the access. */
int fst_posix_open_flags(bool follow_symlinks);

/* open(2), repeated if a signal interrupts it. */
int fst_posix_open(const char *path, int flags, mode_t mode);

/* close(2), once. */
int fst_posix_close(int fd);

/* Makes an open descriptor an fst_os_file, if it is a regular file; closes it otherwise. */
fasteners_status fst_posix_adopt(int fd, fst_os_file *file, fst_file_id *id, int *os_error);

#endif
