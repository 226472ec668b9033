/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_HOLDERS_H
#define FST_HOLDERS_H

/*
 * The caller's array of holders, being filled in. A caller built with a newer header has longer
 * elements: they stand as far apart as they say, and what is unknown here is zero in them.
 */

#include "platform.h"

typedef struct fst_holders {
    fasteners_holder *first;
    size_t limit;
    size_t count; /* may exceed the limit: those beyond it are counted alone */
} fst_holders;

/* Empties the array. False: its elements are not all of the same, sufficient, size. */
bool fst_holders_begin(const fst_holders *holders);

/* An fst_holder_fn; `holders` is an fst_holders. */
void fst_holders_add(void *holders, const fasteners_holder *found);

#endif
