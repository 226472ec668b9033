/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a shared lock costs that nobody else wants: the only reader, the only writer, and a reader
 * in a process in which another thread reads all the time.
 */

#include "moment.h"
#include "scenario.h"

static bool time_job(struct turn *turn, const char *name, int series)
{
    int64_t answer[WORKER_NUMBERS];
    struct job job = {name, {turn->slice_ns / NS_PER_MS}};
    if (!team_grow(turn->team, 1) || !team_ask(turn->team, 0, job, answer))
        return false;
    series_add(&turn->series[series], turn->round, (double)answer[0] / 1e3);
    return true;
}

static bool measure_pair(struct turn *turn)
{
    return time_job(turn, "rpair", 0) && time_job(turn, "pair", 1);
}

static bool measure_join(struct turn *turn)
{
    return time_job(turn, "rjoin", 0);
}

/* With classic locks, and so in Python, the release of one thread frees the whole process. */
static bool lets_threads_join(const struct peer *peer)
{
    return peer->join != PEER_READS_ALONE;
}

extern const struct scenario scenario_rw_pair, scenario_rw_join;

const struct scenario scenario_rw_pair = {
    .name = "rw-pair",
    .title = "uncontended, shared locks: acquire and release, handle kept open",
    .series = {"rw_read_pair_ns", "rw_write_pair_ns"},
    .columns = {{"read ns", 0, 50}, {"write ns", 1, 50}},
    .effort = {{7, 15}, {25, 40}},
    .shared = true,
    .measure = measure_pair,
};

const struct scenario scenario_rw_join = {
    .name = "rw-join",
    .title = "a read pair in a process in which another thread reads already",
    .series = {"rw_join_ns"},
    .columns = {{"pair ns", 0, 50}},
    .effort = {{7, 15}, {25, 40}},
    .shared = true,
    .applies = lets_threads_join,
    .measure = measure_join,
};
