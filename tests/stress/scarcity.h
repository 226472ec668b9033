/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STRESS_SCARCITY_H
#define TESTS_STRESS_SCARCITY_H

#include "actor.h"

/*
 * Lowers a limit of the process to what it has: no further descriptor, or no further memory and so
 * no thread; acts for a while, as the other threads do, and restores it.
 */
void scarcity_live_through(actor *me);

/* Before any limit is lowered: what the limits are. */
void scarcity_learn_usual(void);

/*
 * In a forked child. A fork copies the limits and the memory one after the other: while the limits
 * are lowered or restored, the child's memory may say the contrary.
 */
void scarcity_inherit(worker *in);

#endif
