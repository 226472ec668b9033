/* SPDX-License-Identifier: Apache-2.0 */
#include "shared_file.h"

#include <windows.h>

static HANDLE open_shared(const char *path)
{
    return CreateFileA(path, GENERIC_READ | GENERIC_WRITE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_ALWAYS,
                       FILE_ATTRIBUTE_NORMAL, NULL);
}

void *shared_memory_map(const char *path, size_t size)
{
    HANDLE file = open_shared(path);
    void *memory = NULL;

    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    HANDLE mapping = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, (DWORD)size, NULL);
    if (mapping != NULL) {
        memory = MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, size);
        CloseHandle(mapping);
    }
    CloseHandle(file);
    return memory;
}

void shared_memory_unmap(void *memory, size_t size)
{
    (void)size;
    UnmapViewOfFile(memory);
}

shared_number shared_number_open(const char *path)
{
    HANDLE file = open_shared(path);

    return file != INVALID_HANDLE_VALUE ? (shared_number)file : -1;
}

void shared_number_close(shared_number of)
{
    CloseHandle((HANDLE)of);
}

int64_t shared_number_read(shared_number of)
{
    OVERLAPPED start = {0};
    int64_t number = 0;
    DWORD got = 0;

    if (!ReadFile((HANDLE)of, &number, sizeof(number), &got, &start))
        return GetLastError() == ERROR_HANDLE_EOF ? 0 : -1;
    return got == 0 || got == sizeof(number) ? number : -1;
}

bool shared_number_write(shared_number of, int64_t number)
{
    OVERLAPPED start = {0};
    DWORD written = 0;

    return WriteFile((HANDLE)of, &number, sizeof(number), &written, &start) &&
           written == sizeof(number);
}
