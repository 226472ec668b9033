/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_PATH_WINDOWS_H
#define FST_PATH_WINDOWS_H

#include "system_windows.h"

/*
 * The path, made absolute, as the system takes it whatever its length: "\\?\C:\...",
 * "\\?\UNC\server\...". To be freed with fst_os_free. NULL: GetLastError() says why.
 */
WCHAR *fst_windows_path(const char *path);

#endif
