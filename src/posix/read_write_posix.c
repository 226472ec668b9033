/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <unistd.h>

#include "cancel_posix.h"
#include "errors_posix.h"

static fasteners_status failure(int *os_error)
{
    fasteners_status status = fst_posix_failure(os_error);

    return *os_error == EBADF ? FASTENERS_LOST : status;
}

fasteners_status fst_os_file_read(fst_os_file file, uint64_t offset, void *bytes, size_t size,
                                  size_t *count, int *os_error)
{
    int cancel = fst_posix_no_cancel();
    size_t done = 0;
    ssize_t part;

    do {
        part = pread((int)file.handle, (char *)bytes + done, size - done, (off_t)(offset + done));
        if (part > 0)
            done += (size_t)part;
    } while ((part > 0 && done < size) || (part < 0 && errno == EINTR));
    fst_posix_cancel_as(cancel);
    if (part < 0)
        return failure(os_error);
    *count = done;
    return FASTENERS_OK;
}

fasteners_status fst_os_file_write(fst_os_file file, uint64_t offset, const void *bytes,
                                   size_t size, int *os_error)
{
    int cancel = fst_posix_no_cancel();
    size_t done = 0;
    ssize_t part;

    do {
        part = pwrite((int)file.handle, (const char *)bytes + done, size - done,
                      (off_t)(offset + done));
        if (part > 0)
            done += (size_t)part;
    } while ((part > 0 && done < size) || (part < 0 && errno == EINTR));
    if (part == 0)
        errno = EIO; /* nothing was written, and the system did not say why */
    fst_posix_cancel_as(cancel);
    return done == size ? FASTENERS_OK : failure(os_error);
}
