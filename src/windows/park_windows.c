/* SPDX-License-Identifier: Apache-2.0 */
#include "system_windows.h"

/* The longest wait in one piece: a day. The caller looks again. */
enum { LONGEST_MS = 24 * 60 * 60 * 1000 };

static bool is_unchanged(const _Atomic uint32_t *word, uint32_t expected)
{
    return atomic_load(word) == expected;
}

/* WaitOnAddress compares and does not write, but takes the address of what may change. */
static void wait_on(const _Atomic uint32_t *word, uint32_t expected, DWORD ms)
{
    WaitOnAddress((volatile void *)(uintptr_t)word, &expected, sizeof(expected), ms);
}

/*
 * The system sleeps in milliseconds, and up to 16 of them at least. What is left of a shorter time
 * is spent in letting other threads run.
 */
bool fst_os_park(const _Atomic uint32_t *word, uint32_t expected, int64_t deadline)
{
    if (deadline == FST_NEVER) {
        wait_on(word, expected, INFINITE);
        return true;
    }
    int64_t left = deadline - fst_os_now();
    if (left >= FST_NS_PER_MS) {
        int64_t ms = left / FST_NS_PER_MS;
        wait_on(word, expected, (DWORD)(ms < LONGEST_MS ? ms : LONGEST_MS));
        return fst_os_now() < deadline;
    }
    while (is_unchanged(word, expected)) {
        if (fst_os_now() >= deadline)
            return false;
        fst_os_yield();
    }
    return true;
}

void fst_os_unpark(const _Atomic uint32_t *word)
{
    WakeByAddressAll((void *)(uintptr_t)word);
}
