/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for a lock and for input at the same time. */
#include <fasteners.h>
#include <poll.h>
#include <stdio.h>

int main(void)
{
    fasteners_ipc_lock *lock;
    fasteners_ipc_wait *wait;
    fasteners_status status;
    struct pollfd waits[2] = {{0}}; /* for the lock, and for input */

    status = fasteners_ipc_lock_create(&lock, "demo.lock", NULL);
    if (status == FASTENERS_OK)
        status = fasteners_ipc_lock_acquire_begin(lock, 5000, &wait);
    if (status != FASTENERS_OK)
        return 1;
    waits[0].events = waits[1].events = POLLIN;
    waits[0].fd = (int)fasteners_ipc_wait_descriptor(wait);
    status = fasteners_ipc_wait_finish(&wait);
    while (status == FASTENERS_BUSY) {
        poll(waits, 2, -1);
        if (waits[1].revents != 0)
            waits[1].fd = -1; /* it would be read here */
        status = fasteners_ipc_wait_finish(&wait);
    }
    puts(fasteners_strerror(status));
    fasteners_ipc_lock_destroy(lock); /* and releases it */
    return status == FASTENERS_OK ? 0 : 1;
}
