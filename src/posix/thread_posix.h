/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_THREAD_POSIX_H
#define FST_THREAD_POSIX_H

#include <pthread.h>

/*
 * pthread_create for a thread of the library's: a small stack, every signal blocked. 0, or an error
 * number.
 */
int fst_posix_thread_create(pthread_t *thread, void *(*body)(void *), void *argument);

#endif
