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

    /* Tries of a newcomer before it queues, each with a rest of some ten nanoseconds. */
    uint32_t read_spins, write_spins;
    /* Looks of the head of the queue before it sleeps, and of one that has asked for the lock. */
    uint32_t head_spins, ask_spins;
    /* A writer's looks at a reader's slot before it sleeps: that reader may well be asleep. */
    uint32_t drain_spins;

    /* So often, and so long, the head of the queue at a hammered lock sleeps on a timer. */
    uint32_t naps;
    int64_t nap_ns;
    /* Arrivals that follow each other faster than haste_ns count for a lock being hammered. */
    int64_t haste_ns;
    uint32_t haste;

    /* The head of the queue is handed the lock when it has been the head for so long. */
    int64_t hand_over_ns;
    /* A writer does not go ahead of readers that have waited so long. */
    int64_t respect_ns;

    uint32_t quiet_reads; /* fenced reads without a write that make a lock biased */
    uint32_t lone_writes; /* the score of writes that makes it central: see rw_lock.h */
    uint32_t lone_reads;  /* counted reads without a write that make it fenced */
} fst_rw_tuning_type;

extern fst_rw_tuning_type fst_rw_tuning;

#endif
