/* SPDX-License-Identifier: Apache-2.0 */
#include "results.h"

#include <math.h>

/* Which number, or how many times the number of `peer` goes into (or exceeds) that of `beside`. */
struct wish {
    const char *text;
    const char *scenario;
    int column;
    const char *peer;
    const char *beside; /* NULL: the number itself */
    enum { AT_MOST, FASTER } sense;
    double limit;
};

static const struct wish wishes[] = {
    {"pair: times raw OFD", "pair", 0, "ours", "ofd", AT_MOST, 1.9},
    {"pair: faster than Python fasteners", "pair", 0, "ours", "python-fasteners", FASTER, 12},
    {"hand-off p50: times raw blocking fcntl", "handoff", 0, "ours", "fcntl", AT_MOST, 8},
    {"hand-off p50: faster than Python fasteners", "handoff", 0, "ours", "python-fasteners", FASTER,
     100},
    {"hand-off p50: faster than filelock", "handoff", 0, "ours", "python-filelock", FASTER, 100},
    {"hand-off p50: faster than portalocker", "handoff", 0, "ours", "python-portalocker", FASTER,
     100},
    {"hand-off p50: faster than APR", "handoff", 0, "ours", "apr", FASTER, 100},
    {"processor time of a 2 s wait, ms", "cpu", 0, "ours", NULL, AT_MOST, 0.5},
    {"processor time of a 2 s wait, fair, ms", "cpu", 0, "ours-fair", NULL, AT_MOST, 0.5},
    {"overshoot of a 1 s time-out, p50 ms", "overshoot", 0, "ours", NULL, AT_MOST, 1},
    {"overshoot of a 1 s time-out, fair, p50 ms", "overshoot", 0, "ours-fair", NULL, AT_MOST, 1},
    {"longest wait beside a hog, fair, ms", "hog", 0, "ours-fair", NULL, AT_MOST, 10},
    {"longest wait for a killed holder's lock, ms", "crash", 1, "ours", NULL, AT_MOST, 5},
    {"longest wait for a killed holder's lock, fair, ms", "crash", 1, "ours-fair", NULL, AT_MOST,
     5},
    {"read pair: times raw OFD", "rw-pair", 0, "ours-rw", "ofd", AT_MOST, 1.9},
    {"read pair: faster than Python fasteners", "rw-pair", 0, "ours-rw", "python-fasteners-rw",
     FASTER, 12},
    {"write pair: times raw OFD", "rw-pair", 1, "ours-rw", "ofd", AT_MOST, 1.9},
    {"write pair: faster than Python fasteners", "rw-pair", 1, "ours-rw", "python-fasteners-rw",
     FASTER, 12},
    {"read pair where others of the process read, ns", "rw-join", 0, "ours-rw", NULL, AT_MOST, 50},
    {"the same, writers first, ns", "rw-join", 0, "ours-rw-writers", NULL, AT_MOST, 50},
    {"longest wait of a writer, writers first, ms", "rw-writer", 1, "ours-rw-writers", NULL,
     AT_MOST, 10},
};

static double granted(const struct results *results, const struct wish *wish)
{
    double own = results_find(results, wish->scenario, wish->peer, wish->column);
    if (!wish->beside)
        return own;
    double other = results_find(results, wish->scenario, wish->beside, wish->column);
    return wish->sense == FASTER ? other / own : own / other;
}

static const char *verdict(const struct wish *wish, double got)
{
    if (isnan(got))
        return "not measured";
    return (wish->sense == FASTER ? got >= wish->limit : got <= wish->limit) ? "yes" : "NO";
}

/* A figure without a peer in it depends on the machine: what the raw lock got tells how much. */
static void print_raw(const struct results *results, const struct wish *wish, FILE *to)
{
    char number[NUMBER_SIZE];
    double raw = results_find(results, wish->scenario, "ofd", wish->column);
    format_number(raw, number);
    if (!wish->beside && !isnan(raw))
        fprintf(to, " (raw OFD %s)", number);
    fputc('\n', to);
}

static void print_wish(const struct results *results, const struct wish *wish, FILE *to)
{
    double got = granted(results, wish);
    char number[NUMBER_SIZE];
    format_number(got, number);
    fprintf(to, "%-50s %8s %6.4g %10s  %s", wish->text,
            wish->sense == FASTER ? "at least" : "at most", wish->limit, number,
            verdict(wish, got));
    print_raw(results, wish, to);
}

void report_wanted(const struct results *results, FILE *to)
{
    fprintf(to, "\n%-50s %15s %10s\n", "wanted of libfasteners", "wanted", "got");
    for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
        if (results_has(results, wishes[i].scenario))
            print_wish(results, &wishes[i], to);
}
