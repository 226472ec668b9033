/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_LOCK_WINDOWS_H
#define FST_LOCK_WINDOWS_H

#include "file_windows.h"

/*
 * Locks are mandatory: what is locked exclusively nobody else can read, and what is locked at all
 * nobody can write. Byte 0 has to be the lock, since other programs lock it. All others are put
 * where no file has content, so that an owner record, or the user's data, stay within reach of all.
 */

/* Where the bytes of a range, which has either byte 0 alone or not, really are. */
static inline fst_range fst_windows_place(fst_range range)
{
    if (range.first != 0)
        range.first += UINT64_C(1) << 62;
    return range;
}

/* What LockFileEx and UnlockFileEx are told. */
static inline void fst_windows_set_offset(OVERLAPPED *at, fst_range place)
{
    at->Offset = (DWORD)place.first;
    at->OffsetHigh = (DWORD)(place.first >> 32);
}

/* An entry for exactly this range, or NULL. */
fst_windows_lock *fst_windows_find_locked(fst_windows_notes *notes, fst_range range);

/* One more, if there is room for it, as there is for all the ranges of lock_bytes.h. */
static inline bool fst_windows_has_room_locked(const fst_windows_notes *notes)
{
    return notes->count < FST_WINDOWS_LOCKS;
}

/* What was queued for has been granted. */
void fst_windows_note_granted(const fst_windows_file *file, fst_lock_mode mode, fst_range range);

/* Whether the error is that of a lock that another one is in the way of. */
static inline bool fst_windows_is_contention(DWORD error)
{
    return error == ERROR_LOCK_VIOLATION || error == ERROR_IO_PENDING;
}

#endif
