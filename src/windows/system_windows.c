/* SPDX-License-Identifier: Apache-2.0 */
#include "system_windows.h"

typedef LONG NTAPI last_status_function(void);
typedef BOOLEAN NTAPI in_shutdown_function(void);
typedef LONG NTAPI compare_function(HANDLE, HANDLE);

static bool is_wine;
static last_status_function *last_status;
static in_shutdown_function *in_shutdown;
static compare_function *compare;

fst_windows_function *fst_windows_nt_function(const char *name)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");

    return ntdll != NULL ? (fst_windows_function *)GetProcAddress(ntdll, name) : NULL;
}

/*
 * Here and not at first use: looking functions up takes the loader's lock, which a thread that is
 * ending may have while it waits for a lock of ours.
 */
__attribute__((constructor(101))) static void look_up(void)
{
    is_wine = fst_windows_nt_function("wine_get_version") != NULL;
    last_status = (last_status_function *)fst_windows_nt_function("RtlGetLastNtStatus");
    compare = (compare_function *)fst_windows_nt_function("NtCompareObjects");
    in_shutdown = (in_shutdown_function *)fst_windows_nt_function("RtlDllShutdownInProgress");
}

__attribute__((constructor)) static void at_load(void)
{
    fst_at_load();
}

bool fst_windows_is_wine(void)
{
    return is_wine;
}

LONG fst_windows_last_nt_status(void)
{
    return last_status != NULL ? last_status() : 0;
}

bool fst_windows_process_ends(void)
{
    return in_shutdown != NULL && in_shutdown();
}

fst_windows_comparison fst_windows_compare(HANDLE a, HANDLE b)
{
    if (compare == NULL)
        return FST_WINDOWS_UNKNOWN;
    return compare(a, b) == 0 ? FST_WINDOWS_SAME : FST_WINDOWS_DIFFERENT;
}
