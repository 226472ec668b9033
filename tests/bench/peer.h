/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

/*
 * One kind of lock to be measured. A peer in C gives functions; a peer in Python gives the name
 * under which worker.py knows it. A new peer is one file and one line in peers.c.
 *
 * The functions run in worker processes, forked from the driver. They return whether they got
 * (or gave back) the lock.
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What it takes part in: scenarios for exclusive locks, for shared ones, or both. */
enum peer_kind { PEER_EXCLUSIVE, PEER_SHARED, PEER_BOTH };

/* How a second thread of a process reads along: not at all, through the handle, with its own. */
enum peer_join { PEER_READS_ALONE, PEER_SHARES_HANDLE, PEER_NEEDS_HANDLE };

struct peer {
    const char *name;   /* for --peer and the CSV file */
    const char *title;  /* for the tables */
    const char *python; /* NULL: the functions below */

    /* Once, in the driver, before any worker is forked. NULL: nothing to do. */
    bool (*prepare)(const char *path);

    /* A handle for the file, which exists. NULL: cannot be had. */
    void *(*open)(const char *path);
    bool (*acquire)(void *lock);
    bool (*try_acquire)(void *lock);
    bool (*timed_acquire)(void *lock, int64_t ms); /* NULL: it has no timed form */
    bool (*release)(void *lock);
    void (*close)(void *lock);

    enum peer_kind kind;
    enum peer_join join;

    /* NULL: it is exclusive. acquire and release are for writing, where there are these. */
    bool (*acquire_read)(void *lock);
    bool (*release_read)(void *lock);
};

/* Those this program was built with, ended by NULL. The first one is what ratios refer to. */
extern const struct peer *const bench_peers[];

bool peer_is_timed(const struct peer *peer);

#ifdef __cplusplus
}
#endif

#endif
