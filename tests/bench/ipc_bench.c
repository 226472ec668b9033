/* SPDX-License-Identifier: Apache-2.0 */

/* The inter-process locks beside their peers, all measured in one run. See README.md. */

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "moment.h"
#include "results.h"

struct options {
    bool quick;
    int rounds; /* 0: as many as seem right */
    const char *only, *csv, *directory;
    const char *peers[RESULTS_PEERS];
    size_t peer_count;
};

static struct team teams[RESULTS_PEERS];

static const char usage[] =
    "usage: ipc_bench [option...]\n"
    "  --quick          some 20 s instead of some minutes\n"
    "  --rounds N       so many rounds in every column\n"
    "  --only COLUMN    pair, handoff, cpu, overshoot, hog, crowd (or crowd-8), crash,\n"
    "                   rw (or rw-pair, rw-join, rw-writer, rw-mixed)\n"
    "  --peer NAME      this peer (may be given several times); ratios are to the first one\n"
    "  --csv FILE       write every sample there\n"
    "  --dir DIRECTORY  where the lock files lie (default: TMPDIR or /tmp)\n"
    "  --list           names the peers that this program knows\n";

static void list_peers(void)
{
    for (size_t i = 0; bench_peers[i]; i++)
        printf("%-20s %s\n", bench_peers[i]->name, bench_peers[i]->title);
}

static bool is_number(const char *text)
{
    return strspn(text, "0123456789") == strlen(text) && strlen(text) < 6 && atoi(text) > 0;
}

/* False: bad arguments. Ends the program where that is all there is to do. */
static bool parse(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {{"quick", no_argument, NULL, 'q'},
                                          {"only", required_argument, NULL, 'o'},
                                          {"peer", required_argument, NULL, 'p'},
                                          {"csv", required_argument, NULL, 'c'},
                                          {"dir", required_argument, NULL, 'd'},
                                          {"list", no_argument, NULL, 'l'},
                                          {"rounds", required_argument, NULL, 'r'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    for (int which; (which = getopt_long(argc, argv, "", known, NULL)) >= 0;) {
        if (which == 'q')
            options->quick = true;
        else if (which == 'r' && is_number(optarg))
            options->rounds = atoi(optarg);
        else if (which == 'o')
            options->only = optarg;
        else if (which == 'p' && options->peer_count < RESULTS_PEERS)
            options->peers[options->peer_count++] = optarg;
        else if (which == 'c')
            options->csv = optarg;
        else if (which == 'd')
            options->directory = optarg;
        else if (which == 'l')
            list_peers(), exit(EXIT_SUCCESS);
        else if (which == 'h')
            fputs(usage, stdout), exit(EXIT_SUCCESS);
        else
            return false;
    }
    return optind == argc;
}

static bool is_chosen(const struct options *options, const struct peer *peer)
{
    for (size_t i = 0; i < options->peer_count; i++)
        if (strcmp(options->peers[i], peer->name) == 0)
            return true;
    return options->peer_count == 0;
}

/* A lock that does not lock would be the fastest of all. */
static void add_peer(struct results *results, const struct peer *peer, const char *directory)
{
    struct team *team = &teams[results->peer_count];
    team_init(team, peer, directory);
    if (team_excludes(team) && (peer->kind == PEER_EXCLUSIVE || team_shares(team))) {
        results->peers[results->peer_count++] = peer;
        return;
    }
    printf("left out: %s (%s)\n", peer->title,
           team->failed ? "not to be had here, see tests/bench/setup"
                        : "it does not do as it says");
    team_dismiss(team);
    unlink(team->path);
}

static void add_sheets(struct results *results, const struct options *options)
{
    size_t count = 0;
    while (bench_scenarios[count])
        count++;
    results->sheets = calloc(count, sizeof(*results->sheets));
    for (size_t i = 0; i < count && results->sheets; i++) {
        const char *only = options->only ? options->only : "";
        if (strncmp(bench_scenarios[i]->name, only, strlen(only)) == 0)
            results->sheets[results->sheet_count++].scenario = bench_scenarios[i];
    }
}

static bool takes_part(const struct sheet *sheet, const struct peer *peer)
{
    const struct scenario *scenario = sheet->scenario;
    if (peer->kind == (scenario->shared ? PEER_EXCLUSIVE : PEER_SHARED))
        return false;
    return !scenario->applies || scenario->applies(peer);
}

/* A team that failed is out of this scenario, and made anew for the next one. */
static void note(struct sheet *sheet, size_t peer, bool done)
{
    if (done)
        return;
    sheet->failed[peer] = true;
    team_dismiss(&teams[peer]);
    teams[peer].failed = false;
}

/* Each peer's turn, beginning with another one each time. */
static void run_round(const struct results *results, struct sheet *sheet, int round, int slice_ms)
{
    const struct scenario *scenario = sheet->scenario;
    struct turn turns[RESULTS_PEERS];
    for (size_t p = 0; p < results->peer_count; p++) {
        turns[p] = (struct turn){&teams[p], sheet->series[p],     scenario->processes,
                                 round,     slice_ms * NS_PER_MS, 0};
        if (scenario->begin && !sheet->failed[p] && takes_part(sheet, results->peers[p]))
            note(sheet, p, scenario->begin(&turns[p]));
    }
    for (size_t i = 0; i < results->peer_count; i++) {
        size_t p = (i + (size_t)round) % results->peer_count;
        if (!sheet->failed[p] && takes_part(sheet, results->peers[p]))
            note(sheet, p, scenario->measure(&turns[p]));
    }
}

static void run_scenario(const struct results *results, struct sheet *sheet,
                         const struct options *options)
{
    const struct effort *effort = &sheet->scenario->effort[options->quick ? 0 : 1];
    int rounds = options->rounds ? options->rounds : effort->rounds;
    for (int round = 0; round < rounds; round++) {
        fprintf(stderr, "\r%-12s round %d of %d   ", sheet->scenario->name, round + 1, rounds);
        run_round(results, sheet, round, effort->slice_ms);
    }
    fprintf(stderr, "\r%40s\r", "");
}

static void print_machine(const char *when)
{
    struct utsname system;
    double load[1] = {0};
    if (uname(&system) == 0 && getloadavg(load, 1) == 1)
        printf("%s: %s %s, %ld processors, load %.2f\n", when, system.sysname, system.release,
               sysconf(_SC_NPROCESSORS_ONLN), load[0]);
}

static bool write_csv(const struct results *results, const char *path)
{
    FILE *file = fopen(path, "w");
    if (file)
        report_csv(results, file);
    if (file && fclose(file) == 0)
        return true;
    perror(path);
    return false;
}

static bool make_directory(const struct options *options, char *directory, size_t size)
{
    const char *above = options->directory ? options->directory : getenv("TMPDIR");
    int length = snprintf(directory, size, "%s/fbXXXXXX", above ? above : "/tmp");
    if (length < (int)size && mkdtemp(directory))
        return true;
    perror(directory);
    return false;
}

static void clean_up(struct results *results, const char *directory)
{
    for (size_t p = 0; p < results->peer_count; p++) {
        team_dismiss(&teams[p]);
        unlink(teams[p].path);
    }
    rmdir(directory);
    for (size_t s = 0; s < results->sheet_count; s++)
        for (size_t p = 0; p < results->peer_count; p++)
            for (int n = 0; n < SCENARIO_SERIES; n++)
                series_free(&results->sheets[s].series[p][n]);
    free(results->sheets);
}

static void measure(const struct results *results, const struct options *options)
{
    for (size_t s = 0; s < results->sheet_count; s++)
        run_scenario(results, &results->sheets[s], options);
    print_machine("after");
    report_tables(results, stdout);
    report_wanted(results, stdout);
}

static bool bench(const struct options *options, const char *directory)
{
    struct results results = {0};
    print_machine("before");
    for (size_t i = 0; bench_peers[i]; i++)
        if (is_chosen(options, bench_peers[i]))
            add_peer(&results, bench_peers[i], directory);
    add_sheets(&results, options);
    bool sensible = results.sheet_count > 0 && results.peer_count > 0;
    if (sensible)
        measure(&results, options);
    else
        fputs("there is no such peer or column here\n", stderr);
    bool written = sensible && (!options->csv || write_csv(&results, options->csv));
    clean_up(&results, directory);
    return written;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    char directory[96];
    if (!parse(argc, argv, &options))
        return fputs(usage, stderr), 2;
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!make_directory(&options, directory, sizeof(directory)))
        return EXIT_FAILURE;
    return bench(&options, directory) ? EXIT_SUCCESS : EXIT_FAILURE;
}
