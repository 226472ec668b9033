/* SPDX-License-Identifier: Apache-2.0 */

/* The same in C++11. */

#include <fasteners.h>

int main(int argc, char **argv)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock = nullptr;

    if (argc != 2 || fasteners_version() != FASTENERS_VERSION)
        return 2;
    options.fair = true;
    if (fasteners_ipc_lock_create(&lock, argv[1], &options) != FASTENERS_OK)
        return 3;
    fasteners_status status = fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT);
    if (status == FASTENERS_OK)
        status = fasteners_ipc_lock_release(lock);
    if (status == FASTENERS_OK) {
        fasteners_rw_lock rw_lock = FASTENERS_RW_LOCK_INIT;
        fasteners_lock_set_member set[] = {fasteners_member_ipc_lock(lock),
                                           fasteners_member_write(&rw_lock)};
        status = fasteners_lock_set_acquire(set, 2, FASTENERS_NO_WAIT, nullptr);
        if (status == FASTENERS_OK)
            status = fasteners_lock_set_release(set, 2, nullptr);
    }
    fasteners_ipc_lock_destroy(lock);
    return status == FASTENERS_OK ? 0 : 4;
}
