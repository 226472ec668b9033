/* SPDX-License-Identifier: Apache-2.0 */
#include "errors_windows.h"

#include <stdio.h>

#include "text_windows.h"

static const struct {
    DWORD error;
    fasteners_status status;
} table[] = {
    {ERROR_ACCESS_DENIED, FASTENERS_NO_PERMISSION},
    {ERROR_WRITE_PROTECT, FASTENERS_NO_PERMISSION},
    {ERROR_SHARING_VIOLATION, FASTENERS_NO_PERMISSION}, /* somebody opened it for himself alone */
    {ERROR_PRIVILEGE_NOT_HELD, FASTENERS_NO_PERMISSION},
    {ERROR_FILE_NOT_FOUND, FASTENERS_NOT_FOUND},
    {ERROR_PATH_NOT_FOUND, FASTENERS_NOT_FOUND},
    {ERROR_INVALID_DRIVE, FASTENERS_NOT_FOUND},
    {ERROR_NOT_ENOUGH_MEMORY, FASTENERS_NO_MEMORY},
    {ERROR_OUTOFMEMORY, FASTENERS_NO_MEMORY},
    {ERROR_NO_SYSTEM_RESOURCES, FASTENERS_NO_MEMORY},
    {ERROR_INVALID_NAME, FASTENERS_INVALID},
    {ERROR_BAD_PATHNAME, FASTENERS_INVALID},
    {ERROR_DIRECTORY, FASTENERS_INVALID}, /* the path leads through a file */
    {ERROR_FILENAME_EXCED_RANGE, FASTENERS_INVALID},
    {ERROR_NO_UNICODE_TRANSLATION, FASTENERS_INVALID},
    {ERROR_CANT_RESOLVE_FILENAME, FASTENERS_INVALID}, /* symbolic links in a circle */
    {ERROR_INVALID_FUNCTION, FASTENERS_NOT_SUPPORTED},
    {ERROR_NOT_SUPPORTED, FASTENERS_NOT_SUPPORTED},
    {ERROR_CALL_NOT_IMPLEMENTED, FASTENERS_NOT_SUPPORTED},
    {ERROR_INVALID_HANDLE, FASTENERS_LOST}, /* the program closed what is ours */
    {ERROR_NOT_LOCKED, FASTENERS_LOST},     /* a file server has forgotten our lock */
};

fasteners_status fst_windows_failure_of(DWORD error, int *os_error)
{
    *os_error = (int)error;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].error == error)
            return table[i].status;
    return FASTENERS_OS_ERROR;
}

fasteners_status fst_windows_failure(int *os_error)
{
    return fst_windows_failure_of(GetLastError(), os_error);
}

enum { LONGEST_TEXT = 512 };

/* The system ends its sentences with a line feed. */
static void cut_end(WCHAR *text, DWORD length)
{
    while (length > 0 && (text[length - 1] <= L' ' || text[length - 1] == L'.'))
        length--;
    text[length] = L'\0';
}

void fst_os_error_text(int os_error, char *text, size_t size)
{
    WCHAR wide[LONGEST_TEXT];
    DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                                  (DWORD)os_error, 0, wide, LONGEST_TEXT, NULL);

    cut_end(wide, length < LONGEST_TEXT ? length : LONGEST_TEXT - 1);
    fst_windows_cut_to_utf8(wide, text, size);
    if (text[0] == '\0')
        snprintf(text, size, "error %d", os_error);
}
