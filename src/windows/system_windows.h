/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_SYSTEM_WINDOWS_H
#define FST_SYSTEM_WINDOWS_H

/* The one place that includes the system's header, and what is asked of the system as a whole. */

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

#include "../platform.h"

/* What the kernel says in a status of its own, where the Win32 error is not precise enough. */
#define FST_NT_PENDING ((LONG)0x00000103)
#define FST_NT_DELETE_PENDING ((LONG)0xC0000056)

/* Functions of ntdll.dll that the import libraries of some compilers lack. NULL: not there. */
typedef void fst_windows_function(void);
fst_windows_function *fst_windows_nt_function(const char *name);

/*
 * Whether this is Wine, which does not do two things that this library would use: see
 * barrier_windows.c and lock_request_windows.c. The same answer every time, found when the library
 * is loaded.
 */
bool fst_windows_is_wine(void);

/* Whether two handles are one object. UNKNOWN: before Windows 10 the system does not tell. */
typedef enum fst_windows_comparison {
    FST_WINDOWS_UNKNOWN,
    FST_WINDOWS_DIFFERENT,
    FST_WINDOWS_SAME
} fst_windows_comparison;
fst_windows_comparison fst_windows_compare(HANDLE a, HANDLE b);

/* The kernel's own status of the calling thread's last failed call. */
LONG fst_windows_last_nt_status(void);

/* Whether the process is ending: its other threads are gone, and may have left anything locked. */
bool fst_windows_process_ends(void);

#endif
