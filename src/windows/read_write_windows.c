/* SPDX-License-Identifier: Apache-2.0 */
#include "errors_windows.h"
#include "file_windows.h"

/*
 * Files are opened for overlapped operations, so that a lock can be waited for and given up. A read
 * or write is waited for at once, by an event of its own: others may use the handle meanwhile.
 */

typedef BOOL transfer(HANDLE handle, void *bytes, DWORD size, OVERLAPPED *at);

static BOOL read_bytes(HANDLE handle, void *bytes, DWORD size, OVERLAPPED *at)
{
    return ReadFile(handle, bytes, size, NULL, at);
}

static BOOL write_bytes(HANDLE handle, void *bytes, DWORD size, OVERLAPPED *at)
{
    return WriteFile(handle, bytes, size, NULL, at);
}

/* A handle that the program opened may have a position, which is the program's. */
typedef struct position {
    LARGE_INTEGER at;
    bool is_kept;
} position;

static position keep_position(const fst_windows_file *file)
{
    const LARGE_INTEGER no_move = {.QuadPart = 0};
    position kept = {.is_kept = false};

    if (file->is_synchronous)
        kept.is_kept =
            SetFilePointerEx(fst_windows_handle_of(file), no_move, &kept.at, FILE_CURRENT);
    return kept;
}

static void restore_position(const fst_windows_file *file, position kept)
{
    if (kept.is_kept)
        SetFilePointerEx(fst_windows_handle_of(file), kept.at, NULL, FILE_BEGIN);
}

/* Of a part; *count bytes were done, and the error is returned. */
static DWORD do_part(const fst_windows_file *file, transfer *operation, uint64_t offset,
                     void *bytes, DWORD size, HANDLE event, DWORD *count)
{
    HANDLE handle = fst_windows_handle_of(file);
    OVERLAPPED at = {0};

    at.Offset = (DWORD)offset;
    at.OffsetHigh = (DWORD)(offset >> 32);
    at.hEvent = fst_windows_tag(file, event);
    if (!operation(handle, bytes, size, &at) && GetLastError() != ERROR_IO_PENDING)
        return GetLastError();
    return GetOverlappedResult(handle, &at, count, TRUE) ? ERROR_SUCCESS : GetLastError();
}

static DWORD do_all(const fst_windows_file *file, transfer *operation, uint64_t offset, char *bytes,
                    size_t size, size_t *done)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    DWORD error = event != NULL ? ERROR_SUCCESS : GetLastError();
    position kept = keep_position(file);
    DWORD count = 1;

    *done = 0;
    while (error == ERROR_SUCCESS && count > 0 && *done < size) {
        size_t left = size - *done;
        DWORD part = left < MAXLONG ? (DWORD)left : MAXLONG;
        count = 0;
        error = do_part(file, operation, offset + *done, bytes + *done, part, event, &count);
        *done += count;
    }
    restore_position(file, kept);
    if (event != NULL)
        CloseHandle(event);
    return error;
}

fasteners_status fst_os_file_read(fst_os_file file, uint64_t offset, void *bytes, size_t size,
                                  size_t *count, int *os_error)
{
    size_t done;
    DWORD error = do_all(fst_windows_file_of(file), read_bytes, offset, bytes, size, &done);

    if (error != ERROR_SUCCESS && error != ERROR_HANDLE_EOF)
        return fst_windows_failure_of(error, os_error);
    *count = done;
    return FASTENERS_OK;
}

fasteners_status fst_os_file_write(fst_os_file file, uint64_t offset, const void *bytes,
                                   size_t size, int *os_error)
{
    size_t done;
    DWORD error = do_all(fst_windows_file_of(file), write_bytes, offset, (char *)(uintptr_t)bytes,
                         size, &done);

    if (error == ERROR_SUCCESS && done < size)
        error = ERROR_WRITE_FAULT; /* nothing was written, and the system did not say why */
    return error == ERROR_SUCCESS ? FASTENERS_OK : fst_windows_failure_of(error, os_error);
}
