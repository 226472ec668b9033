/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_IPC_WAIT_H
#define FASTENERS_IPC_WAIT_H

#include <stdint.h>

#include <fasteners/attributes.h>
#include <fasteners/ipc_lock.h>
#include <fasteners/ipc_rwlock.h>
#include <fasteners/status.h>
#include <fasteners/timeout.h>

FASTENERS_BEGIN_DECLS

/*
 * Waiting in an event loop. An acquire is begun and finished by two calls, neither of which waits;
 * in between, a descriptor tells poll(2), select(2), epoll(7), libuv or whatever the program has,
 * when it is time for the second one.
 *
 *     fasteners_ipc_wait *wait;
 *     struct pollfd polled = {.events = POLLIN};
 *
 *     status = fasteners_ipc_lock_acquire_begin(lock, 5000, &wait);
 *     if (status != FASTENERS_OK)
 *         return fail(status);
 *     polled.fd = (int)fasteners_ipc_wait_descriptor(wait);
 *     while ((status = fasteners_ipc_wait_finish(&wait)) == FASTENERS_BUSY)
 *         poll(&polled, 1, -1); // together with everything else
 *
 * Owner. The wait belongs to whoever began it; one thread at a time may use it. It holds what it
 * got until finish gives that to the thread that calls it, which may be another one than began: to
 * be released as usual. (fasteners_ipc_lock_is_held is true from the grant on.)
 *
 * A thread may begin any number of waits, also for a lock that it holds, or waits for, already:
 * since it does not sleep it can release, so FASTENERS_WOULD_DEADLOCK is no answer of these
 * functions, but for what is said at finish. Waits to lock one handle exclusively are served in the
 * order in which they were begun; among handles and processes waits are as threads are.
 *
 * To its own thread a begun wait is a stranger: what the thread holds is in its way (a read that is
 * begun by the writer comes when it has released), but for readers, who share.
 *
 * A wait that was granted and is not finished yet is in the way of everybody, the thread that began
 * it included: who then acquires the same lock by a call that waits for ever, waits for ever.
 *
 * Before the lock is destroyed, all its waits must be finished or abandoned.
 *
 * Cost. What can be had at once needs no thread. Any other wait has a thread of the library's that
 * leads it; on POSIX systems, which can wait for a file lock in a thread only, there is another one
 * in the kernel's queue for each handle that waits. Two descriptors either way. These threads block
 * all signals and call nothing of the program's: the option `sleep` is not called (the wait sleeps
 * by itself then), and the log hears of it in finish or abandon. The one in the kernel's queue is
 * kept for the next wait, for a second.
 *
 * Fork. In a child a wait that was begun by the parent is over: its descriptor is readable, and
 * finish says FASTENERS_CANCELLED.
 */
typedef struct fasteners_ipc_wait fasteners_ipc_wait;

/*
 * Begins to acquire, for at most timeout_ms (see timeout.h) from now on, and stores the wait to
 * *wait, or NULL if it fails. To be followed by finish or abandon.
 *
 * FASTENERS_OK         begun; it may be over already
 * FASTENERS_INVALID    lock or wait is NULL, or timeout_ms is out of range
 * FASTENERS_NO_MEMORY  memory ran out
 * FASTENERS_OS_ERROR   no descriptor or no thread is to be had; see os_error of the lock
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status fasteners_ipc_lock_acquire_begin(
    fasteners_ipc_lock *lock, int64_t timeout_ms, fasteners_ipc_wait **wait);
FASTENERS_API FASTENERS_NODISCARD fasteners_status fasteners_ipc_rwlock_acquire_read_begin(
    fasteners_ipc_rwlock *lock, int64_t timeout_ms, fasteners_ipc_wait **wait);
FASTENERS_API FASTENERS_NODISCARD fasteners_status fasteners_ipc_rwlock_acquire_write_begin(
    fasteners_ipc_rwlock *lock, int64_t timeout_ms, fasteners_ipc_wait **wait);

/*
 * A descriptor that becomes readable when the wait is over, and stays so. On Windows the HANDLE of
 * an event, for WaitForMultipleObjects, RegisterWaitForSingleObject and their like, which is
 * signalled then: descriptors there cannot be waited for. It belongs to the wait: do not read or
 * close it; stop polling it before finish or abandon. -1 if wait is NULL.
 */
FASTENERS_API intptr_t fasteners_ipc_wait_descriptor(const fasteners_ipc_wait *wait);

/*
 * The outcome, if there is one: then the wait is gone and *wait is NULL. Does not wait.
 *
 * FASTENERS_BUSY  not yet: *wait is still there. Also while the calling thread is in the middle of
 *                 another acquire of the same fasteners_ipc_rwlock (its sleep function calls this).
 * FASTENERS_OK    the calling thread holds the lock, as after fasteners_ipc_lock_acquire,
 *                 fasteners_ipc_rwlock_acquire_read or _acquire_write. What it holds already is
 *                 counted as there.
 * FASTENERS_TIMED_OUT, FASTENERS_CANCELLED
 *                 as there. FASTENERS_NO_WAIT, too, ends with FASTENERS_TIMED_OUT.
 * FASTENERS_WOULD_DEADLOCK
 *                 a write was granted, but the calling thread reads through the same handle, a file
 *                 that was replaced meanwhile: the write was given back
 * FASTENERS_INVALID
 *                 wait or *wait is NULL; otherwise as there
 * FASTENERS_NO_PERMISSION, FASTENERS_NOT_SUPPORTED, FASTENERS_NO_MEMORY, FASTENERS_NOT_FOUND,
 * FASTENERS_OS_ERROR
 *                 as there
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status
fasteners_ipc_wait_finish(fasteners_ipc_wait **wait);

/*
 * Ends the wait, whatever its state, and gives back what it got; it is gone, and *wait is NULL.
 * NULL is fine, and so is *wait NULL. Does not wait for other processes, but perhaps for a system
 * call on the file that is under way. That the owner before had died (was_abandoned) is then for
 * the next owner to hear.
 */
FASTENERS_API void fasteners_ipc_wait_abandon(fasteners_ipc_wait **wait);

FASTENERS_END_DECLS

#endif
