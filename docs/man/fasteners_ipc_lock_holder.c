/* SPDX-License-Identifier: Apache-2.0 */
/* Tells who is in the way. */
#include <fasteners.h>
#include <stdio.h>

int main(void)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    fasteners_ipc_lock *lock;
    fasteners_status status;

    status = fasteners_ipc_lock_create(&lock, "demo.lock", NULL);
    if (status != FASTENERS_OK)
        return 1;
    switch (fasteners_ipc_lock_holder(lock, &holder)) {
    case FASTENERS_OK:
        printf("held by process %lld\n", (long long)holder.pid);
        break;
    case FASTENERS_NOT_FOUND:
        puts("nobody holds it");
        break;
    default:
        puts("that cannot be told");
        break;
    }
    fasteners_ipc_lock_destroy(lock);
    return 0;
}
