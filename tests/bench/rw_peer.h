/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_RW_PEER_H
#define BENCH_RW_PEER_H

/* A lock that rw_bench measures: the measuring loops, compiled with the lock's calls in them. */

#include <stddef.h>
#include <stdint.h>

#include "series.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Two lines, since processors fetch lines in pairs. */
#define RW_LINE 128
#define RW_LOCK_ROOM 4096
#define RW_BATCH 1000

/* What the lock protects: equal while nobody writes. */
struct rw_guarded {
    long first, second;
} __attribute__((aligned(RW_LINE)));

/* What all threads of one measurement share. */
struct rw_arena {
    char lock[RW_LOCK_ROOM] __attribute__((aligned(RW_LINE)));
    struct rw_guarded guarded;
    int stop __attribute__((aligned(RW_LINE)));
};

/* One thread of a measurement. The counts are written by it and read by others meanwhile. */
struct rw_thread {
    struct rw_arena *arena;
    const uint64_t *pattern; /* one bit per pair: 1 = write */
    size_t place, places;    /* place < places, a power of two */
    unsigned held, outside;  /* rounds of rw_work */
    long pairs, writes;
    int broken; /* saw the guarded fields differ */
    struct series series;
} __attribute__((aligned(RW_LINE)));

typedef void rw_loop(struct rw_thread *thread);

enum rw_traits {
    RW_BLOCKS = 1,  /* waits without burning the processor: counts as a rival */
    RW_NESTS = 2,   /* a reader may read again */
    RW_WRITES = 4,  /* there is a write side */
    RW_EXCLUDES = 8 /* readers and writers exclude each other */
};
#define RW_SPIN_LOCK (RW_NESTS | RW_WRITES | RW_EXCLUDES)
#define RW_BLOCKING_LOCK (RW_SPIN_LOCK | RW_BLOCKS)

struct rw_peer {
    const char *name, *title;
    unsigned traits;
    void (*create)(void *lock);
    void (*destroy)(void *lock);

    /* Until stop: the time of each RW_BATCH pairs, in ns per pair, into the series. */
    rw_loop *solo_read, *solo_write, *solo_nested;
    /* Until stop: pairs as the pattern says, counted. */
    rw_loop *empty, *sections;
    /* Until stop: one pair every 100 us, the us it took to get in into the series. */
    rw_loop *probe_read, *probe_write;
    /* `places` pairs and no more, for a program that counts instructions. */
    rw_loop *count_read, *count_write, *count_nested;
};

/* All that there are, by the order of the tables; ends with NULL. */
extern const struct rw_peer *const rw_peers[];

/* Keeps the processor busy for that many rounds, whose length rw_rounds_of knows. */
void rw_work(unsigned rounds);
unsigned rw_rounds_of(int64_t ns);

/* Ends the program: the lock refused. */
void rw_refused(void) __attribute__((noreturn, cold));

#ifdef __cplusplus
}
#endif

#endif
