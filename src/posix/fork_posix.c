/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <pthread.h>

#include "errors_posix.h"
#include "fork_posix.h"

__attribute__((constructor)) static void at_load(void)
{
    fst_at_load();
}

fasteners_status fst_os_at_fork(void (*prepare)(void), void (*parent)(void), void (*child)(void),
                                int *os_error)
{
    int error = pthread_atfork(prepare, parent, child);

    if (error == 0) {
        fst_fork_mark_process();
        return FASTENERS_OK;
    }
    errno = error;
    return fst_posix_failure(os_error);
}

void fst_os_fork_prepare(void)
{
    fst_requests_fork_prepare();
}

void fst_os_fork_parent(void)
{
    fst_requests_fork_parent();
}

void fst_os_fork_child(void)
{
    fst_park_fork_child();
    fst_requests_fork_child();
    fst_fork_mark_process();
}
