/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario.h"

#include "moment.h"

extern const struct scenario scenario_pair, scenario_handoff, scenario_cpu, scenario_overshoot,
    scenario_hog, scenario_crowd_2, scenario_crowd_8, scenario_crowd_32, scenario_crash;
extern const struct scenario scenario_rw_pair, scenario_rw_join, scenario_rw_writer,
    scenario_rw_mixed;

const struct scenario *const bench_scenarios[] = {
    &scenario_pair,     &scenario_handoff,
    &scenario_cpu,      &scenario_overshoot,
    &scenario_hog,      &scenario_crowd_2,
    &scenario_crowd_8,  &scenario_crowd_32,
    &scenario_crash,    &scenario_rw_pair,
    &scenario_rw_join,  &scenario_rw_writer,
    &scenario_rw_mixed, NULL,
};

#define SHORTEST_HOLD_NS (5 * NS_PER_MS)
#define HOLD_STEP_NS (NS_PER_MS * 7 / 10)
#define HOLD_STEPS 29

/* 11 and the number of steps have no common divisor: every length comes up. */
int64_t scenario_hold_ns(int number)
{
    return SHORTEST_HOLD_NS + number * 11 % HOLD_STEPS * HOLD_STEP_NS;
}
