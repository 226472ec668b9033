/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <signal.h>

#include "../platform.h"
#include "thread_posix.h"

enum { STACK_SIZE = 128 * 1024 };

static int create(pthread_t *thread, void *(*body)(void *), void *argument)
{
    pthread_attr_t small;

    if (pthread_attr_init(&small) != 0)
        return pthread_create(thread, NULL, body, argument);
    pthread_attr_setstacksize(&small, STACK_SIZE);
    int error = pthread_create(thread, &small, body, argument);
    pthread_attr_destroy(&small);
    /* A program with much thread-local storage needs more than that. */
    return error == EINVAL ? pthread_create(thread, NULL, body, argument) : error;
}

/* The program's signals are for the program's threads. */
int fst_posix_thread_create(pthread_t *thread, void *(*body)(void *), void *argument)
{
    sigset_t everything, old;

    sigfillset(&everything);
    pthread_sigmask(SIG_SETMASK, &everything, &old);
    int error = create(thread, body, argument);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error;
}

fasteners_status fst_os_thread_start(void *(*body)(void *argument), void *argument, int *os_error)
{
    pthread_t thread;
    int error = fst_posix_thread_create(&thread, body, argument);

    if (error != 0) {
        *os_error = error;
        return FASTENERS_OS_ERROR;
    }
    pthread_detach(thread);
    return FASTENERS_OK;
}
