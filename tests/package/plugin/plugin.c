/* SPDX-License-Identifier: Apache-2.0 */

/* A plugin that uses the library. The program that loads it does not. */

#include "plugin.h"

#include <stddef.h>

extern const struct plugin plugin;

static fasteners_status is_free(fasteners_rw_lock *lock)
{
    fasteners_status status = fasteners_rw_lock_acquire_write(lock, FASTENERS_NO_WAIT);

    if (status == FASTENERS_OK)
        status = fasteners_rw_lock_release_write(lock);
    return status;
}

/* Acquires the lock of the file, and destroys it: that releases. */
static fasteners_status try_file(const char *path, int64_t timeout_ms)
{
    fasteners_ipc_lock *lock;
    fasteners_status status = fasteners_ipc_lock_create(&lock, path, NULL);

    if (status == FASTENERS_OK)
        status = fasteners_ipc_lock_acquire(lock, timeout_ms);
    fasteners_ipc_lock_destroy(lock);
    return status;
}

static fasteners_status use(const char *free_path, const char *taken_path)
{
    fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;
    fasteners_status status = is_free(&lock);

    if (status == FASTENERS_OK)
        status = try_file(free_path, FASTENERS_FOREVER);
    if (status != FASTENERS_OK)
        return status;
    /* This is done by a thread of the library's, which stays for a while. */
    status = try_file(taken_path, 1);
    return status == FASTENERS_TIMED_OUT ? FASTENERS_OK : FASTENERS_INVALID;
}

static fasteners_status keep(fasteners_rw_lock *lock)
{
    return fasteners_rw_lock_acquire_read(lock, FASTENERS_FOREVER);
}

const struct plugin plugin = {use, keep, is_free};
