/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_PATIENCE_H
#define TESTS_SUPPORT_PATIENCE_H

/*
 * Bounded waiting for tests. A test never measures speed: patience is only what turns a hang into a
 * failure. FASTENERS_TEST_PATIENCE_S sets it (default 60 s), for slow machines and for valgrind.
 */

#include <stdbool.h>
#include <stdint.h>

/* The monotonic clock, in nanoseconds. */
int64_t test_now(void);

/* How long a test waits for something that must happen, in milliseconds. */
int64_t test_patience_ms(void);

/*
 * How often a test repeats something: `rounds`, divided by FASTENERS_TEST_DIVISOR (for runs under
 * valgrind and the like), but at least 1.
 */
long test_rounds(long rounds);

/*
 * Waits until `condition(argument)` is true, asking it every few milliseconds. False if patience
 * ran out. For conditions that only the operating system can tell; where there is an event, wait
 * for the event.
 */
bool test_wait_until(bool (*condition)(void *argument), void *argument);

/* Sleeps, for sleep hooks and the like; not for hoping that something has happened meanwhile. */
void test_pause_ms(int64_t ms);

#endif
