/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "../platform.h"

void *fst_os_alloc(size_t size)
{
    void *memory = calloc(1, size);

    if (memory != NULL)
        fst_os_note_private(memory, size);
    return memory;
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

int64_t fst_os_wall_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / FST_NS_PER_MS;
}

void fst_os_yield(void)
{
    sched_yield();
}

void fst_os_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __asm__ __volatile__("pause" ::: "memory");
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ __volatile__("yield" ::: "memory");
#else
    __asm__ __volatile__("" ::: "memory");
#endif
}

uint64_t fst_os_thread_id(void)
{
    static _Atomic uint64_t last;
    static _Thread_local uint64_t id;

    if (id == 0)
        id = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    return id;
}
