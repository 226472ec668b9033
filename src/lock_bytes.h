/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_LOCK_BYTES_H
#define FST_LOCK_BYTES_H

/* The bytes of a lock file: what each is for stands in lock_file.h. */

#include "platform.h"

static const fst_range FST_LOCK_BYTE = {.first = 0, .length = 1};
static const fst_range FST_GATE_BYTE = {.first = 1, .length = 1};
static const fst_range FST_INTENT_BYTE = {.first = 2, .length = 1};
static const fst_range FST_LOCK_AND_GATE = {.first = 0, .length = 2};
static const fst_range FST_GATE_AND_INTENT = {.first = 1, .length = 2};

/* Those that we lock. */
static const fst_range FST_OUR_BYTES = {.first = 0, .length = 3};

/* Unlocking all is the cheapest for the kernel, which then need not think of splitting a lock. */
static const fst_range FST_ALL_BYTES = {.first = 0, .length = 0};

#endif
