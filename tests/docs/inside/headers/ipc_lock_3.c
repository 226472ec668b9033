/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

static bool repaired;

static void repair_the_index(void)
{
    repaired = true;
}

int main(void)
{
    fasteners_ipc_lock *lock;

    if (fasteners_ipc_lock_create(&lock, "", NULL) != FASTENERS_OK)
        return 1;
#include "block.inc"
    fasteners_ipc_lock_destroy(lock);
    return repaired ? 1 : 0;
}
