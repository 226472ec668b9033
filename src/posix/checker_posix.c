/* SPDX-License-Identifier: Apache-2.0 */
#include "../platform.h"

/*
 * ThreadSanitizer brings these functions into a program that is built with it; elsewhere their
 * addresses are NULL. So an ordinary build of the library is understood by it.
 */
void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

bool fst_os_checker_watches(void)
{
    return __tsan_acquire != NULL && __tsan_release != NULL;
}

void fst_os_note_acquire(const void *address)
{
    if (fst_os_checker_watches())
        __tsan_acquire((void *)(uintptr_t)address);
}

void fst_os_note_release(const void *address)
{
    if (fst_os_checker_watches())
        __tsan_release((void *)(uintptr_t)address);
}
