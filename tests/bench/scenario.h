/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_SCENARIO_H
#define BENCH_SCENARIO_H

#include "series.h"
#include "team.h"

/*
 * What is measured, and the columns it fills. A new scenario is one file and one line in
 * scenarios.c; it knows peers only through their teams. In each round every peer has its turn once,
 * so that a machine which speeds up or slows down does so for all of them.
 */

#define SCENARIO_SERIES 2
#define SCENARIO_COLUMNS 2

struct column {
    const char *title; /* with the unit */
    int series;        /* which series it sums up */
    double percent;    /* how: see series_percentile */
};

/* How much of it: 0 with --quick, 1 otherwise. */
struct effort {
    int rounds;
    int slice_ms; /* for one peer in one round, where a scenario has no length of its own */
};

/* One peer's turn. */
struct turn {
    struct team *team;
    struct series *series; /* SCENARIO_SERIES of them, this peer's */
    int processes;
    int round;
    int64_t slice_ns;
    int64_t begun; /* for a scenario's use between begin and measure */
};

struct scenario {
    const char *name;
    const char *title;
    const char *series[SCENARIO_SERIES]; /* names for the CSV file, with the unit */
    struct column columns[SCENARIO_COLUMNS];
    struct effort effort[2];
    int processes;

    bool shared;                              /* of locks that can be shared */
    bool (*applies)(const struct peer *peer); /* NULL: to every peer of that kind */

    /* Called for every peer before the first `measure` of the round, for what takes its time
     * without using the processor. NULL: nothing. */
    bool (*begin)(struct turn *turn);

    /* Adds what it measured to the turn's series. False: the team failed. */
    bool (*measure)(struct turn *turn);
};

/*
 * How long a holder holds before the number-th hand-off, 5 to 25 ms: long enough for the waiter
 * to be asleep, and not always the same, so that a peer that polls looks neither good nor bad by
 * the beat of its polls.
 */
int64_t scenario_hold_ns(int number);

/* Ended by NULL, in the order of the report. */
extern const struct scenario *const bench_scenarios[];

#endif
