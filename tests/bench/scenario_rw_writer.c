/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Processes that read all the time, each for 200 us and again at once, and one that wants to write
 * now and then: how long it waits. They sleep while they hold: spinning, eight on few processors
 * would show how the scheduler deals with them. A writer that is starved gets in when the readers
 * end.
 */

#include "moment.h"
#include "scenario.h"

#define LEAD_NS (20 * NS_PER_MS)
#define HOLD_US 200
#define WAIT_MS 60000

static bool start_readers(struct turn *turn, int64_t from, int64_t to)
{
    for (int i = 1; i <= turn->processes; i++)
        if (!team_tell(turn->team, i, (struct job){"rturns", {from, to, HOLD_US}}))
            return false;
    return true;
}

static bool await_readers(struct turn *turn)
{
    int64_t ignored[WORKER_NUMBERS];
    for (int i = 1; i <= turn->processes; i++)
        if (!team_hear(turn->team, i, ignored))
            return false;
    return true;
}

/* A wait counts if it began while the others read. */
static bool measure(struct turn *turn)
{
    int64_t wait[WORKER_NUMBERS];
    struct team *team = turn->team;
    if (!team_grow(team, turn->processes + 1))
        return false;
    int64_t from = moment_now() + LEAD_NS, to = from + LEAD_NS + turn->slice_ns;
    if (!start_readers(turn, from, to))
        return false;
    moment_sleep_until(from + LEAD_NS);
    do {
        if (!team_ask(team, 0, (struct job){"wait", {WAIT_MS}}, wait) || !wait[0] ||
            !team_ask(team, 0, (struct job){.name = "give"}, NULL))
            return false;
        if (wait[1] < to)
            series_add(&turn->series[0], turn->round, (double)(wait[2] - wait[1]) / 1e6);
    } while (moment_now() < to);
    return await_readers(turn);
}

extern const struct scenario scenario_rw_writer;

const struct scenario scenario_rw_writer = {
    .name = "rw-writer",
    .title = "8 processes read all the time, for 200 us each: the wait of a writer",
    .series = {"rw_writer_wait_ms"},
    .columns = {{"p50 ms", 0, 50}, {"max ms", 0, 100}},
    .effort = {{1, 500}, {5, 2000}},
    .processes = 8,
    .shared = true,
    .measure = measure,
};
