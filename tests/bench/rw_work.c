/* SPDX-License-Identifier: Apache-2.0 */
#include "rw_peer.h"

#include "moment.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* One chain of multiplications: as long as their latency, however the code lies in memory. */
void rw_work(unsigned rounds)
{
    uint64_t value = rounds;
    for (unsigned i = 0; i < rounds; i++) {
        value *= UINT64_C(6364136223846793005);
        __asm__ volatile("" : "+r"(value));
    }
}

/* The quickest of several tries is the one that nobody disturbed. */
static double ns_per_round(void)
{
    enum { ROUNDS = 100000, TRIES = 15 };
    double least = INFINITY;
    for (int i = 0; i < TRIES; i++) {
        int64_t begin = moment_now();
        rw_work(ROUNDS);
        least = fmin(least, (double)(moment_now() - begin) / ROUNDS);
    }
    return least;
}

unsigned rw_rounds_of(int64_t ns)
{
    static double each;
    if (ns <= 0)
        return 0;
    if (each == 0)
        each = ns_per_round();
    return (unsigned)fmax(1, round((double)ns / each));
}

void rw_refused(void)
{
    fputs("rw_bench: a lock refused\n", stderr);
    exit(EXIT_FAILURE);
}
