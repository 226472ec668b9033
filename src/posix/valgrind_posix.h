/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_VALGRIND_POSIX_H
#define FST_VALGRIND_POSIX_H

/*
 * Valgrind's tools are asked and told by a few instructions that do nothing elsewhere, if its
 * headers were there when the library was built. Helgrind and DRD understand the same notes of what
 * happens before what; memory to be left alone is told to each in its own way.
 */

#include <stdbool.h>
#include <stddef.h>

#if defined(__has_include)
#if __has_include(<valgrind/helgrind.h>) && __has_include(<valgrind/drd.h>)
#define FST_HAS_VALGRIND_HEADERS
#endif
#endif

#ifdef FST_HAS_VALGRIND_HEADERS

#include <valgrind/helgrind.h>

#include <valgrind/drd.h>

/* Whether one of the two watches: memcheck and the like do not mind the hot path. */
static inline bool fst_valgrind_asks_for_notes(void)
{
    unsigned char byte = 0, bits;

    return VALGRIND_DO_CLIENT_REQUEST_EXPR(0, _VG_USERREQ__HG_GET_ABITS, &byte, &bits, 1, 0, 0) !=
               0 ||
           DRD_GET_DRD_THREADID != 0;
}

static inline void fst_valgrind_acquire(const void *address)
{
    ANNOTATE_HAPPENS_AFTER(address);
}

static inline void fst_valgrind_release(const void *address)
{
    ANNOTATE_HAPPENS_BEFORE(address);
}

static inline void fst_valgrind_private(const void *memory, size_t size)
{
    VALGRIND_HG_DISABLE_CHECKING(memory, size);
    ANNOTATE_BENIGN_RACE_SIZED(memory, size, "");
}

#else

static inline bool fst_valgrind_asks_for_notes(void)
{
    return false;
}

static inline void fst_valgrind_acquire(const void *address)
{
    (void)address;
}

static inline void fst_valgrind_release(const void *address)
{
    (void)address;
}

static inline void fst_valgrind_private(const void *memory, size_t size)
{
    (void)memory;
    (void)size;
}

#endif

#endif
