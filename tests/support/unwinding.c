/* SPDX-License-Identifier: Apache-2.0 */
#include "unwinding.h"

#include <pthread.h>
#include <stddef.h>

static void note(bool **ended)
{
    **ended = true;
}

static void *leave(void *argument)
{
    __attribute__((cleanup(note))) bool *ended = argument;

    (void)ended;
    pthread_exit(NULL);
    return NULL; /* MinGW's header does not say that it does not get here */
}

bool test_threads_unwind(void)
{
    bool ended = false;
    pthread_t thread;

    if (pthread_create(&thread, NULL, leave, &ended) == 0)
        pthread_join(thread, NULL);
    return ended;
}
