/* SPDX-License-Identifier: Apache-2.0 */
#include "results.h"

#include <math.h>
#include <string.h>

#define TITLE_WIDTH 26

void format_number(double value, char *text)
{
    int decimals = fabs(value) < 10 ? 2 : fabs(value) < 100 ? 1 : 0;
    if (isnan(value))
        strcpy(text, "-");
    else
        snprintf(text, NUMBER_SIZE, "%.*f", decimals, value);
}

double results_value(const struct sheet *sheet, size_t peer, int column)
{
    const struct column *what = &sheet->scenario->columns[column];
    return series_percentile(&sheet->series[peer][what->series], EVERY_ROUND, what->percent);
}

bool results_has(const struct results *results, const char *scenario)
{
    for (size_t s = 0; s < results->sheet_count; s++)
        if (strcmp(results->sheets[s].scenario->name, scenario) == 0)
            return true;
    return false;
}

double results_find(const struct results *results, const char *scenario, const char *peer,
                    int column)
{
    for (size_t s = 0; s < results->sheet_count; s++)
        for (size_t p = 0; p < results->peer_count; p++)
            if (strcmp(results->sheets[s].scenario->name, scenario) == 0 &&
                strcmp(results->peers[p]->name, peer) == 0)
                return results_value(&results->sheets[s], p, column);
    return NAN;
}

/* "value  ratio x  (low .. high)" */
static void print_cell(const struct sheet *sheet, size_t peer, int column, FILE *to)
{
    const struct column *what = &sheet->scenario->columns[column];
    char value[NUMBER_SIZE], ratio[NUMBER_SIZE], lowest[NUMBER_SIZE], highest[NUMBER_SIZE];
    double low, high, number = results_value(sheet, peer, column);
    series_spread(&sheet->series[peer][what->series], what->percent, &low, &high);
    format_number(number, value);
    format_number(number / results_value(sheet, 0, column), ratio);
    format_number(low, lowest);
    format_number(high, highest);
    fprintf(to, " %15s %7s %8s ..%8s", value, ratio, lowest, highest);
}

static bool has_column(const struct scenario *scenario, int column)
{
    return column < SCENARIO_COLUMNS && scenario->columns[column].title;
}

static void print_row(const struct results *results, const struct sheet *sheet, size_t peer,
                      FILE *to)
{
    if (sheet->failed[peer]) {
        fprintf(to, "%-*s failed\n", TITLE_WIDTH, results->peers[peer]->title);
        return;
    }
    if (sheet->series[peer][0].count == 0)
        return;
    fprintf(to, "%-*s", TITLE_WIDTH, results->peers[peer]->title);
    for (int c = 0; has_column(sheet->scenario, c); c++)
        print_cell(sheet, peer, c, to);
    fprintf(to, " %7zu\n", sheet->series[peer][0].count);
}

static void print_sheet(const struct results *results, const struct sheet *sheet, FILE *to)
{
    fprintf(to, "\n%s: %s\n%-*s", sheet->scenario->name, sheet->scenario->title, TITLE_WIDTH, "");
    for (int c = 0; has_column(sheet->scenario, c); c++)
        fprintf(to, " %15s   x raw     low ..    high", sheet->scenario->columns[c].title);
    fprintf(to, " samples\n");
    for (size_t peer = 0; peer < results->peer_count; peer++)
        print_row(results, sheet, peer, to);
}

void report_tables(const struct results *results, FILE *to)
{
    for (size_t s = 0; s < results->sheet_count; s++)
        print_sheet(results, &results->sheets[s], to);
}

static void write_series(const struct series *series, const char *scenario, const char *name,
                         const char *peer, FILE *to)
{
    for (size_t i = 0; i < series->count; i++)
        fprintf(to, "%s,%s,%s,%d,%.6g\n", scenario, name, peer, series->samples[i].round,
                series->samples[i].value);
}

void report_csv(const struct results *results, FILE *to)
{
    fprintf(to, "scenario,series,peer,round,value\n");
    for (size_t s = 0; s < results->sheet_count; s++)
        for (size_t p = 0; p < results->peer_count; p++)
            for (int n = 0; n < SCENARIO_SERIES; n++)
                write_series(&results->sheets[s].series[p][n], results->sheets[s].scenario->name,
                             results->sheets[s].scenario->series[n], results->peers[p]->name, to);
}
