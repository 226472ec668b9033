/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_REGISTRY_H
#define FST_REGISTRY_H

/*
 * The records of all threads: how a thread gets one and gives it back, and what becomes of them in
 * a fork.
 */

#include "hold_table.h"

/*
 * A counted reader stands in its lock's count and in its own record. It must leave both at once as
 * far as a fork is concerned: the child would miss it in the count, or touch a lock that may be
 * gone. So a fork waits for those who are about to leave, and keeps others from beginning.
 */
void fst_registry_begin_leaving(fst_record *me);

static inline void fst_registry_end_leaving(fst_record *me)
{
    atomic_store_explicit(&me->leaving, false, memory_order_release);
}

void fst_registry_fork_prepare(void);
void fst_registry_fork_parent(void);

/* In a forked child: the records of all threads but the calling one count as ended. */
void fst_registry_fork_child(void);

#endif
