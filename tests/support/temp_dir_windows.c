/* SPDX-License-Identifier: Apache-2.0 */
#include "temp_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum { PATH_SIZE = 2 * MAX_PATH };

const char *temp_root(void)
{
    static char root[MAX_PATH + 1];
    DWORD length = root[0] == '\0' ? GetTempPathA(sizeof(root), root) : 0;

    if (length > 0)
        root[length - 1] = '\0';
    return root;
}

char *temp_dir_make(void)
{
    static unsigned number;
    char *path = malloc(PATH_SIZE);

    if (path == NULL)
        return NULL;
    do {
        snprintf(path, PATH_SIZE, "%s\\fasteners-test-%lu-%u", temp_root(), GetCurrentProcessId(),
                 number++);
        if (CreateDirectoryA(path, NULL))
            return path;
    } while (GetLastError() == ERROR_ALREADY_EXISTS);
    free(path);
    return NULL;
}

static void remove_entry(const char *directory, const WIN32_FIND_DATAA *entry)
{
    char path[PATH_SIZE];

    if (strcmp(entry->cFileName, ".") == 0 || strcmp(entry->cFileName, "..") == 0)
        return;
    snprintf(path, sizeof(path), "%s\\%s", directory, entry->cFileName);
    if (entry->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) {
        temp_dir_remove(path);
        return;
    }
    SetFileAttributesA(path, FILE_ATTRIBUTE_NORMAL);
    DeleteFileA(path);
}

void temp_dir_remove(const char *directory)
{
    char pattern[PATH_SIZE];
    WIN32_FIND_DATAA entry;

    snprintf(pattern, sizeof(pattern), "%s\\*", directory);
    HANDLE search = FindFirstFileA(pattern, &entry);
    if (search != INVALID_HANDLE_VALUE) {
        do {
            remove_entry(directory, &entry);
        } while (FindNextFileA(search, &entry));
        FindClose(search);
    }
    RemoveDirectoryA(directory);
}
