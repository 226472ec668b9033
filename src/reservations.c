/* SPDX-License-Identifier: Apache-2.0 */
#include "open_files_parts.h"

/*
 * Which open files of a pool have its lock on a file, and which wait for it: the kernel cannot know
 * that, since they are one owner to it.
 */

static uint64_t tickets; /* guarded by the mutex of the table */

/*
 * Readers go together, but only with one who has the lock: of two who ask for it, one might leave
 * it to the other, who is just giving up. And who lets writers go first does not go past one who
 * upgrades.
 */
static bool goes_with(const fst_open_file *other, const fst_open_file *file)
{
    if (other->reserved_as != FST_SHARED || file->reserved_as != FST_SHARED)
        return false;
    return !other->reserved ||
           (atomic_load(&other->holder) != 0 && (!other->raises || file->passes));
}

/* Whoever holds a lock through one of them holds it through the other, as the kernel sees it. */
static bool share_locks(const fst_open_file *other, const fst_open_file *file)
{
    return other != file && other->pool == file->pool && fst_file_id_equal(other->id, file->id);
}

/*
 * A waiting file is passed over by nobody who does not say so: whoever comes later finds it in the
 * way.
 */
static bool in_the_way_locked(const fst_open_file *other, const fst_open_file *file)
{
    if (!share_locks(other, file) || goes_with(other, file))
        return false;
    return other->reserved ||
           (other->waiting != NULL && other->ticket < file->ticket && !file->passes);
}

static bool reserve_locked(fst_open_file *file)
{
    for (const fst_open_file *other = fst_open_files_first; other != NULL; other = other->next)
        if (in_the_way_locked(other, file))
            return false;
    file->reserved = true;
    return true;
}

static void ask_locked(fst_open_file *file, fst_lock_mode mode, bool passes)
{
    file->ticket = ++tickets;
    file->reserved_as = mode;
    file->passes = passes;
}

fasteners_status fst_open_files_try_reserve(fst_open_file *file, fst_lock_mode mode, bool passes)
{
    if (file->pool == 0)
        return FASTENERS_OK;
    fst_mutex_lock(&fst_open_files_mutex);
    ask_locked(file, mode, passes);
    bool reserved = reserve_locked(file);
    fst_mutex_unlock(&fst_open_files_mutex);
    return reserved ? FASTENERS_OK : FASTENERS_BUSY;
}

static fasteners_status wait_for_reservation_locked(fst_open_file *file, fst_wait *wait,
                                                    int64_t until)
{
    fasteners_status status = FASTENERS_OK;

    while (!reserve_locked(file) && (status = fst_wait_status(wait)) == FASTENERS_OK) {
        if (fst_os_now() >= until)
            return FASTENERS_BUSY;
        fst_mutex_unlock(&fst_open_files_mutex);
        fst_wait_sleep(wait, until);
        fst_mutex_lock(&fst_open_files_mutex);
    }
    return status;
}

fasteners_status fst_open_files_reserve(fst_open_file *file, fst_lock_mode mode, bool passes,
                                        fst_wait *wait, int64_t until)
{
    if (file->pool == 0)
        return FASTENERS_OK;
    fst_mutex_lock(&fst_open_files_mutex);
    if (file->waiting == NULL)
        ask_locked(file, mode, passes);
    file->waiting = wait;
    fasteners_status status = wait_for_reservation_locked(file, wait, until);
    if (status != FASTENERS_BUSY) {
        file->waiting = NULL;
        fst_open_files_wake_locked(file->id);
    }
    fst_mutex_unlock(&fst_open_files_mutex);
    return status;
}

void fst_open_files_unreserve(fst_open_file *file, fst_report *report)
{
    if (file->pool == 0)
        return;
    fst_mutex_lock(&fst_open_files_mutex);
    file->reserved = false;
    file->raises = false;
    fst_open_files_wake_locked(file->id);
    fst_open_files_reap_locked(file->id, report);
    fst_mutex_unlock(&fst_open_files_mutex);
}

static bool another_reserves_locked(const fst_open_file *file)
{
    for (const fst_open_file *other = fst_open_files_first; other != NULL; other = other->next)
        if (other->reserved && share_locks(other, file))
            return true;
    return false;
}

bool fst_open_files_leave(fst_open_file *file)
{
    if (file->pool == 0)
        return false;
    fst_mutex_lock(&fst_open_files_mutex);
    bool stays = another_reserves_locked(file);
    if (stays) {
        file->reserved = false;
        fst_open_files_wake_locked(file->id);
    } else {
        file->reserved_as = FST_EXCLUSIVE; /* nobody is to join what is about to go */
    }
    fst_mutex_unlock(&fst_open_files_mutex);
    return stays;
}

static bool another_raises_locked(const fst_open_file *file)
{
    for (const fst_open_file *other = fst_open_files_first; other != NULL; other = other->next)
        if (other->raises && share_locks(other, file))
            return true;
    return false;
}

static bool wants_to_write(const fst_open_file *file)
{
    return file->raises || (file->waiting != NULL && file->reserved_as == FST_EXCLUSIVE);
}

bool fst_open_files_writer_waits(const fst_open_file *file)
{
    bool waits = false;

    if (file->pool == 0)
        return false;
    fst_mutex_lock(&fst_open_files_mutex);
    for (const fst_open_file *other = fst_open_files_first; other != NULL; other = other->next)
        waits = waits || (share_locks(other, file) && wants_to_write(other));
    fst_mutex_unlock(&fst_open_files_mutex);
    return waits;
}

fasteners_status fst_open_files_announce(fst_open_file *file)
{
    if (file->pool == 0)
        return FASTENERS_OK;
    fst_mutex_lock(&fst_open_files_mutex);
    bool refused = another_raises_locked(file);
    file->raises = !refused;
    fst_mutex_unlock(&fst_open_files_mutex);
    return refused ? FASTENERS_WOULD_DEADLOCK : FASTENERS_OK;
}

fasteners_status fst_open_files_raise(fst_open_file *file)
{
    if (file->pool == 0)
        return FASTENERS_OK;
    fst_mutex_lock(&fst_open_files_mutex);
    bool busy = another_reserves_locked(file);
    if (!busy)
        file->reserved_as = FST_EXCLUSIVE;
    fst_mutex_unlock(&fst_open_files_mutex);
    return busy ? FASTENERS_BUSY : FASTENERS_OK;
}

void fst_open_files_share(fst_open_file *file)
{
    if (file->pool == 0)
        return;
    fst_mutex_lock(&fst_open_files_mutex);
    file->raises = false;
    file->reserved_as = FST_SHARED;
    fst_open_files_wake_locked(file->id);
    fst_mutex_unlock(&fst_open_files_mutex);
}
