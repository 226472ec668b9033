/* SPDX-License-Identifier: Apache-2.0 */
#include "rw_peer.h"

/* The build defines BENCH_WITH_... for what it found. */

extern const struct rw_peer rw_peer_fasteners, rw_peer_pthread, rw_peer_pthread_writer;
extern const struct rw_peer rw_peer_mutex, rw_peer_none, rw_peer_nsync, rw_peer_absl, rw_peer_boost;
extern const struct rw_peer rw_peer_std, rw_peer_glib, rw_peer_ck_rwlock, rw_peer_ck_brlock;
extern const struct rw_peer rw_peer_tbb, rw_peer_urcu, rw_peer_calls;
extern const struct rw_peer rw_peer_rust_std, rw_peer_parking_lot;

const struct rw_peer *const rw_peers[] = {
#ifdef BENCH_WITH_FASTENERS
    &rw_peer_fasteners,
#endif
    &rw_peer_pthread,   &rw_peer_pthread_writer, &rw_peer_mutex,
#ifdef BENCH_WITH_NSYNC
    &rw_peer_nsync,
#endif
#ifdef BENCH_WITH_ABSL
    &rw_peer_absl,
#endif
#ifdef BENCH_WITH_BOOST
    &rw_peer_boost,
#endif
#ifdef BENCH_WITH_STD
    &rw_peer_std,
#endif
#ifdef BENCH_WITH_GLIB
    &rw_peer_glib,
#endif
#ifdef BENCH_WITH_RUST
    &rw_peer_rust_std,  &rw_peer_parking_lot,
#endif
#ifdef BENCH_WITH_CK
    &rw_peer_ck_rwlock, &rw_peer_ck_brlock,
#endif
#ifdef BENCH_WITH_TBB
    &rw_peer_tbb,
#endif
#ifdef BENCH_WITH_URCU
    &rw_peer_urcu,
#endif
    &rw_peer_calls,     &rw_peer_none,           NULL,
};
