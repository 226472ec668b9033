/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_RW_RUN_H
#define BENCH_RW_RUN_H

#include <stdbool.h>

#include "rw_peer.h"

/* What is measured. */
enum rw_kind {
    RW_SOLO_READ,    /* ns per pair */
    RW_SOLO_WRITE,   /* the same */
    RW_SOLO_NESTED,  /* the same, inside a read hold */
    RW_PAIRS,        /* wall time over the pairs of all threads, ns */
    RW_PER_THREAD,   /* wall time over the pairs of one thread, ns */
    RW_SHARE,        /* pairs of the thread that got least over those of the one that got most */
    RW_PROBE_READER, /* wait of one reader among writers, us: p50, p99, longest */
    RW_PROBE_WRITER  /* wait of one writer among readers, the same */
};

#define RW_VALUES 3
#define RW_THREADS 256

struct rw_task {
    enum rw_kind kind;
    int threads;   /* the probe not counted */
    int per_mille; /* of writes */
    int held_ns, outside_ns;
};

/* How many of the values it makes. */
int rw_value_count(enum rw_kind kind);

/* Whether a lock with these traits can do it at all. */
bool rw_can(unsigned traits, const struct rw_task *task);

/* One measurement, of a fresh lock. False: the peer did not keep readers and writers apart. */
bool rw_measure(const struct rw_peer *peer, const struct rw_task *task, int64_t slice_ns,
                double values[RW_VALUES]);

/* One thread does this many pairs, and nothing is measured. */
void rw_count(const struct rw_peer *peer, enum rw_kind kind, size_t pairs);

#endif
