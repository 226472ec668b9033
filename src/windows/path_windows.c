/* SPDX-License-Identifier: Apache-2.0 */
#include "path_windows.h"

#include <wchar.h>

#include "errors_windows.h"
#include "text_windows.h"

static const WCHAR VERBATIM[] = L"\\\\?\\";
static const WCHAR VERBATIM_SERVER[] = L"\\\\?\\UNC\\";
static const WCHAR DEVICE[] = L"\\\\.\\";

static bool begins_with(const WCHAR *path, const WCHAR *prefix)
{
    return wcsncmp(path, prefix, wcslen(prefix)) == 0;
}

/* ------------------------------------------------------------------- as the system wants it -- */

static WCHAR *join(const WCHAR *prefix, const WCHAR *rest)
{
    WCHAR *joined = fst_os_alloc((wcslen(prefix) + wcslen(rest) + 1) * sizeof(*joined));

    if (joined == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    wcscpy(joined, prefix);
    wcscat(joined, rest);
    return joined;
}

static WCHAR *full_path(const WCHAR *path)
{
    DWORD size = GetFullPathNameW(path, 0, NULL, NULL);
    WCHAR *full = size > 0 ? fst_os_alloc(size * sizeof(*full)) : NULL;

    if (full == NULL) {
        if (size > 0)
            SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    /* Another thread may have changed the current directory to a longer one meanwhile. */
    DWORD length = GetFullPathNameW(path, size, full, NULL);
    if (length > 0 && length < size)
        return full;
    fst_os_free(full);
    SetLastError(ERROR_BAD_PATHNAME);
    return NULL;
}

/* Slashes, and what "." and ".." mean, are settled by then: behind the prefix they are not. */
static WCHAR *verbatim_path(const WCHAR *path)
{
    WCHAR *full = full_path(path);

    if (full == NULL)
        return NULL;
    WCHAR *verbatim =
        begins_with(full, L"\\\\") ? join(VERBATIM_SERVER, full + 2) : join(VERBATIM, full);
    DWORD error = GetLastError();
    fst_os_free(full);
    SetLastError(error);
    return verbatim;
}

/* The system counts the bytes of a name with 16 bits; what is longer it may cut off. */
static WCHAR *unless_too_long(WCHAR *path)
{
    enum { LONGEST = 32767 };

    if (path == NULL || wcslen(path) < LONGEST)
        return path;
    fst_os_free(path);
    SetLastError(ERROR_FILENAME_EXCED_RANGE);
    return NULL;
}

WCHAR *fst_windows_path(const char *path)
{
    WCHAR *wide = fst_windows_to_wide(path);

    if (wide == NULL || begins_with(wide, VERBATIM))
        return unless_too_long(wide);
    WCHAR *verbatim = unless_too_long(verbatim_path(wide));
    DWORD error = GetLastError();
    fst_os_free(wide);
    SetLastError(error);
    return verbatim;
}

/* ----------------------------------------------------------------------------- absolute -- */

/*
 * Not a device or a pipe, not the name of a directory, and no second stream of a file: that has the
 * identity of the file, but locks of its own.
 */
static bool may_be_a_file(const WCHAR *full)
{
    size_t length = wcslen(full);
    const WCHAR *drive = begins_with(full, VERBATIM) ? full + wcslen(VERBATIM) : full;
    const WCHAR *colon = wcschr(drive, L':');

    if (length < 3 || begins_with(full, DEVICE) || full[length - 1] == L'\\')
        return false;
    if (colon == drive + 1)
        colon = wcschr(colon + 1, L':');
    return colon == NULL;
}

static char *absolute_path(const char *path)
{
    WCHAR *wide = fst_windows_to_wide(path);
    WCHAR *full = wide != NULL ? full_path(wide) : NULL;
    char *absolute = NULL;

    if (full != NULL && may_be_a_file(full))
        absolute = fst_windows_to_utf8(full);
    else if (full != NULL)
        SetLastError(ERROR_INVALID_NAME);
    DWORD error = GetLastError();
    fst_os_free(full);
    fst_os_free(wide);
    SetLastError(error);
    return absolute;
}

fasteners_status fst_os_absolute_path(const char *path, char **absolute, int *os_error)
{
    char *result = absolute_path(path);

    if (result == NULL)
        return fst_windows_failure(os_error);
    *absolute = result;
    return FASTENERS_OK;
}

/* -------------------------------------------------------------------------- directories -- */

/*
 * Other processes make and remove the same directories at the same time: what is there is fine.
 * What is being removed, or has been since, the caller finds missing and tries again.
 */
static fasteners_status make_directory(const WCHAR *path, int *os_error)
{
    if (CreateDirectoryW(path, NULL))
        return FASTENERS_OK;
    bool deleted = fst_windows_last_nt_status() == FST_NT_DELETE_PENDING;
    DWORD error = GetLastError();
    bool is_gone = error == ERROR_ALREADY_EXISTS || (error == ERROR_ACCESS_DENIED && deleted);
    DWORD attributes = GetFileAttributesW(path);
    if (attributes != INVALID_FILE_ATTRIBUTES)
        return (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0
                   ? FASTENERS_OK
                   : fst_windows_failure_of(ERROR_DIRECTORY, os_error);
    return is_gone ? FASTENERS_OK : fst_windows_failure_of(error, os_error);
}

/* Behind "\\?\C:\" or "\\?\UNC\server\share\". */
static WCHAR *behind_root(WCHAR *path)
{
    bool on_server = begins_with(path, VERBATIM_SERVER);
    WCHAR *at = path + wcslen(on_server ? VERBATIM_SERVER : VERBATIM);

    for (int names = on_server ? 2 : 1; names > 0; names--) {
        WCHAR *separator = wcschr(at, L'\\');
        if (separator == NULL)
            return at + wcslen(at);
        at = separator + 1;
    }
    return at;
}

static fasteners_status make_directories(WCHAR *path, int *os_error)
{
    fasteners_status status = FASTENERS_OK;

    for (WCHAR *at = wcschr(behind_root(path), L'\\'); at != NULL && status == FASTENERS_OK;
         at = wcschr(at + 1, L'\\')) {
        *at = L'\0';
        status = make_directory(path, os_error);
        *at = L'\\';
    }
    /* Not found: somebody removed a directory behind us. The caller tries again. */
    return status == FASTENERS_NOT_FOUND ? FASTENERS_OK : status;
}

fasteners_status fst_os_make_parents(const char *path, int *os_error)
{
    WCHAR *wide = fst_windows_path(path);

    if (wide == NULL)
        return fst_windows_failure(os_error);
    fasteners_status status = make_directories(wide, os_error);
    fst_os_free(wide);
    return status;
}
