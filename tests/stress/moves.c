/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "moves.h"

#include "call.h"

/* ------------------------------------------------------------------------------ state -- */

static int mode_of(const hold *of)
{
    return of->writes != 0 ? WRITES : of->reads != 0 ? READS : NOBODY;
}

static void begin_grant(const call *of)
{
    uint64_t generation;

    if (class_of(of->path) != RECORDED)
        return;
    generation = handle_generation(of->on);
    call_require(of, generation != 0, FASTENERS_OK, "the grant has no generation");
    monitor_grant(&of->me->who, of->path, generation, handle_was_abandoned(of->on));
}

/* Writing is about to end: 0 if nothing is on record. */
static uint64_t before_end_of_writing(actor *me, int path, const hold *mine, int mode_then)
{
    if (class_of(path) != RECORDED || mine->writes == 0 || mode_then == WRITES)
        return 0;
    return monitor_release(&me->who, path);
}

static void after_end_of_writing(actor *me, int path, uint64_t generation)
{
    if (generation != 0)
        monitor_released(&me->who, path, generation);
}

/* ---------------------------------------------------------------------------- acquire -- */

static void judge_first_acquire(const call *of, fasteners_status status)
{
    bool waits_for_itself = holds_path(of->me, of->path) && of->timeout_ms == FASTENERS_FOREVER;

    if (status == FASTENERS_WOULD_DEADLOCK)
        call_require(of, waits_for_itself, status, "the thread would not wait for itself");
    else
        call_judge_wait(of, status);
    call_require(of, status != FASTENERS_OK || !waits_for_itself, status, "it holds it already");
}

static void judge_acquire(const call *of, manner how, fasteners_status status)
{
    const hold *mine = of->mine;
    bool nests = mine->writes != 0 || (mine->reads != 0 && how == FOR_READING);

    if (of->on->is_rw && nests)
        call_require(of, status == FASTENERS_OK, status, "nested holds are granted");
    else if (of->on->is_rw && mine->reads != 0)
        call_require(of, status == FASTENERS_WOULD_DEADLOCK, status, "readers must upgrade");
    else
        judge_first_acquire(of, status);
    call_require(of, of->on->is_rw || mine->writes == 0 || status != FASTENERS_OK, status,
                 "a mere lock does not nest");
}

/* Reads together with others of its process, who looked at the path at another time. */
static bool may_have_joined(const call *of, manner how)
{
    return how == FOR_READING && of->which == COMMON && class_of(of->path) == SABOTAGED;
}

static void enter(const call *of, manner how)
{
    hold *mine = of->mine;
    actor *me = of->me;

    mine->epoch = of->epoch;
    if (may_have_joined(of, how) && handle_check(of->on) != FASTENERS_OK)
        mine->epoch = NO_EPOCH;
    mine->is_steady = mine->epoch % 2 == 0 && mine->epoch != NO_EPOCH &&
                      monitor_epoch(me->who.arena, of->path) == mine->epoch;
    monitor_enter(&me->who, of->path, of->which, mode_of(mine), mine->epoch);
    if (mine->writes != 0)
        begin_grant(of);
    else if (class_of(of->path) == RECORDED && monitor_knows_abandoned(&me->who, of->path))
        call_require(of, handle_was_abandoned(of->on), FASTENERS_OK,
                     "the last writer died, and a reader is not told");
}

static deed acquire_deed(const handle *h, manner how)
{
    return !h->is_rw ? ACQUIRE_LOCK : how == FOR_READING ? ACQUIRE_READ : ACQUIRE_WRITE;
}

void move_acquire(actor *me, int path, int which, manner how, int64_t timeout_ms)
{
    deed what = acquire_deed(handle_of(me, path, which), how);
    call acquire = call_begin(me, what, path, which, timeout_ms);
    hold *mine = acquire.mine;
    bool was_held = is_held(mine);
    fasteners_status status = handle_acquire(acquire.on, how, timeout_ms);

    call_count(&acquire, status);
    judge_acquire(&acquire, how, status);
    if (status == FASTENERS_OK) {
        if (how == FOR_READING && acquire.on->is_rw)
            mine->reads++;
        else
            mine->writes++;
        if (!was_held)
            enter(&acquire, how);
    } else if (timeout_ms != FASTENERS_NO_WAIT) {
        call_check_nothing_left(&acquire);
    }
    call_check_state(&acquire);
}

/* ---------------------------------------------------------------------------- release -- */

static deed release_deed(const handle *h, manner how)
{
    return !h->is_rw ? RELEASE : how == FOR_READING ? RELEASE_READ : RELEASE_WRITE;
}

static hold less(const hold *of, const handle *h, manner how)
{
    hold then = *of;

    if (h->is_rw && how == FOR_READING)
        then.reads--;
    else
        then.writes--;
    return then;
}

void move_release(actor *me, int path, int which, manner how)
{
    call release = call_begin(me, release_deed(handle_of(me, path, which), how), path, which, 0);
    hold then = less(release.mine, release.on, how);
    uint64_t generation = before_end_of_writing(me, path, release.mine, mode_of(&then));

    if (mode_of(&then) != mode_of(release.mine))
        monitor_lower(&me->who, path, which, mode_of(&then), then.epoch);
    fasteners_status status = handle_release(release.on, how);
    call_end(&release, status);
    call_require(&release, status == FASTENERS_OK, status, "a release fails");
    *release.mine = then;
    after_end_of_writing(me, path, generation);
    call_check_state(&release);
}

void move_wrong_release(actor *me, int path, int which, manner how)
{
    call release = call_begin(me, WRONG_RELEASE, path, which, 0);
    fasteners_status status = handle_release(release.on, how);

    call_end(&release, status);
    call_require(&release, status == FASTENERS_NOT_OWNER, status, "there is nothing to release");
    call_check_state(&release);
}

/* ------------------------------------------------------------------- upgrade, downgrade -- */

/* The file may be another one by now. */
static bool may_be_lost(const call *of)
{
    return class_of(of->path) == SABOTAGED &&
           (!of->mine->is_steady || monitor_epoch(of->me->who.arena, of->path) != of->mine->epoch);
}

static void judge_upgrade(const call *of, fasteners_status status, bool was_another)
{
    bool holds_more = is_held(&of->me->holds[of->path][of->which == OWN ? COMMON : OWN]);

    if (of->mine->reads == 0)
        call_require(of, status == FASTENERS_NOT_OWNER, status, "it is no reader");
    else if (of->mine->writes != 0)
        call_require(of, status == FASTENERS_OK, status, "it writes already");
    else if (status == FASTENERS_LOST)
        call_require(of, may_be_lost(of), status, "the file is still there");
    else if (status == FASTENERS_WOULD_DEADLOCK)
        call_require(of, was_another || (holds_more && of->timeout_ms == FASTENERS_FOREVER), status,
                     "nobody else upgrades");
    else
        call_judge_wait(of, status);
}

void move_upgrade(actor *me, int path, int which, int64_t timeout_ms)
{
    call upgrade = call_begin(me, UPGRADE, path, which, timeout_ms);
    hold *mine = upgrade.mine;
    upgrade_watch watch = monitor_begin_upgrade(&me->who, path);
    fasteners_status status = fasteners_ipc_rwlock_upgrade(upgrade.on->rwlock, timeout_ms);

    call_count(&upgrade, status);
    judge_upgrade(&upgrade, status, monitor_end_upgrade(&me->who, path, watch));
    if (status == FASTENERS_OK) {
        mine->reads--;
        if (mine->writes++ == 0) {
            monitor_enter(&me->who, path, which, WRITES, mine->epoch);
            begin_grant(&upgrade);
        }
    }
    call_check_state(&upgrade);
}

void move_downgrade(actor *me, int path, int which)
{
    call downgrade = call_begin(me, DOWNGRADE, path, which, 0);
    hold *mine = downgrade.mine;
    bool may = mine->writes != 0;
    uint64_t generation = 0;

    if (mine->writes == 1) {
        generation = before_end_of_writing(me, path, mine, READS);
        monitor_lower(&me->who, path, which, READS, mine->epoch);
    }
    fasteners_status status = fasteners_ipc_rwlock_downgrade(downgrade.on->rwlock);
    call_end(&downgrade, status);
    call_require(&downgrade, status == (may ? FASTENERS_OK : FASTENERS_NOT_OWNER), status,
                 "a downgrade fails, or does not");
    if (may) {
        mine->writes--;
        mine->reads++;
        after_end_of_writing(me, path, generation);
    }
    call_check_state(&downgrade);
}

/* ------------------------------------------------------------------------------ the end -- */

uint64_t move_before_destroy(actor *me, int path, int which)
{
    hold *mine = &me->holds[path][which];
    uint64_t generation = before_end_of_writing(me, path, mine, NOBODY);

    monitor_lower(&me->who, path, which, NOBODY, NO_EPOCH);
    *mine = (hold){0};
    return generation;
}

void move_leave_all(actor *me)
{
    for (int path = 0; path < me->who.arena->paths; path++)
        for (int which = 0; which < HANDLES; which++) {
            monitor_lower(&me->who, path, which, NOBODY, NO_EPOCH);
            me->holds[path][which] = (hold){0};
        }
}

void move_after_destroy(actor *me, int path, uint64_t generation)
{
    after_end_of_writing(me, path, generation);
}

void move_destroy(actor *me, int path)
{
    uint64_t generation = move_before_destroy(me, path, OWN);

    move_note(me, RECREATE, path, OWN);
    handle_destroy(&me->own[path]);
    move_after_destroy(me, path, generation);
}
