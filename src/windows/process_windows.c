/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../printable.h"
#include "text_windows.h"

enum { NAME_SIZE = 256, LONGEST_PATH = 32768 };

static const WCHAR CRYPTOGRAPHY[] = L"SOFTWARE\\Microsoft\\Cryptography";

/* When it began, in units of 100 ns since 1601. 0: not known. */
static uint64_t start_of(HANDLE process)
{
    FILETIME start, end, in_kernel, in_program;

    if (!GetProcessTimes(process, &start, &end, &in_kernel, &in_program))
        return 0;
    return (uint64_t)start.dwHighDateTime << 32 | start.dwLowDateTime;
}

/*
 * The system has no name for one run of the machine. It is not needed: the time at which a process
 * began is that of the calendar, so no later run of the machine has such a process. What must not
 * be mistaken is the machine.
 */
static void read_machine_guid(char *text, size_t size)
{
    WCHAR wide[NAME_SIZE] = L"";
    DWORD bytes = sizeof(wide);
    HKEY key;

    /* As 64-bit programs see it. RegGetValueW can be told so since Windows 10 alone. */
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, CRYPTOGRAPHY, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY,
                      &key) == ERROR_SUCCESS) {
        if (RegGetValueW(key, NULL, L"MachineGuid", RRF_RT_REG_SZ, NULL, wide, &bytes) !=
            ERROR_SUCCESS)
            wide[0] = L'\0';
        RegCloseKey(key);
    }
    fst_windows_cut_to_utf8(wide, text, size);
}

static void read_host_name(char *text, size_t size)
{
    WCHAR wide[NAME_SIZE];
    DWORD count = NAME_SIZE;

    if (!GetComputerNameExW(ComputerNameDnsHostname, wide, &count))
        wide[0] = L'\0';
    fst_windows_cut_to_utf8(wide, text, size);
}

void fst_os_describe_process(fst_process *process)
{
    *process = (fst_process){.pid = (int64_t)GetCurrentProcessId(),
                             .start = start_of(GetCurrentProcess())};
    read_machine_guid(process->boot, sizeof(process->boot));
    read_host_name(process->host, sizeof(process->host));
}

/* A process that has ended is there as long as somebody has a handle of it. */
static bool runs_since(HANDLE process, uint64_t start)
{
    return start != 0 && start_of(process) == start &&
           WaitForSingleObject(process, 0) == WAIT_TIMEOUT;
}

bool fst_os_process_exists(const fst_process *process)
{
    fst_process self;

    fst_os_describe_process(&self);
    if (strcmp(process->boot, self.boot) != 0 || strcmp(process->host, self.host) != 0 ||
        process->pid_space != self.pid_space)
        return false;
    HANDLE handle =
        OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE, (DWORD)process->pid);
    if (handle == NULL)
        return false;
    bool exists = runs_since(handle, process->start);
    CloseHandle(handle);
    return exists;
}

/* ------------------------------------------------------------------------------ as a holder -- */

static const WCHAR *last_component(const WCHAR *path)
{
    const WCHAR *last = path;

    for (; *path != L'\0'; path++)
        if (*path == L'\\')
            last = path + 1;
    return last;
}

static void read_program(char *text, size_t size)
{
    WCHAR *path = fst_os_alloc(LONGEST_PATH * sizeof(*path));

    if (path != NULL && GetModuleFileNameW(NULL, path, LONGEST_PATH) > 0)
        fst_windows_cut_to_utf8(last_component(path), text, size);
    fst_os_free(path);
    fst_make_printable(text);
}

void fst_os_describe_self(fasteners_holder *holder)
{
    *holder = (fasteners_holder){.pid = (int64_t)GetCurrentProcessId()};
    read_program(holder->program, sizeof(holder->program));
}
