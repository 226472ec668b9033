/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that create a lock with options. */
#include <fasteners.h>

int main(void)
{
    fasteners_ipc_lock *lock;
#include "block.inc"
    if (status == FASTENERS_OK)
        status = fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT);
    fasteners_ipc_lock_destroy(lock);
    return status == FASTENERS_OK ? 0 : 1;
}
