/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../platform.h"
#include "../posix/fork_posix.h"

/* The kernel's own struct: 64 bits on all systems, with the call that takes it. */
struct kernel_timespec {
    int64_t seconds;
    int64_t nanoseconds;
};

#ifdef SYS_futex_time64
#define FUTEX_CALL SYS_futex_time64
#else
#define FUTEX_CALL SYS_futex
_Static_assert(sizeof(long) == 8, "the old call takes a struct of two longs");
#endif

bool fst_os_park(const _Atomic uint32_t *word, uint32_t expected, int64_t deadline)
{
    struct kernel_timespec until = {deadline / FST_NS_PER_S, deadline % FST_NS_PER_S};

    /* The BITSET form takes an absolute time of the monotonic clock. */
    long result = syscall(FUTEX_CALL, word, FUTEX_WAIT_BITSET_PRIVATE, expected,
                          deadline == FST_NEVER ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
    return result == 0 || errno != ETIMEDOUT;
}

void fst_os_unpark(const _Atomic uint32_t *word)
{
    syscall(FUTEX_CALL, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

void fst_park_fork_child(void)
{
}
