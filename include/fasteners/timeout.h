/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_TIMEOUT_H
#define FASTENERS_TIMEOUT_H

/*
 * How long a call may wait: an int64_t in milliseconds, from the call on.
 *
 *   FASTENERS_NO_WAIT   try once; FASTENERS_BUSY if somebody else has it
 *   FASTENERS_FOREVER   wait until it is granted or cancelled
 *   n > 0               wait at most n ms; FASTENERS_TIMED_OUT then, never earlier
 *   any other negative  FASTENERS_INVALID
 *
 * The clock is the monotonic one: setting the date changes no wait. A value so large that it lies
 * beyond the clock's end waits until that end (292 years). Every wait tries once before it looks at
 * the clock, so a free lock is acquired even with a time-out of 1 ms on a busy machine.
 */
#define FASTENERS_NO_WAIT 0
#define FASTENERS_FOREVER (-1)

#endif
