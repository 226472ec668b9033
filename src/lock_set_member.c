/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_set_parts.h"

#include "ipc_member.h"
#include "lock_file.h"
#include "rw_lock.h"

/* One member of a lock set, whatever its kind. */

static const char ACQUIRE[] = "fasteners_lock_set_acquire";

static fst_ipc_view view_of(const fst_member *member)
{
    return member->kind == FASTENERS_MEMBER_IPC_LOCK ? fst_ipc_lock_view(member->lock)
                                                     : fst_ipc_rwlock_view(member->lock);
}

static void note_file(fst_member *member, fst_file_id id)
{
    member->device_ = id.device;
    member->inode_ = id.inode;
}

/* ------------------------------------------------------------------------------- files -- */

static fasteners_status call_ipc(const fst_member *member, fst_wait *wait)
{
    switch (member->kind) {
    case FASTENERS_MEMBER_IPC_LOCK:
        return fst_ipc_lock_acquire(member->lock, wait, ACQUIRE);
    case FASTENERS_MEMBER_IPC_READ:
        return fst_ipc_rwlock_acquire_read(member->lock, wait, ACQUIRE);
    default:
        return fst_ipc_rwlock_acquire_write(member->lock, wait, ACQUIRE);
    }
}

/*
 * A path that has come to name a file of the set's own is no reason to refuse it, but to put it in
 * order anew.
 */
static fasteners_status acquire_ipc(fst_member *member, fst_wait *clock, fst_watch *watch)
{
    bool nested = view_of(member).is_held;
    fst_wait wait;

    fst_wait_init_for(&wait, &view_of(member).handle->settings.options, clock->timeout_ms);
    wait.deadline = clock->deadline;
    wait.watch = watch;
    fasteners_status status = call_ipc(member, &wait);
    clock->deadline = wait.deadline;
    if (status == FASTENERS_WOULD_DEADLOCK && watch != NULL && fst_member_is_replaced(member))
        return FASTENERS_LOST;
    if (status != FASTENERS_OK)
        return status;
    note_file(member, view_of(member).file);
    member->state_ |= nested ? 0 : FST_MEMBER_NEW;
    return FASTENERS_OK;
}

fasteners_status fst_member_identify(fst_member *member)
{
    fst_ipc_view view = view_of(member);
    fst_report report = {0};
    fst_file_id id;
    fasteners_status status = fst_lock_file_identify(&view.handle->settings, &id, &report);

    if (status == FASTENERS_OK)
        note_file(member, id);
    return fst_ipc_handle_conclude(view.handle, ACQUIRE, status, &report);
}

/* What cannot be looked at has not changed. */
bool fst_member_is_replaced(const fst_member *member)
{
    fst_file_id id;
    fasteners_status status = fst_lock_file_find(&view_of(member).handle->settings, &id);

    return status == FASTENERS_NOT_FOUND ||
           (status == FASTENERS_OK && (id.device != member->device_ || id.inode != member->inode_));
}

bool fst_member_is_stale(const fst_member *member)
{
    return fst_member_is_ipc(member) && (member->state_ & FST_MEMBER_NEW) != 0 &&
           (!view_of(member).is_held || fst_member_is_replaced(member));
}

/* ------------------------------------------------------------------------------ threads -- */

static fasteners_status try_rw(const fst_member *member)
{
    return member->kind == FASTENERS_MEMBER_READ
               ? fasteners_rw_lock_acquire_read(member->lock, FASTENERS_NO_WAIT)
               : fasteners_rw_lock_acquire_write(member->lock, FASTENERS_NO_WAIT);
}

static fasteners_status wait_for_rw(const fst_member *member, fst_wait *clock)
{
    fst_rw *lock = fst_rw_of(member->lock);
    int64_t deadline = fst_wait_deadline(clock);

    return member->kind == FASTENERS_MEMBER_READ
               ? fst_rw_acquire_read_by(lock, clock->timeout_ms, deadline)
               : fst_rw_acquire_write_by(lock, clock->timeout_ms, deadline);
}

static fasteners_status acquire_rw(const fst_member *member, fst_wait *clock)
{
    fasteners_status status = try_rw(member);

    if (status != FASTENERS_BUSY)
        return status;
    status = fst_wait_status(clock);
    if (status == FASTENERS_OK)
        status = wait_for_rw(member, clock);
    /* A hook of the user's gave up with it; to a set it would say: begin again. */
    return status == FASTENERS_LOST ? FASTENERS_CANCELLED : status;
}

/* -------------------------------------------------------------------------------- both -- */

fasteners_status fst_member_acquire(fst_member *member, fst_wait *clock, fst_watch *watch)
{
    return fst_member_is_ipc(member) ? acquire_ipc(member, clock, watch)
                                     : acquire_rw(member, clock);
}

static fasteners_status release_object(const fst_member *member)
{
    switch (member->kind) {
    case FASTENERS_MEMBER_IPC_LOCK:
        return fasteners_ipc_lock_release(member->lock);
    case FASTENERS_MEMBER_IPC_READ:
        return fasteners_ipc_rwlock_release_read(member->lock);
    case FASTENERS_MEMBER_IPC_WRITE:
        return fasteners_ipc_rwlock_release_write(member->lock);
    case FASTENERS_MEMBER_READ:
        return fasteners_rw_lock_release_read(member->lock);
    default:
        return fasteners_rw_lock_release_write(member->lock);
    }
}

fasteners_status fst_member_release(fst_member *member)
{
    fasteners_status status = release_object(member);

    if (status == FASTENERS_OK || status == FASTENERS_NOT_OWNER || status == FASTENERS_LOST)
        member->state_ &= ~(uint32_t)(FST_MEMBER_HELD | FST_MEMBER_NEW);
    return status;
}

/* Who writes may read: a member that reads may stand behind one that writes. */
bool fst_member_object_is_held(const fst_member *member)
{
    switch (member->kind) {
    case FASTENERS_MEMBER_IPC_LOCK:
    case FASTENERS_MEMBER_IPC_READ:
        return view_of(member).is_held;
    case FASTENERS_MEMBER_IPC_WRITE:
        return fasteners_ipc_rwlock_is_writer(member->lock);
    case FASTENERS_MEMBER_READ:
        return fasteners_rw_lock_is_reader(member->lock) ||
               fasteners_rw_lock_is_writer(member->lock, false);
    default:
        return fasteners_rw_lock_is_writer(member->lock, false);
    }
}

static void set_unheard(const fst_member *member, bool unheard)
{
    if (member->kind == FASTENERS_MEMBER_WRITE)
        fst_rw_set_unheard(member->lock, unheard);
    else if (fst_member_is_exclusive(member))
        fst_lock_file_set_unheard(&view_of(member).handle->writing, unheard);
}

/* Where the thread holds on, since it held before the set, it has heard. */
fasteners_status fst_member_take_back(fst_member *member)
{
    set_unheard(member, true);
    fasteners_status status = fst_member_release(member);
    if (status == FASTENERS_OK && fst_member_object_is_held(member))
        set_unheard(member, false);
    return status;
}
