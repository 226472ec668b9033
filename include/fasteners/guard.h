/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_GUARD_H
#define FASTENERS_GUARD_H

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
 * A guard is a hold of a lock that ends with a block of the program, as `with lock:` does in
 * Python, however the block is left: at its end, by return, break, continue or goto.
 *
 *     fasteners_status rewrite(fasteners_ipc_lock *lock)
 *     {
 *         FASTENERS_IPC_GUARD(guard, lock, 5000);
 *         if (guard.status != FASTENERS_OK)
 *             return guard.status;
 *         if (!write_the_index())
 *             return FASTENERS_OS_ERROR;
 *         return fasteners_ipc_guard_release(&guard);
 *     }
 *
 *     macro                      type                       holds
 *     FASTENERS_IPC_GUARD        fasteners_ipc_guard        a fasteners_ipc_lock
 *     FASTENERS_IPC_READ_GUARD   fasteners_ipc_read_guard   a fasteners_ipc_rwlock, for reading
 *     FASTENERS_IPC_WRITE_GUARD  fasteners_ipc_write_guard  a fasteners_ipc_rwlock, for writing
 *     FASTENERS_RW_READ_GUARD    fasteners_rw_read_guard    a fasteners_rw_lock, for reading
 *     FASTENERS_RW_WRITE_GUARD   fasteners_rw_write_guard   a fasteners_rw_lock, for writing
 *
 * FASTENERS_..._GUARD(name, lock, timeout_ms) declares the variable `name` and acquires `lock`, a
 * pointer, waiting at most timeout_ms (see timeout.h). To try without waiting, Python's try_lock,
 * is to give FASTENERS_NO_WAIT: the status is FASTENERS_BUSY if somebody else has it. Both
 * arguments are evaluated once. Whether it is held has to be looked at: a guard whose acquire
 * failed releases nothing, and the block runs all the same. (Clang's -Wunused-variable names a
 * guard whose status is never looked at.)
 *
 * The macros are there for GCC and Clang, in C and in C++, whose attribute `cleanup` they need.
 * Other compilers have the types and the functions, and no macro: the functions are for them, and
 * for a guard that shall not end with a block.
 *
 * The lock has to outlive the guard. To destroy it in the same block would be too early, since
 * the guard ends after the last line: give the guard a block of its own, or release it by hand.
 *
 *     status = fasteners_ipc_lock_create(&lock, path, NULL);
 *     if (status == FASTENERS_OK) {
 *         FASTENERS_IPC_GUARD(guard, lock, FASTENERS_NO_WAIT);
 *         status = guard.status;
 *         if (status == FASTENERS_OK)
 *             work();
 *     }
 *     fasteners_ipc_lock_destroy(lock);
 *
 * Several guards in a block are released in the reverse order. Guards of one lock may be nested
 * where the lock's holds may. A guard is released by the thread that made it; a copy of a guard is
 * a second owner of one hold, so do not copy it. What a read guard holds may be upgraded, if it is
 * downgraded again before the guard ends.
 *
 * No guard is released by longjmp over its block, nor by exit, nor by a jump into its block past
 * its line (Clang and C++ refuse such a jump; GCC does not warn without -Wjump-misses-init). The
 * end of a thread by pthread_exit or pthread_cancel (where the C library unwinds the stack then, as
 * said in locked_call.h), and a C++ exception that passes, release it in C++ and in C that is
 * compiled with -fexceptions.
 *
 * Fork. A child that leaves the block releases what it holds itself: nothing, but for the locks of
 * threads, which it holds as its parent does.
 */
typedef struct fasteners_ipc_guard {
    fasteners_ipc_lock *held; /* the lock, while this guard holds it; else NULL */
    fasteners_status status;  /* what the acquire returned; later calls do not change it */
} fasteners_ipc_guard;

typedef struct fasteners_ipc_read_guard {
    fasteners_ipc_rwlock *held;
    fasteners_status status;
} fasteners_ipc_read_guard;

typedef struct fasteners_ipc_write_guard {
    fasteners_ipc_rwlock *held;
    fasteners_status status;
} fasteners_ipc_write_guard;

typedef struct fasteners_rw_read_guard {
    fasteners_rw_lock *held;
    fasteners_status status;
} fasteners_rw_read_guard;

typedef struct fasteners_rw_write_guard {
    fasteners_rw_lock *held;
    fasteners_status status;
} fasteners_rw_write_guard;

/*
 * Acquires the lock, waiting at most timeout_ms (see timeout.h), and returns the guard of it. Its
 * `status` is what the acquire function of the lock returns, with the same meaning, be it
 * FASTENERS_INVALID for NULL; the lock is held if it is FASTENERS_OK.
 *
 *     fasteners_rw_read_guard guard;
 *
 *     guard = fasteners_rw_read_guard_acquire(&lock, FASTENERS_FOREVER);
 *     if (guard.status == FASTENERS_OK)
 *         look();
 *     fasteners_rw_read_guard_release(&guard);
 */
FASTENERS_NODISCARD static inline fasteners_ipc_guard
fasteners_ipc_guard_acquire(fasteners_ipc_lock *lock, int64_t timeout_ms);
FASTENERS_NODISCARD static inline fasteners_ipc_read_guard
fasteners_ipc_read_guard_acquire(fasteners_ipc_rwlock *lock, int64_t timeout_ms);
FASTENERS_NODISCARD static inline fasteners_ipc_write_guard
fasteners_ipc_write_guard_acquire(fasteners_ipc_rwlock *lock, int64_t timeout_ms);
FASTENERS_NODISCARD static inline fasteners_rw_read_guard
fasteners_rw_read_guard_acquire(fasteners_rw_lock *lock, int64_t timeout_ms);
FASTENERS_NODISCARD static inline fasteners_rw_write_guard
fasteners_rw_write_guard_acquire(fasteners_rw_lock *lock, int64_t timeout_ms);

/*
 * Releases what the guard holds. The end of the block does the same, and drops the status: who
 * wants it releases by hand, after which the end of the block does nothing.
 *
 * FASTENERS_OK         released; the guard holds nothing any more
 * FASTENERS_NOT_OWNER  the guard holds nothing: it was released before, or its acquire failed. Or
 *                      the calling thread does not hold the lock: it is another one than made the
 *                      guard, or a forked child, or the hold was released without the guard.
 *                      Nothing was changed.
 * FASTENERS_LOST       as the release of the lock returns it: the lock was lost before. The guard
 *                      holds nothing any more.
 * FASTENERS_INVALID    guard is NULL
 * FASTENERS_OS_ERROR (or another status of the system's)
 *                      the system refused; guard and lock are as they were. Release may be called
 *                      again; the end of the block tries it again, too.
 */
static inline fasteners_status fasteners_ipc_guard_release(fasteners_ipc_guard *guard);
static inline fasteners_status fasteners_ipc_read_guard_release(fasteners_ipc_read_guard *guard);
static inline fasteners_status fasteners_ipc_write_guard_release(fasteners_ipc_write_guard *guard);
static inline fasteners_status fasteners_rw_read_guard_release(fasteners_rw_read_guard *guard);
static inline fasteners_status fasteners_rw_write_guard_release(fasteners_rw_write_guard *guard);

/*
 * Declares the variable `name`, a guard of `lock` that is released at the end of its block, and
 * acquires the lock, waiting at most timeout_ms: see the types.
 */
#if defined(__GNUC__)
#define FASTENERS_GUARD_(type, name, lock, timeout_ms)                                             \
    __attribute__((__cleanup__(type##_release))) type name = type##_acquire((lock), (timeout_ms))

#define FASTENERS_IPC_GUARD(name, lock, timeout_ms)                                                \
    FASTENERS_GUARD_(fasteners_ipc_guard, name, lock, timeout_ms)
#define FASTENERS_IPC_READ_GUARD(name, lock, timeout_ms)                                           \
    FASTENERS_GUARD_(fasteners_ipc_read_guard, name, lock, timeout_ms)
#define FASTENERS_IPC_WRITE_GUARD(name, lock, timeout_ms)                                          \
    FASTENERS_GUARD_(fasteners_ipc_write_guard, name, lock, timeout_ms)
#define FASTENERS_RW_READ_GUARD(name, lock, timeout_ms)                                            \
    FASTENERS_GUARD_(fasteners_rw_read_guard, name, lock, timeout_ms)
#define FASTENERS_RW_WRITE_GUARD(name, lock, timeout_ms)                                           \
    FASTENERS_GUARD_(fasteners_rw_write_guard, name, lock, timeout_ms)
#endif

/* The bodies of the functions above, which are the same for every kind. */
#define FASTENERS_GUARD_FUNCTIONS_(type, lock_type, acquire_lock, release_lock)                    \
    static inline type type##_acquire(lock_type *lock, int64_t timeout_ms)                         \
    {                                                                                              \
        type guard;                                                                                \
                                                                                                   \
        guard.status = acquire_lock(lock, timeout_ms);                                             \
        guard.held = guard.status == FASTENERS_OK ? lock : NULL;                                   \
        return guard;                                                                              \
    }                                                                                              \
                                                                                                   \
    static inline fasteners_status type##_release(type *guard)                                     \
    {                                                                                              \
        fasteners_status status;                                                                   \
                                                                                                   \
        if (guard == NULL)                                                                         \
            return FASTENERS_INVALID;                                                              \
        if (guard->held == NULL)                                                                   \
            return FASTENERS_NOT_OWNER;                                                            \
        status = release_lock(guard->held);                                                        \
        if (status == FASTENERS_OK || status == FASTENERS_LOST)                                    \
            guard->held = NULL;                                                                    \
        return status;                                                                             \
    }

FASTENERS_GUARD_FUNCTIONS_(fasteners_ipc_guard, fasteners_ipc_lock, fasteners_ipc_lock_acquire,
                           fasteners_ipc_lock_release)
FASTENERS_GUARD_FUNCTIONS_(fasteners_ipc_read_guard, fasteners_ipc_rwlock,
                           fasteners_ipc_rwlock_acquire_read, fasteners_ipc_rwlock_release_read)
FASTENERS_GUARD_FUNCTIONS_(fasteners_ipc_write_guard, fasteners_ipc_rwlock,
                           fasteners_ipc_rwlock_acquire_write, fasteners_ipc_rwlock_release_write)
FASTENERS_GUARD_FUNCTIONS_(fasteners_rw_read_guard, fasteners_rw_lock,
                           fasteners_rw_lock_acquire_read, fasteners_rw_lock_release_read)
FASTENERS_GUARD_FUNCTIONS_(fasteners_rw_write_guard, fasteners_rw_lock,
                           fasteners_rw_lock_acquire_write, fasteners_rw_lock_release_write)

#undef FASTENERS_GUARD_FUNCTIONS_

FASTENERS_END_DECLS

#endif
