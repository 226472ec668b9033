/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_RW_LOCK_H
#define FASTENERS_RW_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fasteners/attributes.h>
#include <fasteners/fiber.h>
#include <fasteners/ipc_options.h>
#include <fasteners/status.h>
#include <fasteners/timeout.h>

FASTENERS_BEGIN_DECLS

/*
 * A fasteners_rw_lock lets many threads of a process read, or one write. It lives in the caller's
 * memory, knows its holders, and is reentrant: a thread may take it again in the same way, and
 * a writer may read.
 *
 *     static fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;
 *
 *     fasteners_status look_up(int key, int *value)
 *     {
 *         fasteners_status status;
 *
 *         status = fasteners_rw_lock_acquire_read(&lock, 100);
 *         if (status == FASTENERS_OK) {
 *             *value = table_get(key);
 *             status = fasteners_rw_lock_release_read(&lock);
 *         }
 *         return status;
 *     }
 *
 *     fasteners_status change(int key, int value)
 *     {
 *         fasteners_status status;
 *
 *         status = fasteners_rw_lock_acquire_write(&lock, 100);
 *         if (status == FASTENERS_OK) {
 *             table_put(key, value);
 *             status = fasteners_rw_lock_release_write(&lock);
 *         }
 *         return status;
 *     }
 *
 * Memory. 64 bytes, aligned to 8; all zero is a free lock with the default options, so
 * FASTENERS_RW_LOCK_INIT, calloc and static storage will do, and nothing needs to be called before
 * the memory goes away: it may be freed as soon as the last release has returned. Only a lock that
 * was given a log, or hooks, by fasteners_rw_lock_init is to be destroyed. It must not be moved or
 * copied while it is in use, nor shared between processes. Locks that lie in a cache line of their
 * own run faster.
 *
 * Owner. A hold belongs to the thread that acquired it, is counted, and is released by that thread.
 * Read and write holds are counted apart and may be released in any order: a writer that reads and
 * releases the write first goes on as a reader.
 *
 * A reader that asks for write is refused with FASTENERS_WOULD_DEADLOCK, since two of them would
 * wait for each other for ever: release first, or use fasteners_rw_lock_upgrade.
 *
 * A thread that ends while it holds gives its read holds back; its write hold passes to whoever
 * asks next, and fasteners_rw_lock_was_abandoned tells so. The memory of such a lock must outlive
 * the thread.
 *
 * Fork. In a forked child the thread that forked keeps its holds; those of the other threads count
 * as held by threads that have ended.
 *
 * Fibers. What is said of threads here holds for fibers (coroutines, green threads, tasks) if the
 * lock was given hooks that tell them apart, see fasteners_rw_lock_options. Without hooks all
 * fibers of a thread are one owner, which has no way to exclude itself.
 *
 * Limits. A thread may hold any number of locks, each of them 2^32 times over; there may be four
 * million threads at a time. A call waits until fork has returned if another thread is in fork.
 *
 * None of the functions is a cancellation point. They leave errno undefined. None of them may be
 * called from a signal handler. Every function answers a NULL lock
 * with FASTENERS_INVALID or false (fasteners_rw_lock_owner: NONE), and does nothing.
 */
typedef struct fasteners_rw_lock {
    uint64_t opaque_[8];
#if defined(__GNUC__)
} __attribute__((aligned(8))) fasteners_rw_lock;
#else
} fasteners_rw_lock;
#endif

#ifdef __cplusplus
#define FASTENERS_RW_LOCK_INIT                                                                     \
    {                                                                                              \
    }
#else
#define FASTENERS_RW_LOCK_INIT                                                                     \
    {                                                                                              \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#endif

/*
 * Who goes first when readers and writers wait.
 *
 * WRITERS: a waiting writer keeps new readers out; writers are served first come, first served. A
 *          reader that has waited for 0.3 ms is not overtaken by writers that come later. With one
 *          exception, for speed: the first of those that wait may be overtaken by threads that
 *          happen to run, for a millisecond. Then the lock is for it.
 * READERS: a reader waits for the writer that is in, and for nobody else. Writers may starve.
 * PHASE_FAIR: by turns: after a writer all the readers that wait, after them the next writer.
 *
 * The last two are slower for reading: with the first, readers that meet no writer touch no memory
 * that they share.
 */
typedef enum fasteners_preference {
    FASTENERS_PREFER_DEFAULT = 0, /* WRITERS */
    FASTENERS_PREFER_READERS = 1,
    FASTENERS_PREFER_WRITERS = 2,
    FASTENERS_PREFER_PHASE_FAIR = 3
} fasteners_preference;

/*
 * The hooks of a lock for fibers, which its functions call instead of asking for the thread and
 * putting it to sleep. Any code that schedules fibers can provide them: `current` is what it knows
 * anyway; `wait` and `wake` are those of a flag per fiber (a binary semaphore, a "permit"). They
 * are called with no internal mutex held, and may use other locks; of the same lock `wait` and
 * `wake` may call is_reader, is_writer, has_pending_writers and owner, and `current` nothing. They
 * are left by return alone, not by an exception or longjmp.
 *
 * fasteners_current_fn (fiber.h): the fiber that runs and calls; if it is NULL, the call is
 *   FASTENERS_INVALID. A fiber that ended while it held the lock holds it under its name, until
 *   fasteners_rw_lock_fiber_ended.
 *
 * fasteners_wait_fn: suspends the calling fiber, which `fiber` is, until wake was called for it;
 *   for timeout_ms at most, which is more than 0, or FASTENERS_FOREVER. Returns
 *
 *     FASTENERS_OK         wake was called for the fiber, be it before `wait` began or during it.
 *                          That call is used up: another `wait` suspends again. To be looked at
 *                          before anything else is returned.
 *     FASTENERS_TIMED_OUT  timeout_ms have passed, by whatever clock the fibers know. The library
 *                          looks at none: a time-out is as exact as this is.
 *     FASTENERS_CANCELLED  the fiber is to give up for another reason; any other status says so too
 *
 *   The acquire, or upgrade, then returns that status; unless it was given the lock at that very
 *   moment: then `wait` is called again, with FASTENERS_FOREVER, for the wake that is under way.
 *   FASTENERS_OK though nobody called wake is put up with: the fiber goes on waiting, for what is
 *   left of its time by the monotonic clock. But then the call of wake may come later than is said
 *   below.
 *
 * fasteners_wake_fn: lets the fiber's `wait` return FASTENERS_OK, the one that is under way or else
 *   its next one. Called by whoever uses the lock; with fibers on several threads it may come
 *   before that `wait` has begun, and must not be lost. It need not let the fiber run at once, and
 *   must not suspend the caller. It is called once for each fiber that gets the lock after a wait,
 *   and never later: no acquire returns before its own wake has come. So the fiber exists, unless
 *   it was thrown away (fasteners_rw_lock_fiber_ended).
 *
 * With a scheduler of one thread:
 *
 *     void *current(void *user)
 *     {
 *         return ((scheduler *)user)->running;
 *     }
 *
 *     fasteners_status wait(void *user, void *who, int64_t timeout_ms)
 *     {
 *         fiber *self = who;
 *         int64_t end = timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;
 *
 *         while (!self->woken && now_ms() < end)
 *             run_others_until(user, end);
 *         if (!self->woken)
 *             return FASTENERS_TIMED_OUT;
 *         self->woken = false;
 *         return FASTENERS_OK;
 *     }
 *
 *     void wake(void *user, void *who)
 *     {
 *         fiber *sleeper = who;
 *
 *         sleeper->woken = true;
 *         make_runnable(user, sleeper);
 *     }
 */
typedef fasteners_status (*fasteners_wait_fn)(void *user, void *fiber, int64_t timeout_ms);
typedef void (*fasteners_wake_fn)(void *user, void *fiber);

/*
 * Options of fasteners_rw_lock_init. Start from FASTENERS_RW_LOCK_OPTIONS_INIT and set what shall
 * differ; a zero field is the default. The struct is copied. Sizes work as in
 * fasteners_ipc_options.
 */
typedef struct fasteners_rw_lock_options {
    /* sizeof(fasteners_rw_lock_options), set by FASTENERS_RW_LOCK_OPTIONS_INIT. */
    size_t size;

    /* A fasteners_preference. */
    uint32_t preference;

    /*
     * Told when a thread ended while it held the lock, see fasteners_log_fn; by the ending thread
     * for a read hold, by whoever finds it for a write hold. NULL: nothing is told.
     */
    fasteners_log_fn log;
    void *log_user;

    /*
     * Hooks that make it a lock for fibers, see fasteners_wait_fn: all three, or none. hooks_user
     * is handed to each, and has to exist for as long as any of them may be called.
     *
     *     fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;
     *
     *     options.current = current;
     *     options.wait = wait;
     *     options.wake = wake;
     *     options.hooks_user = &scheduler;
     *     status = fasteners_rw_lock_init(&lock, &options);
     *
     * Every function then means the calling fiber where it says thread, and a fiber may go on in
     * another thread. What is different:
     *   - The lock is to be destroyed; and it is slower: each call takes a mutex for a moment.
     *   - Nobody overtakes those who wait: a release gives the lock to whoever is next.
     *   - The end of a fiber cannot be seen: see fasteners_rw_lock_fiber_ended. That tells `log`.
     *   - A forked child has all fibers' holds and waits, as it has a copy of the fibers and of
     *     what schedules them. Fibers that were just running in other threads are not there any
     *     more: if they held the lock, fasteners_rw_lock_fiber_ended gives it back.
     */
    fasteners_current_fn current;
    fasteners_wait_fn wait;
    fasteners_wake_fn wake;
    void *hooks_user;
} fasteners_rw_lock_options;

#ifdef __cplusplus
#define FASTENERS_RW_LOCK_OPTIONS_INIT fasteners_rw_lock_options_init_()
#else
#define FASTENERS_RW_LOCK_OPTIONS_INIT                                                             \
    {                                                                                              \
        .size = sizeof(fasteners_rw_lock_options)                                                  \
    }
#endif

#ifdef __cplusplus
/* Not to be called by name. */
static inline fasteners_rw_lock_options fasteners_rw_lock_options_init_()
{
    fasteners_rw_lock_options options = fasteners_rw_lock_options();
    options.size = sizeof(options);
    return options;
}
#endif

/*
 * Makes a free lock of whatever is in the memory. Needed only for memory that is not zero, or for
 * options; NULL: the defaults.
 *
 * FASTENERS_OK         done
 * FASTENERS_INVALID    lock is NULL, or an option is out of range, or one hook is missing
 * FASTENERS_NO_MEMORY  memory ran out (a lock with a log, or hooks, needs a little)
 * FASTENERS_OS_ERROR   the system gave no notice of fork (a lock with hooks alone)
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status
fasteners_rw_lock_init(fasteners_rw_lock *lock, const fasteners_rw_lock_options *options);

/*
 * Ends a lock that nobody uses: gives back what init took, and leaves the memory all zero, which is
 * a free lock with the default options.
 *
 * FASTENERS_OK       done
 * FASTENERS_BUSY     a thread holds it, the calling one included, or waits for it: nothing was
 *                    changed
 * FASTENERS_INVALID  lock is NULL
 * FASTENERS_NO_MEMORY, FASTENERS_OS_ERROR  as for acquire_read
 */
FASTENERS_API fasteners_status fasteners_rw_lock_destroy(fasteners_rw_lock *lock);

/*
 * Acquires for reading, waiting at most timeout_ms (see timeout.h). A thread that holds the lock
 * already, for reading or for writing, never waits.
 *
 * FASTENERS_OK         the calling thread reads now
 * FASTENERS_BUSY       FASTENERS_NO_WAIT was given, and a writer holds the lock or is next
 * FASTENERS_TIMED_OUT  that was so all the time
 * FASTENERS_INVALID    lock is NULL, or timeout_ms is out of range
 * FASTENERS_NO_MEMORY  memory ran out: a thread's first acquire, and its fifth lock at once, need
 *                      a little. With hooks: each acquire, if more fibers hold the lock or wait for
 *                      it than ever before
 * FASTENERS_OS_ERROR   the system gave no notice of the thread's end, or of fork
 * With hooks, besides: FASTENERS_INVALID, `current` gave NULL; and what `wait` returns
 */
FASTENERS_API FASTENERS_NO_STUB FASTENERS_NODISCARD fasteners_status
fasteners_rw_lock_acquire_read(fasteners_rw_lock *lock, int64_t timeout_ms);

/*
 * Acquires for writing, waiting at most timeout_ms. A thread that writes already does not wait.
 *
 * FASTENERS_OK              the calling thread writes now
 * FASTENERS_BUSY            FASTENERS_NO_WAIT was given, and somebody else holds the lock or is to
 *                           have it next
 * FASTENERS_TIMED_OUT       that was so all the time
 * FASTENERS_WOULD_DEADLOCK  the calling thread holds it for reading only: at once, whatever the
 *                           time-out
 * FASTENERS_INVALID, FASTENERS_NO_MEMORY, FASTENERS_OS_ERROR, and what `wait` returns: as above
 */
FASTENERS_API FASTENERS_NO_STUB FASTENERS_NODISCARD fasteners_status
fasteners_rw_lock_acquire_write(fasteners_rw_lock *lock, int64_t timeout_ms);

/*
 * Releases one read hold, or one write hold, of the calling thread.
 *
 * FASTENERS_OK         released
 * FASTENERS_NOT_OWNER  the calling thread has no such hold: nothing was changed
 * FASTENERS_INVALID    lock is NULL
 */
FASTENERS_API FASTENERS_NO_STUB fasteners_status
fasteners_rw_lock_release_read(fasteners_rw_lock *lock);
FASTENERS_API FASTENERS_NO_STUB fasteners_status
fasteners_rw_lock_release_write(fasteners_rw_lock *lock);

/*
 * Turns one read hold of the calling thread into a write hold, without letting a writer in between;
 * waits at most timeout_ms for the other readers to leave. Goes ahead of waiting writers. On
 * failure the read hold is kept.
 *
 *     fasteners_status status = fasteners_rw_lock_upgrade(&lock, 100);
 *
 *     if (status == FASTENERS_OK) {
 *         write_what_was_read();
 *         fasteners_rw_lock_release_write(&lock);
 *     } else {
 *         fasteners_rw_lock_release_read(&lock);
 *     }
 *
 * FASTENERS_OK              the calling thread writes now
 * FASTENERS_BUSY            FASTENERS_NO_WAIT was given, and somebody else reads
 * FASTENERS_TIMED_OUT       somebody else read all the time
 * FASTENERS_WOULD_DEADLOCK  another reader is waiting in upgrade already: at once, whatever the
 *                           time-out. It waits for this thread, which has to release all its read
 *                           holds.
 * FASTENERS_NOT_OWNER       the calling thread does not read
 * FASTENERS_INVALID         lock is NULL, or timeout_ms is out of range
 * With hooks, besides: what `wait` returns
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status
fasteners_rw_lock_upgrade(fasteners_rw_lock *lock, int64_t timeout_ms);

/*
 * Turns one write hold of the calling thread into a read hold, without letting a writer in between.
 * Never waits.
 *
 * FASTENERS_OK         done
 * FASTENERS_NOT_OWNER  the calling thread does not write
 * FASTENERS_INVALID    lock is NULL
 * FASTENERS_NO_MEMORY  memory ran out; the write hold is kept
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status
fasteners_rw_lock_downgrade(fasteners_rw_lock *lock);

/* Whether the calling thread holds the lock for reading. */
FASTENERS_API bool fasteners_rw_lock_is_reader(const fasteners_rw_lock *lock);

/*
 * Whether the calling thread holds the lock for writing or, with check_pending, is waiting to do so
 * (as a handler of fork may ask, or a function that gdb calls).
 */
FASTENERS_API bool fasteners_rw_lock_is_writer(const fasteners_rw_lock *lock, bool check_pending);

/*
 * Whether any thread waits to write, or to upgrade, at this moment. One that has only just come,
 * and tries before it waits, is not seen. False, too, if memory ran out for the calling thread's
 * first use of such a lock.
 */
FASTENERS_API bool fasteners_rw_lock_has_pending_writers(const fasteners_rw_lock *lock);

/* How a lock is held. */
typedef enum fasteners_rw_owner {
    FASTENERS_OWNER_NONE = 0,   /* nobody holds it */
    FASTENERS_OWNER_READER = 1, /* one or more threads read */
    FASTENERS_OWNER_WRITER = 2  /* one thread writes, and may read besides */
} fasteners_rw_owner;

/*
 * How the lock is held at this moment, by any thread: READER by one or more, WRITER by one (which
 * may read besides). For messages and assertions: by the time it returns things may be different.
 */
FASTENERS_API fasteners_rw_owner fasteners_rw_lock_owner(const fasteners_rw_lock *lock);

/*
 * Whether a thread ended while it held the lock for writing, so that what the lock protects may be
 * half changed. To be asked by a holder. True until a writer has released the lock, or downgraded,
 * after that.
 */
FASTENERS_API bool fasteners_rw_lock_was_abandoned(const fasteners_rw_lock *lock);

/*
 * For a lock with hooks: what the end of a thread is to other locks. The fiber, which has ended, or
 * is about to, or will never run again, gives back whatever it holds: its write hold passes to
 * whoever is next, and fasteners_rw_lock_was_abandoned tells so. If it was thrown away while it
 * waited in an acquire, it waits no longer; such a fiber's stack has to exist until this has
 * returned, and no other thread may be in a release, downgrade or fiber_ended of this lock
 * meanwhile, or in an acquire that gives up: it may be about to wake that fiber. To be called by
 * anybody; by a scheduler for each fiber that ends, or by whoever finds that one is missing.
 *
 * FASTENERS_OK         the fiber held the lock, or waited for it, and does so no longer
 * FASTENERS_NOT_OWNER  it did not
 * FASTENERS_INVALID    lock or fiber is NULL, or the lock has no hooks
 */
FASTENERS_API fasteners_status fasteners_rw_lock_fiber_ended(fasteners_rw_lock *lock, void *fiber);

FASTENERS_END_DECLS

#endif
