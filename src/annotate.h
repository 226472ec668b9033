/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_ANNOTATE_H
#define FST_ANNOTATE_H

/*
 * Telling a race checker (T10). It costs nothing in the hot path: where a checker watches, no
 * thread has a hot record, and every call takes the long way, which is annotated.
 *
 * What is told is the order of the sections, not that there is a lock: so the checker need not know
 * nested holds, upgrades, and holders that vanish. Writers release at one address and readers at
 * another one, so that two readers stay without an order, and what they both write is a race.
 */

#include "platform.h"

static inline const void *fst_address_of_readers(const void *lock)
{
    return (const char *)lock + sizeof(uint64_t);
}

static inline void fst_note_read_acquired(const void *lock)
{
    fst_os_note_acquire(lock);
}

static inline void fst_note_read_released(const void *lock)
{
    fst_os_note_release(fst_address_of_readers(lock));
}

static inline void fst_note_write_acquired(const void *lock)
{
    fst_os_note_acquire(lock);
    fst_os_note_acquire(fst_address_of_readers(lock));
}

static inline void fst_note_write_released(const void *lock)
{
    fst_os_note_release(lock);
}

/* A thread ends; and what it has done before it ended goes before those who get its lock. */
static inline void fst_note_ended(const void *record)
{
    fst_os_note_release(record);
}

static inline void fst_note_buried(const void *lock, const void *record)
{
    fst_os_note_acquire(record);
    fst_os_note_release(lock);
}

#endif
