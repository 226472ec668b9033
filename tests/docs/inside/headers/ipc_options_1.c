/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

int main(void)
{
    const char *path = "";
    fasteners_ipc_lock *lock;
    fasteners_status status;
#include "block.inc"
    fasteners_ipc_lock_destroy(lock);
    return status == FASTENERS_OK ? 0 : 1;
}
