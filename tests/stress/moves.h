/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STRESS_MOVES_H
#define TESTS_STRESS_MOVES_H

/*
 * Single deeds of a thread upon a handle, each with the judgement of its outcome: a status that the
 * public headers do not foresee in that state is a violation, and so is a state that does not
 * follow from the status. Refusals for want of descriptors, memory or threads are right only while
 * the worker has lowered its limits.
 */

#include "actor.h"

void move_acquire(actor *me, int path, int which, manner how, int64_t timeout_ms);

/* Of what it has. */
void move_release(actor *me, int path, int which, manner how);

/* Of what it has not. */
void move_wrong_release(actor *me, int path, int which, manner how);

void move_upgrade(actor *me, int path, int which, int64_t timeout_ms);
void move_downgrade(actor *me, int path, int which);
void move_check(actor *me, int path, int which);
void move_ask_holder(actor *me, int path, int which);

/* Destroys the thread's own handle, held or not. */
void move_destroy(actor *me, int path);

/* Before a handle is destroyed through which the thread holds, and after. */
uint64_t move_before_destroy(actor *me, int path, int which);
void move_after_destroy(actor *me, int path, uint64_t generation);

/* Before its process ends, and leaves behind what it holds. */
void move_leave_all(actor *me);

/* Counts, and notes for the report, what the others do not. */
void move_note(actor *me, deed what, int path, int which);

#endif
