/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Read before each source of a check for FreeBSD: how its headers differ from musl's in what the
 * library uses.
 */

#include <fcntl.h>

struct flock_of_freebsd {
    off_t l_start;
    off_t l_len;
    pid_t l_pid;
    short l_type;
    short l_whence;
    int l_sysid;
};
#define flock flock_of_freebsd

/* What is Linux's alone. */
#undef F_OFD_GETLK
#undef F_OFD_SETLK
#undef F_OFD_SETLKW
#pragma GCC poison syscall gettid
