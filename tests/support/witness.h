/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_WITNESS_H
#define TESTS_SUPPORT_WITNESS_H

/*
 * An independent witness of mutual exclusion, shared by processes. Whoever claims to hold the lock
 * enters and leaves it; two at once are seen in two ways: an atomic word in shared memory is found
 * occupied, and a number in a plain file, read and written back without any atomicity, loses
 * counts.
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct witness witness;

/* Opens, or makes, the witness at `path` and its counter file beside it. NULL: it failed. */
witness *witness_open(const char *path);
void witness_close(witness *of);

/* One critical section: occupies the word, adds one to the counter file, frees the word. */
void witness_visit(witness *of);

/* The two ends of a longer one. False from enter: somebody was inside; do not leave then. */
bool witness_enter(witness *of);
void witness_leave(witness *of);

/* How often somebody was found inside, by anybody. */
long witness_violations(const witness *of);

/* What the counter file says: the number of visits if none was lost. -1: it cannot be read. */
int64_t witness_counter(const witness *of);

#endif
