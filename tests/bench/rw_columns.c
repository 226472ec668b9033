/* SPDX-License-Identifier: Apache-2.0 */
#include "rw_results.h"

#include "moment.h"

#include <string.h>
#include <unistd.h>

const char *rw_table_name(enum rw_table table)
{
    static const char *const names[RW_TABLES] = {"solo",  "pairs", "sections",
                                                 "waits", "share", "scaling"};
    return names[table];
}

bool rw_listed(const char *list, const char *name)
{
    if (!list)
        return true;
    for (size_t length; *list; list += length + (list[length] == ',')) {
        length = strcspn(list, ",");
        if (length == strlen(name) && strncmp(list, name, length) == 0)
            return true;
    }
    return false;
}

/* Long enough for each thread to have had its turn on few processors, more than once. */
static void set_effort(struct rw_column *column, const struct rw_effort *effort)
{
    int64_t slice_ms = effort->quick ? 15 : 60;
    column->rounds = effort->quick ? 3 : 7;
    if (column->table == RW_TABLE_WAITS) {
        slice_ms = effort->quick ? 100 : 300;
        column->rounds = effort->quick ? 2 : 10;
    } else if (column->table == RW_TABLE_SHARE) {
        slice_ms = effort->quick ? 500 : 1000;
        column->rounds = effort->quick ? 1 : 3;
    } else if (column->task.threads > 8) {
        slice_ms *= 3;
    } else if (effort->quick && column->table >= RW_TABLE_SECTIONS) {
        column->rounds = 2;
    }
    if (effort->rounds > 0)
        column->rounds = effort->rounds;
    column->slice_ns = slice_ms * NS_PER_MS;
}

static void add(struct rw_results *results, const struct rw_effort *effort, enum rw_table table,
                const char *name, struct rw_task task)
{
    bool asked = rw_listed(effort->only, name) || rw_listed(effort->only, rw_table_name(table));
    if (!asked || results->column_count == RW_COLUMNS)
        return;
    struct rw_column *column = &results->columns[results->column_count++];
    column->table = table;
    column->task = task;
    snprintf(column->name, sizeof(column->name), "%s", name);
    set_effort(column, effort);
}

static void add_pairs(struct rw_results *results, const struct rw_effort *effort)
{
    static const struct {
        int threads, per_mille;
    } all[] = {{2, 0},    {2, 1},   {2, 10},   {2, 100},  {2, 500},
               {2, 1000}, {8, 100}, {8, 1000}, {32, 100}, {32, 1000}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        char name[RW_NAME];
        snprintf(name, sizeof(name), "%dT-%g%%", all[i].threads, all[i].per_mille / 10.0);
        add(results, effort, RW_TABLE_PAIRS, name,
            (struct rw_task){RW_PAIRS, all[i].threads, all[i].per_mille, 0, 0});
    }
}

static void add_sections(struct rw_results *results, const struct rw_effort *effort)
{
    static const int times[][2] = {{100, 300}, {300, 900}, {900, 2600}, {9000, 26000}};
    for (int threads = 2; threads <= 8; threads *= 4) {
        for (int per_mille = 100; per_mille <= 1000; per_mille *= 10) {
            for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
                char name[RW_NAME];
                snprintf(name, sizeof(name), "%g/%gus-%dT-%d%%", times[i][0] / 1e3,
                         times[i][1] / 1e3, threads, per_mille / 10);
                add(results, effort, RW_TABLE_SECTIONS, name,
                    (struct rw_task){RW_PAIRS, threads, per_mille, times[i][0], times[i][1]});
            }
        }
    }
}

/* 1, 2, 4 and so on, and the number of processors itself. */
static void add_scaling(struct rw_results *results, const struct rw_effort *effort)
{
    static const int shares[] = {0, 1, 10, 100};
    int most = effort->threads_up_to ? effort->threads_up_to : (int)sysconf(_SC_NPROCESSORS_ONLN);
    most = most > RW_THREADS ? RW_THREADS : most;
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        for (int threads = 1; threads <= most;) {
            char name[RW_NAME];
            snprintf(name, sizeof(name), "scale-%g%%-%dT", shares[i] / 10.0, threads);
            add(results, effort, RW_TABLE_SCALING, name,
                (struct rw_task){RW_PER_THREAD, threads, shares[i], 0, 0});
            threads = threads < most && 2 * threads > most ? most : 2 * threads;
        }
    }
}

void rw_choose_columns(struct rw_results *results, const struct rw_effort *effort)
{
    add(results, effort, RW_TABLE_SOLO, "1T-read", (struct rw_task){RW_SOLO_READ, 1, 0, 0, 0});
    add(results, effort, RW_TABLE_SOLO, "1T-write", (struct rw_task){RW_SOLO_WRITE, 1, 0, 0, 0});
    add(results, effort, RW_TABLE_SOLO, "1T-nested", (struct rw_task){RW_SOLO_NESTED, 1, 0, 0, 0});
    add_pairs(results, effort);
    add_sections(results, effort);
    add(results, effort, RW_TABLE_WAITS, "W/8R", (struct rw_task){RW_PROBE_WRITER, 8, 0, 0, 0});
    add(results, effort, RW_TABLE_WAITS, "R/4W", (struct rw_task){RW_PROBE_READER, 4, 1000, 0, 0});
    add(results, effort, RW_TABLE_WAITS, "R/4W-0.9us",
        (struct rw_task){RW_PROBE_READER, 4, 1000, 900, 0});
    add(results, effort, RW_TABLE_SHARE, "32T-share", (struct rw_task){RW_SHARE, 32, 100, 0, 0});
    add_scaling(results, effort);
}
