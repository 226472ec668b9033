/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_TEXT_WINDOWS_H
#define FST_TEXT_WINDOWS_H

/* The library speaks UTF-8, the system UTF-16. */

#include "system_windows.h"

/* A copy, to be freed with fst_os_free. NULL: GetLastError() says why. */
WCHAR *fst_windows_to_wide(const char *text);
char *fst_windows_to_utf8(const WCHAR *wide);

/* What fits of it, in whole characters, for people. What is no text becomes a replacement mark. */
void fst_windows_cut_to_utf8(const WCHAR *wide, char *text, size_t size);

#endif
