/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <fasteners.h>

#include "monitor.h"
#include "patience.h"

static bool is_told(void *argument)
{
    const arena *of = argument;

    return atomic_load(&of->violated) != BEING_TOLD;
}

static void print_slots(const arena *of, int path)
{
    for (int worker = 0; worker < of->workers; worker++)
        for (int seat = 0; seat < 2 * of->threads; seat++)
            for (int which = 0; which < HANDLES; which++) {
                uint64_t slot = atomic_load(&of->path[path].slots[worker][seat][which]);
                char text[80];
                if (monitor_mode(slot) == NOBODY)
                    continue;
                monitor_describe(slot, text, sizeof(text));
                printf("  path %d: worker %d seat %d handle %d %s\n", path, worker, seat, which,
                       text);
            }
}

static void print_note(const note *of, int64_t now)
{
    if (of->at == 0)
        return;
    printf("    %10.3f ms ago: %s path %d %s handle, time-out %" PRId64 ": %s\n",
           (double)(now - of->at) / 1e6, deed_names[of->what], of->path,
           of->handle == OWN ? "own" : "common", of->timeout_ms,
           of->status == UNDER_WAY ? "under way"
                                   : fasteners_status_name((fasteners_status)of->status));
}

static void print_notes(const arena *of, int worker, int seat)
{
    const seat_state *state = &of->worker[worker].seats[seat];
    uint32_t noted = atomic_load(&state->noted);
    int64_t now = test_now();

    if (noted == 0)
        return;
    printf("  worker %d seat %d:\n", worker, seat);
    for (uint32_t i = 0; i < NOTES; i++)
        print_note(&state->notes[(noted + i) % NOTES], now);
}

static void print_stacks(const troupe_member *of)
{
    char command[160];

    if (of->pid == 0)
        return;
    snprintf(command, sizeof(command),
             "gdb -p %ld -batch -ex 'thread apply all bt' 2>/dev/null | grep -E '^(Thread|#)'",
             of->pid);
    printf("worker %d, pid %ld:\n", of->index, of->pid);
    fflush(stdout);
    if (system(command) != 0)
        printf("  (no stacks)\n");
}

void report_failure(const arena *of, const troupe_member *members)
{
    test_wait_until(is_told, (void *)(uintptr_t)of);
    printf("VIOLATION, seed %" PRIu64 ": %s\n", of->seed, of->violation);
    for (int path = 0; path < of->paths; path++) {
        printf("path %d, epoch %" PRIu64 "\n", path, monitor_epoch(of, path));
        print_slots(of, path);
    }
    for (int worker = 0; worker < of->workers; worker++)
        for (int seat = 0; seat < 2 * of->threads; seat++)
            print_notes(of, worker, seat);
    for (int worker = 0; worker < of->workers; worker++)
        if (!members[worker].is_python)
            print_stacks(&members[worker]);
}

/* ----------------------------------------------------------------------------- summary -- */

static uint64_t sum_deeds(const arena *of, deed what)
{
    uint64_t sum = 0;

    for (int worker = 0; worker < of->workers; worker++)
        for (int seat = 0; seat < MAX_SEATS; seat++)
            sum += atomic_load(&of->worker[worker].seats[seat].deeds[what]);
    return sum;
}

static uint64_t sum_statuses(const arena *of, int status, bool by_python)
{
    int first = by_python ? of->workers - of->pythons : 0;
    int last = by_python ? of->workers : of->workers - of->pythons;
    uint64_t sum = 0;

    for (int worker = first; worker < last; worker++)
        for (int seat = 0; seat < MAX_SEATS; seat++)
            sum += atomic_load(&of->worker[worker].seats[seat].statuses[status]);
    return sum;
}

static void print_statuses(const arena *of, bool by_python)
{
    printf("%s:", by_python ? "Python's acquires" : "acquires and upgrades");
    for (int status = 0; status < STATUSES; status++) {
        uint64_t count = sum_statuses(of, status, by_python);
        if (count != 0)
            printf(" %s %" PRIu64, fasteners_status_name((fasteners_status)status) + 10, count);
    }
    printf("\n");
}

void report_summary(const arena *of, const run_summary *run, bool is_good)
{
    printf("%" PRIu64 " rounds, %" PRIu64 " workers started, %" PRIu64 " killed, %" PRIu64
           " times a lock file removed or replaced\n",
           run->rounds, run->starts, run->kills, run->sabotages);
    for (int what = 0; what < DEEDS; what++)
        printf("%s %" PRIu64 "%s", deed_names[what], sum_deeds(of, (deed)what),
               what + 1 < DEEDS ? ", " : "\n");
    print_statuses(of, false);
    if (of->pythons != 0)
        print_statuses(of, true);
    printf("violations: %d\n", is_good ? 0 : 1);
}
