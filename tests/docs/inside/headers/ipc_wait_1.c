/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

#include <poll.h>

int main(void)
{
    fasteners_ipc_lock *lock;
    fasteners_status status;

    if (fasteners_ipc_lock_create(&lock, "", NULL) != FASTENERS_OK)
        return 1;
#include "block.inc"
    bool held = fasteners_ipc_lock_is_held(lock);
    fasteners_ipc_lock_destroy(lock);
    return status == FASTENERS_OK && held ? 0 : 1;
}
