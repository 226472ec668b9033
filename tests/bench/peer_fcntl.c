/* SPDX-License-Identifier: Apache-2.0 */

/* The system calls themselves: what any lock of this kind costs at least. */

#include "peer.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

static void *open_descriptor(const char *path)
{
    int *fd = malloc(sizeof(*fd));
    if (!fd)
        return NULL;
    *fd = open(path, O_RDWR | O_CLOEXEC);
    if (*fd >= 0)
        return fd;
    free(fd);
    return NULL;
}

static void close_descriptor(void *lock)
{
    close(*(int *)lock);
    free(lock);
}

static bool set_lock(void *lock, int command, short type)
{
    struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    return fcntl(*(int *)lock, command, &range) == 0;
}

static bool acquire_ofd(void *lock)
{
    return set_lock(lock, F_OFD_SETLKW, F_WRLCK);
}

static bool try_ofd(void *lock)
{
    return set_lock(lock, F_OFD_SETLK, F_WRLCK);
}

static bool release_ofd(void *lock)
{
    return set_lock(lock, F_OFD_SETLK, F_UNLCK);
}

static bool acquire_read_ofd(void *lock)
{
    return set_lock(lock, F_OFD_SETLKW, F_RDLCK);
}

static bool acquire_classic(void *lock)
{
    return set_lock(lock, F_SETLKW, F_WRLCK);
}

static bool try_classic(void *lock)
{
    return set_lock(lock, F_SETLK, F_WRLCK);
}

static bool release_classic(void *lock)
{
    return set_lock(lock, F_SETLK, F_UNLCK);
}

static bool acquire_read_classic(void *lock)
{
    return set_lock(lock, F_SETLKW, F_RDLCK);
}

extern const struct peer peer_ofd, peer_fcntl;

const struct peer peer_ofd = {.name = "ofd",
                              .title = "raw OFD lock (blocking)",
                              .open = open_descriptor,
                              .acquire = acquire_ofd,
                              .try_acquire = try_ofd,
                              .release = release_ofd,
                              .close = close_descriptor,
                              .kind = PEER_BOTH,
                              .join = PEER_NEEDS_HANDLE,
                              .acquire_read = acquire_read_ofd,
                              .release_read = release_ofd};

const struct peer peer_fcntl = {.name = "fcntl",
                                .title = "raw fcntl lock (blocking)",
                                .open = open_descriptor,
                                .acquire = acquire_classic,
                                .try_acquire = try_classic,
                                .release = release_classic,
                                .close = close_descriptor,
                                .kind = PEER_BOTH,
                                .acquire_read = acquire_read_classic,
                                .release_read = release_classic};
