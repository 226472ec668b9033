/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STRESS_REPORT_H
#define TESTS_STRESS_REPORT_H

#include "troupe.h"

typedef struct run_summary {
    uint64_t rounds, starts, kills, sabotages;
} run_summary;

/* What was violated, and by whom: slots, the latest deeds of all seats, stacks if there is gdb. */
void report_failure(const arena *of, const troupe_member *members);

void report_summary(const arena *of, const run_summary *run, bool is_good);

#endif
