/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A process that holds for 1 ms, releases and acquires again at once, against one that wants
 * the lock for a moment every millisecond: how long that one waits at most, how often it gets it.
 */

#include "moment.h"
#include "scenario.h"

#define LEAD_NS (5 * NS_PER_MS)
#define HOLD_US 1000
#define PAUSE_US 1000

static bool measure(struct turn *turn)
{
    int64_t ignored[WORKER_NUMBERS], other[WORKER_NUMBERS];
    struct team *team = turn->team;
    int64_t from = moment_now() + LEAD_NS, to = from + LEAD_NS + turn->slice_ns;
    if (!team_grow(team, 2) || !team_tell(team, 0, (struct job){"turns", {from, to, HOLD_US, 0}}) ||
        !team_tell(team, 1, (struct job){"turns", {from + LEAD_NS, to, 0, PAUSE_US}}) ||
        !team_hear(team, 0, ignored) || !team_hear(team, 1, other))
        return false;
    series_add(&turn->series[0], turn->round, (double)other[1] / 1e6);
    series_add(&turn->series[1], turn->round,
               (double)(other[0] * NS_PER_S) / (double)turn->slice_ns);
    return true;
}

extern const struct scenario scenario_hog;

const struct scenario scenario_hog = {
    .name = "hog",
    .title = "against a hog that holds 1 ms and acquires again at once: the other process's",
    .series = {"hog_longest_ms", "hog_turns_per_s"},
    .columns = {{"longest wait ms", 0, 100}, {"turns/s", 1, 50}},
    .effort = {{1, 400}, {5, 1500}},
    .measure = measure,
};
