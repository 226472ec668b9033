/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who holds a lock, on any POSIX system: fcntl names the process that took a classic lock, by its
 * number alone.
 */

#include <errno.h>
#include <unistd.h>

#include "fcntl_posix.h"
#include "lock_posix.h"

/* 0 for a holder that is no process of this system, or that has no number. */
static int64_t local_pid(const struct flock *lock)
{
#ifdef __FreeBSD__
    if (lock->l_sysid != 0)
        return 0;
#endif
    return lock->l_pid > 0 ? lock->l_pid : 0;
}

fasteners_status fst_os_lock_holders(fst_os_file file, fst_file_id id, fst_range range,
                                     fst_holder_fn *report, void *user, int *os_error)
{
    struct flock lock = fst_posix_flock(F_WRLCK, range);
    int result;

    (void)id;
    do {
        result = fcntl((int)file.handle, fst_fcntl_chosen()->get, &lock);
    } while (result != 0 && errno == EINTR);
    if (result != 0)
        return fst_posix_lock_failure(os_error);
    if (lock.l_type == F_UNLCK) {
        *os_error = 0;
        return FASTENERS_NOT_FOUND;
    }
    fasteners_holder holder = {.pid = local_pid(&lock), .shared = lock.l_type == F_RDLCK};
    report(user, &holder);
    return FASTENERS_OK;
}

void fst_os_describe_self(fasteners_holder *holder)
{
    *holder = (fasteners_holder){.pid = getpid()};
}
