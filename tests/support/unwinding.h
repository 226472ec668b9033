/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_UNWINDING_H
#define TESTS_SUPPORT_UNWINDING_H

#include <stdbool.h>

/* Whether pthread_exit ends the blocks that the thread is in, as glibc does and musl does not. */
bool test_threads_unwind(void);

#endif
