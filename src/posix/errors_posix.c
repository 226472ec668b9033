/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include "errors_posix.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int error;
    fasteners_status status;
} table[] = {
    {EACCES, FASTENERS_NO_PERMISSION},
    {EPERM, FASTENERS_NO_PERMISSION},
    {EROFS, FASTENERS_NO_PERMISSION},
    {ENOENT, FASTENERS_NOT_FOUND},
    {ENOMEM, FASTENERS_NO_MEMORY},
    {ENOTDIR, FASTENERS_INVALID}, /* the path leads through a file */
    {ELOOP, FASTENERS_INVALID},   /* a symbolic link where none is followed */
    {EMLINK, FASTENERS_INVALID},  /* FreeBSD's word for it */
    {EISDIR, FASTENERS_INVALID},
    {ENXIO, FASTENERS_INVALID}, /* a socket, or a device without a driver */
    {ENODEV, FASTENERS_INVALID},
    {ENAMETOOLONG, FASTENERS_INVALID},
    {ENOSYS, FASTENERS_NOT_SUPPORTED},
    {EOPNOTSUPP, FASTENERS_NOT_SUPPORTED},
    {ENOLCK, FASTENERS_NOT_SUPPORTED}, /* no lock service, or no room for one more lock */
};

fasteners_status fst_posix_failure(int *os_error)
{
    int error = errno;

    *os_error = error;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].error == error)
            return table[i].status;
    return FASTENERS_OS_ERROR;
}

void fst_os_error_text(int os_error, char *text, size_t size)
{
    if (strerror_r(os_error, text, size) != 0)
        snprintf(text, size, "error %d", os_error);
}
