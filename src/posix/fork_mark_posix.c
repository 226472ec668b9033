/* SPDX-License-Identifier: Apache-2.0 */
#include "../platform.h"
#include "fork_posix.h"

/* POSIX has no other way to fork than the one that runs the handlers. */
bool fst_os_fork_unseen(void)
{
    return false;
}

void fst_fork_mark_process(void)
{
}
