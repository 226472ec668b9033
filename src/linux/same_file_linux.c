/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../platform.h"

/* Kernels can be built without kcmp, and sandboxes forbid it. */
fasteners_status fst_os_file_is_same(fst_os_file a, fst_os_file b, bool *same, int *os_error)
{
    pid_t self = getpid();

    long order =
        a.handle == b.handle ? 0 : syscall(SYS_kcmp, self, self, KCMP_FILE, a.handle, b.handle);

    if (order < 0 && errno != EBADF) {
        *os_error = errno;
        return FASTENERS_NOT_SUPPORTED;
    }
    *same = order == 0;
    return FASTENERS_OK;
}
