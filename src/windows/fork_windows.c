/* SPDX-License-Identifier: Apache-2.0 */
#include "../platform.h"

/* There is no fork: nothing to be told of, nothing to bring through it. */

fasteners_status fst_os_at_fork(void (*prepare)(void), void (*parent)(void), void (*child)(void),
                                int *os_error)
{
    (void)prepare;
    (void)parent;
    (void)child;
    (void)os_error;
    return FASTENERS_OK;
}

void fst_os_fork_prepare(void)
{
}

void fst_os_fork_parent(void)
{
}

void fst_os_fork_child(void)
{
}

bool fst_os_fork_unseen(void)
{
    return false;
}
