/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_IPC_LOCK_H
#define FASTENERS_IPC_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fasteners/attributes.h>
#include <fasteners/ipc_options.h>
#include <fasteners/status.h>
#include <fasteners/timeout.h>

FASTENERS_BEGIN_DECLS

/*
 * A fasteners_ipc_lock is a mutual exclusion lock between processes and between threads, named by
 * the path of a file. Whoever locks the same file excludes the others: two processes, two threads,
 * two handles of one thread, a Python program with fasteners.InterProcessLock, any program that
 * takes an fcntl(2) or lockf(3) lock on the first byte or on the whole of the file.
 *
 * The operating system frees the lock when its holder dies, whatever killed it. The file itself
 * means nothing: it may stay, and it is never truncated, nor read or written without the option
 * record_owner. Do not delete it by hand while the lock is in use; if somebody does, acquire
 * notices (it only returns for the file that the path names at that moment) and
 * fasteners_ipc_lock_check tells the holder.
 *
 *     fasteners_ipc_lock *lock;
 *     fasteners_status status;
 *
 *     status = fasteners_ipc_lock_create(&lock, "/var/lib/app/lock", NULL);
 *     if (status != FASTENERS_OK)
 *         return fail(status);
 *     status = fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER);
 *     if (status == FASTENERS_OK) {
 *         rewrite_the_index();
 *         fasteners_ipc_lock_release(lock);
 *     }
 *     fasteners_ipc_lock_destroy(lock);
 *
 * Owner. A hold belongs to the thread that acquired it: only that thread may release it. It is not
 * reentrant. If the thread ends while holding, the process goes on holding, until
 * fasteners_ipc_lock_destroy or the end of the process.
 *
 * Threads. All functions but destroy may be called on one handle by any number of threads at once.
 * None may be called from a signal handler.
 *
 * Fork. Do not fork in a signal handler that may have interrupted a call of this library. A forked
 * child holds nothing: its copy of the handle reads as not held, cannot disturb the parent's hold,
 * and can acquire for itself. A program started by exec inherits nothing.
 *
 * Descriptor. Close what you want to close before you create locks: a handle keeps a descriptor of
 * its file, numbered from 500 up where that is allowed. A program that closes it, as daemons do
 * that close everything, loses the lock if it held it; the next acquire opens the file again. If by
 * then the same number stands for another file, that file is locked instead, and only
 * fasteners_ipc_lock_check tells (FASTENERS_LOST).
 *
 * Cancellation of threads. No function here is a cancellation point of pthread_cancel.
 *
 * Every function answers a NULL lock with FASTENERS_INVALID, false, NULL or 0, and does nothing.
 */
typedef struct fasteners_ipc_lock fasteners_ipc_lock;

/*
 * Makes a handle for the lock at `path` and stores it to *lock, or NULL if it fails. Looks at the
 * arguments only: the file is created, with its missing parent directories, by the first acquire. A
 * relative path is completed with the current directory of this moment. options NULL: the defaults.
 * The handle is the caller's, to be given to fasteners_ipc_lock_destroy.
 *
 * FASTENERS_OK         done
 * FASTENERS_INVALID    lock or path is NULL, the path is empty or names a directory ("a/"), or an
 *                      option is out of range
 * FASTENERS_NO_MEMORY  memory ran out
 * FASTENERS_NOT_FOUND  the path is relative and the current directory was deleted
 * FASTENERS_NO_PERMISSION, FASTENERS_OS_ERROR
 *                      the path is relative and the current directory cannot be told
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status fasteners_ipc_lock_create(
    fasteners_ipc_lock **lock, const char *path, const fasteners_ipc_options *options);

/*
 * The same for a file that the caller has opened: `descriptor` of a regular file, be it one without
 * a name. On Windows a HANDLE, cast, or what _get_osfhandle returns: the numbers of open belong to
 * one C library, and a process may have several. It stays the caller's: it is neither closed nor
 * opened again nor moved, and must stay open until destroy. An exclusive lock wants it to be open
 * for writing, a shared one for reading (else acquire says NO_PERMISSION). What differs from a
 * handle with a path:
 *
 *   - Nobody looks whether a path still names the file: the file is the open one. check says LOST
 *     if the descriptor was closed or stands for another file, and from then on acquire says
 *     INVALID. (One that was closed and opened anew for the same file cannot be told. And if the
 *     descriptor is taken away during a wait, the lock may go to its copies.)
 *   - The lock belongs to the open file. It is free when all copies of the descriptor are closed:
 *     those made by dup(2), inherited by fork, or by exec unless FD_CLOEXEC is set. So a child
 *     process can keep the lock of its dead parent. Closing other descriptors of the file drops
 *     nothing. (Where locks belong to the process (plain POSIX), closing any does.)
 *   - The bytes 0 to 2 of the file are the lock's; what the program locks beyond them through this
 *     descriptor is its own affair.
 *   - A forked child holds nothing, and its copy of the handle cannot acquire (NOT_SUPPORTED),
 *     since its locks would be the parent's. It may open the file anew and adopt that. (To adopt
 *     what it has inherited would be no use: two processes that lock through one open file, be it
 *     inherited or sent, are one owner to the system, and do not exclude each other.)
 *   - Two handles may adopt one open file: they exclude each other as any two do.
 *   - On Windows waits are queued by the system if the HANDLE was opened with FILE_FLAG_OVERLAPPED,
 *     and poll if not. A completion port of the program's hears nothing of them.
 *   - fasteners_ipc_lock_path is NULL, the log says "descriptor 7", exists tells whether the
 *     descriptor is still that of the file. The options mode, follow_symlinks and
 *     allow_unreliable_filesystem mean nothing: whether locks exclude in that file system is not
 *     tried out (fasteners_ipc_probe does).
 *
 *     int fd = open("data.db", O_RDWR | O_CLOEXEC);
 *     status = fasteners_ipc_lock_create_from_fd(&lock, fd, NULL);
 *
 * FASTENERS_OK         done
 * FASTENERS_INVALID    lock is NULL, the descriptor is not open, or not of a regular file, or an
 *                      option is out of range; or unlink_on_release is set, or record_owner for a
 *                      descriptor that cannot be read or that appends (O_APPEND)
 * FASTENERS_NO_MEMORY  memory ran out
 * FASTENERS_OS_ERROR   the system does not tell what file it is
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status fasteners_ipc_lock_create_from_fd(
    fasteners_ipc_lock **lock, intptr_t descriptor, const fasteners_ipc_options *options);

/*
 * Acquires the lock, waiting at most timeout_ms (see timeout.h). Waiting threads sleep; the
 * operating system wakes them in the order of arrival when the lock is released or its holder dies.
 * A running thread may still take the lock before one that is waking up: see the option `fair`.
 *
 * FASTENERS_OK              the calling thread holds the lock now, on the file that the path names
 * FASTENERS_BUSY            FASTENERS_NO_WAIT was given, and somebody else holds it, or the calling
 *                           thread itself
 * FASTENERS_TIMED_OUT       somebody else held it all the time, or the calling thread itself
 * FASTENERS_CANCELLED       fasteners_ipc_lock_cancel was called during the wait
 * FASTENERS_WOULD_DEADLOCK  FASTENERS_FOREVER was given, and the calling thread holds this lock
 *                           already, through this handle or another one
 * FASTENERS_INVALID         timeout_ms is out of range, or the path names something else than a
 *                           regular file (a directory, a FIFO, a symbolic link), or leads through a
 *                           file, or is too long; or an adopted descriptor was closed
 * FASTENERS_NO_PERMISSION   the user may not create the file or a parent directory, or not read and
 *                           write the file
 * FASTENERS_NOT_SUPPORTED   the file system there has no locks, or no room for one more, or grants
 *                           them to everybody (see allow_unreliable_filesystem); or the
 *                           descriptor was adopted before a fork; or another one of the same file
 *                           was adopted, and the system does not tell whether both are one open
 *                           file
 * FASTENERS_NO_MEMORY       memory ran out
 * FASTENERS_NOT_FOUND       a directory of the path was being deleted all the while, or a symbolic
 *                           link on it leads into a directory that does not exist
 * FASTENERS_OS_ERROR        anything else, for instance no descriptors left; see
 *                           fasteners_ipc_lock_os_error
 *
 * After any other status than FASTENERS_OK the call has left no lock, descriptor or thread behind
 * that was not there before, except that a handle keeps the descriptor of its file.
 */
FASTENERS_API FASTENERS_NODISCARD fasteners_status
fasteners_ipc_lock_acquire(fasteners_ipc_lock *lock, int64_t timeout_ms);

/*
 * Releases what the calling thread acquired through this handle, and wakes who is next.
 *
 * FASTENERS_OK         released
 * FASTENERS_NOT_OWNER  the calling thread does not hold it through this handle: nothing was changed
 * FASTENERS_LOST       the program had closed the descriptor of the lock file behind the library's
 *                      back, and so lost the lock before; the handle is free again
 * FASTENERS_INVALID    lock is NULL
 * FASTENERS_OS_ERROR (or another status of the system's)
 *                      the system refused; the lock is still held, and release may be called again.
 *                      destroy frees it in any case.
 */
FASTENERS_API fasteners_status fasteners_ipc_lock_release(fasteners_ipc_lock *lock);

/*
 * Ends the handle; releases the lock if any thread of this process holds it through this handle. No
 * other thread may be inside a call on the handle, or make one later: cancel (repeatedly, see
 * there) and join them first. NULL is fine. The file stays (with unlink_on_release it goes, if the
 * lock was held).
 */
FASTENERS_API void fasteners_ipc_lock_destroy(fasteners_ipc_lock *lock);

/*
 * Ends every wait that is going on in this handle, in this process: those acquires return
 * FASTENERS_CANCELLED, each as soon as its thread runs, unless the lock was granted to it just
 * before. Later acquires are not touched. May be called from any thread. A thread that has entered
 * acquire but does not wait yet is not reached: who wants a thread out for good repeats the call
 * until it has ended.
 */
FASTENERS_API void fasteners_ipc_lock_cancel(fasteners_ipc_lock *lock);

/*
 * Whether a thread of this process holds the lock through this handle. Makes no system call. False
 * in a forked child. Says nothing about other processes; try an acquire for that.
 */
FASTENERS_API bool fasteners_ipc_lock_is_held(const fasteners_ipc_lock *lock);

/*
 * Whether there is something at the path at this moment (for an adopted descriptor: whether it is
 * still that of the file); false too if that cannot be looked at. It
 * says nothing about being locked.
 */
FASTENERS_API bool fasteners_ipc_lock_exists(const fasteners_ipc_lock *lock);

/* The absolute path of the lock file; NULL for an adopted descriptor. Valid until destroy. */
FASTENERS_API const char *fasteners_ipc_lock_path(const fasteners_ipc_lock *lock);

/*
 * The error number of the system (errno; on Windows GetLastError) behind the latest failure of a
 * call on this handle that was not FASTENERS_BUSY, TIMED_OUT, CANCELLED, WOULD_DEADLOCK, NOT_OWNER
 * or LOST, nor NOT_FOUND from fasteners_ipc_lock_holder; 0 if there was none or if it did not come
 * from the system. Where several threads use the handle it is the latest of any.
 */
FASTENERS_API int fasteners_ipc_lock_os_error(const fasteners_ipc_lock *lock);

/*
 * Whether the hold is still valid. Costs two system calls; to be asked by a long-time
 * holder before a step that must not happen twice.
 *
 * FASTENERS_OK         the calling thread holds the lock, and the path still names the file that is
 *                      locked
 * FASTENERS_LOST       the calling thread holds it, but the file was deleted, renamed or replaced,
 *                      or the program closed its descriptor: others may hold "the same" lock now.
 *                      Release as usual.
 * FASTENERS_NOT_OWNER  the calling thread does not hold it through this handle
 * FASTENERS_INVALID    lock is NULL
 * FASTENERS_NO_PERMISSION, FASTENERS_NO_MEMORY, FASTENERS_OS_ERROR
 *                      the path cannot be looked at
 */
FASTENERS_API fasteners_status fasteners_ipc_lock_check(fasteners_ipc_lock *lock);

/*
 * With the option record_owner, while a thread holds the lock through this handle: whether the
 * owner before it died, or its program was ended, without giving the lock back, so that what the
 * lock protects may be half changed. False without that option, and while nobody holds. After a
 * crash of the whole machine the answer is what had reached the disk. Makes no system call.
 *
 *     if (fasteners_ipc_lock_was_abandoned(lock))
 *         repair_the_index();
 */
FASTENERS_API bool fasteners_ipc_lock_was_abandoned(const fasteners_ipc_lock *lock);

/*
 * With the option record_owner, while a thread holds the lock through this handle: the number of
 * this hold. It grows with each hold by whomever, from 1 on, as long as the lock file exists (so
 * not together with unlink_on_release); who comes late with a smaller number than others have seen
 * can be told from it. 0 otherwise. Makes no system call.
 */
FASTENERS_API uint64_t fasteners_ipc_lock_generation(const fasteners_ipc_lock *lock);

/*
 * Who holds a lock, as far as the system tells. Filled in by fasteners_ipc_lock_holder. New fields
 * are only ever appended: an older program, with a shorter struct, gets what it has room for.
 */
typedef struct fasteners_holder {
    size_t size;      /* sizeof(fasteners_holder), set by FASTENERS_HOLDER_INIT */
    int64_t pid;      /* process id, in the caller's pid namespace; 0 = not known */
    bool shared;      /* it is a shared (read) hold */
    char program[64]; /* the program's short name, cut if longer; "" = not known */

    /*
     * From the record that an exclusive holder with the option record_owner left in the file, if
     * the handle that asks has that option too, and the record does not contradict what the system
     * tells.
     */
    bool recorded; /* there is one: what follows is filled in, and pid if only the record knows */
    int64_t since_ms; /* when it got the lock, in milliseconds since 1970 by its clock */
    uint64_t start;   /* when its process began, in units of its system (Linux: clock ticks since
                         the machine was started); tells two apart that had the same pid */
    char host[65];    /* the name of its machine, cut if longer */
} fasteners_holder;

#define FASTENERS_HOLDER_INIT                                                                      \
    {                                                                                              \
        sizeof(fasteners_holder), 0, false, "", false, 0, 0, ""                                    \
    }

/*
 * Tells who holds the lock at this moment, be it through this library or not. Meant for messages:
 * by the time it returns, the holder may be another one.
 *
 *     fasteners_holder holder = FASTENERS_HOLDER_INIT;
 *
 *     if (fasteners_ipc_lock_holder(lock, &holder) == FASTENERS_OK)
 *         printf("process %lld (%s) is in the way\n",
 *                (long long)holder.pid, holder.program);
 *
 * Linux tells the process for every kind of holder that this user may look at; other POSIX systems
 * tell the process id alone. Where the system does not tell, pid is 0: never a wrong one. (A holder
 * in another container, or on another machine, has no pid here, but perhaps a host and a time.)
 * Windows does not tell: the lock is tried, and for that moment somebody else who does not wait may
 * be told that it is taken.
 *
 * FASTENERS_OK         somebody holds it: *holder is filled in
 * FASTENERS_NOT_FOUND  nobody holds it, or there is no lock file
 * FASTENERS_INVALID    an argument is NULL, holder->size is too small, or the path names no regular
 *                      file
 * FASTENERS_NO_PERMISSION, FASTENERS_NOT_SUPPORTED, FASTENERS_NO_MEMORY, FASTENERS_OS_ERROR
 *                      as for acquire
 */
FASTENERS_API fasteners_status fasteners_ipc_lock_holder(fasteners_ipc_lock *lock,
                                                         fasteners_holder *holder);

/*
 * The same for all who hold the lock: programs that lock the file for reading can be many. Fills in
 * at most `limit` elements, each of which was set to FASTENERS_HOLDER_INIT, and stores to *count
 * how many there are, which may be more; a holder of whom nothing is known counts as one. Those
 * that this user may not look at are left out.
 *
 *     fasteners_holder holders[8];
 *     size_t count, i;
 *
 *     for (i = 0; i < 8; i++)
 *         holders[i] = (fasteners_holder)FASTENERS_HOLDER_INIT;
 *     status = fasteners_ipc_lock_holders(lock, holders, 8, &count);
 *     if (status == FASTENERS_OK)
 *         for (i = 0; i < count && i < 8; i++)
 *             printf("process %lld reads\n", (long long)holders[i].pid);
 *
 * Status as for fasteners_ipc_lock_holder; INVALID also if count is NULL, or holders is and limit
 * is not 0.
 */
FASTENERS_API fasteners_status fasteners_ipc_lock_holders(fasteners_ipc_lock *lock,
                                                          fasteners_holder *holders, size_t limit,
                                                          size_t *count);

FASTENERS_END_DECLS

#endif
