/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STRESS_MONITOR_H
#define TESTS_STRESS_MONITOR_H

/*
 * The witness of who holds what, which must neither miss two that exclude each other nor ever take
 * a right thing for a wrong one.
 *
 * Slots. Whoever holds a path through a handle says so in a word of its own, in the arena: set
 * right after the acquire returned, lowered or cleared right before the release. So what a slot
 * says is held at that moment, in truth: the slot lies within the hold. After setting its slot
 * everybody looks at those of the others, all in one sequentially consistent order: of two that
 * hold at once, the one that set its slot later sees the other. (A Python peer orders its store
 * and loads less strictly; then the other side sees it.)
 *
 * The dead. A slot of a process that was killed says what is not true any more. So the supervisor
 * sets `doomed` before the kill, and takes it back only after the process is gone and `life` has
 * got the number of the next incarnation, which the slots carry too. The look comes in this order:
 * slot, doomed, life. If the slot's process was dead when we got the lock, then `doomed` had been
 * set before, and reads as 1, or has been taken back since, and then `life` reads as another number
 * than the slot's. A process that execs marks its life itself, before; the new program sets the
 * next number. That a doomed one lives, and holds, for a moment longer only makes us look away too
 * early.
 *
 * Sabotage. If the file is removed or replaced, who held it has lost it, by contract, and no two
 * holds of different files exclude each other. The path has an epoch: the supervisor makes it odd
 * before it touches the file and even afterwards. A hold carries the epoch that was read before its
 * acquire. Two holds are compared only if both carry the same even epoch and, after both have been
 * seen, the path still has it: then the file was not touched from before both acquires until now,
 * so both hold the file that the path names, and may not. One hold may rest on an older file than
 * its epoch says: a reader that joined those of its process, who make no look at the path. It asks
 * fasteners_ipc_rwlock_check after its acquire, and if the answer is LOST carries epoch 0, which is
 * compared with nothing. A Python peer opens the file anew for each acquire, after it has read the
 * epoch.
 *
 * Generations. The exclusive holder of a path with owner records notes the number of its grant, and
 * that it holds; before the release that it is about to release; after it that it has. So the next
 * one, if its number is greater by one, knows whether the one before died holding; all steps but
 * the last are made while it holds, so there is no race between two holders.
 */

#include <stddef.h>

#include "arena.h"

enum { NOBODY, READS, WRITES };

enum { FIRST_EPOCH = 2, NO_EPOCH = 0 };

/* Who acts. */
typedef struct identity {
    arena *arena;
    int worker, seat;
    uint64_t incarnation;
} identity;

static inline uint64_t monitor_epoch(const arena *of, int path)
{
    return atomic_load(&of->path[path].epoch);
}

/* Sets the slot, and looks at the others. A clash is a violation. */
void monitor_enter(const identity *who, int path, int handle, int mode, uint64_t epoch);

/* Sets the slot to less than it was. */
void monitor_lower(const identity *who, int path, int handle, int mode, uint64_t epoch);

/* Words of the slot, for a report. */
void monitor_describe(uint64_t slot, char *text, size_t size);
int monitor_mode(uint64_t slot);

/*
 * The exclusive holder of a recorded path: begins; is about to end, which returns the generation;
 * has ended.
 */
void monitor_grant(const identity *who, int path, uint64_t generation, bool abandoned);
uint64_t monitor_release(const identity *who, int path);
void monitor_released(const identity *who, int path, uint64_t generation);

/*
 * Who is in upgrade, so that nobody is refused for one that there is not: another one was at it
 * when our upgrade began, or has begun since. One that was killed may live on for a moment in a
 * child that it was just forking: after that, in this round, nothing is concluded any more.
 */
typedef struct upgrade_watch {
    bool was_another;
    uint64_t begun;
} upgrade_watch;

upgrade_watch monitor_begin_upgrade(const identity *who, int path);
bool monitor_end_upgrade(const identity *who, int path, upgrade_watch since);

/* Of the seats of a worker that has ended, by whatever means. */
void monitor_forget_upgrades(arena *in, int worker);

/* A reader of it: whether the last writer is known to have died. */
bool monitor_knows_abandoned(const identity *who, int path);

#endif
