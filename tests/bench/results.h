/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "scenario.h"

#define RESULTS_PEERS 16

/* What one scenario measured. */
struct sheet {
    const struct scenario *scenario;
    struct series series[RESULTS_PEERS][SCENARIO_SERIES];
    bool failed[RESULTS_PEERS];
};

struct results {
    const struct peer *peers[RESULTS_PEERS];
    size_t peer_count;
    struct sheet *sheets;
    size_t sheet_count;
};

/* The number in a column, NaN if it was not measured. */
double results_value(const struct sheet *sheet, size_t peer, int column);

/* Whether the scenario was among those to be run. */
bool results_has(const struct results *results, const char *scenario);

/* The number in a column, by name. */
double results_find(const struct results *results, const char *scenario, const char *peer,
                    int column);

/* One table a scenario: value, ratio to the first peer, spread over the rounds. */
void report_tables(const struct results *results, FILE *to);

/* What the project wants of these figures, and whether it got it. */
void report_wanted(const struct results *results, FILE *to);

/* Every sample, a line each: scenario,series,peer,round,value */
void report_csv(const struct results *results, FILE *to);

/* A number in six columns or so, with three digits that mean something. "-" for NaN. */
#define NUMBER_SIZE 16
void format_number(double value, char *text);

#endif
