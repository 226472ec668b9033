/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

/*
 * File locks as Windows has them, for a machine that has none: Wine 8 forgets a request that waits.
 * The library's two files about locks are compiled such that they call the functions here, which
 * know the rules: a queue in the order of arrival, an exclusive lock that excludes its own owner's
 * too, unlocking range by range, an exclusive lock before a shared one.
 */

#include <stdbool.h>
#include <windows.h>

BOOL WINAPI fake_LockFileEx(HANDLE file, DWORD flags, DWORD reserved, DWORD low, DWORD high,
                            OVERLAPPED *request);
BOOL WINAPI fake_UnlockFileEx(HANDLE file, DWORD reserved, DWORD low, DWORD high,
                              OVERLAPPED *place);
BOOL WINAPI fake_CancelIoEx(HANDLE file, OVERLAPPED *request);
BOOL WINAPI fake_GetOverlappedResult(HANDLE file, OVERLAPPED *request, DWORD *count, BOOL wait);

/* In the place of fst_windows_is_wine. */
bool fake_is_wine(void);

/* Called at the beginning of the next CancelIoEx: happens between the decision and the call. */
void fake_kernel_before_cancel(void (*action)(void));

/* Locks that are held, requests that wait, requests that were cancelled so far. */
int fake_kernel_held(void);
int fake_kernel_queued(void);
int fake_kernel_cancelled(void);

#endif
