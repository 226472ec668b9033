/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_COMPILER_H
#define FST_COMPILER_H

#include <stdint.h>

/*
 * What is told to the compiler beside the language, in GCC's way, which Clang and MinGW understand.
 */

/* A function whose place in a cache line shows in the figures. */
#define FST_HOT __attribute__((hot, aligned(64)))

/* A function that must not be inlined into a hot one, lest it saves registers there. */
#define FST_COLD __attribute__((noinline))

/*
 * A thread's variable that is reached by one load instead of a call: the dynamic loader places it
 * with the program's own. There is room for a few bytes of the kind in a library that is loaded
 * later.
 */
#define FST_THREAD_VARIABLE __attribute__((tls_model("initial-exec"))) _Thread_local

/* The caller's memory has another type, of the same size. */
#define FST_MAY_ALIAS __attribute__((may_alias))

/*
 * A number that the compiler does not know to be constant: so it keeps a branch on "is it 0?" that
 * it would otherwise melt into an addition. A predicted branch does not wait for the load.
 */
static inline uint32_t fst_unknown(uint32_t number)
{
    __asm__("" : "+r"(number));
    return number;
}

/*
 * Before a variable: the function is called with the variable's address when it goes out of scope,
 * be it by unwinding of the stack; the latter in files that are compiled with -fexceptions.
 */
#define FST_CLEANUP(function) __attribute__((cleanup(function)))

#define FST_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define FST_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

#endif
