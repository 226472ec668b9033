/* SPDX-License-Identifier: Apache-2.0 */

/* This project's reader-writer lock, with either preference. */

#include "peer.h"

#include <fasteners.h>
#include <stddef.h>

static void *open_with(const char *path, uint32_t preference)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_rwlock *lock;
    options.preference = preference;
    return fasteners_ipc_rwlock_create(&lock, path, &options) == FASTENERS_OK ? lock : NULL;
}

static void *open_for_readers(const char *path)
{
    return open_with(path, FASTENERS_PREFER_READERS);
}

static void *open_for_writers(const char *path)
{
    return open_with(path, FASTENERS_PREFER_WRITERS);
}

static bool timed(void *lock, int64_t ms)
{
    return fasteners_ipc_rwlock_acquire_write(lock, ms) == FASTENERS_OK;
}

static bool acquire(void *lock)
{
    return timed(lock, FASTENERS_FOREVER);
}

static bool try_acquire(void *lock)
{
    return timed(lock, FASTENERS_NO_WAIT);
}

static bool release(void *lock)
{
    return fasteners_ipc_rwlock_release_write(lock) == FASTENERS_OK;
}

static bool acquire_read(void *lock)
{
    return fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_FOREVER) == FASTENERS_OK;
}

static bool release_read(void *lock)
{
    return fasteners_ipc_rwlock_release_read(lock) == FASTENERS_OK;
}

static void destroy(void *lock)
{
    fasteners_ipc_rwlock_destroy(lock);
}

extern const struct peer peer_fasteners_rw, peer_fasteners_rw_writers;

const struct peer peer_fasteners_rw = {.name = "ours-rw",
                                       .title = "libfasteners rwlock",
                                       .open = open_for_readers,
                                       .acquire = acquire,
                                       .try_acquire = try_acquire,
                                       .timed_acquire = timed,
                                       .release = release,
                                       .close = destroy,
                                       .kind = PEER_SHARED,
                                       .join = PEER_SHARES_HANDLE,
                                       .acquire_read = acquire_read,
                                       .release_read = release_read};

const struct peer peer_fasteners_rw_writers = {.name = "ours-rw-writers",
                                               .title = "the same, writers first",
                                               .open = open_for_writers,
                                               .acquire = acquire,
                                               .try_acquire = try_acquire,
                                               .timed_acquire = timed,
                                               .release = release,
                                               .close = destroy,
                                               .kind = PEER_SHARED,
                                               .join = PEER_SHARES_HANDLE,
                                               .acquire_read = acquire_read,
                                               .release_read = release_read};
