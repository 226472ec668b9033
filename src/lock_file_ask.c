/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_file_parts.h"

/* Who holds the lock, and what its record tells. */

bool fst_lock_file_was_abandoned(const fst_lock_file *lock)
{
    return atomic_load_explicit(&lock->owner.abandoned, memory_order_relaxed);
}

uint64_t fst_lock_file_generation(const fst_lock_file *lock)
{
    return atomic_load_explicit(&lock->owner.generation, memory_order_relaxed);
}

bool fst_lock_file_is_held(const fst_lock_file *lock, uint64_t thread)
{
    uint64_t holder = atomic_load_explicit(&lock->file.holder, memory_order_relaxed);

    return thread != 0 ? holder == thread : holder != 0;
}

fasteners_status fst_lock_file_find(const fst_settings *settings, fst_file_id *id)
{
    int ignored;

    if (settings->is_adopted)
        return fst_os_file_id(settings->adopted.os, id, &ignored);
    return fst_os_path_id(settings->path, settings->options.follow_symlinks, id, &ignored);
}

bool fst_lock_file_exists(const fst_settings *settings)
{
    fst_file_id id;

    return fst_lock_file_find(settings, &id) == FASTENERS_OK &&
           (!settings->is_adopted || fst_file_id_equal(id, settings->adopted.id));
}

fst_held fst_lock_file_path_held_by(const fst_settings *settings, uint64_t thread)
{
    fst_file_id id;

    return fst_lock_file_find(settings, &id) == FASTENERS_OK
               ? fst_open_files_held_by(id, thread, NULL)
               : FST_NOT_HELD;
}

typedef struct inquiry {
    const fst_open_file *file;
    fst_holders *holders;
    bool reads_record; /* which changes the time of the file's last access */
} inquiry;

static inquiry inquiry_into(const fst_open_file *file, const fst_settings *settings,
                            fst_holders *holders)
{
    return (inquiry){
        .file = file, .holders = holders, .reads_record = settings->options.record_owner};
}

static void add_with_record(void *user, const fasteners_holder *found)
{
    const inquiry *of = user;
    fasteners_holder holder = *found;

    if (of->reads_record && !holder.shared)
        fst_owner_describe(of->file->os, &holder);
    fst_holders_add(of->holders, &holder);
}

static void add_self(inquiry *of, fst_held held)
{
    fasteners_holder self = {0};

    fst_os_describe_self(&self);
    self.shared = held == FST_HELD_SHARED;
    add_with_record(of, &self);
}

/* The kernel does not show one who asks the locks that he has himself. */
static fasteners_status ask_holders(const fst_open_file *file, inquiry *of, int *os_error)
{
    fst_held held = file->pool != 0 ? fst_open_files_held(file->id, file->pool) : FST_NOT_HELD;

    if (held != FST_NOT_HELD)
        add_self(of, held);
    if (held == FST_HELD_EXCLUSIVE)
        return FASTENERS_OK;
    fasteners_status status =
        fst_os_lock_holders(file->os, file->id, FST_LOCK_BYTE, add_with_record, of, os_error);
    return held == FST_HELD_SHARED && status == FASTENERS_NOT_FOUND ? FASTENERS_OK : status;
}

static fasteners_status ask_by_path(const fst_settings *settings, fst_holders *holders,
                                    int *os_error, fst_report *report)
{
    fst_open_file file = {0};
    inquiry of = inquiry_into(&file, settings, holders);
    fasteners_status status = fst_open_files_open(&file, settings->path, FST_READ,
                                                  settings->options.follow_symlinks, os_error);

    if (status != FASTENERS_OK)
        return status;
    status = ask_holders(&file, &of, os_error);
    fst_open_files_close(&file, report);
    return status;
}

static fasteners_status ask_adopted(const fst_settings *settings, fst_holders *holders,
                                    int *os_error)
{
    const fst_adopted *adopted = &settings->adopted;
    const fst_open_file file = {
        .os = adopted->os, .id = adopted->id, .pool = fst_open_files_pool_of(adopted)};
    inquiry of = inquiry_into(&file, settings, holders);

    return fst_lock_file_exists(settings) ? ask_holders(&file, &of, os_error) : FASTENERS_INVALID;
}

fasteners_status fst_lock_file_holders(const fst_settings *settings, fst_holders *holders,
                                       fst_report *report)
{
    int os_error = 0;
    fasteners_status status = settings->is_adopted
                                  ? ask_adopted(settings, holders, &os_error)
                                  : ask_by_path(settings, holders, &os_error, report);

    return status == FASTENERS_NOT_FOUND
               ? status
               : fst_report_note(report, "ask for the holder", status, os_error);
}
