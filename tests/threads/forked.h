/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORKED_H
#define FORKED_H

/*
 * A function that runs in a child of this process. It asserts nothing: it ends the child with the
 * number of the line that went wrong, modulo 250, plus 1.
 */

#include <unistd.h>

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            _exit(__LINE__ % 250 + 1);                                                             \
    } while (0)

/*
 * The child's exit status: 0 if the function returned. -1: there was no child, or it was killed; so
 * is one that hangs. For any thread.
 */
int run_in_child(void (*body)(void));

/* The same in a raw clone: a fork that no library is told of. */
int run_in_clone(void (*body)(void));

#endif
