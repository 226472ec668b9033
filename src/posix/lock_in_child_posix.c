/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700

/*
 * A child process that asks for a lock. Between fork and _exit it makes system calls alone: what
 * other threads of the program were doing is left half done in it.
 */

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cancel_posix.h"
#include "child_posix.h"
#include "errors_posix.h"
#include "fcntl_posix.h"
#include "lock_posix.h"
#include "open_posix.h"

/* What the child tells by its exit status: above these, an error number. */
enum { GRANTED = 0, REFUSED = 1, FAILED = 2 };

static int failed(void)
{
    return FAILED + (errno < 250 ? errno : 0);
}

static int ask(const char *path, fst_lock_mode mode, fst_range range)
{
    struct flock lock = fst_posix_flock(fst_posix_lock_type(mode), range);
    int fd = open(path, O_RDWR | fst_posix_open_flags(false));

    if (fd < 0)
        return failed();
    if (fcntl(fd, fst_fcntl_chosen()->set, &lock) == 0)
        return GRANTED;
    return errno == EAGAIN || errno == EACCES ? REFUSED : failed();
}

/* No signal handler of the program is to run in the child. */
static pid_t start(const char *path, fst_lock_mode mode, fst_range range)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = fst_posix_fork_unnoticed();
    if (child == 0)
        _exit(ask(path, mode, range));
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return child;
}

static int collect(pid_t child, int *result)
{
    pid_t ended;

    do {
        ended = waitpid(child, result, fst_posix_wait_options);
    } while (ended < 0 && errno == EINTR);
    return ended < 0 ? -1 : 0;
}

static fasteners_status status_of(int result, int *os_error)
{
    int code = WIFEXITED(result) ? WEXITSTATUS(result) : FAILED;

    if (code == GRANTED)
        return FASTENERS_OK;
    if (code == REFUSED)
        return FASTENERS_BUSY;
    errno = code - FAILED;
    return fst_posix_lock_failure(os_error);
}

fasteners_status fst_os_lock_try_in_child(const char *path, fst_lock_mode mode, fst_range range,
                                          int *os_error)
{
    int result = 0;
    int cancel = fst_posix_no_cancel();
    pid_t child = start(path, mode, range);
    bool known = child > 0 && collect(child, &result) == 0;

    fst_posix_cancel_as(cancel);
    return known ? status_of(result, os_error) : fst_posix_failure(os_error);
}
