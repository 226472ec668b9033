/* SPDX-License-Identifier: Apache-2.0 */
/* Reads beside others, and writes alone if what was read is old. */
#include <fasteners.h>
#include <stdio.h>

static int index_is_old = 1;

static fasteners_status look(fasteners_ipc_rwlock *lock)
{
    fasteners_status status;

    status = fasteners_ipc_rwlock_acquire_read(lock, 5000);
    if (status != FASTENERS_OK)
        return status;
    if (index_is_old)
        status = fasteners_ipc_rwlock_upgrade(lock, 1000);
    if (index_is_old && status == FASTENERS_OK) {
        index_is_old = 0; /* nobody has written since it was read */
        status = fasteners_ipc_rwlock_downgrade(lock);
    }
    fasteners_ipc_rwlock_release_read(lock);
    return status;
}

int main(void)
{
    fasteners_ipc_rwlock *lock;
    fasteners_status status;

    status = fasteners_ipc_rwlock_create(&lock, "index.lock", NULL);
    if (status == FASTENERS_OK)
        status = look(lock);
    puts(fasteners_strerror(status));
    fasteners_ipc_rwlock_destroy(lock);
    return status == FASTENERS_OK ? 0 : 1;
}
