/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

static bool write_the_index(void)
{
    return true;
}

fasteners_status rewrite(fasteners_ipc_lock *lock);

#include "block.inc"

int main(void)
{
    fasteners_ipc_lock *lock;

    if (fasteners_ipc_lock_create(&lock, "", NULL) != FASTENERS_OK)
        return 1;
    bool good = rewrite(lock) == FASTENERS_OK && !fasteners_ipc_lock_is_held(lock);
    fasteners_ipc_lock_destroy(lock);
    return good ? 0 : 1;
}
