/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_ANNOTATE_H
#define FST_ANNOTATE_H

/*
 * Telling a race checker (T10). It costs nothing in the hot path: where a checker watches, no
 * thread has a hot record, and every call takes the long way, which is annotated. A thread that has
 * one has nobody to tell.
 *
 * What is told is the order of the sections, not that there is a lock: so the checker need not know
 * nested holds, upgrades, and holders that vanish. Writers release at one address and readers at
 * another one, so that two readers stay without an order, and what they both write is a race. For
 * the same reason the order that the library's own mutex makes is not told.
 *
 * What the library does with memory of its own is none of the program's races: a checker that looks
 * at every instruction is told to leave that memory alone.
 */

#include <fasteners/rw_lock.h>

#include "hold_table.h"

static inline bool fst_has_listener(void)
{
    return fst_hot_record == NULL;
}

static inline const void *fst_address_of_readers(const void *lock)
{
    return (const char *)lock + sizeof(uint64_t);
}

static inline void fst_note_read_acquired(const void *lock)
{
    if (fst_has_listener())
        fst_os_note_acquire(lock);
}

static inline void fst_note_read_released(const void *lock)
{
    if (fst_has_listener())
        fst_os_note_release(fst_address_of_readers(lock));
}

static inline void fst_note_write_acquired(const void *lock)
{
    if (!fst_has_listener())
        return;
    fst_os_note_acquire(lock);
    fst_os_note_acquire(fst_address_of_readers(lock));
}

static inline void fst_note_write_released(const void *lock)
{
    if (fst_has_listener())
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

/*
 * A fiber waits, and another one wakes it: whatever the program has done for the one goes before
 * the hook that wakes it. Not by way of a thread's variable: see rw_fibers.h.
 */
static inline void fst_note_waits(const void *waiter)
{
    fst_os_note_release(waiter);
}

static inline void fst_note_wakes(const void *waiter)
{
    fst_os_note_acquire(waiter);
}

/*
 * Memory that only this library's code touches: that of a lock, from its first use on; what others
 * find on the stack of a waiting thread; variables. fst_os_alloc notes what it returns.
 */
static inline void fst_note_used(const void *lock)
{
    if (fst_has_listener())
        fst_os_note_private(lock, sizeof(fasteners_rw_lock));
}

static inline void fst_note_private(const void *memory, size_t size)
{
    if (fst_has_listener())
        fst_os_note_private(memory, size);
}

#endif
