/* SPDX-License-Identifier: Apache-2.0 */
/*
 * torture [--seconds N] [--seed S] [--workers N] [--threads N] [--paths N] [--python N]
 *         [--directory D]
 *
 * Processes and threads do everything to both objects for inter-process locking that may happen to
 * them in production, at random and for as long as one likes, and are watched.
 *
 *   supervisor.c, troupe.c, aftermath.c, report.c
 *                 starts the workers, kills them with SIGKILL at random instructions, takes lock
 *                 files away, and looks after each round whether a lock is stuck.
 *   worker.c      a process with some threads, in which a timer interrupts system calls all the
 *                 time. It execs itself, dies, or ends in order, and then has lost no descriptor
 *                 and no thread.
 *   actor.c       a thread of it, which throws dice for what it does next, upon two handles for
 *                 each path (handles.c).
 *   moves.c, questions.c, call.c
 *                 what it does, and whether the outcome is one that the headers promise.
 *   offspring.c, scarcity.c
 *                 fork, clone, exec; no descriptors, no memory, no threads.
 *   monitor.c, arena.c
 *                 who holds what: see monitor.h for why it takes nothing right for wrong.
 *   torture_peer.py
 *                 a worker that uses Python's fasteners.
 *
 * A wait without end that nobody ends is found at the end of a round in which all let go of what
 * they have, and nobody cancels: whoever still waits then, hangs.
 *
 * All decisions follow from the seed, which is printed. With the same seed and the same numbers of
 * workers, threads and paths the same things are tried, though not at the same moments: a violation
 * comes again sooner or later, if not at once.
 *
 * Exit status: 0 if nothing was violated, 1 otherwise, 77 if Python is asked for and not there.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "patience.h"
#include "supervisor.h"
#include "temp_dir.h"
#include "worker.h"

enum { SKIPPED = 77 };

typedef struct choice {
    uint64_t seed, seconds, workers, threads, paths, pythons;
    const char *directory;
} choice;

static const struct option OPTIONS[] = {
    {"seconds", required_argument, NULL, 's'},   {"seed", required_argument, NULL, 'r'},
    {"workers", required_argument, NULL, 'w'},   {"threads", required_argument, NULL, 't'},
    {"paths", required_argument, NULL, 'p'},     {"python", required_argument, NULL, 'y'},
    {"directory", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0},
};

static int usage(void)
{
    fprintf(stderr,
            "usage: torture [--seconds N] [--seed S] [--workers 1..%d] [--threads 1..%d]\n"
            "               [--paths 1..%d] [--python N] [--directory D]\n"
            "workers are the Python peers too\n",
            MAX_WORKERS, MAX_THREADS, MAX_PATHS);
    return 2;
}

static uint64_t *number_for(choice *of, int option)
{
    switch (option) {
    case 's':
        return &of->seconds;
    case 'r':
        return &of->seed;
    case 'w':
        return &of->workers;
    case 't':
        return &of->threads;
    case 'p':
        return &of->paths;
    default:
        return &of->pythons;
    }
}

static bool parse(choice *of, int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        if (option == '?')
            return false;
        if (option == 'd')
            of->directory = optarg;
        else
            *number_for(of, option) = strtoull(optarg, NULL, 0);
    }
    return optind == argc && of->workers >= 1 && of->pythons <= of->workers &&
           of->workers <= MAX_WORKERS && of->threads >= 1 && of->threads <= MAX_THREADS &&
           of->paths >= 1 && of->paths <= MAX_PATHS;
}

static arena *set_up(const choice *by, const char *directory)
{
    arena *made = arena_make(directory);

    if (made == NULL)
        return NULL;
    made->seed = by->seed;
    made->workers = (int32_t)by->workers;
    made->threads = (int32_t)by->threads;
    made->paths = (int32_t)by->paths;
    made->pythons = (int32_t)by->pythons;
    return made;
}

static int run(const choice *by)
{
    char *own = by->directory == NULL ? temp_dir_make() : NULL;
    const char *directory = own != NULL ? own : by->directory;
    arena *made = directory != NULL ? set_up(by, directory) : NULL;

    if (made == NULL) {
        perror("the arena");
        return 1;
    }
    printf("torture --seed %" PRIu64 " --seconds %" PRIu64 " --workers %" PRIu64
           " --threads %" PRIu64 " --paths %" PRIu64 " --python %" PRIu64 "\n",
           by->seed, by->seconds, by->workers, by->threads, by->paths, by->pythons);
    fflush(stdout);
    bool is_good = supervise(made, (int64_t)by->seconds);
    if (own != NULL)
        temp_dir_remove(own);
    free(own);
    return is_good ? 0 : 1;
}

static bool has_python(void)
{
    return PYTHON[0] != '\0' && system(PYTHON " -c 'import fasteners' 2>/dev/null") == 0;
}

int main(int argc, char **argv)
{
    choice by = {
        .seed = (uint64_t)test_now(), .seconds = 10, .workers = 4, .threads = 3, .paths = 4};

    if (argc == 4 && strcmp(argv[1], "--worker") == 0)
        return worker_main(atoi(argv[2]), argv[3]);
    if (!parse(&by, argc, argv))
        return usage();
    if (by.pythons != 0 && !has_python()) {
        printf("there is no Python with fasteners\n");
        return SKIPPED;
    }
    return run(&by);
}
