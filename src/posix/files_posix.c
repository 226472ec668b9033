/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cancel_posix.h"
#include "errors_posix.h"
#include "fcntl_posix.h"
#include "open_posix.h"

enum { FAR_DESCRIPTOR = 500 };

static fst_file_id id_of(const struct stat *info)
{
    return (fst_file_id){.device = (uint64_t)info->st_dev, .inode = (uint64_t)info->st_ino};
}

/* --------------------------------------------------------------------- open and close -- */

/* O_NONBLOCK: opening a FIFO or a device must not hang. O_NOCTTY: nor make a terminal ours. */
int fst_posix_open_flags(bool follow_symlinks)
{
    return O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (follow_symlinks ? 0 : O_NOFOLLOW);
}

int fst_posix_open(const char *path, int flags, mode_t mode)
{
    int cancel = fst_posix_no_cancel();
    int fd;

    do {
        fd = open(path, flags, mode);
    } while (fd < 0 && errno == EINTR);
    fst_posix_cancel_as(cancel);
    return fd;
}

/* Not repeated after EINTR: the descriptor is gone, and may be somebody else's by now. */
int fst_posix_close(int fd)
{
    int cancel = fst_posix_no_cancel();
    int result = close(fd) == 0 || errno == EINTR ? 0 : -1;

    fst_posix_cancel_as(cancel);
    return result;
}

static int stat_file(int fd, struct stat *info)
{
    int result;

    do {
        result = fstat(fd, info);
    } while (result != 0 && errno == EINTR);
    return result;
}

static int stat_path(const char *path, bool follow_symlinks, struct stat *info)
{
    int result;

    do {
        result = follow_symlinks ? stat(path, info) : lstat(path, info);
    } while (result != 0 && errno == EINTR);
    return result;
}

static fasteners_status check_regular(int fd, fst_file_id *id, int *os_error)
{
    struct stat info;

    if (stat_file(fd, &info) != 0)
        return fst_posix_failure(os_error);
    if (!S_ISREG(info.st_mode)) {
        *os_error = 0;
        return FASTENERS_INVALID;
    }
    *id = id_of(&info);
    return FASTENERS_OK;
}

/*
 * Programs that become daemons close every descriptor from 3 on, and the next one they open gets
 * the number of ours: locks would go to a stranger's file. A number far from where programs open
 * files is closed just so, but not used again, and the next call on it says EBADF. Not where locks
 * belong to the process: closing the low number would drop those it has.
 */
static int move_out_of_the_way(int fd)
{
    int moved = fst_os_locks_per_process() ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FAR_DESCRIPTOR);

    if (moved < 0)
        return fd;
    fst_posix_close(fd);
    return moved;
}

fasteners_status fst_posix_adopt(int fd, fst_os_file *file, fst_file_id *id, int *os_error)
{
    fasteners_status status = check_regular(fd, id, os_error);

    if (status != FASTENERS_OK) {
        fst_posix_close(fd);
        return status;
    }
    fst_fcntl_choose(fd);
    file->handle = move_out_of_the_way(fd);
    return FASTENERS_OK;
}

fasteners_status fst_os_file_open(const char *path, fst_access access, bool follow_symlinks,
                                  fst_os_file *file, fst_file_id *id, int *os_error)
{
    int access_flag = access == FST_READ ? O_RDONLY : O_RDWR;
    int fd = fst_posix_open(path, access_flag | fst_posix_open_flags(follow_symlinks), 0);

    return fd < 0 ? fst_posix_failure(os_error) : fst_posix_adopt(fd, file, id, os_error);
}

/* Linux has descriptors (O_PATH) that name a file and are good for little else. */
static bool can_be_locked(int fd, int *os_error)
{
    struct flock probe = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1};

    if (fcntl(fd, F_GETLK, &probe) == 0 || errno != EBADF)
        return true;
    *os_error = errno;
    return false;
}

fasteners_status fst_os_file_adopt(intptr_t descriptor, fst_adopted *adopted, int *os_error)
{
    int fd = descriptor >= 0 && descriptor <= INT_MAX ? (int)descriptor : -1;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0) {
        *os_error = errno;
        return errno == EBADF ? FASTENERS_INVALID : FASTENERS_OS_ERROR;
    }
    fasteners_status status = check_regular(fd, &adopted->id, os_error);
    if (status == FASTENERS_OK && !can_be_locked(fd, os_error))
        status = FASTENERS_INVALID;
    if (status != FASTENERS_OK)
        return status;
    fst_fcntl_choose(fd);
    adopted->os.handle = descriptor;
    adopted->readable = (flags & O_ACCMODE) != O_WRONLY;
    adopted->writable = (flags & O_ACCMODE) != O_RDONLY;
    adopted->appends = (flags & O_APPEND) != 0;
    return FASTENERS_OK;
}

void fst_os_file_disown(fst_os_file file)
{
    (void)file;
}

fasteners_status fst_os_file_close(fst_os_file file, int *os_error)
{
    return fst_posix_close((int)file.handle) == 0 ? FASTENERS_OK : fst_posix_failure(os_error);
}

/* --------------------------------------------------------------------------- identity -- */

fasteners_status fst_os_file_id(fst_os_file file, fst_file_id *id, int *os_error)
{
    struct stat info;

    if (stat_file((int)file.handle, &info) != 0) {
        fasteners_status status = fst_posix_failure(os_error);
        if (*os_error == ESTALE)
            return FASTENERS_NOT_FOUND;
        return *os_error == EBADF ? FASTENERS_LOST : status;
    }
    *id = id_of(&info);
    return FASTENERS_OK;
}

/*
 * A path that leads through a file, or in circles, names nothing: whatever it named has been moved.
 */
fasteners_status fst_os_path_id(const char *path, bool follow_symlinks, fst_file_id *id,
                                int *os_error)
{
    struct stat info;

    if (stat_path(path, follow_symlinks, &info) != 0) {
        fasteners_status status = fst_posix_failure(os_error);
        return *os_error == ENOTDIR || *os_error == ELOOP ? FASTENERS_NOT_FOUND : status;
    }
    *id = id_of(&info);
    return FASTENERS_OK;
}

fasteners_status fst_os_unlink(const char *path, int *os_error)
{
    return unlink(path) == 0 ? FASTENERS_OK : fst_posix_failure(os_error);
}

/* ------------------------------------------------------------------------ directories -- */

/* Other processes make and remove the same directories at the same time: what is there is fine. */
static fasteners_status make_directory(const char *path, int *os_error)
{
    struct stat info;

    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return FASTENERS_OK;
    int error = errno;
    /* EROFS, EACCES or EPERM come before EEXIST on some systems. */
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return FASTENERS_OK;
    errno = error;
    return fst_posix_failure(os_error);
}

fasteners_status fst_os_make_parents(const char *path, int *os_error)
{
    fasteners_status status = FASTENERS_OK;
    char *prefix = strdup(path);

    if (prefix == NULL) {
        *os_error = ENOMEM;
        return FASTENERS_NO_MEMORY;
    }
    for (char *slash = strchr(prefix + 1, '/'); slash != NULL && status == FASTENERS_OK;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        status = make_directory(prefix, os_error);
        *slash = '/';
    }
    free(prefix);
    /* Not found: somebody removed a directory behind us. The caller tries again. */
    return status == FASTENERS_NOT_FOUND ? FASTENERS_OK : status;
}

static char *join(const char *directory, const char *path)
{
    size_t size = strlen(directory) + 1 + strlen(path) + 1;
    char *joined = fst_os_alloc(size);

    if (joined != NULL) {
        strcpy(joined, directory);
        strcat(joined, "/");
        strcat(joined, path);
    }
    return joined;
}

fasteners_status fst_os_absolute_path(const char *path, char **absolute, int *os_error)
{
    char directory[PATH_MAX];

    directory[0] = '\0';
    if (path[0] != '/' && getcwd(directory, sizeof(directory)) == NULL)
        return fst_posix_failure(os_error);
    char *joined = path[0] == '/' ? strdup(path) : join(directory, path);
    if (joined == NULL) {
        *os_error = ENOMEM;
        return FASTENERS_NO_MEMORY;
    }
    *absolute = joined;
    return FASTENERS_OK;
}
