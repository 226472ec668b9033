/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_OPEN_POSIX_H
#define FST_OPEN_POSIX_H

#include <stdbool.h>
#include <sys/types.h>

/* The flags every lock file is opened with, beside those for the access. */
int fst_posix_open_flags(bool follow_symlinks);

/* open(2), repeated if a signal interrupts it. */
int fst_posix_open(const char *path, int flags, mode_t mode);

#endif
