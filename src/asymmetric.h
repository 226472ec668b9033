/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_ASYMMETRIC_H
#define FST_ASYMMETRIC_H

/*
 * "Store, then load" on both sides: each of two threads stores something and then looks at what the
 * other one has stored, and at least one of them must see the other's store. That takes a full
 * barrier between the store and the load on both sides. Here the frequent side saves it and the
 * rare side pays for both, by a barrier in every thread of the process (fst_os_heavy_barrier).
 *
 * Where the system has no such barrier both sides use sequentially consistent stores and
 * loads, to the same effect. No fences: ThreadSanitizer does not understand them.
 *
 * The frequent side:  fst_light_store_...(&a, ...);              an atomic load of b
 * The rare side:      atomic_store(&b, ...); fst_heavy_barrier();  atomic_load(&a)
 */

#include "platform.h"

/*
 * Whether there is a heavy barrier. Set before the first record is given out, never changed then.
 */
extern _Atomic bool fst_asymmetric;

static inline bool fst_is_asymmetric(void)
{
    return atomic_load_explicit(&fst_asymmetric, memory_order_relaxed);
}

static inline void fst_heavy_barrier(void)
{
    if (fst_is_asymmetric())
        fst_os_heavy_barrier();
}

static inline void fst_light_store_word(_Atomic uint64_t *word, uint64_t value)
{
    if (fst_is_asymmetric()) {
        atomic_store_explicit(word, value, memory_order_release);
        atomic_signal_fence(memory_order_seq_cst);
    } else {
        atomic_store(word, value);
    }
}

static inline void fst_light_store_slot(_Atomic uintptr_t *slot, uintptr_t value)
{
    if (fst_is_asymmetric()) {
        atomic_store_explicit(slot, value, memory_order_release);
        atomic_signal_fence(memory_order_seq_cst);
    } else {
        atomic_store(slot, value);
    }
}

#endif
