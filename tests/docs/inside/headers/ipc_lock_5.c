/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

int main(void)
{
    fasteners_ipc_lock *lock;
    fasteners_status status;

    if (fasteners_ipc_lock_create(&lock, "", NULL) != FASTENERS_OK)
        return 1;
    status = fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT);
    if (status != FASTENERS_OK)
        return 1;
#include "block.inc"
    fasteners_ipc_lock_destroy(lock);
    return status == FASTENERS_OK && count == 1 && holders[0].pid != 0 ? 0 : 1;
}
