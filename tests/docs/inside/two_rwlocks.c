/* SPDX-License-Identifier: Apache-2.0 */
/* Statements about two handles of one lock for readers and writers. */
#include <fasteners.h>
#include <stdio.h>

int main(void)
{
    fasteners_ipc_rwlock *lock, *other;

    if (fasteners_ipc_rwlock_create(&lock, "demo.lock", NULL) != FASTENERS_OK ||
        fasteners_ipc_rwlock_create(&other, "demo.lock", NULL) != FASTENERS_OK)
        return 1;
#include "block.inc"
    fasteners_ipc_rwlock_destroy(other);
    fasteners_ipc_rwlock_destroy(lock);
    return 0;
}
