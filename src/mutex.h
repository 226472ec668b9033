/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_MUTEX_H
#define FST_MUTEX_H

/*
 * A mutex of four bytes for the library's own short sections: in memory only; the few that make a
 * system call under it say why. All zero is unlocked, and storing zero in a forked child unlocks it
 * whoever held it, which no mutex of the system allows.
 */

#include "platform.h"

typedef struct fst_mutex {
    _Atomic uint32_t state; /* one of the three below */
} fst_mutex;

enum { FST_MUTEX_FREE, FST_MUTEX_TAKEN, FST_MUTEX_WAITED_FOR };

static inline void fst_mutex_lock(fst_mutex *mutex)
{
    uint32_t expected = FST_MUTEX_FREE;
    if (atomic_compare_exchange_strong_explicit(&mutex->state, &expected, FST_MUTEX_TAKEN,
                                                memory_order_acquire, memory_order_relaxed))
        return;
    /* Whoever had to wait leaves WAITED_FOR behind: one wake-up too many, never one too few. */
    while (atomic_exchange_explicit(&mutex->state, FST_MUTEX_WAITED_FOR, memory_order_acquire) !=
           FST_MUTEX_FREE)
        fst_os_park(&mutex->state, FST_MUTEX_WAITED_FOR, FST_NEVER);
}

static inline void fst_mutex_unlock(fst_mutex *mutex)
{
    if (atomic_exchange_explicit(&mutex->state, FST_MUTEX_FREE, memory_order_release) ==
        FST_MUTEX_WAITED_FOR)
        fst_os_unpark(&mutex->state);
}

/* In a forked child. What was done under it before the fork goes before what follows. */
static inline void fst_mutex_reset(fst_mutex *mutex)
{
    atomic_exchange_explicit(&mutex->state, FST_MUTEX_FREE, memory_order_acquire);
}

#endif
