/* SPDX-License-Identifier: Apache-2.0 */
#include <winternl.h>

#include "file_windows.h"
#include "text_windows.h"

enum { VOLUME_DEVICE_INFORMATION = 4, REMOTE_DEVICE = 0x10, NAME_SIZE = MAX_PATH + 1 };

typedef struct device_information {
    ULONG type;
    ULONG characteristics;
} device_information;

typedef NTSTATUS NTAPI query_volume_function(HANDLE, IO_STATUS_BLOCK *, void *, ULONG, ULONG);

/* Under Wine the file system is another system's, which may be anything. */
static fasteners_locality locality_of(fst_os_file file)
{
    query_volume_function *query =
        (query_volume_function *)fst_windows_nt_function("NtQueryVolumeInformationFile");
    device_information device = {0};
    IO_STATUS_BLOCK ignored;

    if (query == NULL || fst_windows_is_wine() ||
        query(fst_windows_handle_of(fst_windows_file_of(file)), &ignored, &device, sizeof(device),
              VOLUME_DEVICE_INFORMATION) != 0)
        return FASTENERS_LOCALITY_UNKNOWN;
    return device.characteristics & REMOTE_DEVICE ? FASTENERS_LOCALITY_REMOTE
                                                  : FASTENERS_LOCALITY_LOCAL;
}

void fst_os_describe_filesystem(fst_os_file file, fasteners_locality *locality, char *name,
                                size_t size)
{
    WCHAR wide[NAME_SIZE];

    *locality = locality_of(file);
    if (!GetVolumeInformationByHandleW(fst_windows_handle_of(fst_windows_file_of(file)), NULL, 0,
                                       NULL, NULL, NULL, wide, NAME_SIZE))
        wide[0] = L'\0';
    fst_windows_cut_to_utf8(wide, name, size);
}

bool fst_os_locks_are_trusted(fst_os_file file)
{
    return locality_of(file) == FASTENERS_LOCALITY_LOCAL;
}
