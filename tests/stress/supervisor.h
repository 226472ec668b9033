/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STRESS_SUPERVISOR_H
#define TESTS_STRESS_SUPERVISOR_H

#include "arena.h"

/*
 * The whole run: rounds of a few seconds. In each, workers start, act, die and come again, while
 * lock files are removed and replaced; at its end all are killed at once, or end in order. Then
 * every path must be free.
 *
 * What is found is printed, and false returned.
 */
bool supervise(arena *in, int64_t seconds);

#endif
