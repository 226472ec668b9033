/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_RW_MACHINE_H
#define BENCH_RW_MACHINE_H

/* What else went on while something was measured. */

#include <stdint.h>

struct rw_watch {
    int64_t moment, own, busy;
};

struct rw_watch rw_watch_begin(void);

/* The share of all processors' time since then that went to somebody else, the hypervisor's other
 * guests included; NaN where the system does not tell. */
double rw_watch_others(const struct rw_watch *since);

/* From here on a column counts as disturbed. */
#define RW_DISTURBED 0.1

#endif
