/* SPDX-License-Identifier: Apache-2.0 */

/* What a lock costs that nobody else wants: acquire and release on a handle kept. */

#include "moment.h"
#include "scenario.h"

static bool measure(struct turn *turn)
{
    int64_t answer[WORKER_NUMBERS];
    struct job pair = {"pair", {turn->slice_ns / NS_PER_MS}};
    if (!team_grow(turn->team, 1) || !team_ask(turn->team, 0, pair, answer))
        return false;
    series_add(&turn->series[0], turn->round, (double)answer[0] / 1e3);
    return true;
}

extern const struct scenario scenario_pair;

const struct scenario scenario_pair = {
    .name = "pair",
    .title = "uncontended: acquire and release, handle kept open",
    .series = {"pair_ns"},
    .columns = {{"pair ns", 0, 50}},
    .effort = {{7, 15}, {25, 40}},
    .measure = measure,
};
