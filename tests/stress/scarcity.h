/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STRESS_SCARCITY_H
#define TESTS_STRESS_SCARCITY_H

#include "actor.h"

/*
 * Lowers a limit of the process to what it has: no further descriptor, or no further memory and so
 * no thread; acts for a while, as the other threads do, and restores it.
 */
void scarcity_live_through(actor *me);

#endif
