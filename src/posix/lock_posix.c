/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include "lock_posix.h"

#include <errno.h>
#include <unistd.h>

#include "errors_posix.h"
#include "fcntl_posix.h"

bool fst_os_locks_per_process(void)
{
    return fst_fcntl_chosen()->per_process;
}

bool fst_os_locks_can_be_raised(void)
{
    return true;
}

struct flock fst_posix_flock(short type, fst_range range)
{
    /* All else zero: l_pid must be 0 for locks of the open file. */
    return (struct flock){.l_type = type,
                          .l_whence = SEEK_SET,
                          .l_start = (off_t)range.first,
                          .l_len = (off_t)range.length};
}

short fst_posix_lock_type(fst_lock_mode mode)
{
    return mode == FST_SHARED ? F_RDLCK : F_WRLCK;
}

static int set_lock(fst_os_file file, short type, fst_range range)
{
    struct flock lock = fst_posix_flock(type, range);
    int result;

    do {
        result = fcntl((int)file.handle, fst_fcntl_chosen()->set, &lock);
    } while (result != 0 && errno == EINTR);
    return result;
}

fasteners_status fst_posix_lock_failure(int *os_error)
{
    if (errno == EBADF)
        return FASTENERS_LOST;
    if (errno == EINVAL) {
        *os_error = EINVAL;
        return FASTENERS_NOT_SUPPORTED;
    }
    return fst_posix_failure(os_error);
}

fasteners_status fst_os_lock_try(fst_os_file file, fst_lock_mode mode, fst_range range,
                                 int *os_error)
{
    if (set_lock(file, fst_posix_lock_type(mode), range) == 0)
        return FASTENERS_OK;
    /* EACCES means contention here, and only here: this call does not wait. */
    if (errno == EAGAIN || errno == EACCES)
        return FASTENERS_BUSY;
    return fst_posix_lock_failure(os_error);
}

fasteners_status fst_os_lock_test(fst_os_file file, fst_lock_mode mode, fst_range range,
                                  int *os_error)
{
    struct flock lock = fst_posix_flock(fst_posix_lock_type(mode), range);
    int result;

    do {
        result = fcntl((int)file.handle, fst_fcntl_chosen()->get, &lock);
    } while (result != 0 && errno == EINTR);
    if (result != 0)
        return fst_posix_lock_failure(os_error);
    return lock.l_type == F_UNLCK ? FASTENERS_OK : FASTENERS_BUSY;
}

fasteners_status fst_os_unlock(fst_os_file file, fst_range range, int *os_error)
{
    return set_lock(file, F_UNLCK, range) == 0 ? FASTENERS_OK : fst_posix_lock_failure(os_error);
}
