/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_EVENT_WAIT_H
#define TESTS_SUPPORT_EVENT_WAIT_H

/* Waiting for begun waits as an event loop of the system does: poll(2), WaitForMultipleObjects. */

#include <stdbool.h>

#include <fasteners.h>

enum { EVENT_WAITS = 60 }; /* so many at once */

/*
 * Waits until at least one of them is over, at most timeout_ms; NULL is none. Returns how many are,
 * and says of each whether it is.
 */
int count_waits_over(fasteners_ipc_wait *const *waits, int count, bool *over, int timeout_ms);

bool wait_is_over_within(fasteners_ipc_wait *wait, int timeout_ms);

/* Within test_patience_ms(). */
bool wait_gets_over(fasteners_ipc_wait *wait);

#endif
