/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../platform.h"

/*
 * membarrier(2), the expedited kind for one process (since Linux 4.14). It may be missing or
 * forbidden (seccomp), so it is tried. The registration is inherited by fork; exec ends it, and
 * this library with it.
 */
static long register_process(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
}

static bool make_barrier(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/* With one thread it takes a microsecond, later on many milliseconds: not at the first acquire. */
__attribute__((constructor)) static void register_early(void)
{
    register_process();
}

bool fst_os_heavy_barrier_ready(void)
{
    return register_process() == 0 && make_barrier();
}

/* A thousand times as long as any processor keeps a store to itself. */
static const int64_t LONG_ENOUGH = FST_NS_PER_MS;

/*
 * A filter that the program has set up since then (a sandbox) has taken the call away. Other
 * threads rely on the barrier, so it is made good by waiting.
 */
static void outlast_all_stores(void)
{
    int64_t end = fst_os_now() + LONG_ENOUGH;

    while (fst_os_now() < end)
        fst_os_yield();
}

void fst_os_heavy_barrier(void)
{
    if (!make_barrier() && (register_process() != 0 || !make_barrier()))
        outlast_all_stores();
}
