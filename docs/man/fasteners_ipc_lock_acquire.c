/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for another process, for 5 seconds at most. */
#include <fasteners.h>
#include <stdio.h>

int main(void)
{
    fasteners_ipc_lock *lock;
    fasteners_status status;

    status = fasteners_ipc_lock_create(&lock, "demo.lock", NULL);
    if (status == FASTENERS_OK)
        status = fasteners_ipc_lock_acquire(lock, 5000);
    if (status != FASTENERS_OK) {
        fprintf(stderr, "no lock: %s\n", fasteners_strerror(status));
        return 1;
    }
    puts("nobody else is in here");
    fasteners_ipc_lock_release(lock);
    fasteners_ipc_lock_destroy(lock);
    return 0;
}
