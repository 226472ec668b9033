/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The hot path: what an uncontended call does. Whatever else there is goes to rw_lock_long.c,
 * which does not rely on anything that was tried here.
 *
 * Each function looks at the thread's own record first, and touches shared memory as little as it
 * can. A read acquire looks at the lock's word, a read release at nothing of the lock. A write
 * acquire is one compare-and-swap, a write release a plain store.
 *
 * If the thread ends, or the process forks, between two of these lines: only the thread itself runs
 * them, so it does not end here; in a forked child a half-made hold of a vanished thread is in its
 * slot or in the word, where rw_lock_end.c finds it.
 */

#include "rw_lock.h"
#include "at_fork.h"

static inline uint8_t low_byte(uint64_t word)
{
    return (uint8_t)word;
}

/*
 * One level more, or less. A nested pair would have to wait twice for what it has just stored, were
 * it not for the branch (fst_unknown).
 */
static inline void add_level(uint32_t *extra)
{
    *extra = FST_LIKELY(*extra == 0) ? fst_unknown(1) : *extra + 1;
}

static inline void drop_level(uint32_t *extra)
{
    *extra = FST_LIKELY(*extra == 1) ? fst_unknown(0) : *extra - 1;
}

/* The slots of the first cache line: the first one here, the others by the functions "further". */
static inline fst_hold place_of(fst_record *me, int slot)
{
    return (fst_hold){&me->slot[slot], &me->extra[slot]};
}

/* The published hold was in vain. A writer may have seen it, and be asleep because of it. */
FST_COLD static fasteners_status withdraw(fst_rw *lock, fst_record *me, int slot,
                                          int64_t timeout_ms)
{
    fst_hold_retract(me, place_of(me, slot));
    fst_record_wake_if_wanted(me);
    return fst_rw_acquire_read_long(lock, timeout_ms);
}

/* Pairs with the writer's heavy barrier (1). The word must be biased still: see rw_lock.h. */
static inline bool publish_biased(const fst_rw *lock, fst_record *me, int slot)
{
    atomic_store_explicit(&me->slot[slot], (uintptr_t)lock, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    return low_byte(atomic_load_explicit(&lock->word, memory_order_acquire)) == FST_BIASED;
}

/* Pairs with the writer's compare-and-swap (2). */
static inline bool publish_fenced(fst_rw *lock, fst_record *me, int slot)
{
    atomic_exchange(&me->slot[slot], (uintptr_t)lock);
    uint8_t mode = low_byte(atomic_load(&lock->word));
    if (mode != FST_FENCED && mode != FST_BIASED)
        return false;
    if (++me->fenced_reads % FST_READS_PER_TICK == 0)
        fst_rw_tick(lock, me->fenced_reads);
    return true;
}

/* Whether readers enter by a slot at the moment. */
static inline bool is_entered_by_slot(uint8_t mode)
{
    return mode == FST_BIASED || mode == FST_FENCED;
}

static inline fasteners_status read_in_slot(fst_rw *lock, fst_record *me, int slot, uint8_t mode,
                                            int64_t timeout_ms)
{
    if (FST_LIKELY(mode == FST_BIASED)) {
        if (FST_LIKELY(publish_biased(lock, me, slot)))
            return FASTENERS_OK;
    } else if (FST_LIKELY(publish_fenced(lock, me, slot))) {
        return FASTENERS_OK;
    }
    return withdraw(lock, me, slot, timeout_ms);
}

static inline uint8_t mode_of(const fst_rw *lock)
{
    return low_byte(atomic_load_explicit(&lock->word, memory_order_relaxed));
}

/*
 * The lock is central, or somebody is in the way. busy_on: between the two stores only a fork can
 * see that the thread is counted, and finds the lock by it.
 */
FST_COLD static fasteners_status read_counted(fst_rw *lock, fst_record *me, int64_t timeout_ms)
{
    uint64_t word = atomic_load_explicit(&lock->word, memory_order_relaxed);

    if (low_byte(word) != 0)
        return fst_rw_acquire_read_long(lock, timeout_ms);
    atomic_store_explicit(&me->busy_on, (uintptr_t)lock, memory_order_relaxed);
    bool counted = atomic_compare_exchange_strong(&lock->word, &word, word + FST_ONE);
    if (counted) {
        atomic_store_explicit(&me->slot[0], (uintptr_t)lock | FST_COUNTED, memory_order_relaxed);
        fst_rw_note_counted_read(lock);
    }
    atomic_store_explicit(&me->busy_on, 0, memory_order_relaxed);
    return counted ? FASTENERS_OK : fst_rw_acquire_read_long(lock, timeout_ms);
}

/* The thread holds another lock already. */
FST_COLD static fasteners_status read_further(fst_rw *lock, fst_record *me, int64_t timeout_ms)
{
    uint32_t others = atomic_load_explicit(&me->others, memory_order_relaxed);
    uint8_t mode = mode_of(lock);
    int empty = 0;

    for (int i = FST_SLOTS - 1; i > 0; i--) {
        uintptr_t slot = atomic_load_explicit(&me->slot[i], memory_order_relaxed);
        if ((slot & ~FST_COUNTED) == (uintptr_t)lock) {
            add_level(&me->extra[i]);
            return FASTENERS_OK;
        }
        if (slot == 0)
            empty = i;
        else
            others--;
    }
    /* What is left of the others lies beyond this cache line, this lock perhaps among them. */
    if (empty == 0 || others != 0 || !is_entered_by_slot(mode))
        return fst_rw_acquire_read_long(lock, timeout_ms);
    atomic_store_explicit(&me->others, me->others + 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    return read_in_slot(lock, me, empty, mode, timeout_ms);
}

FST_HOT fasteners_status fasteners_rw_lock_acquire_read(fasteners_rw_lock *opaque,
                                                        int64_t timeout_ms)
{
    fst_rw *lock = fst_rw_of(opaque);
    fst_record *me = fst_hot_record;

    if (FST_UNLIKELY(me == NULL) || FST_UNLIKELY(lock == NULL) ||
        FST_UNLIKELY(timeout_ms < FASTENERS_FOREVER))
        return fst_rw_acquire_read_long(lock, timeout_ms);
    uintptr_t slot = atomic_load_explicit(&me->slot[0], memory_order_relaxed);
    if (FST_LIKELY(slot == 0) &&
        FST_LIKELY(atomic_load_explicit(&me->others, memory_order_relaxed) == 0)) {
        uint8_t mode = mode_of(lock);
        if (FST_LIKELY(mode == FST_BIASED) || FST_LIKELY(mode == FST_FENCED))
            return read_in_slot(lock, me, 0, mode, timeout_ms);
        return read_counted(lock, me, timeout_ms);
    }
    if ((slot & ~FST_COUNTED) != (uintptr_t)lock)
        return read_further(lock, me, timeout_ms);
    add_level(&me->extra[0]);
    return FASTENERS_OK;
}

FST_COLD static fasteners_status release_further(fst_rw *lock, fst_record *me)
{
    for (int i = 1; i < FST_SLOTS; i++) {
        if (atomic_load_explicit(&me->slot[i], memory_order_relaxed) != (uintptr_t)lock)
            continue;
        if (me->extra[i] != 0) {
            drop_level(&me->extra[i]);
            return FASTENERS_OK;
        }
        fst_hold_retract(me, place_of(me, i));
        fst_record_wake_if_wanted(me);
        return FASTENERS_OK;
    }
    return fst_rw_release_read_long(lock);
}

FST_HOT fasteners_status fasteners_rw_lock_release_read(fasteners_rw_lock *opaque)
{
    fst_rw *lock = fst_rw_of(opaque);
    fst_record *me = fst_hot_record;

    if (me == NULL || lock == NULL)
        return fst_rw_release_read_long(lock);
    uintptr_t slot = atomic_load_explicit(&me->slot[0], memory_order_relaxed);
    if ((slot & ~FST_COUNTED) != (uintptr_t)lock)
        return release_further(lock, me);
    if (me->extra[0] != 0) {
        drop_level(&me->extra[0]);
        return FASTENERS_OK;
    }
    if ((slot & FST_COUNTED) != 0) {
        fst_at_fork_check();
        fst_rw_leave_read(lock, me, place_of(me, 0));
        return FASTENERS_OK;
    }
    /* The lock is not touched from here on (T9). */
    atomic_store_explicit(&me->slot[0], 0, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
    fst_record_wake_if_wanted(me);
    return FASTENERS_OK;
}

/* Whether the thread holds the lock for reading, or may do so beyond the first slot. */
static inline bool may_read(const fst_rw *lock, const fst_record *me)
{
    uintptr_t slot = atomic_load_explicit(&me->slot[0], memory_order_relaxed);

    return (slot & ~FST_COUNTED) == (uintptr_t)lock ||
           atomic_load_explicit(&me->others, memory_order_relaxed) != 0;
}

/*
 * A fenced lock that nobody holds for writing: what fst_rw_take_word, fst_rw_drain and
 * fst_rw_become_writer do if there are no readers. (A try does not take the word in vain.)
 */
FST_COLD static fasteners_status write_fenced(fst_rw *lock, fst_record *me, int64_t timeout_ms)
{
    uint64_t expected = FST_FENCED;

    if (may_read(lock, me) || timeout_ms == FASTENERS_NO_WAIT ||
        !atomic_compare_exchange_strong(&lock->word, &expected, me->self))
        return fst_rw_acquire_write_long(lock, timeout_ms);
    atomic_store_explicit(&lock->free_word, FST_FENCED, memory_order_relaxed);
    if (fst_is_read(lock, me))
        return fst_rw_acquire_write_taken(lock, me, timeout_ms);
    fst_rw_become_writer(lock, me, FST_FENCED);
    return FASTENERS_OK;
}

static inline void add_write_level(fst_rw *lock)
{
    uint32_t depth = atomic_load_explicit(&lock->depth, memory_order_relaxed);

    atomic_store_explicit(&lock->depth, depth + 1, memory_order_relaxed);
}

FST_HOT fasteners_status fasteners_rw_lock_acquire_write(fasteners_rw_lock *opaque,
                                                         int64_t timeout_ms)
{
    fst_rw *lock = fst_rw_of(opaque);
    fst_record *me = fst_hot_record;
    uint64_t expected = 0;

    if (me == NULL || lock == NULL || timeout_ms < FASTENERS_FOREVER)
        return fst_rw_acquire_write_long(lock, timeout_ms);
    uint64_t self = atomic_load_explicit(&me->self, memory_order_relaxed);
    if (!atomic_compare_exchange_strong(&lock->word, &expected, self)) {
        if (expected == FST_FENCED)
            return write_fenced(lock, me, timeout_ms);
        if (!fst_rw_is_mine(lock, me))
            return fst_rw_acquire_write_long(lock, timeout_ms);
        add_write_level(lock);
        return FASTENERS_OK;
    }
    atomic_store_explicit(&lock->owner, self, memory_order_relaxed);
    return FASTENERS_OK;
}

FST_HOT fasteners_status fasteners_rw_lock_release_write(fasteners_rw_lock *opaque)
{
    fst_rw *lock = fst_rw_of(opaque);
    fst_record *me = fst_hot_record;

    /* The word itself is not read: a load of what was just exchanged has to wait for it. */
    if (FST_UNLIKELY(me == NULL) || FST_UNLIKELY(lock == NULL) ||
        FST_UNLIKELY(!fst_rw_is_mine(lock, me)) ||
        (FST_UNLIKELY(fst_rw_is_special(lock)) && fst_rw_needs_a_look(lock)))
        return fst_rw_release_write_long(lock);
    uint64_t value = atomic_load_explicit(&lock->free_word, memory_order_relaxed);
    atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
    atomic_store_explicit(&lock->reads, 0, memory_order_relaxed);
    /*
     * Nobody else may store to the word now, so a plain store releases it (4). Then T9, as above.
     */
    atomic_store_explicit(&lock->word, value, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
    fst_record_wake_if_wanted(me);
    return FASTENERS_OK;
}
