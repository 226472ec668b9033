/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../platform.h"

/*
 * membarrier(2), the expedited kind for one process (since Linux 4.14). It may be missing or
 * forbidden (seccomp), so it is tried. The registration is inherited by fork; exec ends it, and
 * this library with it. A filter set up after the first use could take it away later: a program
 * that does so has to allow membarrier.
 */
static long register_process(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
}

/* With one thread it takes a microsecond, later on many milliseconds: not at the first acquire. */
__attribute__((constructor)) static void register_early(void)
{
    register_process();
}

bool fst_os_heavy_barrier_ready(void)
{
    return register_process() == 0 &&
           syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void fst_os_heavy_barrier(void)
{
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}
