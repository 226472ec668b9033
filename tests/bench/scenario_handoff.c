/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How long after a release the next process has the lock. Its wait is a timed one, or the untimed
 * one where the peer has no other, and has lasted for a while when the release comes. A sample
 * whose waiter came too late for that is left out.
 */

#include "moment.h"
#include "scenario.h"

#define LEAST_WAIT_NS (3 * NS_PER_MS)
#define WAIT_MS 10000
#define FEWEST 2

static bool hand_off(struct turn *turn, int number)
{
    int64_t release[WORKER_NUMBERS], wait[WORKER_NUMBERS];
    struct team *team = turn->team;
    if (!team_ask(team, 0, (struct job){.name = "take"}, NULL) ||
        !team_tell(team, 1, (struct job){"wait", {WAIT_MS}}) ||
        !team_ask(team, 0, (struct job){"give", {moment_now() + scenario_hold_ns(number)}},
                  release) ||
        !team_hear(team, 1, wait) || !team_ask(team, 1, (struct job){.name = "give"}, NULL))
        return false;
    if (release[0] - wait[1] >= LEAST_WAIT_NS)
        series_add(&turn->series[0], turn->round, (double)(wait[2] - release[0]) / 1e3);
    return true;
}

static bool measure(struct turn *turn)
{
    if (!team_grow(turn->team, 2))
        return false;
    int64_t end = moment_now() + turn->slice_ns;
    for (int number = 0; number < FEWEST || moment_now() < end; number++)
        if (!hand_off(turn, number + turn->round))
            return false;
    return true;
}

extern const struct scenario scenario_handoff;

const struct scenario scenario_handoff = {
    .name = "handoff",
    .title = "hand-off of a timed wait: from the release to the waiter's return",
    .series = {"handoff_us"},
    .columns = {{"p50 us", 0, 50}, {"p99 us", 0, 99}},
    .effort = {{2, 250}, {5, 2000}},
    .measure = measure,
};
