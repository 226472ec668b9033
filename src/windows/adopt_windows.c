/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Handles that the program opened. They are asked what they were opened for, which Win32 has no
 * function for.
 */

#include "errors_windows.h"
#include "file_windows.h"

enum { BASIC_OBJECT_INFORMATION = 0, FILE_MODE_INFORMATION = 16, SYNCHRONOUS = 0x10 | 0x20 };

typedef struct object_information {
    ULONG attributes;
    ACCESS_MASK access;
    ULONG counts_and_more[12];
} object_information;

typedef struct io_result {
    void *status;
    ULONG_PTR information;
} io_result;

typedef LONG NTAPI query_object_function(HANDLE, int, void *, ULONG, ULONG *);
typedef LONG NTAPI query_file_function(HANDLE, io_result *, void *, ULONG, int);

/* 0: it is not told. */
static ACCESS_MASK access_of(HANDLE handle)
{
    query_object_function *query =
        (query_object_function *)fst_windows_nt_function("NtQueryObject");
    object_information object = {0};

    if (query == NULL ||
        query(handle, BASIC_OBJECT_INFORMATION, &object, sizeof(object), NULL) != 0)
        return 0;
    return object.access;
}

/* What is not told is taken for the worse. */
static bool is_synchronous(HANDLE handle)
{
    query_file_function *query =
        (query_file_function *)fst_windows_nt_function("NtQueryInformationFile");
    io_result ignored;
    ULONG mode = 0;

    return query == NULL ||
           query(handle, &ignored, &mode, sizeof(mode), FILE_MODE_INFORMATION) != 0 ||
           (mode & SYNCHRONOUS) != 0;
}

static fst_windows_file *make_file(HANDLE handle, fst_file_id id)
{
    fst_windows_file *file = fst_windows_file_new(handle, id, true);

    if (file == NULL)
        return NULL;
    file->is_synchronous = is_synchronous(handle);
    file->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (file->event != NULL)
        return file;
    fst_windows_file_free(file);
    return NULL;
}

fasteners_status fst_os_file_adopt(intptr_t descriptor, fst_adopted *adopted, int *os_error)
{
    const ACCESS_MASK writes = FILE_WRITE_DATA | FILE_APPEND_DATA;
    HANDLE handle = (HANDLE)descriptor;
    ACCESS_MASK access = access_of(handle);
    fst_file_id id;

    /* The system locks nothing through a handle that can neither be read nor written. */
    if (!fst_windows_is_regular(handle, false) || (access & (FILE_READ_DATA | writes)) == 0) {
        *os_error = ERROR_INVALID_HANDLE;
        return FASTENERS_INVALID;
    }
    if (!fst_windows_read_id(handle, &id))
        return fst_windows_failure(os_error);
    fst_windows_file *file = make_file(handle, id);
    if (file == NULL)
        return fst_windows_failure_of(ERROR_NOT_ENOUGH_MEMORY, os_error);
    adopted->os.handle = (intptr_t)file;
    adopted->id = id;
    adopted->readable = (access & FILE_READ_DATA) != 0;
    adopted->writable = (access & writes) != 0;
    adopted->appends = (access & writes) == FILE_APPEND_DATA;
    return FASTENERS_OK;
}

void fst_os_file_disown(fst_os_file file)
{
    fst_windows_file_free(fst_windows_file_of(file));
}
