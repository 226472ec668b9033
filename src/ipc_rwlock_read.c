/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc_rwlock.h"

#include "ipc_member.h"

/*
 * Readers. Who comes first leads: it asks for the file; the others wait for the outcome, each by
 * its own deadline, and if the leader gives up another one leads. Who comes while the group reads
 * joins it.
 */

/* How long a group of readers may go on without a look for writers of other handles ... */
static const int64_t LOOK_EVERY_NS = 1000000;
/* ... and how long one sleeps behind such a writer without a look whether it is still there. */
static const int64_t WATCH_EVERY_NS = FST_NS_PER_S;

/* ---------------------------------------------------------------------------- joining -- */

static bool writers_go_first_locked(const fasteners_ipc_rwlock *lock)
{
    return fst_ipc_prefers_writers(lock) && (lock->group.writer_waits || lock->group.gate_taken);
}

static bool is_open_locked(const fasteners_ipc_rwlock *lock)
{
    const fst_group *group = &lock->group;

    return group->mode == FST_GROUP_READS && !group->works && group->upgrader == 0 &&
           !writers_go_first_locked(lock);
}

static void join_locked(fasteners_ipc_rwlock *lock, fst_ipc_hold *hold)
{
    hold->reads = 1;
    lock->group.members++;
}

/*
 * A process whose readers overlap for ever would never queue at the gate. So now and then one that
 * has just joined looks there, and if somebody waits, the group takes no more members and ends; one
 * that must stay out therefore looks too. False: that was done a moment ago.
 */
static bool look_for_writers_locked(fasteners_ipc_rwlock *lock)
{
    fst_group *group = &lock->group;
    int64_t now = fst_os_now();

    if (group->looks || now - group->looked_at < LOOK_EVERY_NS)
        return false;
    group->looked_at = now;
    group->looks = true;
    fst_mutex_unlock(&lock->holds.mutex);
    bool taken = fst_lock_file_gate_is_taken(&lock->reading);
    fst_mutex_lock(&lock->holds.mutex);
    group->looks = false;
    group->gate_taken = taken;
    if (!taken)
        fst_ipc_wake_locked(lock);
    return true;
}

/* ---------------------------------------------------------------------------- leading -- */

static fasteners_status lock_file(fasteners_ipc_rwlock *lock, fst_wait *wait, fst_report *report)
{
    fasteners_status status = fst_lock_file_try(&lock->reading, FST_SHARED, wait->thread, report);

    if (status != FASTENERS_BUSY)
        return status;
    status = fst_wait_status(wait);
    if (status != FASTENERS_OK)
        return status;
    fst_mutex_lock(&lock->holds.mutex);
    lock->group.works_long = true;
    fst_ipc_wake_locked(lock);
    fst_mutex_unlock(&lock->holds.mutex);
    return fst_lock_file_wait(&lock->reading, FST_SHARED, wait, report);
}

static fasteners_status lead_locked(fasteners_ipc_rwlock *lock, fst_wait *wait, fst_report *report)
{
    fst_group *group = &lock->group;

    group->works = true;
    fst_mutex_unlock(&lock->holds.mutex);
    fasteners_status status = lock_file(lock, wait, report);
    fst_mutex_lock(&lock->holds.mutex);
    group->works = group->works_long = false;
    if (status == FASTENERS_OK) {
        group->mode = FST_GROUP_READS;
        group->gate_taken = false;
        group->looked_at = 0; /* the leader may have passed a writer: the next one looks */
    }
    /* Lest it makes a call of the system to wake itself. */
    fst_ipc_unlist_locked(lock, wait);
    fst_ipc_wake_locked(lock);
    return status;
}

/* ---------------------------------------------------------------------------- waiting -- */

typedef struct arrival {
    fasteners_ipc_rwlock *lock;
    fst_ipc_hold *hold; /* the thread's, empty yet */
    fst_wait *wait;
    fst_held elsewhere; /* how the thread holds the file through other handles */
} arrival;

/* Whoever reads elsewhere does not stay behind writers: they wait for that hold. */
static bool may_join_locked(const arrival *who)
{
    const fst_group *group = &who->lock->group;

    return is_open_locked(who->lock) ||
           (who->elsewhere == FST_HELD_SHARED && group->mode == FST_GROUP_READS && !group->works &&
            group->upgrader == 0);
}

static bool may_lead_locked(const arrival *who)
{
    const fst_group *group = &who->lock->group;

    return group->mode == FST_GROUP_NONE && !group->works && group->upgrader == 0;
}

/*
 * Whether a wait without end is one for this thread itself: whom it would wait for (an upgrader, or
 * the leader, at the gate behind a writer) waits for its hold.
 */
static bool waits_for_itself(const arrival *who)
{
    return who->wait->timeout_ms == FASTENERS_FOREVER && who->elsewhere != FST_NOT_HELD;
}

/* The file is being worked on, by a few calls of the system: it is not known yet who is busy. */
static bool is_brief_locked(const fasteners_ipc_rwlock *lock)
{
    return lock->group.works && !lock->group.works_long;
}

static fasteners_status may_pause_locked(const arrival *who)
{
    if (!is_brief_locked(who->lock))
        return waits_for_itself(who) ? FASTENERS_WOULD_DEADLOCK : fst_wait_status(who->wait);
    return who->wait->timeout_ms != FASTENERS_NO_WAIT ? fst_wait_status(who->wait) : FASTENERS_OK;
}

/* Nobody tells this process if a writer elsewhere gives up while there are readers here. */
static bool is_behind_writer_locked(const fasteners_ipc_rwlock *lock)
{
    const fst_group *group = &lock->group;

    return group->mode == FST_GROUP_READS && group->gate_taken && !group->works;
}

/* Sleeps until the group changes. Whoever must not wait sleeps through a brief work only. */
static fasteners_status pause_locked(const arrival *who)
{
    fasteners_ipc_rwlock *lock = who->lock;
    bool watches = is_behind_writer_locked(lock);
    fasteners_status status = may_pause_locked(who);

    if (status != FASTENERS_OK)
        return status;
    fst_mutex_unlock(&lock->holds.mutex);
    if (who->wait->timeout_ms == FASTENERS_NO_WAIT)
        who->wait->deadline = FST_NEVER;
    fst_wait_sleep(who->wait, watches ? fst_os_now() + WATCH_EVERY_NS : FST_NEVER);
    fst_mutex_lock(&lock->holds.mutex);
    return FASTENERS_OK;
}

/*
 * Whoever leads is in, though the group may be closed to others by now. A cancel may have ended the
 * wait of the very thread that was in the way: it counts nevertheless.
 */
static fasteners_status wait_to_read_locked(const arrival *who, fst_report *report)
{
    fasteners_status status = FASTENERS_OK;

    while (status == FASTENERS_OK) {
        if (fst_wait_is_cancelled(who->wait))
            return FASTENERS_CANCELLED;
        if (may_join_locked(who))
            break;
        if (may_lead_locked(who)) {
            status = lead_locked(who->lock, who->wait, report);
            break;
        }
        if (!is_behind_writer_locked(who->lock) || !look_for_writers_locked(who->lock))
            status = pause_locked(who);
    }
    if (status == FASTENERS_OK)
        join_locked(who->lock, who->hold);
    return status;
}

/* The mutex of a group comes after that of the table that is asked here. */
static fst_held ask_elsewhere_locked(fasteners_ipc_rwlock *lock, const fst_wait *wait)
{
    fst_mutex_unlock(&lock->holds.mutex);
    fst_held held = fst_lock_file_path_held_by(&lock->handle.settings, wait->thread);
    fst_mutex_lock(&lock->holds.mutex);
    return held;
}

static fasteners_status arrive_locked(fasteners_ipc_rwlock *lock, fst_ipc_hold *hold,
                                      fst_wait *wait, fst_report *report)
{
    arrival who = {.lock = lock, .hold = hold, .wait = wait};

    fst_ipc_list_locked(lock, wait);
    if (!may_lead_locked(&who))
        who.elsewhere = ask_elsewhere_locked(lock, wait);
    fasteners_status status = wait_to_read_locked(&who, report);
    fst_ipc_unlist_locked(lock, wait);
    return status;
}

/* With the mutex, which it lets go of meanwhile. */
static fasteners_status enter_locked(fasteners_ipc_rwlock *lock, fst_wait *wait, fst_report *report)
{
    fst_ipc_hold *hold = fst_ipc_enter_locked(lock, wait->thread, report);
    fasteners_status status = FASTENERS_OK;

    if (hold == NULL)
        return FASTENERS_NO_MEMORY;
    if (!is_open_locked(lock)) {
        status = arrive_locked(lock, hold, wait, report);
    } else {
        join_locked(lock, hold);
        if (fst_ipc_prefers_writers(lock))
            look_for_writers_locked(lock);
    }
    if (status != FASTENERS_OK)
        fst_ipc_holds_remove_locked(hold);
    return status;
}

/* An entry without a hold: the user's sleep function, called in a wait, calls us again. */
static fasteners_status read_locked(fasteners_ipc_rwlock *lock, fst_wait *wait, fst_report *report)
{
    fst_ipc_hold *hold = fst_ipc_hold_locked(lock, wait->thread);

    if (hold == NULL)
        return enter_locked(lock, wait, report);
    if (hold->reads == 0 && hold->writes == 0)
        return FASTENERS_WOULD_DEADLOCK;
    hold->reads++;
    return FASTENERS_OK;
}

void fst_ipc_read_enter(fasteners_ipc_rwlock *lock, fst_wait *wait)
{
    fst_mutex_lock(&lock->holds.mutex);
    wait->cancels = lock->group.cancels;
    fst_mutex_unlock(&lock->holds.mutex);
}

fasteners_status fst_ipc_read(fasteners_ipc_rwlock *lock, fst_wait *wait, fst_report *report)
{
    fst_mutex_lock(&lock->holds.mutex);
    fasteners_status status = read_locked(lock, wait, report);
    fst_mutex_unlock(&lock->holds.mutex);
    return status;
}

fasteners_status fst_ipc_rwlock_acquire_read(fasteners_ipc_rwlock *lock, fst_wait *wait,
                                             const char *call)
{
    fst_report report = {0};

    fst_mutex_lock(&lock->holds.mutex);
    wait->cancels = lock->group.cancels;
    fasteners_status status = read_locked(lock, wait, &report);
    fst_mutex_unlock(&lock->holds.mutex);
    return fst_ipc_handle_conclude(&lock->handle, call, status, &report);
}

fasteners_status fasteners_ipc_rwlock_acquire_read(fasteners_ipc_rwlock *lock, int64_t timeout_ms)
{
    fst_wait wait;

    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    if (!fst_ipc_handle_begin(&lock->handle, &wait, timeout_ms))
        return FASTENERS_INVALID;
    return fst_ipc_rwlock_acquire_read(lock, &wait, __func__);
}

/* ---------------------------------------------------------------------------- leaving -- */

/* They make one call of the system. */
static void wait_for_looks_locked(fasteners_ipc_rwlock *lock)
{
    while (lock->group.looks) {
        fst_mutex_unlock(&lock->holds.mutex);
        fst_os_yield();
        fst_mutex_lock(&lock->holds.mutex);
    }
}

/* The last one out unlocks the file. */
static fasteners_status leave_last_locked(fasteners_ipc_rwlock *lock, fst_ipc_hold *hold,
                                          fst_report *report)
{
    fst_group *group = &lock->group;

    group->works = true;
    wait_for_looks_locked(lock);
    fst_mutex_unlock(&lock->holds.mutex);
    fasteners_status status = fst_lock_file_release(&lock->reading, report);
    fst_mutex_lock(&lock->holds.mutex);
    group->works = false;
    if (!fst_lock_file_is_held(&lock->reading, 0)) {
        group->mode = FST_GROUP_NONE;
        group->members = 0;
        fst_ipc_holds_remove_locked(hold);
    }
    fst_ipc_wake_locked(lock);
    return status;
}

static fasteners_status leave_group_locked(fasteners_ipc_rwlock *lock, fst_ipc_hold *hold,
                                           fst_report *report)
{
    fst_group *group = &lock->group;

    if (group->members == 1)
        return leave_last_locked(lock, hold, report);
    group->members--;
    fst_ipc_holds_remove_locked(hold);
    if (group->upgrader != 0 && group->members == 1)
        fst_ipc_wake_locked(lock);
    return FASTENERS_OK;
}

/* The hold is gone before the turn is passed: whoever gets it may be this handle's next holder. */
static fasteners_status leave_writing_locked(fasteners_ipc_rwlock *lock, fst_ipc_hold *hold,
                                             fst_report *report)
{
    fst_mutex_unlock(&lock->holds.mutex);
    fasteners_status status = fst_lock_file_release(&lock->handle.writing, report);
    bool gone = !fst_lock_file_is_held(&lock->handle.writing, 0);
    fst_mutex_lock(&lock->holds.mutex);
    if (gone) {
        fst_ipc_holds_remove_locked(hold);
        fst_turn_pass(&lock->handle.turn);
    }
    return status;
}

fasteners_status fst_ipc_leave_locked(fasteners_ipc_rwlock *lock, fst_ipc_hold *hold,
                                      fst_report *report)
{
    return hold->by_writing ? leave_writing_locked(lock, hold, report)
                            : leave_group_locked(lock, hold, report);
}

static fasteners_status release_read_locked(fasteners_ipc_rwlock *lock, uint64_t thread,
                                            fst_report *report)
{
    fst_ipc_hold *hold = fst_ipc_hold_locked(lock, thread);

    if (hold == NULL || hold->reads == 0)
        return FASTENERS_NOT_OWNER;
    /* The user's sleep function, called during an upgrade: what is upgraded must stay. */
    if (hold->reads == 1 && lock->group.upgrader == thread)
        return FASTENERS_NOT_OWNER;
    if (hold->reads == 1 && hold->writes == 0)
        return fst_ipc_leave_locked(lock, hold, report);
    hold->reads--;
    return FASTENERS_OK;
}

fasteners_status fasteners_ipc_rwlock_release_read(fasteners_ipc_rwlock *lock)
{
    fst_report report = {0};

    if (lock == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    uint64_t self = fst_ipc_handle_self(&lock->handle);
    fst_mutex_lock(&lock->holds.mutex);
    fasteners_status status = release_read_locked(lock, self, &report);
    fst_mutex_unlock(&lock->holds.mutex);
    return fst_ipc_handle_conclude(&lock->handle, __func__, status, &report);
}
