/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "system_windows.h"

enum { FILETIME_PER_MS = 10000 };

/* From the year 1601, where the system's clock begins, to 1970. */
static const uint64_t MS_TO_1970 = UINT64_C(11644473600000);

void *fst_os_alloc(size_t size)
{
    return calloc(1, size);
}

void fst_os_free(void *memory)
{
    free(memory);
}

/* In two parts: ticks times a thousand million would not fit. */
int64_t fst_os_now(void)
{
    LARGE_INTEGER ticks, per_second;

    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&per_second);
    int64_t seconds = ticks.QuadPart / per_second.QuadPart;
    int64_t rest = ticks.QuadPart % per_second.QuadPart;
    return seconds * FST_NS_PER_S + rest * FST_NS_PER_S / per_second.QuadPart + 1;
}

int64_t fst_os_wall_clock_ms(void)
{
    FILETIME now;

    GetSystemTimePreciseAsFileTime(&now);
    uint64_t units = (uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime;
    return (int64_t)(units / FILETIME_PER_MS - MS_TO_1970);
}

/* The first looks at this processor's threads alone. */
void fst_os_yield(void)
{
    if (!SwitchToThread())
        Sleep(0);
}

void fst_os_pause(void)
{
    YieldProcessor();
}

/* ------------------------------------------------------------- no checker of data races -- */

bool fst_os_checker_watches(void)
{
    return false;
}

void fst_os_note_release(const void *address)
{
    (void)address;
}

void fst_os_note_acquire(const void *address)
{
    (void)address;
}

void fst_os_note_private(const void *memory, size_t size)
{
    (void)memory;
    (void)size;
}
