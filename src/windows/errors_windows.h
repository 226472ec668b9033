/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_ERRORS_WINDOWS_H
#define FST_ERRORS_WINDOWS_H

#include "system_windows.h"

/*
 * Stores the error to *os_error and returns its status. Never BUSY: what contention is, the caller
 * knows.
 */
fasteners_status fst_windows_failure_of(DWORD error, int *os_error);

/* The same for GetLastError(). */
fasteners_status fst_windows_failure(int *os_error);

#endif
