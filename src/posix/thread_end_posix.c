/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <pthread.h>

#include "../platform.h"
#include "errors_posix.h"

/*
 * A key of pthread_getspecific has a function that is called when a thread ends, in several rounds
 * as long as the value is set again. The functions of the program's keys are called in the same
 * rounds, in no order, and may release locks. So ours waits for the third of the four rounds that
 * POSIX grants at least.
 */
enum { LAST_WAITING_ROUND = 2 };

static pthread_key_t key;
static int key_error = EAGAIN; /* as long as there is no key */
static _Thread_local int round_of_end;

static void at_end(void *argument)
{
    if (round_of_end < LAST_WAITING_ROUND) {
        round_of_end++;
        pthread_setspecific(key, argument);
        return;
    }
    fst_thread_ended(argument);
}

/*
 * When the library is loaded, before constructors that may use a lock. Not by pthread_once at the
 * first use: the child of a fork that comes in the middle of that waits for ever for a thread that
 * it has not, but with glibc.
 */
__attribute__((constructor(102))) static void make_key(void)
{
    fst_os_note_private(&key, sizeof(key));
    fst_os_note_private(&key_error, sizeof(key_error));
    key_error = pthread_key_create(&key, at_end);
}

fasteners_status fst_os_at_thread_end(void *argument, int *os_error)
{
    int error = key_error != 0 ? key_error : pthread_setspecific(key, argument);

    if (error == 0)
        return FASTENERS_OK;
    errno = error;
    return fst_posix_failure(os_error);
}
