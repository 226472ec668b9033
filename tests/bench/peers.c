/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <stddef.h>

/* The build defines BENCH_WITH_... for what it found. Python peers are looked for at run time. */

extern const struct peer peer_ofd, peer_fcntl;
extern const struct peer peer_apr, peer_boost;
extern const struct peer peer_fasteners, peer_fasteners_fair, peer_fasteners_polling;
extern const struct peer peer_fasteners_rw, peer_fasteners_rw_writers;

static const struct peer python_fasteners = {
    .name = "python-fasteners", .title = "Python fasteners", .python = "fasteners"};
static const struct peer python_fasteners_rw = {.name = "python-fasteners-rw",
                                                .title = "Python fasteners RW",
                                                .python = "fasteners-rw",
                                                .kind = PEER_SHARED};
static const struct peer python_filelock = {
    .name = "python-filelock", .title = "Python filelock", .python = "filelock"};
static const struct peer python_portalocker = {
    .name = "python-portalocker", .title = "Python portalocker", .python = "portalocker"};

const struct peer *const bench_peers[] = {
    &peer_ofd,
    &peer_fcntl,
#ifdef BENCH_WITH_FASTENERS
    &peer_fasteners,
    &peer_fasteners_fair,
    &peer_fasteners_polling,
    &peer_fasteners_rw,
    &peer_fasteners_rw_writers,
#endif
#ifdef BENCH_WITH_BOOST
    &peer_boost,
#endif
#ifdef BENCH_WITH_APR
    &peer_apr,
#endif
    &python_fasteners,
    &python_fasteners_rw,
    &python_filelock,
    &python_portalocker,
    NULL,
};

bool peer_is_timed(const struct peer *peer)
{
    return peer->python || peer->timed_acquire;
}
