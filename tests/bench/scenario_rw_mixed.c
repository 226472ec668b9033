/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Eight processes, each of which reads, or one time in ten writes, for 20 us and is elsewhere for
 * 20 us: how many turns they have together, and how long one of them waited at most.
 */

#include "moment.h"
#include "scenario.h"

#define LEAD_NS (20 * NS_PER_MS)
#define HOLD_US 20
#define PAUSE_US 20

static bool measure(struct turn *turn)
{
    int64_t answer[WORKER_NUMBERS], turns = 0, longest = 0;
    struct team *team = turn->team;
    if (!team_grow(team, turn->processes))
        return false;
    int64_t from = moment_now() + LEAD_NS, to = from + turn->slice_ns;
    for (int i = 0; i < turn->processes; i++)
        team_tell(team, i, (struct job){"mixed", {from, to, HOLD_US, PAUSE_US}});
    for (int i = 0; i < turn->processes && team_hear(team, i, answer); i++) {
        turns += answer[0];
        longest = answer[1] > longest ? answer[1] : longest;
    }
    if (team->failed)
        return false;
    series_add(&turn->series[0], turn->round, (double)(turns * NS_PER_S) / (double)turn->slice_ns);
    series_add(&turn->series[1], turn->round, (double)longest / 1e6);
    return true;
}

extern const struct scenario scenario_rw_mixed;

const struct scenario scenario_rw_mixed = {
    .name = "rw-mixed",
    .title = "8 processes, 10 % writes, holding 20 us and pausing 20 us in turn",
    .series = {"rw_mixed_turns_per_s", "rw_mixed_longest_ms"},
    .columns = {{"turns/s", 0, 50}, {"longest wait ms", 1, 100}},
    .effort = {{1, 200}, {5, 600}},
    .processes = 8,
    .shared = true,
    .measure = measure,
};
