/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_IPC_RWLOCK_H
#define FASTENERS_IPC_RWLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fasteners/attributes.h>
#include <fasteners/ipc_lock.h>
#include <fasteners/ipc_options.h>
#include <fasteners/status.h>
#include <fasteners/timeout.h>

FASTENERS_BEGIN_DECLS

/*
 * A fasteners_ipc_rwlock lets many read, or one write, between processes and between threads; it is
 * named by the path of a file. It shares a lock file with Python's
 * fasteners.InterProcessReaderWriterLock and InterProcessLock, with fasteners_ipc_lock (which is a
 * writer to it), and with any program that takes fcntl(2) locks, shared or exclusive, on the first
 * byte or on the whole of the file.
 *
 *     fasteners_ipc_rwlock *lock;
 *     fasteners_status status;
 *
 *     status = fasteners_ipc_rwlock_create(&lock, "/srv/app/lock", NULL);
 *     if (status != FASTENERS_OK)
 *         return fail(status);
 *     status = fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_FOREVER);
 *     if (status == FASTENERS_OK) {
 *         if (index_is_old())
 *             status = fasteners_ipc_rwlock_upgrade(lock, 1000);
 *         if (fasteners_ipc_rwlock_is_writer(lock)) {
 *             rewrite_the_index();
 *             fasteners_ipc_rwlock_downgrade(lock);
 *         }
 *         fasteners_ipc_rwlock_release_read(lock);
 *     }
 *     fasteners_ipc_rwlock_destroy(lock);
 *
 * What fasteners_ipc_lock (ipc_lock.h) says of the death of a holder, the file, its deletion,
 * threads, fork, descriptors and the cancellation of threads holds here as well.
 *
 * Readers of one process. The file is locked once for all threads that read through one handle: by
 * the first that comes, until the last has gone. Another one costs no system call, and relies on
 * the look at the path that the first one took.
 *
 * Owner. A hold belongs to the thread that acquired it, is counted, and is released by that thread.
 * Read and write holds are counted apart and may be released in any order: a writer that reads and
 * releases the write first goes on as a reader, and nobody writes in between. If the thread ends
 * while holding, the process goes on holding, until fasteners_ipc_rwlock_destroy or the end of the
 * process.
 *
 * A reader that asks the same handle for write is refused with FASTENERS_WOULD_DEADLOCK, since two
 * of them would wait for each other for ever: release first, or use fasteners_ipc_rwlock_upgrade.
 *
 * Preference (fasteners_ipc_options.preference). READERS, the default: a reader waits for the
 * writer that is in, for nobody else; readers that overlap for ever starve a writer. WRITERS:
 * readers that come later wait behind a waiting writer. Users of one file may choose differently;
 * they exclude each other all the same, and the choice of the one who asks to read is what counts
 * for him. A writer shows itself to such readers if its own handle prefers writers or is `fair`.
 *
 * Files that the user may only read can be locked for reading.
 *
 * Every function answers a NULL lock with FASTENERS_INVALID, false, NULL or 0, and does nothing.
 */
typedef struct fasteners_ipc_rwlock fasteners_ipc_rwlock;

/*
 * Makes a handle for the lock at `path`, as fasteners_ipc_lock_create does, with the same statuses.
 * FASTENERS_INVALID also for a preference other than 0, READERS or WRITERS.
 * unlink_on_release: the file is removed when a write hold is released that leaves no read hold.
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status fasteners_ipc_rwlock_create(
    fasteners_ipc_rwlock **lock, const char *path, const fasteners_ipc_options *options);

/*
 * The same for a file that the caller has opened, as fasteners_ipc_lock_create_from_fd does. The
 * readers and the writers of such a handle queue in this process before they ask the system.
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status fasteners_ipc_rwlock_create_from_fd(
    fasteners_ipc_rwlock **lock, intptr_t descriptor, const fasteners_ipc_options *options);

/*
 * Acquires for reading, waiting at most timeout_ms (see timeout.h). A thread that holds it already
 * through this handle, for reading or for writing, never waits.
 *
 * FASTENERS_OK              the calling thread reads now
 * FASTENERS_BUSY            FASTENERS_NO_WAIT was given, and somebody writes, or (see preference)
 *                           waits to write, or upgrades
 * FASTENERS_TIMED_OUT       that was so all the time
 * FASTENERS_CANCELLED       fasteners_ipc_rwlock_cancel was called during the wait
 * FASTENERS_WOULD_DEADLOCK  FASTENERS_FOREVER was given, and the calling thread would wait for what
 *                           it holds through another handle
 * FASTENERS_NO_PERMISSION   the user may not read the file, or not create it
 * and otherwise as fasteners_ipc_lock_acquire. Whatever is not FASTENERS_OK has left no lock,
 * descriptor or thread behind, except that a handle keeps the descriptors of its file.
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status
fasteners_ipc_rwlock_acquire_read(fasteners_ipc_rwlock *lock, int64_t timeout_ms);

/*
 * Acquires for writing, waiting at most timeout_ms. A thread that writes already through this
 * handle does not wait.
 *
 * FASTENERS_OK              the calling thread writes now, nobody else reads or writes
 * FASTENERS_BUSY            FASTENERS_NO_WAIT was given, and somebody holds it
 * FASTENERS_TIMED_OUT       somebody held it all the time
 * FASTENERS_CANCELLED       fasteners_ipc_rwlock_cancel was called during the wait
 * FASTENERS_WOULD_DEADLOCK  the calling thread reads through this handle: at once, whatever the
 *                           time-out. Or FASTENERS_FOREVER was given, and it holds the lock through
 *                           another handle.
 * FASTENERS_NO_PERMISSION   the user may not write the file, or not create it
 * and otherwise as above.
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status
fasteners_ipc_rwlock_acquire_write(fasteners_ipc_rwlock *lock, int64_t timeout_ms);

/*
 * Releases one read hold, or one write hold, of the calling thread.
 *
 * FASTENERS_OK         released
 * FASTENERS_NOT_OWNER  the calling thread has no such hold through this handle: nothing was changed
 * FASTENERS_LOST       the program had closed the descriptor of the lock file behind the library's
 *                      back, and so lost the lock before; the hold is gone
 * FASTENERS_INVALID    lock is NULL
 * FASTENERS_OS_ERROR (or another status of the system's)
 *                      the system refused; the hold stays, and release may be called again. destroy
 *                      frees it in any case.
 */
FASTENERS_API fasteners_status fasteners_ipc_rwlock_release_read(fasteners_ipc_rwlock *lock);
FASTENERS_API fasteners_status fasteners_ipc_rwlock_release_write(fasteners_ipc_rwlock *lock);

/*
 * Turns one read hold of the calling thread into a write hold, without letting a writer in between;
 * waits at most timeout_ms for the other readers to leave. Goes ahead of waiting writers. On
 * failure the read hold is kept. A thread that writes already never waits.
 *
 * FASTENERS_OK              the calling thread writes now
 * FASTENERS_BUSY            FASTENERS_NO_WAIT was given, and somebody else reads
 * FASTENERS_TIMED_OUT       somebody else read all the time
 * FASTENERS_CANCELLED       fasteners_ipc_rwlock_cancel was called during the wait
 * FASTENERS_WOULD_DEADLOCK  another reader, of whatever process, is waiting in upgrade already: at
 *                           once, whatever the time-out. It waits for the hold of this thread,
 *                           which has to release it. (While a program is reading that locks the
 *                           whole file, as Python does, two upgraders both wait until it has gone;
 *                           then the second is refused, within 20 ms.) Or FASTENERS_FOREVER was
 *                           given, and the calling thread reads through another handle as well.
 * FASTENERS_NOT_OWNER       the calling thread does not read through this handle
 * FASTENERS_LOST            the path does not name the file any more that is held: others may hold
 *                           "the same" lock
 * FASTENERS_NO_PERMISSION   the user may only read the file (or might, when the hold began)
 * FASTENERS_NOT_SUPPORTED   the system cannot do it (Windows)
 * FASTENERS_INVALID, FASTENERS_NO_MEMORY, FASTENERS_OS_ERROR
 *                           as for fasteners_ipc_rwlock_acquire_write
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status
fasteners_ipc_rwlock_upgrade(fasteners_ipc_rwlock *lock, int64_t timeout_ms);

/*
 * Turns one write hold of the calling thread into a read hold, without letting a writer in between.
 * Never waits.
 *
 * FASTENERS_OK         done
 * FASTENERS_NOT_OWNER  the calling thread does not write through this handle
 * FASTENERS_LOST       the descriptor was closed, see release: the write hold stays, to be released
 * FASTENERS_INVALID    lock is NULL
 * FASTENERS_OS_ERROR (or another status of the system's)
 *                      the system refused; the write hold is kept
 */
FASTENERS_API fasteners_status fasteners_ipc_rwlock_downgrade(fasteners_ipc_rwlock *lock);

/*
 * Ends the handle, and releases whatever threads of this process hold through it. No other thread
 * may be inside a call on the handle, or make one later. NULL is fine. The file stays (with
 * unlink_on_release it goes, if a thread held it for writing).
 */
FASTENERS_API void fasteners_ipc_rwlock_destroy(fasteners_ipc_rwlock *lock);

/*
 * Ends every wait that is going on in this handle, in this process: those calls of acquire_read,
 * acquire_write and upgrade return FASTENERS_CANCELLED, as told at fasteners_ipc_lock_cancel.
 */
FASTENERS_API void fasteners_ipc_rwlock_cancel(fasteners_ipc_rwlock *lock);

/* Whether the calling thread holds it for reading, or for writing, through this handle. */
FASTENERS_API bool fasteners_ipc_rwlock_is_reader(const fasteners_ipc_rwlock *lock);
FASTENERS_API bool fasteners_ipc_rwlock_is_writer(const fasteners_ipc_rwlock *lock);

/*
 * Whether any thread of this process holds the lock through this handle. Makes no system call.
 * False in a forked child.
 */
FASTENERS_API bool fasteners_ipc_rwlock_is_held(const fasteners_ipc_rwlock *lock);

/* As fasteners_ipc_lock_exists, _path and _os_error. */
FASTENERS_API bool fasteners_ipc_rwlock_exists(const fasteners_ipc_rwlock *lock);
FASTENERS_API const char *fasteners_ipc_rwlock_path(const fasteners_ipc_rwlock *lock);
FASTENERS_API int fasteners_ipc_rwlock_os_error(const fasteners_ipc_rwlock *lock);

/*
 * Whether the hold of the calling thread is still valid: OK, LOST, NOT_OWNER and so on as told at
 * fasteners_ipc_lock_check. To be asked by a reader that joined others of its process, where it
 * matters, and by a long-time holder.
 */
FASTENERS_API fasteners_status fasteners_ipc_rwlock_check(fasteners_ipc_rwlock *lock);

/*
 * With the option record_owner, see fasteners_ipc_lock_was_abandoned: whether the last writer died
 * without giving the lock back. To be asked by a holder; readers see it until a writer has released
 * the lock.
 */
FASTENERS_API bool fasteners_ipc_rwlock_was_abandoned(const fasteners_ipc_rwlock *lock);

/* The number of the calling thread's write hold, see fasteners_ipc_lock_generation; else 0. */
FASTENERS_API uint64_t fasteners_ipc_rwlock_generation(const fasteners_ipc_rwlock *lock);

/*
 * Tells who holds the lock at this moment, as fasteners_ipc_lock_holder does; one of them if there
 * are several readers. holders: all, as fasteners_ipc_lock_holders.
 */
FASTENERS_API fasteners_status fasteners_ipc_rwlock_holder(fasteners_ipc_rwlock *lock,
                                                           fasteners_holder *holder);
FASTENERS_API fasteners_status fasteners_ipc_rwlock_holders(fasteners_ipc_rwlock *lock,
                                                            fasteners_holder *holders, size_t limit,
                                                            size_t *count);

FASTENERS_END_DECLS

#endif
