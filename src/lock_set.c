/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_set_parts.h"

#include "at_fork.h"

/*
 * Lock sets: all or nothing.
 *
 * Who owns what: the array is the caller's, and says what this thread holds by it (state_); the
 * rest is on the stack of the call. A member is HELD from the return of its acquire to the return
 * of its release. If the process dies at any line, the system frees the files as ever. In a forked
 * child the flags say what the parent held: release asks the objects, which know better.
 */

/* Somebody who keeps replacing our files is not to keep a processor busy. */
enum { TRIES_WITHOUT_PAUSE = 16, LOOKS_BEFORE_REFUSAL = 3 };

/* ----------------------------------------------------------------------------- release -- */

/* What still is held stays HELD. The first status that is not OK; `failed` is its member. */
static fasteners_status release_all(fst_set *set)
{
    fasteners_status first = FASTENERS_OK;

    set->failed = set->count;
    for (size_t place = set->count; place-- > 0;) {
        fst_member *member = fst_set_at(set, place);
        if ((member->state_ & FST_MEMBER_HELD) == 0 || (member->state_ & FST_MEMBER_REPEATED) != 0)
            continue;
        fasteners_status status = fst_member_release(member);
        if (status != FASTENERS_OK && first == FASTENERS_OK) {
            first = status;
            set->failed = set->members[place].order_;
        }
    }
    return first;
}

/* A repeated member is held as long as the one that stands for it. */
static void settle_repeated(const fst_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        fst_member *member = &set->members[i];
        if ((member->state_ & FST_MEMBER_REPEATED) != 0)
            member->state_ =
                FST_MEMBER_REPEATED | (set->members[member->stands_for_].state_ & FST_MEMBER_HELD);
    }
}

/* Whether there is something that the calling thread may release. */
static fasteners_status may_release(const fst_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const fst_member *member = &set->members[i];
        if ((member->state_ & FST_MEMBER_HELD) == 0)
            continue;
        if (member->count_ != set->count)
            return FASTENERS_INVALID;
        return member->thread_ == fst_os_thread_id() ? FASTENERS_OK : FASTENERS_NOT_OWNER;
    }
    return set->count > 0 ? FASTENERS_NOT_OWNER : FASTENERS_OK;
}

static void tell_failed(const fst_set *set, fasteners_status status, size_t *failed)
{
    if (failed != NULL)
        *failed = status != FASTENERS_OK ? set->failed : set->count;
}

fasteners_status fasteners_lock_set_release(fasteners_lock_set_member *members, size_t count,
                                            size_t *failed)
{
    fst_set set = {.members = members, .count = count, .failed = count};
    fasteners_status status = FASTENERS_INVALID;

    fst_at_fork_check();
    if (members != NULL || count == 0)
        status = may_release(&set);
    if (status == FASTENERS_OK) {
        status = release_all(&set);
        settle_repeated(&set);
    }
    tell_failed(&set, status, failed);
    return status;
}

/* ----------------------------------------------------------------------------- acquire -- */

/* If the system refuses, that is told, and the member stays HELD. */
static fasteners_status give_back_last(fst_set *set)
{
    size_t index = set->members[--set->held].order_;
    fasteners_status status = fst_member_take_back(&set->members[index]);

    if ((set->members[index].state_ & FST_MEMBER_HELD) == 0)
        return FASTENERS_OK;
    set->failed = index;
    return status;
}

static fasteners_status give_back(fst_set *set, size_t all_but)
{
    fasteners_status first = FASTENERS_OK;

    while (set->held > all_but) {
        fasteners_status status = give_back_last(set);
        first = first == FASTENERS_OK ? status : first;
    }
    return first;
}

/*
 * Two members are refused if their files were the same in several looks, with nothing held: between
 * two looks a file may be renamed from one path to the other, and what is held may be a file that
 * has another name by now.
 */
static fasteners_status arrange(fst_set *set)
{
    fasteners_status status = fst_set_arrange(set);

    for (int looks = 1; looks < LOOKS_BEFORE_REFUSAL && status == FASTENERS_WOULD_DEADLOCK;
         looks++) {
        status = give_back(set, 0);
        fst_set_forget_files(set);
        if (status == FASTENERS_OK)
            status = fst_set_arrange(set);
    }
    return status;
}

/* Whatever is held comes before whatever is still to be got: what does not is given back. */
static fasteners_status put_in_order(fst_set *set)
{
    fasteners_status status = arrange(set);

    while (status == FASTENERS_OK && !fst_set_is_in_order(set)) {
        status = give_back_last(set);
        if (status == FASTENERS_OK)
            status = arrange(set);
    }
    return status;
}

/*
 * Gives back what lies on a file that was replaced, and what was got after that. LOST: there was
 * such a one.
 */
static fasteners_status give_back_stale(fst_set *set, size_t end, bool readers_too)
{
    for (size_t place = 0; place < end; place++) {
        const fst_member *member = fst_set_at(set, place);
        if ((!readers_too && !fst_member_is_exclusive(member)) || !fst_member_is_stale(member))
            continue;
        set->failed = set->members[place].order_;
        fasteners_status status = give_back(set, place);
        return status == FASTENERS_OK ? FASTENERS_LOST : status;
    }
    return FASTENERS_OK;
}

/*
 * Of what is waited for, and of what is held too: another thread may wait for the handle of such a
 * one, by the file that the path names now, and hold what comes between the two.
 */
static bool is_replaced(const fst_watch *watch)
{
    const fst_set *set = watch->user;
    bool found = fst_member_is_replaced(fst_set_at(set, set->held));

    for (size_t place = 0; place < set->held && !found; place++)
        found = fst_member_is_stale(fst_set_at(set, place));
    return found;
}

/* LOST: it is to be put in order anew. */
static fasteners_status acquire_next(fst_set *set)
{
    fst_member *member = fst_set_at(set, set->held);
    fst_watch watch = {.id = {.device = member->device_, .inode = member->inode_},
                       .is_over = is_replaced,
                       .user = set};
    bool watched = set->sorts_files && set->held > 0;

    set->failed = set->members[set->held].order_;
    fasteners_status status = fst_member_acquire(member, &set->clock, watched ? &watch : NULL);
    if (status == FASTENERS_LOST) {
        member->state_ |= FST_MEMBER_UNSEEN;
        status = give_back_stale(set, set->held, true);
        return status == FASTENERS_OK ? FASTENERS_LOST : status;
    }
    if (status != FASTENERS_OK)
        return status;
    member->state_ |= FST_MEMBER_HELD;
    set->held++;
    return fst_set_is_in_order(set) ? FASTENERS_OK : FASTENERS_LOST;
}

/*
 * While the set waited for one member, the files of those before it may have been replaced. A
 * reader relies on the look at the path that the first one of its process took.
 */
static fasteners_status confirm(fst_set *set)
{
    bool has_waited = set->clock.deadline != 0 && set->distinct > 0;

    return has_waited ? give_back_stale(set, set->distinct - 1, false) : FASTENERS_OK;
}

static fasteners_status acquire_rest(fst_set *set)
{
    fasteners_status status = FASTENERS_OK;

    while (set->held < set->distinct && status == FASTENERS_OK)
        status = acquire_next(set);
    return status == FASTENERS_OK ? confirm(set) : status;
}

/* Each further try is due to somebody who has replaced a file. */
static fasteners_status may_try(fst_set *set, unsigned tries)
{
    if (tries < TRIES_WITHOUT_PAUSE)
        return FASTENERS_OK;
    fasteners_status status = fst_wait_status(&set->clock);
    if (status == FASTENERS_OK)
        fst_wait_sleep(&set->clock, fst_time_after(1));
    return status;
}

/* After a failure. What the system refuses to give back is told instead of that failure. */
static fasteners_status back_out(fst_set *set, fasteners_status why)
{
    size_t in_the_way = set->failed;
    fasteners_status status = give_back(set, 0);

    if (status != FASTENERS_OK)
        return status;
    set->failed = in_the_way;
    return why;
}

static fasteners_status acquire_all(fst_set *set)
{
    fasteners_status status;
    unsigned tries = 0;

    do {
        status = may_try(set, tries++);
        if (status == FASTENERS_OK)
            status = put_in_order(set);
        if (status == FASTENERS_OK)
            status = acquire_rest(set);
    } while (status == FASTENERS_LOST);
    if (status != FASTENERS_OK)
        status = back_out(set, status);
    settle_repeated(set);
    return status;
}

static bool is_member(const fst_member *member)
{
    return member->kind >= FASTENERS_MEMBER_IPC_LOCK && member->kind <= FASTENERS_MEMBER_WRITE &&
           member->lock != NULL && (member->state_ & FST_MEMBER_HELD) == 0;
}

/* Whether all members may be acquired. Nothing of them is changed before that is clear. */
static bool is_valid(fst_set *set)
{
    if ((set->members == NULL && set->count > 0) || !fst_timeout_is_valid(set->clock.timeout_ms))
        return false;
    for (size_t i = 0; i < set->count; i++)
        if (!is_member(&set->members[i])) {
            set->failed = i;
            return false;
        }
    return true;
}

/* kind and lock are left alone: cancel may be reading them. */
static void begin(const fst_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        fst_member *member = &set->members[i];
        member->state_ = FST_MEMBER_UNSEEN;
        member->count_ = set->count;
        member->thread_ = set->clock.thread;
        member->device_ = member->inode_ = 0;
    }
}

fasteners_status fasteners_lock_set_acquire(fasteners_lock_set_member *members, size_t count,
                                            int64_t timeout_ms, size_t *failed)
{
    fst_set set = {.members = members, .count = count, .failed = count};
    fasteners_status status = FASTENERS_INVALID;

    fst_at_fork_check();
    fst_wait_init(&set.clock, timeout_ms);
    if (is_valid(&set)) {
        begin(&set);
        fst_set_gather(&set);
        status = acquire_all(&set);
    }
    tell_failed(&set, status, failed);
    return status;
}

/* -------------------------------------------------------------------------- the others -- */

bool fasteners_lock_set_member_is_held(const fasteners_lock_set_member *member)
{
    if (member == NULL)
        return false;
    fst_at_fork_check();
    return (member->state_ & FST_MEMBER_HELD) != 0 && fst_member_object_is_held(member);
}

/* Reads of the members what a thread in acquire does not change. */
void fasteners_lock_set_cancel(const fasteners_lock_set_member *members, size_t count)
{
    for (size_t i = 0; members != NULL && i < count; i++)
        if (members[i].kind == FASTENERS_MEMBER_IPC_LOCK)
            fasteners_ipc_lock_cancel(members[i].lock);
        else if (fst_member_is_ipc(&members[i]))
            fasteners_ipc_rwlock_cancel(members[i].lock);
}
