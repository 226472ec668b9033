/* SPDX-License-Identifier: Apache-2.0 */
#include "links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <windows.h>

#include <cmocka.h>

#include "proc_info.h"

void make_hard_link(const char *existing, const char *path)
{
    assert_true(CreateHardLinkA(path, existing, NULL));
}

void make_directory(const char *path)
{
    assert_true(CreateDirectoryA(path, NULL));
}

/*
 * Wine 8 says it does, but makes none; Windows does for those who have the right. Where there is
 * none, somebody who waits for the lock may have made a file by now.
 */
void make_symlink(const char *target, const char *path)
{
    DWORD flags = SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE;
    bool made = CreateSymbolicLinkA(path, target, flags);
    DWORD attributes = GetFileAttributesA(path);

    if (!made || attributes == INVALID_FILE_ATTRIBUTES ||
        (attributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0)
        skip();
}

void make_fifo(const char *path)
{
    (void)path;
    skip(); /* pipes have no names among those of files */
}

/* FileDispositionInfoEx, which the headers lack; since Windows 10. */
void remove_name(const char *path)
{
    const FILE_INFO_BY_HANDLE_CLASS disposition_ex = (FILE_INFO_BY_HANDLE_CLASS)21;
    FILE_DISPOSITION_INFO_EX how = {.Flags = FILE_DISPOSITION_FLAG_DELETE |
                                             FILE_DISPOSITION_FLAG_POSIX_SEMANTICS};

    if (is_wine())
        skip(); /* the name stays until the file is closed */
    HANDLE file = CreateFileA(path, DELETE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              NULL, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    assert_true(file != INVALID_HANDLE_VALUE);
    bool done = SetFileInformationByHandle(file, disposition_ex, &how, sizeof(how));
    CloseHandle(file);
    if (!done)
        skip();
}

/* The system refuses to replace what is open, or to move a directory with something open in it. */
void rename_to(const char *path, const char *new_path)
{
    if (!MoveFileExA(path, new_path, MOVEFILE_REPLACE_EXISTING))
        skip();
}

void change_content_and_times(const char *path)
{
    const LARGE_INTEGER size = {.QuadPart = 1000};
    const FILETIME time = {.dwHighDateTime = 0x01C00000};
    HANDLE file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);

    assert_true(file != INVALID_HANDLE_VALUE);
    assert_true(SetFilePointerEx(file, size, NULL, FILE_BEGIN) && SetEndOfFile(file));
    assert_true(SetFileTime(file, &time, &time, &time));
    assert_true(CloseHandle(file));
    assert_true(SetFileAttributesA(path, FILE_ATTRIBUTE_HIDDEN));
}

bool name_exists(const char *path)
{
    return GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES;
}
