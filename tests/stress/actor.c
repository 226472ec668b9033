/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "actor.h"

#include <sched.h>
#include <signal.h>
#include <string.h>

#include "moves.h"
#include "offspring.h"
#include "patience.h"
#include "scarcity.h"

bool holds_path(const actor *me, int path)
{
    for (int which = 0; which < HANDLES; which++)
        if (is_held(&me->holds[path][which]))
            return true;
    return false;
}

bool holds_nothing(const actor *me)
{
    for (int path = 0; path < me->who.arena->paths; path++)
        if (holds_path(me, path))
            return false;
    return true;
}

static bool writes_path(const actor *me, int path)
{
    return me->holds[path][COMMON].writes != 0 || me->holds[path][OWN].writes != 0;
}

/* ---------------------------------------------------------------------------- choosing -- */

/* Whoever holds something lets others wait meanwhile. */
static int64_t some_time_ms(actor *me)
{
    if (!holds_nothing(me))
        return 1 + (int64_t)throw_dice(&me->dice, 2);
    return one_in(&me->dice, 20) ? 100 : 1 + (int64_t)throw_dice(&me->dice, 15);
}

/*
 * Without end waits only who holds nothing, so that no two wait for each other; or who writes the
 * same path, and is refused. (Not where the file may be another one by now.)
 */
static int64_t some_timeout(actor *me, int path)
{
    bool may_wait = holds_nothing(me) || (class_of(path) != SABOTAGED && writes_path(me, path));
    uint64_t kind = throw_dice(&me->dice, 10);

    if (kind < 4)
        return FASTENERS_NO_WAIT;
    return kind < 8 || !may_wait ? some_time_ms(me) : FASTENERS_FOREVER;
}

/* In an upgrade without end, everybody else must be able to leave. */
static int64_t some_upgrade_timeout(actor *me)
{
    uint32_t holds = 0;

    for (int path = 0; path < me->who.arena->paths; path++)
        for (int which = 0; which < HANDLES; which++)
            holds += is_held(&me->holds[path][which]);
    if (one_in(&me->dice, 3))
        return FASTENERS_NO_WAIT;
    return holds == 1 && one_in(&me->dice, 2) ? FASTENERS_FOREVER : some_time_ms(me);
}

static void dwell(actor *me)
{
    if (one_in(&me->dice, 4))
        sched_yield();
    if (one_in(&me->dice, 40))
        test_pause_ms(1);
}

static void acquire_something(actor *me, int path, int which)
{
    const handle *on = handle_of(me, path, which);
    manner how = !on->is_rw                     ? EXCLUSIVELY
                 : throw_dice(&me->dice, 5) < 3 ? FOR_READING
                                                : FOR_WRITING;

    move_acquire(me, path, which, how, some_timeout(me, path));
    dwell(me);
}

static bool has(const handle *on, const hold *mine, manner how)
{
    return on->is_rw && how == FOR_READING ? mine->reads != 0 : mine->writes != 0;
}

static void release_something(actor *me, int path, int which)
{
    const handle *on = handle_of(me, path, which);
    const hold *mine = &me->holds[path][which];
    manner how = !on->is_rw ? EXCLUSIVELY : one_in(&me->dice, 2) ? FOR_READING : FOR_WRITING;

    if (has(on, mine, how))
        move_release(me, path, which, how);
    else
        move_wrong_release(me, path, which, how);
}

static void convert_something(actor *me, int path, int which)
{
    if (!handle_of(me, path, which)->is_rw)
        return;
    if (one_in(&me->dice, 2))
        move_upgrade(me, path, which, some_upgrade_timeout(me));
    else
        move_downgrade(me, path, which);
    dwell(me);
}

/* Of the common handles, or of another thread's. */
static void cancel_something(actor *me, int path)
{
    if (!me->worker->cancels)
        return;
    actor *whose = &me->worker->actors[throw_dice(&me->dice, (uint64_t)me->worker->threads)];

    move_note(me, CANCEL, path, COMMON);
    handle_cancel(one_in(&me->dice, 2) ? &me->worker->common[path] : &whose->own[path]);
}

/* A release of something that is held, if there is anything, and no path with more holds. */
static bool release_held(actor *me)
{
    int first = (int)throw_dice(&me->dice, (uint64_t)me->who.arena->paths);

    for (int i = 0; i < me->who.arena->paths; i++) {
        int path = (first + i) % me->who.arena->paths;
        for (int which = 0; which < HANDLES; which++) {
            if (!is_held(&me->holds[path][which]))
                continue;
            release_something(me, path, which);
            return true;
        }
    }
    return false;
}

static void deal_with(actor *me, int path, int which)
{
    uint64_t kind = throw_dice(&me->dice, 100);

    if (kind < 60)
        acquire_something(me, path, which);
    else if (kind < 74)
        convert_something(me, path, which);
    else if (kind < 80)
        release_something(me, path, which);
    else if (kind < 89)
        move_check(me, path, which);
    else if (kind < 94)
        cancel_something(me, path);
    else if (kind < 95)
        move_ask_holder(me, path, which);
    else if (kind < 97)
        move_destroy(me, path);
    else if (kind < 98)
        offspring_fork(me);
    else if (one_in(&me->dice, 3))
        offspring_clone(me);
    else if (one_in(&me->dice, 20))
        offspring_exec(me);
    else if (one_in(&me->dice, 5))
        scarcity_live_through(me);
}

void actor_step(actor *me)
{
    bool crowds = me->worker->crowds && !one_in(&me->dice, 8);
    int path = (int)throw_dice(&me->dice, (uint64_t)me->who.arena->paths);
    int which = !crowds && one_in(&me->dice, 2) ? OWN : COMMON;

    if (crowds)
        path = me->who.arena->favourite;
    actor_make_handles(me);
    if (throw_dice(&me->dice, 100) < 50 && release_held(me))
        return;
    if (handle_is_there(handle_of(me, path, which)))
        deal_with(me, path, which);
}

/* ------------------------------------------------------------------------------- life -- */

void actor_make_handles(actor *me)
{
    for (int path = 0; path < me->who.arena->paths; path++) {
        uint64_t before = atomic_load(&me->worker->scarcity);
        if (handle_is_there(&me->own[path]))
            continue;
        fasteners_status status = handle_create(&me->own[path], me->who.arena, &me->dice);
        bool scarce = before % 2 != 0 || atomic_load(&me->worker->scarcity) != before;
        if (status != FASTENERS_OK && !scarce)
            violate(me->who.arena, path, "create: %s", fasteners_status_name(status));
    }
}

/* Common handles may be left held, for destroy to end it, unless others wait for them. */
static void let_go(actor *me)
{
    bool leaves = !me->worker->ends_patiently && one_in(&me->dice, 2);

    for (int path = 0; path < me->who.arena->paths; path++) {
        while (!leaves && is_held(&me->holds[path][COMMON]))
            move_release(me, path, COMMON,
                         me->holds[path][COMMON].reads != 0 ? FOR_READING : FOR_WRITING);
        if (handle_is_there(&me->own[path]))
            move_destroy(me, path);
    }
}

static void let_signals_in(void)
{
    sigset_t alarms;

    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
}

void *actor_run(void *argument)
{
    actor *me = argument;

    while (!atomic_load(&me->worker->begins))
        sched_yield();
    let_signals_in();
    while (!atomic_load(&me->worker->ends))
        actor_step(me);
    let_go(me);
    atomic_store(&me->has_ended, true);
    return NULL;
}

void actor_become_child(actor *me)
{
    me->who.seat += me->who.arena->threads;
    me->dice = dice_for(me->who.arena->seed, (uint64_t)me->who.worker,
                        throw_dice(&me->dice, UINT64_MAX), (uint64_t)me->who.seat);
    memset(me->holds, 0, sizeof(me->holds));
}
