/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors_posix.h"
#include "fcntl_posix.h"
#include "open_posix.h"

/* A longer path is one that open(2) refuses. */
enum { PATH_SIZE = 4096 + 64, LINKS_FOLLOWED = 40 };

/* The file as the umask leaves it. errno is EEXIST if there is something already. */
static int create_exclusively(const char *path, mode_t mode)
{
    return fst_posix_open(path, O_RDWR | O_CREAT | O_EXCL | fst_posix_open_flags(false), mode);
}

/* Closes what cannot be used after all. Keeps errno; returns -1. */
static int give_up(int fd)
{
    int error = errno;

    fst_posix_close(fd);
    errno = error;
    return -1;
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

    if (fd < 0 || fchmod(fd, mode) == 0)
        return fd;
    return give_up(fd);
}

static int link_aside(const char *name, int fd, const char *path, mode_t mode)
{
    int result = fchmod(fd, mode) == 0 ? link(name, path) : -1;
    int error = errno;

    unlink(name);
    errno = error;
    return result;
}

/*
 * On file systems in user space the two names may be two files to the kernel, whose locks do not
 * meet: everybody must lock through the path. Not where locks belong to the process: the close
 * would drop the lock that another thread may have there by now. Who cannot open the file that it
 * has created (no right, no descriptor left) keeps what it has.
 */
static int open_by_path(const char *path, int fd)
{
    fst_fcntl_choose(fd);
    if (fst_os_locks_per_process())
        return fd;
    int named = fst_posix_open(path, O_RDWR | fst_posix_open_flags(false), 0);
    if (named < 0 && errno != ENOENT)
        return fd;
    fst_posix_close(fd);
    errno = EEXIST; /* if it was removed again: the caller looks again */
    return named;
}

static int create_with_mode(const char *path, mode_t mode)
{
    char name[PATH_SIZE];
    int fd = create_aside(name, sizeof(name), path);

    if (fd < 0)
        return errno == ENAMETOOLONG ? create_late(path, mode) : -1;
    if (link_aside(name, fd, path, mode) == 0)
        return open_by_path(path, fd);
    give_up(fd);
    return cannot_link(errno) ? create_late(path, mode) : -1;
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
    return mode != 0 ? create_with_mode(path, mode) : create_exclusively(path, 0666);
}

/* O_EXCL fails at a link that leads nowhere; without it we might open a file that is in use. */
static int create_behind_links(const char *path, mode_t mode)
{
    char name[PATH_SIZE];

    if (snprintf(name, sizeof(name), "%s", path) >= (int)sizeof(name)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (int links = 0; links < LINKS_FOLLOWED; links++) {
        int fd = create(name, mode);
        if (fd >= 0 || errno != EEXIST)
            return fd;
        if (!follow_link(name, sizeof(name)))
            break;
    }
    errno = EEXIST;
    return -1;
}

fasteners_status fst_os_file_create(const char *path, uint32_t mode, bool follow_symlinks,
                                    fst_os_file *file, fst_file_id *id, int *os_error)
{
    int fd = follow_symlinks ? create_behind_links(path, (mode_t)mode) : create(path, (mode_t)mode);

    if (fd >= 0)
        return fst_posix_adopt(fd, file, id, os_error);
    if (errno != EEXIST)
        return fst_posix_failure(os_error);
    *os_error = EEXIST;
    return FASTENERS_BUSY;
}
