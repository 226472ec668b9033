/* SPDX-License-Identifier: Apache-2.0 */
#include "rw_tuning.h"

fst_rw_tuning_type fst_rw_tuning = {
    .read_spins = 100,
    .write_spins = 60,
    .head_spins = 100,
    .drain_spins = 2000,
    .naps = 2,
    .nap_ns = 50000,
    .haste_ns = 1350,
    .haste = 3,
    .hand_over_ns = 1000000,
    .respect_ns = 300000,
    .quiet_reads = 2048,
    .lone_writes = 16,
    .lone_reads = 8,
};
