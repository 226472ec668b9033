/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

#include <fcntl.h>
#include <unistd.h>

int main(void)
{
    fasteners_ipc_lock *lock;
    fasteners_status status;

    if (close(open("data.db", O_RDWR | O_CREAT, 0600)) != 0)
        return 1;
#include "block.inc"
    if (status == FASTENERS_OK)
        status = fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT);
    fasteners_ipc_lock_destroy(lock);
    return status == FASTENERS_OK && close(fd) == 0 ? 0 : 1;
}
