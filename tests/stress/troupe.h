/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STRESS_TROUPE_H
#define TESTS_STRESS_TROUPE_H

/* The worker processes, seen by the supervisor. */

#include "arena.h"

typedef struct troupe_member {
    int index;
    long pid; /* 0: none now */
    bool is_python;
} troupe_member;

/* Starts the worker, as its next incarnation. False: it could not be started. */
bool troupe_start(arena *in, troupe_member *member);

/* Kills it, wherever it is. It is still to be collected. */
void troupe_kill(arena *in, const troupe_member *member);

/* It has ended: its slots are cleared, its life is that of the next one. */
void troupe_bury(arena *in, troupe_member *member);

#endif
