/* SPDX-License-Identifier: Apache-2.0 */

/* The thread locks beside their peers, all measured in one run. See README.md. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "rw_machine.h"
#include "rw_results.h"

struct options {
    struct rw_effort effort;
    const char *peers, *csv, *count;
};

static const char usage[] =
    "usage: rw_bench [option...]\n"
    "  --quick            less than a minute instead of some\n"
    "  --only NAME,...    these columns (as their heads name them) or tables: solo, pairs,\n"
    "                     sections, waits, share, scaling\n"
    "  --peer NAME,...    these peers\n"
    "  --rounds N         so many rounds in every column\n"
    "  --threads-up-to N  the last column of scaling (default: the number of processors)\n"
    "  --csv FILE         write the value of every round there\n"
    "  --count KIND:N     N pairs (read, write, nested) of the first peer, nothing measured\n"
    "  --list             names the peers and columns that this program knows\n";

static struct rw_results results;
static bool quick;

static int number_of(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (*end || number < 1 || number > 1000000000) {
        fputs(usage, stderr);
        exit(2);
    }
    return (int)number;
}

static void list(const struct options *options)
{
    for (size_t i = 0; rw_peers[i]; i++)
        printf("%-16s %s\n", rw_peers[i]->name, rw_peers[i]->title);
    rw_choose_columns(&results, &options->effort);
    for (size_t i = 0; i < results.column_count; i++)
        printf("%-16s %s\n", rw_table_name(results.columns[i].table), results.columns[i].name);
    exit(EXIT_SUCCESS);
}

static bool take(int which, struct options *options)
{
    if (which == 'q')
        options->effort.quick = quick = true;
    else if (which == 'o')
        options->effort.only = optarg;
    else if (which == 'p')
        options->peers = optarg;
    else if (which == 'r')
        options->effort.rounds = number_of(optarg);
    else if (which == 't')
        options->effort.threads_up_to = number_of(optarg);
    else if (which == 'c')
        options->csv = optarg;
    else if (which == 'n')
        options->count = optarg;
    else if (which == 'l')
        list(options);
    else if (which == 'h')
        fputs(usage, stdout), exit(EXIT_SUCCESS);
    else
        return false;
    return true;
}

static bool parse(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {{"quick", no_argument, NULL, 'q'},
                                          {"only", required_argument, NULL, 'o'},
                                          {"peer", required_argument, NULL, 'p'},
                                          {"rounds", required_argument, NULL, 'r'},
                                          {"threads-up-to", required_argument, NULL, 't'},
                                          {"csv", required_argument, NULL, 'c'},
                                          {"count", required_argument, NULL, 'n'},
                                          {"list", no_argument, NULL, 'l'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    for (int which; (which = getopt_long(argc, argv, "", known, NULL)) >= 0;)
        if (!take(which, options))
            return false;
    return optind == argc;
}

/* Threads that spin for one that does not run take for ever, which needs no second look. */
static bool takes_part(const struct rw_peer *peer, const struct rw_column *column)
{
    bool spins = (peer->traits & RW_EXCLUDES) && !(peer->traits & RW_BLOCKS);
    bool crowded = column->task.threads > sysconf(_SC_NPROCESSORS_ONLN);
    return rw_can(peer->traits, &column->task) && !(quick && spins && crowded);
}

static void measure_one(struct rw_column *column, size_t peer, int round)
{
    double values[RW_VALUES];
    if (!takes_part(results.peers[peer], column))
        return;
    if (!rw_measure(results.peers[peer], &column->task, column->slice_ns, values)) {
        column->broken[peer] = true;
        fprintf(stderr, "%s: %s does not keep readers and writers apart\n", column->name,
                results.peers[peer]->name);
    }
    for (int value = 0; value < rw_value_count(column->task.kind); value++)
        series_add(&column->values[peer][value], round, values[value]);
}

/* In each round every peer has its turn, so that what changes on the machine meets them all. */
static void measure_column(struct rw_column *column)
{
    bool shown = isatty(STDERR_FILENO);
    struct rw_watch watch = rw_watch_begin();
    for (int round = 0; round < column->rounds; round++) {
        if (shown)
            fprintf(stderr, "\r%-20s round %d of %d   ", column->name, round + 1, column->rounds);
        for (size_t i = 0; i < results.peer_count; i++)
            measure_one(column, (i + (size_t)round) % results.peer_count, round);
    }
    column->others = rw_watch_others(&watch);
    if (shown)
        fprintf(stderr, "\r%50s\r", "");
}

/* Fewest threads first: what a lock keeps of threads that have ended is not to change the columns
 * with few. */
static void measure(void)
{
    for (int threads = 1; threads <= RW_THREADS; threads++)
        for (size_t c = 0; c < results.column_count; c++)
            if (results.columns[c].task.threads == threads)
                measure_column(&results.columns[c]);
}

static void print_machine(const struct rw_watch *watch)
{
    struct utsname system;
    if (uname(&system) == 0)
        printf("%s %s, %ld processors, %.0f %% of which others had meanwhile\n", system.sysname,
               system.release, sysconf(_SC_NPROCESSORS_ONLN), 100 * rw_watch_others(watch));
}

static bool write_csv(const char *path)
{
    FILE *file = fopen(path, "w");
    if (file)
        rw_report_csv(&results, file);
    if (file && fclose(file) == 0)
        return true;
    perror(path);
    return false;
}

static bool count(const char *what)
{
    static const char *const names[] = {"read:", "write:", "nested:"};
    for (int i = 0; i < 3; i++) {
        const struct rw_task task = {.kind = (enum rw_kind)(RW_SOLO_READ + i), .threads = 1};
        size_t length = strlen(names[i]);
        if (strncmp(what, names[i], length) == 0 && rw_can(results.peers[0]->traits, &task)) {
            rw_count(results.peers[0], task.kind, (size_t)number_of(what + length));
            return true;
        }
    }
    fputs("there is no such pair, or the peer cannot do it\n", stderr);
    return false;
}

static bool bench(const struct options *options)
{
    struct rw_watch watch = rw_watch_begin();
    measure();
    print_machine(&watch);
    rw_report_tables(&results, stdout);
    rw_report_wanted(&results, stdout);
    return !options->csv || write_csv(options->csv);
}

int main(int argc, char **argv)
{
    struct options options = {0};
    if (!parse(argc, argv, &options))
        return fputs(usage, stderr), 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; rw_peers[i] && results.peer_count < RW_PEERS; i++)
        if (rw_listed(options.peers, rw_peers[i]->name))
            results.peers[results.peer_count++] = rw_peers[i];
    rw_choose_columns(&results, &options.effort);
    if (results.peer_count == 0 || results.column_count == 0)
        return fputs("there is no such peer or column here\n", stderr), 2;
    if (options.count)
        return count(options.count) ? EXIT_SUCCESS : 2;
    return bench(&options) ? EXIT_SUCCESS : EXIT_FAILURE;
}
