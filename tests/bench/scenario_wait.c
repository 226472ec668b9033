/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a long wait costs, and how exactly it ends. All peers wait at the same time, each for its
 * own lock: these waits use (or should use) no processor.
 */

#include "moment.h"
#include "scenario.h"

#define HELD_NS (2 * NS_PER_S)
#define TIMEOUT_NS NS_PER_S

/* The holder is member 0, the waiter member 1. */
static bool start_wait(struct turn *turn, int64_t timeout_ns)
{
    struct team *team = turn->team;
    turn->begun = moment_now();
    return team_grow(team, 2) && team_ask(team, 0, (struct job){.name = "take"}, NULL) &&
           team_tell(team, 1, (struct job){"wait", {timeout_ns / NS_PER_MS}});
}

static bool begin_cpu(struct turn *turn)
{
    return start_wait(turn, 5 * HELD_NS) &&
           team_tell(turn->team, 0, (struct job){"give", {moment_now() + HELD_NS}});
}

static bool measure_cpu(struct turn *turn)
{
    int64_t release[WORKER_NUMBERS], wait[WORKER_NUMBERS];
    struct team *team = turn->team;
    if (!team_hear(team, 0, release) || !team_hear(team, 1, wait) ||
        !team_ask(team, 1, (struct job){.name = "give"}, NULL))
        return false;
    series_add(&turn->series[0], turn->round, (double)wait[3] / 1e6);
    return true;
}

static bool begin_overshoot(struct turn *turn)
{
    return start_wait(turn, TIMEOUT_NS);
}

static bool measure_overshoot(struct turn *turn)
{
    int64_t wait[WORKER_NUMBERS];
    if (!team_hear(turn->team, 1, wait) ||
        !team_ask(turn->team, 0, (struct job){.name = "give"}, NULL) || wait[0])
        return false;
    series_add(&turn->series[0], turn->round, (double)(wait[2] - wait[1] - TIMEOUT_NS) / 1e6);
    return true;
}

extern const struct scenario scenario_cpu, scenario_overshoot;

const struct scenario scenario_cpu = {
    .name = "cpu",
    .title = "processor time of a wait of 2 s, all threads of the waiting process",
    .series = {"cpu_ms"},
    .columns = {{"cpu ms", 0, 50}},
    .effort = {{1, 0}, {5, 0}},
    .begin = begin_cpu,
    .measure = measure_cpu,
};

const struct scenario scenario_overshoot = {
    .name = "overshoot",
    .title = "how late a time-out of 1 s comes",
    .series = {"overshoot_ms"},
    .columns = {{"p50 ms", 0, 50}, {"max ms", 0, 100}},
    .effort = {{2, 0}, {15, 0}},
    .applies = peer_is_timed,
    .begin = begin_overshoot,
    .measure = measure_overshoot,
};
