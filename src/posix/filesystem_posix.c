/* SPDX-License-Identifier: Apache-2.0 */

/* POSIX has no names for file systems. */

#include "../platform.h"

void fst_os_describe_filesystem(fst_os_file file, fasteners_locality *locality, char *name,
                                size_t size)
{
    (void)file;
    (void)size;
    *locality = FASTENERS_LOCALITY_UNKNOWN;
    name[0] = '\0';
}

bool fst_os_locks_are_trusted(fst_os_file file)
{
    (void)file;
    return true;
}
