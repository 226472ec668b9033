/* SPDX-License-Identifier: Apache-2.0 */

/* The holder is killed by SIGKILL: how long after that its waiter has the lock. */

#include "moment.h"
#include "scenario.h"

#define WAIT_MS 10000
#define FEWEST 2

static bool crash(struct turn *turn, int number)
{
    int64_t wait[WORKER_NUMBERS];
    struct team *team = turn->team;
    if (!team_grow(team, 2) || !team_ask(team, 0, (struct job){.name = "take"}, NULL) ||
        !team_tell(team, 1, (struct job){"wait", {WAIT_MS}}))
        return false;
    moment_sleep_until(moment_now() + scenario_hold_ns(number));
    int64_t killed = moment_now();
    team_kill(team, 0);
    if (!team_hear(team, 1, wait) || !team_ask(team, 1, (struct job){.name = "give"}, NULL))
        return false;
    if (wait[0] && wait[1] < killed)
        series_add(&turn->series[0], turn->round, (double)(wait[2] - killed) / 1e6);
    return true;
}

static bool measure(struct turn *turn)
{
    int64_t end = moment_now() + turn->slice_ns;
    for (int number = 0; number < FEWEST || moment_now() < end; number++)
        if (!crash(turn, number + turn->round))
            return false;
    return true;
}

extern const struct scenario scenario_crash;

const struct scenario scenario_crash = {
    .name = "crash",
    .title = "the holder is killed by SIGKILL: until its waiter has the lock",
    .series = {"crash_ms"},
    .columns = {{"p50 ms", 0, 50}, {"max ms", 0, 100}},
    .effort = {{1, 80}, {4, 600}},
    .measure = measure,
};
