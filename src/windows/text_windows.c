/* SPDX-License-Identifier: Apache-2.0 */
#include "text_windows.h"

#include <string.h>

WCHAR *fst_windows_to_wide(const char *text)
{
    int count = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    WCHAR *wide = count > 0 ? fst_os_alloc((size_t)count * sizeof(*wide)) : NULL;

    if (wide != NULL)
        MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, count);
    else if (count > 0)
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return wide;
}

char *fst_windows_to_utf8(const WCHAR *wide)
{
    int count = WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wide, -1, NULL, 0, NULL, NULL);
    char *text = count > 0 ? fst_os_alloc((size_t)count) : NULL;

    if (text != NULL)
        WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wide, -1, text, count, NULL, NULL);
    else if (count > 0)
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return text;
}

/* The second half of a character outside the first plane. */
static bool is_second_half(WCHAR c)
{
    return c >= 0xDC00 && c <= 0xDFFF;
}

void fst_windows_cut_to_utf8(const WCHAR *wide, char *text, size_t size)
{
    size_t used = 0;

    for (int at = 0; wide[at] != L'\0';) {
        char bytes[8];
        int units = is_second_half(wide[at + 1]) ? 2 : 1;
        int count =
            WideCharToMultiByte(CP_UTF8, 0, wide + at, units, bytes, sizeof(bytes), NULL, NULL);
        if (count <= 0 || used + (size_t)count >= size)
            break;
        memcpy(text + used, bytes, (size_t)count);
        used += (size_t)count;
        at += units;
    }
    text[used] = '\0';
}
