/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_LOCK_SET_PARTS_H
#define FST_LOCK_SET_PARTS_H

/*
 * What the files lock_set*.c share.
 *
 * The order is the whole of it: of all that a set holds, nothing comes after what it waits for. So
 * who waits for whom goes one way, and there is no circle. Files come first, by identity, then
 * fasteners_rw_lock by address.
 *
 * A file's identity is a guess until the file is locked, since a path may come to name another one.
 * Three things make it true all the same: a set that holds something waits for the one file alone
 * that it has put in order (fst_wait_is_for, and a look at the paths once a second wherever it
 * sleeps); what was really locked is looked at, and what is held but comes after something that is
 * still to be got is given back; and what was learned so is the next guess, so that each further
 * try needs another event to fail.
 */

#include <fasteners/lock_set.h>

#include "wait.h"

typedef fasteners_lock_set_member fst_member;

/* fst_member.state_ */
enum {
    FST_MEMBER_HELD = 1,
    FST_MEMBER_REPEATED = 2, /* the same object as the member that stands for it */
    FST_MEMBER_UNSEEN = 4,   /* its file is to be looked for */
    FST_MEMBER_NEW = 8       /* the thread did not hold the object before */
};

/* One call of acquire, on the caller's stack. */
typedef struct fst_set {
    fst_member *members;
    size_t count;
    size_t distinct;  /* so many are to be acquired: the first ones of the order */
    size_t held;      /* ... and so many of these are held */
    size_t failed;    /* the member that is in the way; count: none */
    bool sorts_files; /* there are two handles or more: their files matter */
    fst_wait clock;   /* the time-out of the whole call; never linked anywhere */
} fst_set;

/* The member that comes at this place of the order. */
static inline fst_member *fst_set_at(const fst_set *set, size_t place)
{
    return &set->members[set->members[place].order_];
}

/* --------------------------------------------------------------- lock_set_member.c: one -- */

static inline bool fst_member_is_ipc(const fst_member *member)
{
    return member->kind <= FASTENERS_MEMBER_IPC_WRITE;
}

static inline bool fst_member_is_exclusive(const fst_member *member)
{
    return member->kind == FASTENERS_MEMBER_IPC_LOCK ||
           member->kind == FASTENERS_MEMBER_IPC_WRITE || member->kind == FASTENERS_MEMBER_WRITE;
}

/*
 * The object's acquire, with what is left of the time. LOST: the watch (NULL: none) is over. OK: an
 * ipc member is known by the file that was locked.
 */
fasteners_status fst_member_acquire(fst_member *member, fst_wait *clock, fst_watch *watch);

/* The object's release. Unless the system refuses, the member is not held any more. */
fasteners_status fst_member_release(fst_member *member);

/* The same of what no caller has seen: that the owner before died is left for the next to hear. */
fasteners_status fst_member_take_back(fst_member *member);

/* Whether the calling thread holds the object as the kind says. */
bool fst_member_object_is_held(const fst_member *member);

/* Finds out by which file an ipc member is known. Statuses of fst_lock_file_identify. */
fasteners_status fst_member_identify(fst_member *member);

/* Whether the path of an ipc member names another file than the one it is known by, or none. */
bool fst_member_is_replaced(const fst_member *member);

/* Whether this acquire has got the member, an ipc one, on a file that was replaced since then. */
bool fst_member_is_stale(const fst_member *member);

/* --------------------------------------------------------------- lock_set_order.c: order -- */

/* Puts the members that are to be acquired first. After that, but for them: REPEATED. */
void fst_set_gather(fst_set *set);

/*
 * Puts them in order, those that are held by themselves, after looking for the files that are
 * UNSEEN. WOULD_DEADLOCK: two of them would wait for each other. Statuses of fst_member_identify.
 * Other than OK: see `failed`.
 */
fasteners_status fst_set_arrange(fst_set *set);

/* While nothing is held: all files are to be looked for anew. */
void fst_set_forget_files(const fst_set *set);

/* Whether all that is held, as it is known now, comes before all that is not. */
bool fst_set_is_in_order(const fst_set *set);

#endif
