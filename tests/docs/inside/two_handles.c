/* SPDX-License-Identifier: Apache-2.0 */
/* Statements about two handles of one lock. */
#include <fasteners.h>
#include <stdio.h>

int main(void)
{
    fasteners_ipc_lock *lock, *other;

    if (fasteners_ipc_lock_create(&lock, "demo.lock", NULL) != FASTENERS_OK ||
        fasteners_ipc_lock_create(&other, "demo.lock", NULL) != FASTENERS_OK)
        return 1;
#include "block.inc"
    fasteners_ipc_lock_destroy(other);
    fasteners_ipc_lock_destroy(lock);
    return 0;
}
