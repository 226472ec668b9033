/* SPDX-License-Identifier: Apache-2.0 */
#include "../platform.h"

/* POSIX has nothing of the kind. */
bool fst_os_heavy_barrier_ready(void)
{
    return false;
}

void fst_os_heavy_barrier(void)
{
}
