/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <unistd.h>

#include "call.h"
#include "moves.h"

/* The epoch before the call and after it were the same, and no file was touched then. */
static void judge_check(const call *of, fasteners_status status)
{
    uint64_t now = monitor_epoch(of->me->who.arena, of->path);
    bool is_calm = now == of->epoch && now % 2 == 0;
    bool is_steady = class_of(of->path) != SABOTAGED || of->mine->is_steady;

    if (!is_held(of->mine)) {
        call_require(of, status == FASTENERS_NOT_OWNER, status, "it holds nothing");
        return;
    }
    call_require(of,
                 status == FASTENERS_OK || status == FASTENERS_LOST || call_is_shortage(of, status),
                 status, "it holds it");
    if (!is_calm || !is_steady)
        return;
    call_require(of, now != of->mine->epoch || status != FASTENERS_LOST, status,
                 "the file is there");
    call_require(of, now == of->mine->epoch || status != FASTENERS_OK, status, "the file is gone");
}

void move_check(actor *me, int path, int which)
{
    call check = call_begin(me, CHECK, path, which, 0);
    fasteners_status status = handle_check(check.on);

    call_end(&check, status);
    judge_check(&check, status);
    call_check_state(&check);
}

/*
 * Of a process with other threads, which may fork at this moment, a child may be seen with the same
 * lock.
 */
static bool must_be_this_process(const call *of)
{
    return of->mine->writes != 0 && of->me->worker->threads == 1 &&
           class_of(of->path) != SABOTAGED && !call_was_scarce(of);
}

void move_ask_holder(actor *me, int path, int which)
{
    call ask = call_begin(me, ASK_HOLDER, path, which, 0);
    fasteners_holder holders[4];
    size_t count = 0;

    for (int i = 0; i < 4; i++)
        holders[i] = (fasteners_holder)FASTENERS_HOLDER_INIT;
    fasteners_status status = handle_holders(ask.on, holders, 4, &count);
    call_end(&ask, status);
    call_require(&ask,
                 status == FASTENERS_OK || status == FASTENERS_NOT_FOUND ||
                     call_is_shortage(&ask, status),
                 status, "the holder cannot be told");
    if (must_be_this_process(&ask))
        call_require(&ask,
                     status == FASTENERS_OK && (holders[0].pid == 0 || holders[0].pid == getpid()),
                     status, "the holder is this process");
    call_check_state(&ask);
}

/*
 * A lock that was not got must not be had: the system is asked. Of a process with other threads it
 * would not tell whose the lock is.
 */
void call_check_nothing_left(const call *of)
{
    fasteners_holder holders[8];
    size_t count = 0;

    if (of->me->worker->threads != 1 || holds_path(of->me, of->path) || !one_in(&of->me->dice, 4))
        return;
    for (int i = 0; i < 8; i++)
        holders[i] = (fasteners_holder)FASTENERS_HOLDER_INIT;
    if (handle_holders(of->on, holders, 8, &count) != FASTENERS_OK)
        return;
    for (size_t i = 0; i < count && i < 8; i++)
        call_require(of, holders[i].pid != getpid(), (fasteners_status)of->noted->status,
                     "the process has the lock all the same");
}
