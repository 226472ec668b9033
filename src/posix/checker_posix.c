/* SPDX-License-Identifier: Apache-2.0 */
#include "../platform.h"
#include "valgrind_posix.h"

/*
 * ThreadSanitizer brings these functions into a program that is built with it; elsewhere their
 * addresses are NULL. So an ordinary build of the library is understood by it.
 */
void __tsan_acquire(const void *address) __attribute__((weak));
void __tsan_release(const void *address) __attribute__((weak));

static bool valgrind_watches;

/* Before any other constructor, which may use a lock: the answer must stay the same. */
__attribute__((constructor(101))) static void ask_valgrind(void)
{
    valgrind_watches = fst_valgrind_asks_for_notes();
}

static bool tsan_watches(void)
{
    return __tsan_acquire != NULL && __tsan_release != NULL;
}

bool fst_os_checker_watches(void)
{
    return tsan_watches() || valgrind_watches;
}

void fst_os_note_acquire(const void *address)
{
    if (tsan_watches())
        __tsan_acquire(address);
    else if (valgrind_watches)
        fst_valgrind_acquire(address);
}

void fst_os_note_release(const void *address)
{
    if (tsan_watches())
        __tsan_release(address);
    else if (valgrind_watches)
        fst_valgrind_release(address);
}

/* ThreadSanitizer sees no access that is made here. */
void fst_os_note_private(const void *memory, size_t size)
{
    if (valgrind_watches)
        fst_valgrind_private(memory, size);
}
