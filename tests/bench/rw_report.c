/* SPDX-License-Identifier: Apache-2.0 */
#include "rw_results.h"

#include <math.h>
#include <string.h>

#define PEER_WIDTH 29
#define TABLE_COLUMNS 4 /* side by side */

struct cell {
    char text[32];
};

static struct cell number(double value)
{
    struct cell cell = {"-"};
    int decimals = fabs(value) < 10 ? 2 : fabs(value) < 100 ? 1 : 0;
    if (!isnan(value))
        snprintf(cell.text, sizeof(cell.text), "%.*f", decimals, value);
    return cell;
}

static double percent_of(int value)
{
    return value == 2 ? 100 : 50;
}

double rw_value(const struct rw_column *column, size_t peer, int value)
{
    return series_percentile(&column->values[peer][value], EVERY_ROUND, percent_of(value));
}

int rw_long_waits(const struct rw_column *column, size_t peer)
{
    int found = 0;
    const struct series *longest = &column->values[peer][2];
    for (size_t i = 0; i < longest->count; i++)
        found += longest->samples[i].value > RW_LONG_WAIT_US;
    return found;
}

size_t rw_ours(const struct rw_results *results)
{
    size_t peer = 0;
    while (peer < results->peer_count && strcmp(results->peers[peer]->name, "fasteners") != 0)
        peer++;
    return peer;
}

size_t rw_best_rival(const struct rw_results *results, const struct rw_column *column, int value)
{
    size_t best = results->peer_count;
    const double sense = column->task.kind == RW_SHARE ? -1 : 1;
    for (size_t peer = 0; peer < results->peer_count; peer++) {
        double own = rw_value(column, peer, value);
        if (peer == rw_ours(results) || !(results->peers[peer]->traits & RW_BLOCKS) || isnan(own))
            continue;
        if (best == results->peer_count || sense * own < sense * rw_value(column, best, value))
            best = peer;
    }
    return best;
}

/* ---- a column is one value: value and spread ---- */

static void print_cell(const struct rw_column *column, size_t peer, FILE *to)
{
    double low, high;
    series_spread(&column->values[peer][0], 50, &low, &high);
    if (column->broken[peer])
        fprintf(to, " %26s", "NO EXCLUSION");
    else
        fprintf(to, " %8s %7s ..%8s", number(rw_value(column, peer, 0)).text, number(low).text,
                number(high).text);
}

static void print_ratios(const struct rw_results *results, const struct rw_column *first,
                         size_t count, FILE *to)
{
    size_t ours = rw_ours(results);
    if (ours == results->peer_count)
        return;
    fprintf(to, "%-*s", PEER_WIDTH, "ratio to the best that blocks");
    for (size_t c = 0; c < count; c++) {
        size_t best = rw_best_rival(results, &first[c], 0);
        if (best == results->peer_count)
            fprintf(to, " %8s %18s", "-", "");
        else
            fprintf(to, " %8s %18.18s",
                    number(rw_value(&first[c], ours, 0) / rw_value(&first[c], best, 0)).text,
                    results->peers[best]->name);
    }
    fputc('\n', to);
}

static void print_others(const struct rw_column *first, size_t count, FILE *to)
{
    fprintf(to, "%-*s", PEER_WIDTH, "processors others had, %");
    for (size_t c = 0; c < count; c++)
        fprintf(to, " %8.0f %18s", 100 * first[c].others, "");
    fputc('\n', to);
}

static void print_band(const struct rw_results *results, const struct rw_column *first,
                       size_t count, FILE *to)
{
    fprintf(to, "\n%-*s", PEER_WIDTH, "");
    for (size_t c = 0; c < count; c++)
        fprintf(to, " %27s", first[c].name);
    fputc('\n', to);
    for (size_t peer = 0; peer < results->peer_count; peer++) {
        fprintf(to, "%-*s", PEER_WIDTH, results->peers[peer]->title);
        for (size_t c = 0; c < count; c++)
            print_cell(&first[c], peer, to);
        fputc('\n', to);
    }
    print_ratios(results, first, count, to);
    print_others(first, count, to);
}

static void print_bands(const struct rw_results *results, const struct rw_column *first,
                        size_t count, FILE *to)
{
    for (size_t c = 0; c < count; c += TABLE_COLUMNS)
        print_band(results, &first[c], count - c < TABLE_COLUMNS ? count - c : TABLE_COLUMNS, to);
}

/* ---- a column is a distribution of waits ---- */

static void print_waits_of(const struct rw_results *results, const struct rw_column *column,
                           FILE *to)
{
    fprintf(to, "\n%-*s %9s %9s %9s  runs with a wait > %d ms\n", PEER_WIDTH, column->name, "p50",
            "p99", "longest", RW_LONG_WAIT_US / 1000);
    for (size_t peer = 0; peer < results->peer_count; peer++) {
        const struct series *longest = &column->values[peer][2];
        if (longest->count == 0)
            continue;
        fprintf(to, "%-*s %9s %9s %9s  %d of %zu%s\n", PEER_WIDTH, results->peers[peer]->title,
                number(rw_value(column, peer, 0)).text, number(rw_value(column, peer, 1)).text,
                number(rw_value(column, peer, 2)).text, rw_long_waits(column, peer), longest->count,
                column->broken[peer] ? " NO EXCLUSION" : "");
    }
    print_others(column, 1, to);
}

static void print_waits(const struct rw_results *results, const struct rw_column *first,
                        size_t count, FILE *to)
{
    for (size_t c = 0; c < count; c++)
        print_waits_of(results, &first[c], to);
}

/* ---- Markdown: a row per peer, a column per number of threads, a table per share ---- */

static void print_scaling_of(const struct rw_results *results, const struct rw_column *first,
                             size_t count, FILE *to)
{
    fprintf(to, "\n| %g %% writes |", first->task.per_mille / 10.0);
    for (size_t c = 0; c < count; c++)
        fprintf(to, " %dT |", first[c].task.threads);
    fputs("\n|---|", to);
    for (size_t c = 0; c < count; c++)
        fputs("---:|", to);
    fputc('\n', to);
    for (size_t peer = 0; peer < results->peer_count; peer++) {
        fprintf(to, "| %s |", results->peers[peer]->title);
        for (size_t c = 0; c < count; c++)
            fprintf(to, " %s |", number(rw_value(&first[c], peer, 0)).text);
        fputc('\n', to);
    }
}

static void print_scaling(const struct rw_results *results, const struct rw_column *first,
                          size_t count, FILE *to)
{
    for (size_t begin = 0, end = 0; begin < count; begin = end) {
        while (end < count && first[end].task.per_mille == first[begin].task.per_mille)
            end++;
        print_scaling_of(results, &first[begin], end - begin, to);
    }
}

static void print_table(const struct rw_results *results, const struct rw_column *first,
                        size_t count, FILE *to)
{
    static const char *const titles[RW_TABLES] = {
        "solo: one thread, ns per pair: median, lowest .. highest round",
        "pairs: empty sections, wall time over all pairs in ns, by threads and share of writes",
        "sections: held/outside, threads, share of writes: wall time over all pairs in ns",
        "waits: of one writer among 8 readers, of one reader among 4 writers, in us",
        "share: 10 % writes, pairs of the thread with fewest over those of the one with most",
        "scaling: empty sections, ns per pair of each thread"};
    fprintf(to, "\n%s\n", titles[first->table]);
    if (first->table == RW_TABLE_WAITS)
        print_waits(results, first, count, to);
    else if (first->table == RW_TABLE_SCALING)
        print_scaling(results, first, count, to);
    else
        print_bands(results, first, count, to);
}

void rw_report_tables(const struct rw_results *results, FILE *to)
{
    for (size_t begin = 0, end = 0; begin < results->column_count; begin = end) {
        const struct rw_column *first = &results->columns[begin];
        while (end < results->column_count && results->columns[end].table == first->table)
            end++;
        print_table(results, first, end - begin, to);
    }
}

void rw_report_csv(const struct rw_results *results, FILE *to)
{
    static const char *const values[RW_VALUES] = {"p50", "p99", "max"};
    fprintf(to, "table,column,value,peer,round,number\n");
    for (size_t c = 0; c < results->column_count; c++) {
        const struct rw_column *column = &results->columns[c];
        bool waits = rw_value_count(column->task.kind) > 1;
        for (size_t peer = 0; peer < results->peer_count; peer++)
            for (int value = 0; value < RW_VALUES; value++)
                for (size_t i = 0; i < column->values[peer][value].count; i++)
                    fprintf(to, "%s,%s,%s,%s,%d,%.6g\n", rw_table_name(column->table), column->name,
                            waits ? values[value] : "", results->peers[peer]->name,
                            column->values[peer][value].samples[i].round,
                            column->values[peer][value].samples[i].value);
    }
}
