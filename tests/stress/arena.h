/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STRESS_ARENA_H
#define TESTS_STRESS_ARENA_H

/*
 * What the processes of the torture program share: a file in its directory that all of them map,
 * the Python peers too (torture_peer.py; it is told the places of what it needs).
 *
 * A worker is a process: an index that dies and comes again, each time as the next incarnation. A
 * seat is one that acts in it: the seats 0 .. threads - 1 are its threads, and seat + threads is
 * the child that the thread of that seat has forked.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Built with a sanitizer, which has threads and memory of its own. */
#ifdef TORTURE_SANITIZED
enum { SANITIZED = true };
#else
enum { SANITIZED = false };
#endif

enum {
    MAX_WORKERS = 16,
    MAX_THREADS = 8,
    MAX_PATHS = 16,
    MAX_SEATS = 2 * MAX_THREADS,
    NOTES = 12,
    PATH_LENGTH = 400
};

/* Through which handle of a path: one that the threads share, or the one of this thread alone. */
enum { COMMON, OWN, HANDLES };

/* What the paths are for, by their number. */
typedef enum path_class {
    SABOTAGED, /* the supervisor removes and replaces the file */
    RECORDED,  /* record_owner */
    REMOVED,   /* unlink_on_release */
    PLAIN,
    PATH_CLASSES
} path_class;

static inline path_class class_of(int path)
{
    return (path_class)(path % PATH_CLASSES);
}

/* What is counted, and noted for the report on a violation. */
typedef enum deed {
    ACQUIRE_LOCK,
    ACQUIRE_READ,
    ACQUIRE_WRITE,
    UPGRADE,
    DOWNGRADE,
    RELEASE,
    RELEASE_READ,
    RELEASE_WRITE,
    WRONG_RELEASE,
    CHECK,
    ASK_HOLDER,
    CANCEL,
    RECREATE,
    FORK,
    CLONE,
    EXEC,
    NO_DESCRIPTORS,
    NO_MEMORY,
    END,
    DEEDS
} deed;

extern const char *const deed_names[DEEDS];

enum { STATUSES = 13, UNDER_WAY = -1 };

typedef struct note {
    int64_t at; /* of the monotonic clock */
    int64_t timeout_ms;
    int32_t what, path, handle, status;
} note;

typedef struct seat_state {
    _Atomic uint64_t deeds[DEEDS];
    _Atomic uint64_t statuses[STATUSES]; /* of acquires and upgrades */
    _Atomic uint32_t noted;
    note notes[NOTES];
} seat_state;

typedef struct worker_state {
    _Atomic uint64_t life;   /* twice the incarnation, plus 1 if it is about to end itself */
    _Atomic uint64_t doomed; /* 1: the supervisor is about to kill it */
    int64_t descriptors;     /* at its start, for the program that it execs */
    seat_state seats[MAX_SEATS];
} worker_state;

typedef struct path_state {
    _Atomic uint64_t epoch; /* odd: the file is being tampered with; see monitor.h */
    _Atomic uint64_t grant; /* the latest grant on record, see monitor.h */
    _Atomic uint64_t slots[MAX_WORKERS][MAX_SEATS][HANDLES];
    /* Who is in upgrade; how many began; whether one died in it, in this round. */
    _Atomic uint64_t upgrades[MAX_WORKERS][MAX_SEATS];
    _Atomic uint64_t upgrades_begun, upgrader_died;
} path_state;

/* How the workers are to end. */
enum { GO_ON, STOP_PATIENTLY, STOP_AT_ONCE };

enum { NO_VIOLATION, BEING_TOLD, TOLD };

typedef struct arena {
    uint64_t seed;
    int32_t workers, threads, paths, pythons; /* pythons: the last ones of the workers */
    _Atomic uint64_t stop;
    _Atomic uint64_t frees_orphans; /* grows when children that have lost their parent may end */
    _Atomic uint64_t orphans;       /* those that wait for it */
    _Atomic uint64_t violated;
    int32_t violated_path;
    int32_t favourite;  /* the path, in this round, of those who crowd */
    int32_t may_linger; /* the system tells the supervisor of all its children */
    char violation[1024];
    char directory[PATH_LENGTH - 32];
    path_state path[MAX_PATHS];
    worker_state worker[MAX_WORKERS];
} arena;

/* Makes the file, or maps the one that is there. NULL: it failed. */
arena *arena_make(const char *directory);
arena *arena_map(const char *directory);

void arena_file(const char *directory, char path[PATH_LENGTH]);
void arena_lock_path(const arena *of, int path, char name[PATH_LENGTH]);

/*
 * The first violation is kept. The caller does not come back: what it holds is to be seen by the
 * supervisor, which ends everything.
 */
_Noreturn void violate(arena *of, int path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Numbers that follow from the seed: the same for the same four. */
typedef struct dice {
    uint64_t state;
} dice;

dice dice_for(uint64_t seed, uint64_t worker, uint64_t incarnation, uint64_t seat);
uint64_t throw_dice(dice *of, uint64_t sides); /* 0 .. sides - 1 */
bool one_in(dice *of, uint64_t n);

#endif
