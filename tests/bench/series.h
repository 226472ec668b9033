/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_SERIES_H
#define BENCH_SERIES_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Measured values, each with the round it was measured in. Zeroed memory is an empty series. */
struct sample {
    double value;
    int round;
};

struct series {
    struct sample *samples;
    size_t count, room;
};

#define EVERY_ROUND (-1)

void series_add(struct series *series, int round, double value);

/* The smallest value that `percent` of the samples do not exceed: 50 = median, 100 = largest.
 * NaN if there is none. */
double series_percentile(const struct series *series, int round, double percent);

/* The smallest and the largest of the rounds' own percentiles. */
void series_spread(const struct series *series, double percent, double *low, double *high);

void series_free(struct series *series);

#ifdef __cplusplus
}
#endif

#endif
