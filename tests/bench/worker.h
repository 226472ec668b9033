/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include "peer.h"

/*
 * A worker is a process with one handle of one peer. It reads a job a line and answers each with a
 * line; worker.py does the same for the Python peers:
 *
 *     JOB A B C D        four whole numbers, unused ones 0
 *     ok W X Y Z         the job was done; or
 *     no                 it was not
 *
 * When it is ready for the first job it says "ok 0 0 0 0" unasked. Moments are those of moment.h.
 *
 *     pair MS            acquires and releases for that long; W = picoseconds a pair (the median)
 *     take               acquires
 *     try                tries to; W = 1 if it did
 *     wait MS            the timed acquire (the untimed one where there is none); W = 1 if it
 *                        got it, X = moment before, Y = moment after, Z = CPU ns meanwhile
 *     give MOMENT        sleeps until then and releases; W = moment before the release
 *     turns FROM TO HOLD PAUSE
 *                        from one moment to the other: acquires, holds for HOLD us, releases,
 *                        pauses for PAUSE us; W = turns, X = longest wait in ns
 *     quit               ends
 *
 * of a lock that can be shared:
 *
 *     rtake, rgive       acquires for reading, and releases
 *     rpair MS           as pair, for reading
 *     rjoin MS           the same while another thread of this process reads
 *     rturns FROM TO HOLD
 *                        as turns, for reading, asleep while it holds
 *     mixed FROM TO HOLD PAUSE
 *                        as turns; one in ten for writing, the others for reading
 */
#define WORKER_NUMBERS 4

/* Works until told to quit or the pipe ends. Returns the exit status. */
int worker_run(const struct peer *peer, const char *path, int jobs, int answers);

#endif
