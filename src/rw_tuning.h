/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_RW_TUNING_H
#define FST_RW_TUNING_H

/*
 * The numbers that rw_lock works with. Tests change them before the first use of a lock, to force
 * what happens rarely; nobody else does.
 */

#include "platform.h"

typedef enum fst_rw_mode {
    FST_RW_AUTOMATIC,
    FST_RW_CENTRAL,
    FST_RW_FENCED,
    FST_RW_BIASED
} fst_rw_mode;

typedef struct fst_rw_tuning {
    bool watched;     /* use the hot path though a checker watches */
    bool symmetric;   /* do without the heavy barrier */
    fst_rw_mode mode; /* keep every lock in this mode */

    uint32_t read_spins, write_spins; /* tries of a newcomer before it queues */
    uint32_t head_spins;              /* tries of the head of the queue before it sleeps */
    uint32_t drain_spins;             /* looks at a reader's slot before sleeping */

    uint32_t naps;  /* how often the head of the queue at a hammered lock sleeps on a timer ... */
    int64_t nap_ns; /* ... and for how long */
    int64_t
        haste_ns;   /* arrivals that follow each other faster than this make a lock hammered ... */
    uint32_t haste; /* ... if there are so many */

    int64_t hand_over_ns; /* the head of the queue is handed the lock when it has waited so long */
    int64_t respect_ns;   /* a writer does not go ahead of readers that have waited so long */

    uint32_t quiet_reads; /* fenced reads without a write that make the lock biased */
    uint32_t lone_writes; /* writes without a read that make it central */
    uint32_t lone_reads;  /* central reads without a write that make it fenced */
} fst_rw_tuning_type;

extern fst_rw_tuning_type fst_rw_tuning;

#endif
