/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_RW_PATTERN_H
#define BENCH_RW_PATTERN_H

#include <stdint.h>

/* Words of a pattern, a power of two; together they fit into half of a first-level cache. */
#define RW_PATTERN_WORDS 2048

/* Random bits, of which this share is set. Each thread reads them from a place of its own. */
const uint64_t *rw_pattern(int per_mille);

#endif
