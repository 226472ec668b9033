/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_LOCKED_CALL_H
#define FASTENERS_LOCKED_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include <fasteners/attributes.h>
#include <fasteners/ipc_lock.h>
#include <fasteners/ipc_options.h>
#include <fasteners/ipc_rwlock.h>
#include <fasteners/rw_lock.h>
#include <fasteners/status.h>
#include <fasteners/timeout.h>

FASTENERS_BEGIN_DECLS

/*
 * Calling a function while a lock is held: acquire, call, release in one, as the decorators of
 * Python's fasteners do (interprocess_locked, read_locked, ...).
 *
 *     static int append_line(void *line)
 *     {
 *         return append_to_the_journal(line);
 *     }
 *
 *     void say_that_it_started(void)
 *     {
 *         fasteners_call call;
 *         fasteners_status status;
 *
 *         status = fasteners_ipc_locked("/var/lib/app/lock", NULL, 5000,
 *                                       append_line, "started", &call);
 *         if (!call.called)
 *             printf("not done: %s\n", fasteners_strerror(status));
 *         else if (call.result != 0)
 *             printf("done, in vain\n");
 *     }
 *
 * How it is left. The lock is released when the function returns. It is released, too, if the
 * function throws a C++ exception, which then goes on to the caller; and if the function ends its
 * thread by pthread_exit, or is ended by pthread_cancel, where the C library unwinds the stack then
 * (glibc does; musl and Windows do not). A longjmp out of it releases nothing: the lock stays held,
 * and by a call with a path there is then no handle to release it with. Nor does exit; the system
 * frees the locks of a process that ends.
 *
 * Fork. If the function forks and returns in the child, too, then there the release is
 * FASTENERS_NOT_OWNER, as a child holds no lock of its parent's (a fasteners_rw_lock it does, and
 * releases it).
 *
 * The functions may be called by any number of threads at once, with one lock or one path.
 */

/*
 * The function that is called, with the argument that was given for it. The library does not look
 * at what it returns. It may use other locks, and the same one as its rules for nesting allow; it
 * must not destroy it.
 */
typedef int (*fasteners_call_fn)(void *argument);

/* What became of the function. */
typedef struct fasteners_call {
    bool called; /* whether it was called, which is under the lock always */
    int result;  /* what it returned; left as it was if it was not called, or did not return */
} fasteners_call;

/*
 * Acquires the lock, waiting at most timeout_ms (see timeout.h), calls the function, and releases
 * the lock. FASTENERS_NO_WAIT: the function is called now or not at all. The time-out is for the
 * waiting alone.
 *
 * `call` tells, whatever the status, whether the function was called and what it returned. NULL: it
 * is not wanted.
 *
 * Not called, and `call->called` is false:
 *   FASTENERS_INVALID   function is NULL; nothing was locked
 *   any other status than FASTENERS_OK that the acquire function of the lock returns, for the same
 *   reason: FASTENERS_BUSY, TIMED_OUT, CANCELLED, WOULD_DEADLOCK, and so on, INVALID for NULL
 *
 * Called, and `call->called` is true:
 *   FASTENERS_OK         and the lock was released
 *   FASTENERS_NOT_OWNER  the function released the lock itself, or this is a child that it forked
 *   FASTENERS_LOST       as the release function of the lock returns it: the lock was lost while
 *                        the function ran
 *   FASTENERS_OS_ERROR (or another status of the system's)
 *                        the system refused the release: the calling thread holds the lock still,
 *                        and may call its release function again
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status
fasteners_ipc_lock_call(fasteners_ipc_lock *lock, int64_t timeout_ms, fasteners_call_fn function,
                        void *argument, fasteners_call *call);
FASTENERS_API FASTENERS_NODISCARD fasteners_status
fasteners_ipc_rwlock_call_read(fasteners_ipc_rwlock *lock, int64_t timeout_ms,
                               fasteners_call_fn function, void *argument, fasteners_call *call);
FASTENERS_API FASTENERS_NODISCARD fasteners_status
fasteners_ipc_rwlock_call_write(fasteners_ipc_rwlock *lock, int64_t timeout_ms,
                                fasteners_call_fn function, void *argument, fasteners_call *call);
FASTENERS_API FASTENERS_NODISCARD fasteners_status
fasteners_rw_lock_call_read(fasteners_rw_lock *lock, int64_t timeout_ms, fasteners_call_fn function,
                            void *argument, fasteners_call *call);
FASTENERS_API FASTENERS_NODISCARD fasteners_status
fasteners_rw_lock_call_write(fasteners_rw_lock *lock, int64_t timeout_ms,
                             fasteners_call_fn function, void *argument, fasteners_call *call);

/*
 * The same with the lock at `path`, by a handle that is made for this call alone: as a
 * fasteners_ipc_lock, and as a fasteners_ipc_rwlock that is read or written. Two threads that give
 * the same path exclude each other. A function that calls this for its own path again would wait
 * for itself: FASTENERS_WOULD_DEADLOCK with FASTENERS_FOREVER, BUSY or TIMED_OUT otherwise (reading
 * within reading is fine). Each call opens and closes the file: who locks often keeps a handle.
 *
 * options NULL: the defaults. Their `log` is what tells the system's reason for a failure.
 *
 * Statuses as above; not called also with what fasteners_ipc_lock_create returns: FASTENERS_INVALID
 * for a bad path or option, FASTENERS_NO_MEMORY, and so on. Whatever the status, nothing is held
 * afterwards: closing the file frees a lock whose release the system refused.
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status
fasteners_ipc_locked(const char *path, const fasteners_ipc_options *options, int64_t timeout_ms,
                     fasteners_call_fn function, void *argument, fasteners_call *call);
FASTENERS_API FASTENERS_NODISCARD fasteners_status fasteners_ipc_read_locked(
    const char *path, const fasteners_ipc_options *options, int64_t timeout_ms,
    fasteners_call_fn function, void *argument, fasteners_call *call);
FASTENERS_API FASTENERS_NODISCARD fasteners_status fasteners_ipc_write_locked(
    const char *path, const fasteners_ipc_options *options, int64_t timeout_ms,
    fasteners_call_fn function, void *argument, fasteners_call *call);

FASTENERS_END_DECLS

#endif
