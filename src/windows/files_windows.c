/* SPDX-License-Identifier: Apache-2.0 */
#include "errors_windows.h"
#include "file_windows.h"
#include "path_windows.h"

/* Others may do with the file what they like: it is its locks that matter. */
static const DWORD SHARED_WITH_ALL = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

/* --------------------------------------------------------------------------- identity -- */

/* Some file systems have 128 bits of which 64 do not tell all files apart. */
static uint64_t fold(const FILE_ID_128 *id)
{
    uint64_t low = 0, high = 0;

    for (int i = 7; i >= 0; i--) {
        low = low << 8 | id->Identifier[i];
        high = high << 8 | id->Identifier[i + 8];
    }
    return low ^ high * UINT64_C(0x9E3779B97F4A7C15);
}

bool fst_windows_read_id(HANDLE handle, fst_file_id *id)
{
    FILE_ID_INFO wide;
    BY_HANDLE_FILE_INFORMATION info;

    if (GetFileInformationByHandleEx(handle, FileIdInfo, &wide, sizeof(wide))) {
        *id = (fst_file_id){.device = wide.VolumeSerialNumber, .inode = fold(&wide.FileId)};
        return true;
    }
    if (!GetFileInformationByHandle(handle, &info))
        return false;
    *id = (fst_file_id){.device = info.dwVolumeSerialNumber,
                        .inode = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow};
    return true;
}

fasteners_status fst_os_file_id(fst_os_file file, fst_file_id *id, int *os_error)
{
    HANDLE handle = fst_windows_handle_of(fst_windows_file_of(file));

    return fst_windows_read_id(handle, id) ? FASTENERS_OK : fst_windows_failure(os_error);
}

/* ------------------------------------------------------------------------- open and close -- */

static bool is_being_deleted(void)
{
    return fst_windows_last_nt_status() == FST_NT_DELETE_PENDING;
}

/* Not inheritable. A server at the other end of a path may not act in our name. */
static HANDLE open_path(const WCHAR *path, DWORD access, DWORD disposition, bool follow_symlinks,
                        DWORD flags)
{
    if (!follow_symlinks)
        flags |= FILE_FLAG_OPEN_REPARSE_POINT;
    return CreateFileW(path, access, SHARED_WITH_ALL, NULL, disposition,
                       flags | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
}

/* Something that stands for another name. Placeholders of files that are elsewhere are files. */
static bool is_link(HANDLE handle, DWORD attributes)
{
    FILE_ATTRIBUTE_TAG_INFO tag;

    return (attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 &&
           GetFileInformationByHandleEx(handle, FileAttributeTagInfo, &tag, sizeof(tag)) &&
           IsReparseTagNameSurrogate(tag.ReparseTag);
}

bool fst_windows_is_regular(HANDLE handle, bool follow_symlinks)
{
    BY_HANDLE_FILE_INFORMATION info;

    return GetFileType(handle) == FILE_TYPE_DISK && GetFileInformationByHandle(handle, &info) &&
           (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0 &&
           (follow_symlinks || !is_link(handle, info.dwFileAttributes));
}

/* What was opened becomes a file of ours, or is closed. */
static fasteners_status make_file(HANDLE handle, bool follow_symlinks, fst_os_file *file,
                                  fst_file_id *id, int *os_error)
{
    fasteners_status status = FASTENERS_OK;
    const fst_windows_file *made = NULL;

    if (!fst_windows_is_regular(handle, follow_symlinks)) {
        *os_error = 0;
        status = FASTENERS_INVALID;
    } else if (!fst_windows_read_id(handle, id)) {
        status = fst_windows_failure(os_error);
    } else if ((made = fst_windows_file_new(handle, *id, false)) == NULL) {
        status = fst_windows_failure_of(ERROR_NOT_ENOUGH_MEMORY, os_error);
    }
    if (status == FASTENERS_OK)
        file->handle = (intptr_t)made;
    else
        CloseHandle(handle);
    return status;
}

static bool is_directory(const WCHAR *path)
{
    DWORD attributes = GetFileAttributesW(path);

    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

/* A name whose file is being deleted names nothing. Of a directory the system says "denied". */
static fasteners_status open_failure(const WCHAR *path, int *os_error)
{
    bool deleted = is_being_deleted();
    DWORD error = GetLastError();

    if (error == ERROR_ACCESS_DENIED && deleted)
        error = ERROR_FILE_NOT_FOUND;
    else if (error == ERROR_ACCESS_DENIED && is_directory(path))
        error = ERROR_DIRECTORY;
    return fst_windows_failure_of(error, os_error);
}

fasteners_status fst_os_file_open(const char *path, fst_access access, bool follow_symlinks,
                                  fst_os_file *file, fst_file_id *id, int *os_error)
{
    DWORD wanted = access == FST_READ ? GENERIC_READ : GENERIC_READ | GENERIC_WRITE;
    WCHAR *wide = fst_windows_path(path);

    if (wide == NULL)
        return fst_windows_failure(os_error);
    HANDLE handle = open_path(wide, wanted, OPEN_EXISTING, follow_symlinks, FILE_FLAG_OVERLAPPED);
    fasteners_status status = handle == INVALID_HANDLE_VALUE
                                  ? open_failure(wide, os_error)
                                  : make_file(handle, follow_symlinks, file, id, os_error);
    fst_os_free(wide);
    return status;
}

/* Something is there, or was a moment ago and still has the name. */
static fasteners_status create_failure(const WCHAR *path, int *os_error)
{
    bool deleted = is_being_deleted();
    DWORD error = GetLastError();

    if (error != ERROR_FILE_EXISTS && error != ERROR_ALREADY_EXISTS &&
        !(error == ERROR_ACCESS_DENIED && (deleted || is_directory(path))))
        return fst_windows_failure_of(error, os_error);
    *os_error = (int)error;
    return FASTENERS_BUSY;
}

/* Who may do what with it is inherited from the directory: there are no permission bits. */
fasteners_status fst_os_file_create(const char *path, uint32_t mode, bool follow_symlinks,
                                    fst_os_file *file, fst_file_id *id, int *os_error)
{
    WCHAR *wide = fst_windows_path(path);

    (void)mode;
    if (wide == NULL)
        return fst_windows_failure(os_error);
    HANDLE handle = open_path(wide, GENERIC_READ | GENERIC_WRITE, CREATE_NEW, follow_symlinks,
                              FILE_FLAG_OVERLAPPED);
    fasteners_status status = handle == INVALID_HANDLE_VALUE
                                  ? create_failure(wide, os_error)
                                  : make_file(handle, follow_symlinks, file, id, os_error);
    fst_os_free(wide);
    return status;
}

/* The system gives back locks with the handle, but not necessarily at once. */
fasteners_status fst_os_file_close(fst_os_file file, int *os_error)
{
    fst_windows_file *ours = fst_windows_file_of(file);
    HANDLE handle = fst_windows_handle_of(ours);
    fasteners_status status = FASTENERS_OK;

    fst_windows_unlock_all(ours);
    if (handle != NULL && !CloseHandle(handle))
        status = fst_windows_failure(os_error);
    fst_windows_file_free(ours);
    return status;
}

/* ------------------------------------------------------------------------------ by path -- */

/* A path that leads through a file names nothing: whatever it named has been moved. */
fasteners_status fst_os_path_id(const char *path, bool follow_symlinks, fst_file_id *id,
                                int *os_error)
{
    WCHAR *wide = fst_windows_path(path);

    if (wide == NULL)
        return fst_windows_failure(os_error);
    HANDLE handle = open_path(wide, FILE_READ_ATTRIBUTES, OPEN_EXISTING, follow_symlinks,
                              FILE_FLAG_BACKUP_SEMANTICS);
    fasteners_status status = FASTENERS_OK;
    if (handle == INVALID_HANDLE_VALUE)
        status = open_failure(wide, os_error);
    else if (!fst_windows_read_id(handle, id))
        status = fst_windows_failure(os_error);
    if (handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
    fst_os_free(wide);
    return status;
}

/* FileDispositionInfoEx, which the headers of some compilers lack. */
static const FILE_INFO_BY_HANDLE_CLASS DISPOSITION_EX = (FILE_INFO_BY_HANDLE_CLASS)21;

/*
 * By default the name stays until the last handle of the file is closed; since Windows 10 it can be
 * had to go at once. Without FILE_FLAG_BACKUP_SEMANTICS, lest it is a directory that goes.
 */
static bool unlink_now(const WCHAR *path)
{
    FILE_DISPOSITION_INFO_EX how = {.Flags = FILE_DISPOSITION_FLAG_DELETE |
                                             FILE_DISPOSITION_FLAG_POSIX_SEMANTICS};
    HANDLE handle = open_path(path, DELETE, OPEN_EXISTING, false, 0);

    if (handle == INVALID_HANDLE_VALUE)
        return false;
    bool done = SetFileInformationByHandle(handle, DISPOSITION_EX, &how, sizeof(how));
    CloseHandle(handle);
    return done;
}

fasteners_status fst_os_unlink(const char *path, int *os_error)
{
    WCHAR *wide = fst_windows_path(path);

    if (wide == NULL)
        return fst_windows_failure(os_error);
    bool done = unlink_now(wide) || DeleteFileW(wide);
    fasteners_status status = done ? FASTENERS_OK : fst_windows_failure(os_error);
    fst_os_free(wide);
    return status;
}
