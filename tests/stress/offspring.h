/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STRESS_OFFSPRING_H
#define TESTS_STRESS_OFFSPRING_H

/*
 * Children and successors of a worker, in the middle of everything. A child holds nothing, cannot
 * release what the parent holds, and acquires for itself; its parent waits for its end.
 */

#include "actor.h"

void offspring_fork(actor *me);

/*
 * By clone(2) past the C library, where no handler of pthread_atfork runs. Only by a worker with
 * one thread: in a child of others, no memory could be allocated. Not in the portable build, which
 * cannot know of such a child.
 */
void offspring_clone(actor *me);

/* The worker's next incarnation, in the same process. It inherits no descriptor and no lock. */
void offspring_exec(actor *me);

#endif
