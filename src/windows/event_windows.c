/* SPDX-License-Identifier: Apache-2.0 */
#include "errors_windows.h"

/*
 * The program gets a handle of its own, with which it can only wait. Ours stays the event's
 * whatever the program closes, so no event of the program's is set in its place.
 */
fasteners_status fst_os_event_open(fst_os_event *event, int *os_error)
{
    HANDLE self = GetCurrentProcess();
    HANDLE ours = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE theirs = NULL;

    if (ours == NULL || !DuplicateHandle(self, ours, self, &theirs, SYNCHRONIZE, FALSE, 0)) {
        fasteners_status status = fst_windows_failure(os_error);
        if (ours != NULL)
            CloseHandle(ours);
        return status == FASTENERS_NO_MEMORY ? FASTENERS_OS_ERROR : status;
    }
    *event = (fst_os_event){.descriptor = (intptr_t)theirs, .other = (intptr_t)ours};
    return FASTENERS_OK;
}

void fst_os_event_set(const fst_os_event *event)
{
    SetEvent((HANDLE)event->other);
}

/* There is no fork. */
void fst_os_event_renew(fst_os_event *event)
{
    (void)event;
}

void fst_os_event_close(const fst_os_event *event)
{
    HANDLE theirs = (HANDLE)event->descriptor, ours = (HANDLE)event->other;

    if (fst_windows_compare(theirs, ours) != FST_WINDOWS_DIFFERENT)
        CloseHandle(theirs);
    CloseHandle(ours);
}
