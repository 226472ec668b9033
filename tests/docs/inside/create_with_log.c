/* SPDX-License-Identifier: Apache-2.0 */
/* A function that creates a lock with a log: the log names the path of a failure. */
#include <fasteners.h>
#include <stdio.h>

#include "block.inc"

int main(void)
{
    fasteners_ipc_lock *lock;

    /* The line is expected, and what goes to stderr is not. */
    if (freopen("log", "w", stderr) == NULL)
        return 1;
    if (create(&lock, "/proc/lock") != FASTENERS_OK)
        return 1;
    fasteners_status status = fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT);
    fasteners_ipc_lock_destroy(lock);
    return status != FASTENERS_OK && ftell(stderr) > 0 ? 0 : 1;
}
