/* SPDX-License-Identifier: Apache-2.0 */
#include "file_windows.h"

/* All files that are open here, so that handles that are one open file are known for that. */

static fst_mutex mutex;
static fst_windows_file *first;

static void enter_locked(fst_windows_file *file)
{
    file->next = first;
    file->link = &first;
    if (first != NULL)
        first->link = &file->next;
    first = file;
}

static void leave_locked(const fst_windows_file *file)
{
    *file->link = file->next;
    if (file->next != NULL)
        file->next->link = file->link;
}

/* The program may give us one handle twice. */
static bool is_given_twice(const fst_windows_file *file, const fst_windows_file *newcomer)
{
    return file->is_adopted && newcomer->is_adopted && fst_file_id_equal(file->id, newcomer->id);
}

/* A handle that is new to us cannot be an old one of ours, unless others have closed that one. */
static void disown_locked(const fst_windows_file *newcomer)
{
    for (fst_windows_file *file = first; file != NULL; file = file->next)
        if (fst_windows_handle_of(file) == fst_windows_handle_of(newcomer) &&
            !is_given_twice(file, newcomer))
            atomic_store_explicit(&file->handle, NULL, memory_order_relaxed);
}

static bool is_one_open_file(const fst_windows_file *a, const fst_windows_file *b)
{
    return is_given_twice(a, b) &&
           fst_windows_compare(fst_windows_handle_of(a), fst_windows_handle_of(b)) ==
               FST_WINDOWS_SAME;
}

/* NULL: nobody else has them. */
static fst_windows_notes *find_notes_locked(const fst_windows_file *newcomer)
{
    for (const fst_windows_file *file = first; file != NULL; file = file->next)
        if (is_one_open_file(file, newcomer))
            return file->notes;
    return NULL;
}

static bool enter_with_notes(fst_windows_file *file)
{
    fst_windows_notes *own = fst_os_alloc(sizeof(*own));

    if (own == NULL)
        return false;
    fst_mutex_lock(&mutex);
    disown_locked(file);
    file->notes = find_notes_locked(file);
    if (file->notes == NULL)
        file->notes = own;
    file->notes->users++;
    enter_locked(file);
    fst_mutex_unlock(&mutex);
    if (file->notes != own)
        fst_os_free(own);
    return true;
}

fst_windows_file *fst_windows_file_new(HANDLE handle, fst_file_id id, bool is_adopted)
{
    fst_windows_file *file = fst_os_alloc(sizeof(*file));

    if (file == NULL)
        return NULL;
    atomic_store_explicit(&file->handle, handle, memory_order_relaxed);
    file->id = id;
    file->is_adopted = is_adopted;
    if (enter_with_notes(file))
        return file;
    fst_os_free(file);
    return NULL;
}

void fst_windows_file_free(fst_windows_file *file)
{
    fst_mutex_lock(&mutex);
    leave_locked(file);
    bool is_last = --file->notes->users == 0;
    fst_mutex_unlock(&mutex);
    if (is_last)
        fst_os_free(file->notes);
    if (file->event != NULL)
        CloseHandle(file->event);
    fst_os_free(file);
}

/* They were compared when the later one was adopted. */
fasteners_status fst_os_file_is_same(fst_os_file a, fst_os_file b, bool *same, int *os_error)
{
    const fst_windows_file *of_a = fst_windows_file_of(a), *of_b = fst_windows_file_of(b);
    HANDLE handle = fst_windows_handle_of(of_a);

    if (of_a->notes != of_b->notes && fst_windows_compare(handle, handle) == FST_WINDOWS_UNKNOWN) {
        *os_error = ERROR_CALL_NOT_IMPLEMENTED;
        return FASTENERS_NOT_SUPPORTED;
    }
    *same = of_a->notes == of_b->notes;
    return FASTENERS_OK;
}
