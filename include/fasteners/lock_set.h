/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_LOCK_SET_H
#define FASTENERS_LOCK_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fasteners/attributes.h>
#include <fasteners/ipc_lock.h>
#include <fasteners/ipc_rwlock.h>
#include <fasteners/rw_lock.h>
#include <fasteners/status.h>
#include <fasteners/timeout.h>

FASTENERS_BEGIN_DECLS

/*
 * A lock set is an array of locks, of any of the three kinds, that are acquired all or none, with
 * one time-out for all of them. Sets never deadlock with each other, in whatever order their
 * members are given: each set is acquired in an order of the library's.
 *
 *     fasteners_status transfer(account *from, account *to, long amount)
 *     {
 *         fasteners_lock_set_member locks[] = {
 *             fasteners_member_ipc_lock(from->lock),
 *             fasteners_member_ipc_lock(to->lock),
 *             fasteners_member_read(&rates_lock),
 *         };
 *         fasteners_status status;
 *         size_t failed;
 *
 *         status = fasteners_lock_set_acquire(locks, 3, 1000, &failed);
 *         if (status == FASTENERS_OK) {
 *             move_money(from, to, amount);
 *             status = fasteners_lock_set_release(locks, 3, NULL);
 *         } else {
 *             printf("lock %zu: %s\n", failed, fasteners_strerror(status));
 *         }
 *         return status;
 *     }
 *
 * The array is the caller's, and is all that there is of the set: nothing needs to be created or
 * destroyed, and no memory is taken for it. It may be filled in one after the other, as locks turn
 * out to be needed, and is then acquired at once. Between acquire and release it is not to be
 * changed (it may be copied, and the copy used instead). One array is used by one thread at a time;
 * the locks may be in as many arrays as you like, of any threads. The locks must outlive the use of
 * the array.
 *
 * Order. Files first, by the identity of the file, however it is spelt (device and inode number);
 * then fasteners_rw_lock, by address. So a thread that waits for other processes holds up none of
 * its own process by a fasteners_rw_lock of the set. To know the files, acquire looks for them and
 * creates those that are missing, as the object's acquire would, before it locks anything. If a
 * file turns out to have been replaced meanwhile, what is out of order then is given back and
 * acquired anew, within the time-out. (With the option unlink_on_release that happens all the time:
 * better do without it.)
 *
 * That holds among sets. A thread that holds further locks besides may deadlock as ever: take all
 * of them in one set, or see to it that those are always taken before the set.
 *
 * Duplicates. The same object several times is acquired once: for writing, if any of the members
 * asks for that. Two handles on the same file may both read; otherwise the set would wait for
 * itself and is refused (FASTENERS_WOULD_DEADLOCK). What the thread held before, outside of the
 * set, is counted as the object counts it: fasteners_rw_lock and fasteners_ipc_rwlock are
 * reentrant, fasteners_ipc_lock is not.
 *
 * While it waits for one member the set holds those before it. Who wants to be out of the others'
 * way gives a short time-out and tries again.
 *
 * Fibers. Locks that tell fibers apart (fiber.h) may be members, of whose holds and waits the fiber
 * is the owner, as ever; the array belongs to the thread, so a fiber must not go to another one
 * between acquire and release, and the fiber that acquired releases: for another one the members
 * are not held, and the array forgets them.
 *
 * Fork. In a forked child the ipc members are not held, and the members of the kind
 * fasteners_rw_lock are: there, fasteners_lock_set_release gives back the latter, and says
 * FASTENERS_NOT_OWNER of the former.
 *
 * Every function here may be called wherever those of the objects may be.
 */

/* What a member is, and how it is to be acquired. */
typedef enum fasteners_member_kind {
    FASTENERS_MEMBER_IPC_LOCK = 1,  /* a fasteners_ipc_lock */
    FASTENERS_MEMBER_IPC_READ = 2,  /* a fasteners_ipc_rwlock, for reading */
    FASTENERS_MEMBER_IPC_WRITE = 3, /* a fasteners_ipc_rwlock, for writing */
    FASTENERS_MEMBER_READ = 4,      /* a fasteners_rw_lock, for reading */
    FASTENERS_MEMBER_WRITE = 5      /* a fasteners_rw_lock, for writing */
} fasteners_member_kind;

/*
 * One member. Made by fasteners_member_ipc_lock and its like; by hand, set kind and lock and let
 * the rest be zero. What ends in _ is the library's. The struct will not grow.
 */
typedef struct fasteners_lock_set_member {
    uint32_t kind; /* a fasteners_member_kind */
    uint32_t state_;
    void *lock; /* the object, of the type that the kind says */
    size_t order_;
    size_t count_;
    size_t stands_for_;
    uint64_t thread_;
    uint64_t device_;
    uint64_t inode_;
} fasteners_lock_set_member;

/* Not to be called by name. */
static inline fasteners_lock_set_member fasteners_member_of_(fasteners_member_kind kind, void *lock)
{
    fasteners_lock_set_member member;

    member.kind = kind;
    member.state_ = 0;
    member.lock = lock;
    member.order_ = member.count_ = member.stands_for_ = 0;
    member.thread_ = member.device_ = member.inode_ = 0;
    return member;
}

/* A member that is not held yet: to be assigned, or used to initialise an array. */
static inline fasteners_lock_set_member fasteners_member_ipc_lock(fasteners_ipc_lock *lock)
{
    return fasteners_member_of_(FASTENERS_MEMBER_IPC_LOCK, lock);
}

static inline fasteners_lock_set_member fasteners_member_ipc_read(fasteners_ipc_rwlock *lock)
{
    return fasteners_member_of_(FASTENERS_MEMBER_IPC_READ, lock);
}

static inline fasteners_lock_set_member fasteners_member_ipc_write(fasteners_ipc_rwlock *lock)
{
    return fasteners_member_of_(FASTENERS_MEMBER_IPC_WRITE, lock);
}

static inline fasteners_lock_set_member fasteners_member_read(fasteners_rw_lock *lock)
{
    return fasteners_member_of_(FASTENERS_MEMBER_READ, lock);
}

static inline fasteners_lock_set_member fasteners_member_write(fasteners_rw_lock *lock)
{
    return fasteners_member_of_(FASTENERS_MEMBER_WRITE, lock);
}

/*
 * Acquires all `count` members, or none; waits at most timeout_ms (see timeout.h) for all of them
 * together. Each is tried before it is waited for. `failed` may be NULL; otherwise the index of the
 * member that was in the way is stored there, or `count` if it was none of them, or all is well.
 * A set of one member does what the object's own acquire does; a set of none is FASTENERS_OK.
 *
 * FASTENERS_OK              the calling thread holds all members now
 * FASTENERS_BUSY            FASTENERS_NO_WAIT was given, and somebody else holds this member
 * FASTENERS_TIMED_OUT       the time was up before this member was free
 * FASTENERS_CANCELLED       the handle of this member was cancelled while the set waited for it; or
 *                           the hook `wait` of this thread lock gave up with this status or LOST
 * FASTENERS_WOULD_DEADLOCK  this member and one before it in the array are handles on the same
 *                           file, and not both for reading: at once, whatever the time-out. Or the
 *                           object's acquire says so, since the thread holds the lock already.
 * FASTENERS_INVALID         timeout_ms is out of range, or members is NULL (failed: count); or the
 *                           member's kind or lock is none, or it is held still from an earlier
 *                           acquire of this array; or as told at the object's acquire
 * FASTENERS_NO_PERMISSION, NOT_SUPPORTED, NO_MEMORY, NOT_FOUND, OS_ERROR
 *                           as told at the object's acquire; see its os_error
 *
 * Whatever is not FASTENERS_OK has given back what had been acquired, and what was_abandoned would
 * have told of it is for the next owner to hear. Should the system refuse to, then the status is
 * that of this refusal, the index that of the member, and what is still held
 * (fasteners_lock_set_member_is_held) is to be released by fasteners_lock_set_release, or by
 * destroying its handle.
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status fasteners_lock_set_acquire(
    fasteners_lock_set_member *members, size_t count, int64_t timeout_ms, size_t *failed);

/*
 * Releases all members, in the reverse of the order in which they were acquired; goes on if one
 * fails. Returns the first status that is not FASTENERS_OK, and stores the index of that member to
 * *failed (NULL is fine; `count` if there is none). To be called by the thread that acquired, with
 * the count that it acquired.
 *
 * FASTENERS_OK         all are released
 * FASTENERS_NOT_OWNER  nothing of this array is held, or another thread holds it: nothing was
 *                      changed (failed: count). Or this member is not held any more: the process is
 *                      a forked child, or the program released or downgraded it by other means.
 * FASTENERS_LOST       the program had closed the descriptor of this member's lock file, and so
 *                      lost the lock before; the member is free again
 * FASTENERS_INVALID    members is NULL, or count is not that of the acquire: nothing was changed
 * FASTENERS_OS_ERROR (or another status of the system's)
 *                      the system refused: this member is still held, and release may be called
 *                      again for what is left
 */
FASTENERS_API fasteners_status fasteners_lock_set_release(fasteners_lock_set_member *members,
                                                          size_t count, size_t *failed);

/*
 * Whether the calling thread holds this member through its array: after acquire, until it has been
 * released. Makes no system call. False for NULL.
 */
FASTENERS_API bool fasteners_lock_set_member_is_held(const fasteners_lock_set_member *member);

/*
 * Cancels the handles of all ipc members, as fasteners_ipc_lock_cancel and
 * fasteners_ipc_rwlock_cancel do: whoever waits for one of them, this set or others, returns
 * FASTENERS_CANCELLED. May be called from any thread while another one acquires the same array. As
 * told there, a thread that does not wait at this moment is not reached: repeat it until the thread
 * has come out. A wait for a fasteners_rw_lock cannot be cancelled.
 */
FASTENERS_API void fasteners_lock_set_cancel(const fasteners_lock_set_member *members,
                                             size_t count);

FASTENERS_END_DECLS

#endif
