/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_LOCK_POSIX_H
#define FST_LOCK_POSIX_H

#include <fcntl.h>

#include "../platform.h"

/* The argument of fcntl(2); type is F_RDLCK, F_WRLCK or F_UNLCK. */
struct flock fst_posix_flock(short type, fst_range range);

/* F_RDLCK or F_WRLCK. */
short fst_posix_lock_type(fst_lock_mode mode);

/* The status of a lock call that failed for another reason than contention, from errno. */
fasteners_status fst_posix_lock_failure(int *os_error);

#endif
