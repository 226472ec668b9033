/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "../platform.h"

void *fst_os_alloc(size_t size)
{
    return calloc(1, size);
}

void fst_os_free(void *memory)
{
    free(memory);
}

int64_t fst_os_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * FST_NS_PER_S + now.tv_nsec + 1;
}

void fst_os_yield(void)
{
    sched_yield();
}

uint64_t fst_os_thread_id(void)
{
    static _Atomic uint64_t last;
    static _Thread_local uint64_t id;

    if (id == 0)
        id = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    return id;
}
