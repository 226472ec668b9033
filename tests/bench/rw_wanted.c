/* SPDX-License-Identifier: Apache-2.0 */
#include "rw_machine.h"
#include "rw_results.h"

#include <math.h>
#include <string.h>

struct wish {
    const char *text;
    const char *column;
    int value;
    enum { RATIO_AT_MOST, AT_MOST, AT_LEAST } sense; /* RATIO: to the best rival */
    double limit;
};

static const struct wish wishes[] = {
    {"1T read", "1T-read", 0, RATIO_AT_MOST, 0.15},
    {"1T nested read", "1T-nested", 0, RATIO_AT_MOST, 0.25},
    {"1T write", "1T-write", 0, RATIO_AT_MOST, 0.8},
    {"2T read-only", "2T-0%", 0, RATIO_AT_MOST, 0.25},
    {"2T 0.1 % writes", "2T-0.1%", 0, RATIO_AT_MOST, 0.7},
    {"2T 1 % writes", "2T-1%", 0, RATIO_AT_MOST, 0.7},
    {"2T 10 % writes", "2T-10%", 0, RATIO_AT_MOST, 0.6},
    {"2T 50 % writes", "2T-50%", 0, RATIO_AT_MOST, 0.6},
    {"2T write-only", "2T-100%", 0, RATIO_AT_MOST, 0.6},
    {"8T 10 % writes", "8T-10%", 0, RATIO_AT_MOST, 0.75},
    {"8T write-only", "8T-100%", 0, RATIO_AT_MOST, 0.75},
    {"32T 10 % writes", "32T-10%", 0, RATIO_AT_MOST, 0.9},
    {"32T write-only", "32T-100%", 0, RATIO_AT_MOST, 0.9},
    {"least over most served of 32 threads", "32T-share", 0, AT_LEAST, 0.3},
    {"wait of a writer among 8 readers, p50 us", "W/8R", 0, AT_MOST, 20},
    {"wait of a reader among 4 writers, longest us", "R/4W", 2, AT_MOST, 10000},
    {"the same, 0.9 us sections, longest us", "R/4W-0.9us", 2, AT_MOST, 10000},
    {"the same, 0.9 us sections, p50 us", "R/4W-0.9us", 0, AT_MOST, 100},
};

static double ratio(const struct rw_results *results, const struct rw_column *column, int value)
{
    size_t best = rw_best_rival(results, column, value);
    if (best == results->peer_count)
        return NAN;
    return rw_value(column, rw_ours(results), value) / rw_value(column, best, value);
}

static void print(const char *text, const char *sense, double limit, double got, bool held,
                  FILE *to)
{
    fprintf(to, "%-50s %s %7.4g  got %8.3g  %s", text, sense, limit, got,
            isnan(got) ? "not measured"
            : held     ? "held"
                       : "MISSED");
}

static void end_line(const struct rw_column *column, FILE *to)
{
    if (column->others > RW_DISTURBED)
        fprintf(to, "  disturbed: others had %.0f %%", 100 * column->others);
    fputc('\n', to);
}

/* No lock in a shared library can be quicker than the calls of it. */
static void print_floor(const struct rw_results *results, const struct rw_column *column, FILE *to)
{
    for (size_t peer = 0; peer < results->peer_count; peer++)
        if (strcmp(results->peers[peer]->name, "calls") == 0)
            fprintf(to, "  (two calls: %.4g)", rw_value(column, peer, 0));
}

static void print_wish(const struct rw_results *results, const struct rw_column *column,
                       const struct wish *wish, FILE *to)
{
    double got = wish->sense == RATIO_AT_MOST ? ratio(results, column, wish->value)
                                              : rw_value(column, rw_ours(results), wish->value);
    size_t best = rw_best_rival(results, column, wish->value);
    print(wish->text, wish->sense == AT_LEAST ? "at least" : "at most ", wish->limit, got,
          wish->sense == AT_LEAST ? got >= wish->limit : got <= wish->limit, to);
    if (best < results->peer_count)
        fprintf(to, "  (%s: %.4g)", results->peers[best]->name,
                rw_value(column, best, wish->value));
    if (column->table == RW_TABLE_SOLO)
        print_floor(results, column, to);
    end_line(column, to);
}

static void print_wishes(const struct rw_results *results, FILE *to)
{
    for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
        for (size_t c = 0; c < results->column_count; c++)
            if (strcmp(results->columns[c].name, wishes[i].column) == 0)
                print_wish(results, &results->columns[c], &wishes[i], to);
}

/* Runs of W/8R with a long wait: no more than the peer has that has fewest. */
static void print_long_waits(const struct rw_results *results, FILE *to)
{
    for (size_t c = 0; c < results->column_count; c++) {
        const struct rw_column *column = &results->columns[c];
        int fewest = -1;
        if (column->task.kind != RW_PROBE_WRITER)
            continue;
        for (size_t peer = 0; peer < results->peer_count; peer++) {
            bool rival = results->peers[peer]->traits & RW_BLOCKS && peer != rw_ours(results);
            int found = rw_long_waits(column, peer);
            if (rival && column->values[peer][2].count > 0 && (fewest < 0 || found < fewest))
                fewest = found;
        }
        int own = rw_long_waits(column, rw_ours(results));
        print("runs with a wait of a writer above 5 ms", "at most ", fewest, own, own <= fewest,
              to);
        fprintf(to, "  (of %zu)", column->values[rw_ours(results)][2].count);
        end_line(column, to);
    }
}

static void print_sections(const struct rw_results *results, FILE *to)
{
    double worst = NAN;
    const struct rw_column *where = NULL;
    for (size_t c = 0; c < results->column_count; c++) {
        const struct rw_column *column = &results->columns[c];
        double got = column->table == RW_TABLE_SECTIONS ? ratio(results, column, 0) : NAN;
        if (!isnan(got) && !(got <= worst)) {
            worst = got;
            where = column;
        }
    }
    if (!where)
        return;
    print("sections, worst ratio", "at most ", 1.1, worst, worst <= 1.1, to);
    fprintf(to, "  (%s)", where->name);
    end_line(where, to);
}

void rw_report_wanted(const struct rw_results *results, FILE *to)
{
    if (rw_ours(results) == results->peer_count)
        return;
    fputs("\nwanted of libfasteners (ratios are to the best peer that blocks)\n", to);
    print_wishes(results, to);
    print_long_waits(results, to);
    print_sections(results, to);
}
