/* SPDX-License-Identifier: Apache-2.0 */
#include "system_windows.h"

/* Wine 8 has the function, but it does nothing: there every thread makes its own barriers. */
bool fst_os_heavy_barrier_ready(void)
{
    return !fst_windows_is_wine();
}

void fst_os_heavy_barrier(void)
{
    FlushProcessWriteBuffers();
}
