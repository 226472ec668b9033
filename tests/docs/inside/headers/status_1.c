/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

int main(void)
{
    fasteners_ipc_lock *lock;

    if (fasteners_ipc_lock_create(&lock, "", NULL) != FASTENERS_OK)
        return 1;
#include "block.inc"
    fasteners_ipc_lock_destroy(lock);
    return worked == 1 ? 0 : 1;
}
