/* SPDX-License-Identifier: Apache-2.0 */
#include "series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void *need(void *memory)
{
    if (memory)
        return memory;
    perror("series");
    exit(EXIT_FAILURE);
}

void series_add(struct series *series, int round, double value)
{
    if (series->count == series->room) {
        series->room = series->room ? 2 * series->room : 64;
        series->samples = need(realloc(series->samples, series->room * sizeof(struct sample)));
    }
    series->samples[series->count++] = (struct sample){value, round};
}

static int compare_values(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double series_percentile(const struct series *series, int round, double percent)
{
    double *values = need(malloc((series->count + 1) * sizeof(*values))), found = NAN;
    size_t count = 0;
    for (size_t i = 0; i < series->count; i++)
        if (round == EVERY_ROUND || series->samples[i].round == round)
            values[count++] = series->samples[i].value;
    if (count > 0) {
        qsort(values, count, sizeof(*values), compare_values);
        double rank = ceil(percent / 100 * (double)count);
        found = values[rank < 1 ? 0 : (size_t)rank - 1];
    }
    free(values);
    return found;
}

void series_spread(const struct series *series, double percent, double *low, double *high)
{
    *low = *high = series_percentile(series, EVERY_ROUND, percent);
    int rounds = series->count ? series->samples[series->count - 1].round + 1 : 0;
    for (int round = 0; round < rounds; round++) {
        double value = series_percentile(series, round, percent);
        *low = fmin(*low, value);
        *high = fmax(*high, value);
    }
}

void series_free(struct series *series)
{
    free(series->samples);
    *series = (struct series){0};
}
