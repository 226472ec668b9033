/* SPDX-License-Identifier: Apache-2.0 */
/* Two locks at once, in whatever order others ask for them. */
#include <fasteners.h>
#include <stdio.h>

int main(void)
{
    fasteners_ipc_lock *one, *two;
    fasteners_lock_set_member locks[2];
    fasteners_status status;
    size_t failed;

    status = fasteners_ipc_lock_create(&one, "one.lock", NULL);
    if (status == FASTENERS_OK)
        status = fasteners_ipc_lock_create(&two, "two.lock", NULL);
    if (status != FASTENERS_OK)
        return 1;
    locks[0] = fasteners_member_ipc_lock(one);
    locks[1] = fasteners_member_ipc_lock(two);
    status = fasteners_lock_set_acquire(locks, 2, 1000, &failed);
    if (status == FASTENERS_OK) {
        puts("both are mine");
        status = fasteners_lock_set_release(locks, 2, NULL);
    } else {
        printf("lock %zu: %s\n", failed, fasteners_strerror(status));
    }
    fasteners_ipc_lock_destroy(two);
    fasteners_ipc_lock_destroy(one);
    return status == FASTENERS_OK ? 0 : 1;
}
