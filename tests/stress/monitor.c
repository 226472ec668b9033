/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "monitor.h"

#include <inttypes.h>
#include <stdio.h>

/* A slot: mode, 2 bits; incarnation, 24 bits; epoch. */
enum { MODE_BITS = 2, INCARNATION_BITS = 24, EPOCH_AT = MODE_BITS + INCARNATION_BITS };

static uint64_t pack(int mode, uint64_t incarnation, uint64_t epoch)
{
    return (uint64_t)mode | incarnation << MODE_BITS | epoch << EPOCH_AT;
}

int monitor_mode(uint64_t slot)
{
    return (int)(slot & ((1u << MODE_BITS) - 1));
}

static uint64_t incarnation_of(uint64_t slot)
{
    return slot >> MODE_BITS & ((1u << INCARNATION_BITS) - 1);
}

static uint64_t epoch_of(uint64_t slot)
{
    return slot >> EPOCH_AT;
}

void monitor_describe(uint64_t slot, char *text, size_t size)
{
    static const char *const modes[] = {"nothing", "reads", "writes", "?"};

    snprintf(text, size, "%s (incarnation %" PRIu64 ", epoch %" PRIu64 ")",
             modes[monitor_mode(slot)], incarnation_of(slot), epoch_of(slot));
}

static _Atomic uint64_t *slot_of(const identity *who, int path, int handle)
{
    return &who->arena->path[path].slots[who->worker][who->seat][handle];
}

/* In this order, see the argument in the header. */
static bool lives(const worker_state *worker, uint64_t slot)
{
    return atomic_load(&worker->doomed) == 0 &&
           atomic_load(&worker->life) == 2 * incarnation_of(slot);
}

static bool clash(const arena *in, int path, uint64_t mine, int worker, uint64_t other)
{
    if (monitor_mode(other) == NOBODY)
        return false;
    if (monitor_mode(mine) != WRITES && monitor_mode(other) != WRITES)
        return false;
    return epoch_of(mine) == epoch_of(other) && lives(&in->worker[worker], other) &&
           monitor_epoch(in, path) == epoch_of(mine);
}

static _Noreturn void report_clash(const identity *who, int path, int handle, int worker, int seat,
                                   int other_handle, uint64_t other)
{
    char mine_text[80], other_text[80];

    monitor_describe(atomic_load(slot_of(who, path, handle)), mine_text, sizeof(mine_text));
    monitor_describe(other, other_text, sizeof(other_text));
    violate(who->arena, path,
            "two that exclude each other hold path %d: worker %d seat %d handle %d %s, and worker "
            "%d seat %d handle %d %s",
            path, who->worker, who->seat, handle, mine_text, worker, seat, other_handle,
            other_text);
}

static void look_at(const identity *who, int path, int handle, uint64_t mine, int worker)
{
    const arena *in = who->arena;
    const _Atomic uint64_t(*seats)[HANDLES] = in->path[path].slots[worker];

    for (int seat = 0; seat < 2 * in->threads; seat++)
        for (int other = 0; other < HANDLES; other++) {
            if (worker == who->worker && seat == who->seat && other == handle)
                continue;
            uint64_t slot = atomic_load(&seats[seat][other]);
            if (clash(in, path, mine, worker, slot))
                report_clash(who, path, handle, worker, seat, other, slot);
        }
}

static bool is_comparable(uint64_t epoch)
{
    return epoch != NO_EPOCH && epoch % 2 == 0;
}

void monitor_lower(const identity *who, int path, int handle, int mode, uint64_t epoch)
{
    uint64_t slot = mode == NOBODY ? 0 : pack(mode, who->incarnation, epoch);

    atomic_store(slot_of(who, path, handle), slot);
}

void monitor_enter(const identity *who, int path, int handle, int mode, uint64_t epoch)
{
    monitor_lower(who, path, handle, mode, epoch);
    if (!is_comparable(epoch))
        return;
    for (int worker = 0; worker < who->arena->workers; worker++)
        look_at(who, path, handle, pack(mode, who->incarnation, epoch), worker);
}

/* ----------------------------------------------------------------------------- upgrades -- */

static bool is_another_in_upgrade(const identity *who, const path_state *at)
{
    for (int worker = 0; worker < who->arena->workers; worker++)
        for (int seat = 0; seat < MAX_SEATS; seat++)
            if ((worker != who->worker || seat != who->seat) &&
                atomic_load(&at->upgrades[worker][seat]) != 0)
                return true;
    return false;
}

upgrade_watch monitor_begin_upgrade(const identity *who, int path)
{
    path_state *at = &who->arena->path[path];

    atomic_store(&at->upgrades[who->worker][who->seat], 1);
    uint64_t begun = atomic_fetch_add(&at->upgrades_begun, 1) + 1;
    return (upgrade_watch){.was_another = is_another_in_upgrade(who, at), .begun = begun};
}

/* Whether there was another one. */
bool monitor_end_upgrade(const identity *who, int path, upgrade_watch since)
{
    path_state *at = &who->arena->path[path];

    atomic_store(&at->upgrades[who->worker][who->seat], 0);
    return since.was_another || atomic_load(&at->upgrades_begun) != since.begun ||
           atomic_load(&at->upgrader_died) != 0;
}

void monitor_forget_upgrades(arena *in, int worker)
{
    for (int path = 0; path < in->paths; path++)
        for (int seat = 0; seat < MAX_SEATS; seat++)
            if (atomic_load(&in->path[path].upgrades[worker][seat]) != 0) {
                atomic_store(&in->path[path].upgrader_died, 1);
                atomic_store(&in->path[path].upgrades[worker][seat], 0);
            }
}

/* -------------------------------------------------------------------------- generations -- */

/* The word `grant`: what is known of the latest grant, 2 bits; its generation. */
enum { UNKNOWN, HELD, RELEASING, RELEASED };

static uint64_t grant_word(uint64_t generation, unsigned state)
{
    return generation << 2 | state;
}

void monitor_grant(const identity *who, int path, uint64_t generation, bool abandoned)
{
    _Atomic uint64_t *grant = &who->arena->path[path].grant;
    uint64_t before = atomic_exchange(grant, grant_word(generation, HELD));
    unsigned state = before & 3;

    if (generation <= before >> 2)
        violate(who->arena, path, "path %d: generation %" PRIu64 " came after %" PRIu64, path,
                generation, before >> 2);
    if (generation != (before >> 2) + 1)
        return;
    if (state == HELD && !abandoned)
        violate(who->arena, path,
                "path %d: the holder of generation %" PRIu64 " died, and the next one was not told",
                path, before >> 2);
    if (state == RELEASED && abandoned)
        violate(who->arena, path,
                "path %d: generation %" PRIu64 " was released, and is told to be abandoned", path,
                before >> 2);
}

uint64_t monitor_release(const identity *who, int path)
{
    _Atomic uint64_t *grant = &who->arena->path[path].grant;
    uint64_t generation = atomic_load(grant) >> 2;

    atomic_store(grant, grant_word(generation, RELEASING));
    return generation;
}

/* The next holder may have been there already. */
void monitor_released(const identity *who, int path, uint64_t generation)
{
    uint64_t expected = grant_word(generation, RELEASING);

    atomic_compare_exchange_strong(&who->arena->path[path].grant, &expected,
                                   grant_word(generation, RELEASED));
}

bool monitor_knows_abandoned(const identity *who, int path)
{
    return (atomic_load(&who->arena->path[path].grant) & 3) == HELD;
}
