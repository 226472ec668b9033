/* SPDX-License-Identifier: Apache-2.0 */
#include "event_wait.h"

#include <windows.h>

static bool is_set(fasteners_ipc_wait *wait)
{
    return wait != NULL &&
           WaitForSingleObject((HANDLE)fasteners_ipc_wait_descriptor(wait), 0) == WAIT_OBJECT_0;
}

int count_waits_over(fasteners_ipc_wait *const *waits, int count, bool *over, int timeout_ms)
{
    HANDLE all[EVENT_WAITS];
    DWORD handles = 0;
    int ready = 0;

    for (int i = 0; i < count; i++)
        if (waits[i] != NULL)
            all[handles++] = (HANDLE)fasteners_ipc_wait_descriptor(waits[i]);
    WaitForMultipleObjects(handles, all, FALSE, (DWORD)timeout_ms);
    for (int i = 0; i < count; i++)
        ready += over[i] = is_set(waits[i]);
    return ready;
}
