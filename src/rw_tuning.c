/* SPDX-License-Identifier: Apache-2.0 */
#include "rw_tuning.h"

/*
 * Found by tests/bench/rw_bench on a machine of two processors (docs/performance.md). What is not
 * said to matter was the same over a factor of three or more.
 *
 * drain_spins   2000 makes a writer among many readers wait 70 us instead of 17 (the reader it
 *               waits for is not running), 20 costs 2 threads with 10 % writes a fifth.
 * naps          with 1, 2 threads with 10 % writes take twice as long.
 * haste_ns      below 700 the locks with the shortest sections are not recognised as hammered.
 * hand_over_ns  the bound that is promised. 4 ms would be 10 % faster with 32 threads.
 * lone_writes   less, and locks with 50 % writes go to and fro between the modes.
 */
fst_rw_tuning_type fst_rw_tuning = {
    .read_spins = 100,
    .write_spins = 60,
    .head_spins = 100,
    .ask_spins = 200,
    .drain_spins = 60,
    .naps = 2,
    .nap_ns = 50000,
    .haste_ns = 1350,
    .haste = 3,
    .hand_over_ns = 1000000,
    .respect_ns = 300000,
    .quiet_reads = 2048,
    .lone_writes = 48,
    .lone_reads = 4,
};
