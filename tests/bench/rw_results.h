/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_RW_RESULTS_H
#define BENCH_RW_RESULTS_H

#include <stdbool.h>
#include <stdio.h>

#include "rw_run.h"

#define RW_PEERS 32
#define RW_COLUMNS 128
#define RW_NAME 48

/* A wait that is counted as long. */
#define RW_LONG_WAIT_US 5000

/* Columns that belong together are printed together. */
enum rw_table {
    RW_TABLE_SOLO,
    RW_TABLE_PAIRS,
    RW_TABLE_SECTIONS,
    RW_TABLE_WAITS,
    RW_TABLE_SHARE,
    RW_TABLE_SCALING,
    RW_TABLES
};

struct rw_column {
    char name[RW_NAME];
    enum rw_table table;
    struct rw_task task;
    int rounds;
    int64_t slice_ns;
    double others; /* the share of the processors that somebody else had meanwhile */
    bool broken[RW_PEERS];
    struct series values[RW_PEERS][RW_VALUES];
};

struct rw_results {
    const struct rw_peer *peers[RW_PEERS];
    size_t peer_count;
    struct rw_column columns[RW_COLUMNS];
    size_t column_count;
};

struct rw_effort {
    bool quick;
    int rounds;        /* 0: as many as seem right */
    int threads_up_to; /* of the scaling table; 0: the processors there are */
    const char *only;  /* names of columns and tables with commas between; NULL: all */
};

/* Fills in the columns that are asked for. */
void rw_choose_columns(struct rw_results *results, const struct rw_effort *effort);
const char *rw_table_name(enum rw_table table);
/* Whether the comma-separated list has the name in it; a NULL list has them all. */
bool rw_listed(const char *list, const char *name);

/* The median of the rounds; of the longest waits the longest. NaN: not measured. */
double rw_value(const struct rw_column *column, size_t peer, int value);
/* Rounds with a wait above RW_LONG_WAIT_US. */
int rw_long_waits(const struct rw_column *column, size_t peer);
/* The best of the peers that block, ours not among them; peer_count if there is none. */
size_t rw_best_rival(const struct rw_results *results, const struct rw_column *column, int value);
/* The index of ours; peer_count if it is not among the peers. */
size_t rw_ours(const struct rw_results *results);

void rw_report_tables(const struct rw_results *results, FILE *to);
void rw_report_wanted(const struct rw_results *results, FILE *to);
void rw_report_csv(const struct rw_results *results, FILE *to);

#endif
