/* SPDX-License-Identifier: Apache-2.0 */

/* The library of this project: as it comes, with `fair`, and polling as Python's does. */

#include "peer.h"

#include <fasteners.h>
#include <stddef.h>

static void *open_with(const char *path, const fasteners_ipc_options *options)
{
    fasteners_ipc_lock *lock;
    return fasteners_ipc_lock_create(&lock, path, options) == FASTENERS_OK ? lock : NULL;
}

static void *open_default(const char *path)
{
    return open_with(path, NULL);
}

static void *open_fair(const char *path)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    options.fair = true;
    return open_with(path, &options);
}

static void *open_polling(const char *path)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    options.delay_ms = 10;
    return open_with(path, &options);
}

static bool timed(void *lock, int64_t ms)
{
    return fasteners_ipc_lock_acquire(lock, ms) == FASTENERS_OK;
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
    return fasteners_ipc_lock_release(lock) == FASTENERS_OK;
}

static void destroy(void *lock)
{
    fasteners_ipc_lock_destroy(lock);
}

extern const struct peer peer_fasteners, peer_fasteners_fair, peer_fasteners_polling;

const struct peer peer_fasteners = {.name = "ours",
                                    .title = "libfasteners",
                                    .open = open_default,
                                    .acquire = acquire,
                                    .try_acquire = try_acquire,
                                    .timed_acquire = timed,
                                    .release = release,
                                    .close = destroy};

const struct peer peer_fasteners_fair = {.name = "ours-fair",
                                         .title = "libfasteners, fair",
                                         .open = open_fair,
                                         .acquire = acquire,
                                         .try_acquire = try_acquire,
                                         .timed_acquire = timed,
                                         .release = release,
                                         .close = destroy};

const struct peer peer_fasteners_polling = {.name = "ours-polling",
                                            .title = "libfasteners, polling",
                                            .open = open_polling,
                                            .acquire = acquire,
                                            .try_acquire = try_acquire,
                                            .timed_acquire = timed,
                                            .release = release,
                                            .close = destroy};
