/* SPDX-License-Identifier: Apache-2.0 */
#include "failing_calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static const char *const names[CALLS] = {
    [CALL_OPEN] = "open",
    [CALL_CLOSE] = "close",
    [CALL_FSTAT] = "fstat",
    [CALL_FSTATFS] = "fstatfs",
    [CALL_STAT] = "stat",
    [CALL_LOCK] = "lock",
    [CALL_UNLOCK] = "unlock",
    [CALL_LOCK_AND_WAIT] = "lock and wait",
    [CALL_TEST_LOCK] = "test lock",
    [CALL_DUPLICATE] = "duplicate",
    [CALL_UNLINK] = "unlink",
    [CALL_LINK] = "link",
    [CALL_FCHMOD] = "fchmod",
    [CALL_MKDIR] = "mkdir",
    [CALL_READ] = "read",
    [CALL_WRITE] = "write",
    [CALL_CREATE_THREAD] = "pthread_create",
};

const char *failing_call_name(enum failing_call call)
{
    return names[call];
}

/* Threads of the library call, too. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool armed, struck;
static enum failing_call armed_call;
static int calls_until, calls_left, armed_error;

void failing_calls_arm(enum failing_call call, int nth, int times, int error)
{
    pthread_mutex_lock(&mutex);
    armed = true;
    struck = false;
    armed_call = call;
    calls_until = nth;
    calls_left = times;
    armed_error = error;
    pthread_mutex_unlock(&mutex);
}

void failing_calls_disarm(void)
{
    pthread_mutex_lock(&mutex);
    armed = false;
    pthread_mutex_unlock(&mutex);
}

bool failing_calls_struck(void)
{
    pthread_mutex_lock(&mutex);
    bool result = struck;
    pthread_mutex_unlock(&mutex);
    return result;
}

/* The error number that this call is to fail with, or 0. */
static int error_of(enum failing_call call)
{
    int error = 0;

    pthread_mutex_lock(&mutex);
    if (armed && call == armed_call && --calls_until <= 0 && calls_left > 0) {
        calls_left--;
        struck = true;
        error = armed_error;
    }
    pthread_mutex_unlock(&mutex);
    return error;
}

static bool is_to_fail(enum failing_call call)
{
    int error = error_of(call);

    if (error != 0)
        errno = error;
    return error != 0;
}

/* The C library's function of this name, as a pointer of the right type. */
#define REAL(name) (__extension__(__typeof__(&name)) real(symbol_of(#name)))

/* With 64-bit offsets the compiler calls open, and means open64. */
static const char *symbol_of(const char *name)
{
    static const char *const large[][2] = {
        {"open", "open64"},   {"fcntl", "fcntl64"},   {"fstat", "fstat64"},
        {"stat", "stat64"},   {"lstat", "lstat64"},   {"fstatfs", "fstatfs64"},
        {"pread", "pread64"}, {"pwrite", "pwrite64"},
    };

    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++)
        if (strcmp(large[i][0], name) == 0)
            return large[i][1];
    return name;
}

static void *real(const char *symbol)
{
    return dlsym(RTLD_NEXT, symbol);
}

/* "Bad file descriptor" means that somebody has closed it. */
static bool is_to_fail_on(enum failing_call call, int fd)
{
    int error = error_of(call);

    if (error == EBADF)
        (void)REAL(close)(fd);
    if (error != 0)
        errno = error;
    return error != 0;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;

    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return is_to_fail(CALL_OPEN) ? -1 : REAL(open)(path, flags, mode);
}

int close(int fd)
{
    int error = error_of(CALL_CLOSE);
    int result = REAL(close)(fd);

    if (error == 0)
        return result;
    errno = error;
    return -1;
}

int fstat(int fd, struct stat *info)
{
    return is_to_fail_on(CALL_FSTAT, fd) ? -1 : REAL(fstat)(fd, info);
}

int fstatfs(int fd, struct statfs *info)
{
    return is_to_fail_on(CALL_FSTATFS, fd) ? -1 : REAL(fstatfs)(fd, info);
}

int stat(const char *path, struct stat *info)
{
    return is_to_fail(CALL_STAT) ? -1 : REAL(stat)(path, info);
}

int lstat(const char *path, struct stat *info)
{
    return is_to_fail(CALL_STAT) ? -1 : REAL(lstat)(path, info);
}

static enum failing_call kind_of(int command, const struct flock *lock)
{
    switch (command) {
    case F_OFD_SETLKW:
    case F_SETLKW:
        return CALL_LOCK_AND_WAIT;
    case F_OFD_SETLK:
    case F_SETLK:
        return lock->l_type == F_UNLCK ? CALL_UNLOCK : CALL_LOCK;
    case F_OFD_GETLK:
    case F_GETLK:
        return CALL_TEST_LOCK;
    default:
        return CALL_DUPLICATE;
    }
}

/* Not a number, but of the same size in every call that libfasteners makes. */
int fcntl(int fd, int command, ...)
{
    va_list arguments;

    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return is_to_fail_on(kind_of(command, argument), fd) ? -1 : REAL(fcntl)(fd, command, argument);
}

int unlink(const char *path)
{
    return is_to_fail(CALL_UNLINK) ? -1 : REAL(unlink)(path);
}

int link(const char *from, const char *to)
{
    return is_to_fail(CALL_LINK) ? -1 : REAL(link)(from, to);
}

int fchmod(int fd, mode_t mode)
{
    return is_to_fail_on(CALL_FCHMOD, fd) ? -1 : REAL(fchmod)(fd, mode);
}

int mkdir(const char *path, mode_t mode)
{
    return is_to_fail(CALL_MKDIR) ? -1 : REAL(mkdir)(path, mode);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t offset)
{
    return is_to_fail_on(CALL_READ, fd) ? -1 : REAL(pread)(fd, bytes, size, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return is_to_fail_on(CALL_WRITE, fd) ? -1 : REAL(pwrite)(fd, bytes, size, offset);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                   void *argument)
{
    int error = error_of(CALL_CREATE_THREAD);

    return error != 0 ? error : REAL(pthread_create)(thread, attributes, body, argument);
}
