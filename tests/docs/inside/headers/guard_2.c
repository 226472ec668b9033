/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

int main(void)
{
    const char *path = "";
    fasteners_ipc_lock *lock;
    fasteners_status status;
#include "block.inc"
    return status == FASTENERS_OK && worked == 1 ? 0 : 1;
}
