/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors_posix.h"
#include "open_posix.h"

/* A longer path is one that open(2) refuses. */
enum { PATH_SIZE = 4096 + 64, LINKS_FOLLOWED = 40 };

/* O_NONBLOCK: opening a FIFO or a device must not hang. O_NOCTTY: nor make a terminal ours. */
int fst_posix_open_flags(bool follow_symlinks)
{
    return O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (follow_symlinks ? 0 : O_NOFOLLOW);
}

int fst_posix_open(const char *path, int flags, mode_t mode)
{
    int fd;

    do {
        fd = open(path, flags, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

/* The file as the umask leaves it. errno is EEXIST if there is something already. */
static int create_exclusively(const char *path, mode_t mode)
{
    return fst_posix_open(path, O_WRONLY | O_CREAT | O_EXCL | fst_posix_open_flags(false), mode);
}

/* Keeps errno. */
static void close_quietly(int fd)
{
    int error = errno;

    close(fd);
    errno = error;
}

static int create_plain(const char *path)
{
    int fd = create_exclusively(path, 0666);

    if (fd >= 0)
        close_quietly(fd);
    return fd < 0 ? -1 : 0;
}

/* ------------------------------------------------------------------------- with a mode -- */

/*
 * The umask takes bits away from the mode that was asked for, and between open(2) and fchmod(2)
 * another user would be refused. So the file is made under a name of its own, gets its mode, and is
 * then linked to the path, where it appears as it shall be. If the process dies in between, an
 * empty file ".fasteners-..." stays.
 */
static int create_aside(char *name, size_t size, const char *path)
{
    static _Atomic unsigned number;
    const char *slash = strrchr(path, '/');
    int fd;

    do {
        snprintf(name, size, "%.*s/.fasteners-%ld-%u", (int)(slash - path), path, (long)getpid(),
                 atomic_fetch_add(&number, 1));
        fd = create_exclusively(name, 0600);
    } while (fd < 0 && errno == EEXIST);
    return fd;
}

static bool cannot_link(int error)
{
    return error == EPERM || error == EOPNOTSUPP || error == ENOSYS || error == EMLINK;
}

/* Where there are no hard links, or no room for the other name, the mode comes a moment late. */
static int create_late(const char *path, mode_t mode)
{
    int fd = create_exclusively(path, mode);

    if (fd < 0)
        return -1;
    int result = fchmod(fd, mode);
    close_quietly(fd);
    return result;
}

static int link_aside(const char *name, int fd, const char *path, mode_t mode)
{
    int result = fchmod(fd, mode) == 0 ? link(name, path) : -1;
    int error = errno;

    unlink(name);
    errno = error;
    return result;
}

static int create_with_mode(const char *path, mode_t mode)
{
    char name[PATH_SIZE];
    int fd = create_aside(name, sizeof(name), path);

    if (fd < 0)
        return errno == ENAMETOOLONG ? create_late(path, mode) : -1;
    int result = link_aside(name, fd, path, mode);
    close_quietly(fd);
    return result != 0 && cannot_link(errno) ? create_late(path, mode) : result;
}

/* ------------------------------------------------------------------------------ links -- */

/* Replaces the path of a symbolic link by what the link names. False: it is none, or too long. */
static bool follow_link(char *path, size_t size)
{
    char target[PATH_SIZE];
    ssize_t length = readlink(path, target, sizeof(target) - 1);

    if (length < 0)
        return false;
    target[length] = '\0';
    size_t directory = target[0] == '/' ? 0 : (size_t)(strrchr(path, '/') - path) + 1;
    return snprintf(path + directory, size - directory, "%s", target) < (int)(size - directory);
}

static int create(const char *path, mode_t mode)
{
    return mode != 0 ? create_with_mode(path, mode) : create_plain(path);
}

/*
 * O_EXCL fails at a link that leads nowhere, and without it we would open, and close, a file that
 * is in use.
 */
static int create_behind_links(const char *path, mode_t mode)
{
    char name[PATH_SIZE];
    int result = -1;

    if (snprintf(name, sizeof(name), "%s", path) >= (int)sizeof(name)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (int links = 0; links < LINKS_FOLLOWED; links++) {
        result = create(name, mode);
        if (result == 0 || errno != EEXIST)
            return result;
        bool followed = follow_link(name, sizeof(name));
        errno = EEXIST;
        if (!followed)
            return -1;
    }
    return result;
}

fasteners_status fst_os_file_create(const char *path, uint32_t mode, bool follow_symlinks,
                                    int *os_error)
{
    int result =
        follow_symlinks ? create_behind_links(path, (mode_t)mode) : create(path, (mode_t)mode);

    if (result == 0 || errno == EEXIST)
        return FASTENERS_OK;
    return fst_posix_failure(os_error);
}
