/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_PLATFORM_H
#define FST_PLATFORM_H

/*
 * What an operating system must provide: the one contract between the lock logic (src/ *.c, which
 * includes no header of the system and has no #if) and posix/, linux/, windows/.
 * tests/fault/fake_platform.c is one more platform.
 *
 * Rules for all functions here
 *   - Arguments were validated by the caller: no pointer is NULL unless the comment says so, paths
 *     are absolute.
 *   - Functions that can fail return a fasteners_status. On failure they store the error number of
 *     the system to *os_error and touch no other out-parameter; on success they do not touch
 *     *os_error.
 *   - FASTENERS_BUSY is returned for contention alone, FASTENERS_OS_ERROR for what has no status of
 *     its own.
 *   - FASTENERS_LOST from a function on an open file: the program closed the descriptor behind
 *     our back. It must not be used any more.
 *   - An interrupted system call (EINTR) is repeated inside.
 *   - All may be called by any thread at any time, without a lock of the caller's that another
 *     function here might want. None calls back except where it says so.
 *   - Times are nanoseconds of the monotonic clock (fst_os_now). A deadline is such a time;
 *     FST_NEVER never comes.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fasteners/ipc_lock.h>
#include <fasteners/ipc_probe.h>
#include <fasteners/status.h>

#define FST_NEVER INT64_MAX
#define FST_NS_PER_MS INT64_C(1000000)
#define FST_NS_PER_S INT64_C(1000000000)

/*
 * The other direction: the logic's, to be called by the platform when the library is loaded, before
 * any other thread can use it. A platform that cannot leaves it to the first handle.
 */
void fst_at_load(void);

/* ------------------------------------------------------------------ memory and time -- */

/* Zeroed memory, or NULL. */
void *fst_os_alloc(size_t size);

/* NULL is fine. */
void fst_os_free(void *memory);

/* The monotonic clock; never 0, never negative, never FST_NEVER. */
int64_t fst_os_now(void);

/* What the system calls this error number, for the log: never empty, cut to fit. */
void fst_os_error_text(int os_error, char *text, size_t size);

/* ------------------------------------------------------------------------- threads -- */

/*
 * The calling thread: a number that no other thread of this process has or had. Never 0. A thread
 * keeps it across fork. Costs a few instructions: it is asked at every acquire.
 */
uint64_t fst_os_thread_id(void);

/* Lets another runnable thread run. */
void fst_os_yield(void);

/*
 * Sleeps while *word == expected, until unparked or the deadline has passed. May return for no
 * reason: the caller looks again. Returns false only if the deadline has passed.
 */
bool fst_os_park(const _Atomic uint32_t *word, uint32_t expected, int64_t deadline);

/*
 * Wakes every thread parked on the word. The address is only a name: the memory may have been freed
 * already.
 */
void fst_os_unpark(const _Atomic uint32_t *word);

/*
 * Has a new thread run body(argument), which returns NULL, and end; nobody joins it. It has a small
 * stack, and leaves the program's signals to the program's threads. A child of a fork that comes
 * before the thread runs has nothing of it. OS_ERROR: there are too many.
 */
fasteners_status fst_os_thread_start(void *(*body)(void *argument), void *argument, int *os_error);

/*
 * An event that the program waits for with its own means: `descriptor` is for poll(2) or the like.
 * open: not set. OS_ERROR: no descriptors left. set: once, by any thread; nothing happens if the
 * program has closed the descriptor behind our back.
 * renew: in a forked child, for an event that the parent opened: it is another one now, with the
 * same descriptor, and set. If that is not possible, the descriptor is closed.
 */
typedef struct fst_os_event {
    intptr_t descriptor;
    intptr_t other; /* the platform's, as is id */
    uint64_t id;
} fst_os_event;

fasteners_status fst_os_event_open(fst_os_event *event, int *os_error);
void fst_os_event_set(const fst_os_event *event);
void fst_os_event_renew(fst_os_event *event);
void fst_os_event_close(const fst_os_event *event);

/* A moment's rest for a loop that waits for another processor. */
void fst_os_pause(void);

/*
 * Has fst_thread_ended(argument), which the lock logic defines, called by the calling thread at its
 * end, as late as the system allows: the program's own functions for that occasion may still use
 * locks. Asked again during that call, it is called once more. `argument` is not NULL.
 */
fasteners_status fst_os_at_thread_end(void *argument, int *os_error);
void fst_thread_ended(void *argument);

/*
 * The heavy half of an asymmetric barrier: every running thread of the process has executed a full
 * memory barrier between the call and the return. So a thread that stores and then loads, in
 * program order and without a barrier, has either made its store visible to the caller or will see
 * what the caller stored before.
 * ready: whether this process can do that. Asked before the first use, and the same ever after.
 */
bool fst_os_heavy_barrier_ready(void);
void fst_os_heavy_barrier(void);

/*
 * Whether a checker of data races watches this process that does not see what the atomics of this
 * library do. The same answer every time.
 * note_release, note_acquire: what the calling thread has done before the one happens before what a
 * thread does after the other, at the same address, later.
 * note_private: no access to this memory is a race, until it is freed and allocated anew.
 * Nothing if no checker watches.
 */
bool fst_os_checker_watches(void);
void fst_os_note_release(const void *address);
void fst_os_note_acquire(const void *address);
void fst_os_note_private(const void *memory, size_t size);

/* ----------------------------------------------------------------------- processes -- */

/* A process as it may be told to another machine, or after a restart. Zero, "": not known. */
typedef struct fst_process {
    int64_t pid;
    uint64_t pid_space; /* in which the pid counts: a container has one of its own */
    uint64_t start;     /* when it began, in units of the system's: tells two with one pid apart */
    char boot[37];      /* names the run of the machine, from start to shutdown */
    char host[65];      /* the machine's name, cut if longer */
} fst_process;

/* The calling process. */
void fst_os_describe_process(fst_process *process);

/*
 * Whether the process is known to exist. False also for one of another machine, another run of this
 * one, or another pid space than the caller's.
 */
bool fst_os_process_exists(const fst_process *process);

/* Milliseconds since 1970 by the clock on the wall, which may jump. For people. */
int64_t fst_os_wall_clock_ms(void);

/* ---------------------------------------------------------------------------- fork -- */

/*
 * Has the three functions called around each fork of this process: prepare before it, then parent
 * or child. Called once. The platform's own state is brought through a fork by the platform:
 * fst_os_fork_child repairs it and is called by the child function.
 */
fasteners_status fst_os_at_fork(void (*prepare)(void), void (*parent)(void), void (*child)(void),
                                int *os_error);
void fst_os_fork_prepare(void);
void fst_os_fork_parent(void);
void fst_os_fork_child(void);

/*
 * Whether this process was made by a fork that the functions above did not see (a raw clone). Stays
 * true until fst_os_fork_child. A plain load: it is asked at every call. A system that cannot tell
 * answers false.
 */
bool fst_os_fork_unseen(void);

/* --------------------------------------------------------------------------- files -- */

/* An open file. Copied freely; whoever opened it sees to it that it is closed once. */
typedef struct fst_os_file {
    intptr_t handle;
} fst_os_file;

/* What makes two open files the same file, however they were reached. */
typedef struct fst_file_id {
    uint64_t device;
    uint64_t inode;
} fst_file_id;

static inline bool fst_file_id_equal(fst_file_id a, fst_file_id b)
{
    return a.device == b.device && a.inode == b.inode;
}

/* A descriptor that the program opened itself, and goes on to own. */
typedef struct fst_adopted {
    fst_os_file os;
    fst_file_id id;
    bool readable, writable; /* it was opened for that */
    bool appends;            /* whatever is written goes to the end */
} fst_adopted;

typedef enum fst_access {
    FST_READ,      /* enough for a shared lock */
    FST_READ_WRITE /* needed for an exclusive one */
} fst_access;

/*
 * Opens a regular file for locking, not inheritable by exec, and tells which file it is. Never
 * blocks on a FIFO or truncates; follows a symbolic link at the last component only if asked to.
 * NOT_FOUND: there is no such file, or no such directory. INVALID: something else than a regular
 * file. NO_PERMISSION, NO_MEMORY, OS_ERROR.
 */
fasteners_status fst_os_file_open(const char *path, fst_access access, bool follow_symlinks,
                                  fst_os_file *file, fst_file_id *id, int *os_error);

/*
 * Creates an empty file with the permission bits `mode` (0: 0666 less the umask) and opens it for
 * reading and writing, as above. Nobody ever sees the file with other permissions than these, where
 * the system allows that. BUSY: there is something at the path already, which is left alone. A
 * symbolic link that leads nowhere counts as something, unless links are followed: then what it
 * names is created.
 * NOT_FOUND: a directory is missing. NO_PERMISSION, OS_ERROR.
 */
fasteners_status fst_os_file_create(const char *path, uint32_t mode, bool follow_symlinks,
                                    fst_os_file *file, fst_file_id *id, int *os_error);

/*
 * What there is to know of a descriptor of the program's, and a file to lock through it, which is
 * another one each time on some systems. fst_os_file_disown must follow. INVALID: it is not open,
 * or not a regular file. OS_ERROR.
 */
fasteners_status fst_os_file_adopt(intptr_t descriptor, fst_adopted *adopted, int *os_error);

/* After the last use of what fst_os_file_adopt has stored. The descriptor stays as it is. */
void fst_os_file_disown(fst_os_file file);

/*
 * Whether both are one open file under two numbers, so that locks taken through one belong to the
 * other too. Called for files with one id. NOT_SUPPORTED: this system does not tell.
 */
fasteners_status fst_os_file_is_same(fst_os_file a, fst_os_file b, bool *same, int *os_error);

/*
 * Creates the directories above the path's last component that are missing, mode 0777 less the
 * umask.
 */
fasteners_status fst_os_make_parents(const char *path, int *os_error);

/*
 * Closes. The descriptor is gone whatever is returned; a failure is for the log only. On systems
 * with fst_os_locks_per_process this drops every lock that the process has on the file.
 */
fasteners_status fst_os_file_close(fst_os_file file, int *os_error);

/*
 * Which file it is. LOST: the descriptor was closed behind our back. NOT_FOUND: it is open, but the
 * file server has forgotten the file.
 */
fasteners_status fst_os_file_id(fst_os_file file, fst_file_id *id, int *os_error);

/* The file that the path names at this moment. NOT_FOUND: nothing. */
fasteners_status fst_os_path_id(const char *path, bool follow_symlinks, fst_file_id *id,
                                int *os_error);

/* Reads from `offset` on; *count: so many bytes were there. LOST, OS_ERROR. */
fasteners_status fst_os_file_read(fst_os_file file, uint64_t offset, void *bytes, size_t size,
                                  size_t *count, int *os_error);

/* Writes all of it, at `offset`. On failure a part may have been written. LOST, OS_ERROR. */
fasteners_status fst_os_file_write(fst_os_file file, uint64_t offset, const void *bytes,
                                   size_t size, int *os_error);

/* Removes the name. */
fasteners_status fst_os_unlink(const char *path, int *os_error);

/*
 * A copy of the path, completed with the current directory if relative; to be freed with
 * fst_os_free.
 */
fasteners_status fst_os_absolute_path(const char *path, char **absolute, int *os_error);

/* The file system of an open file, as far as it is known. */
void fst_os_describe_filesystem(fst_os_file file, fasteners_locality *locality, char *name,
                                size_t size);

/* Whether it is known to grant locks to none but those who may have them. One system call. */
bool fst_os_locks_are_trusted(fst_os_file file);

/* --------------------------------------------------------------------------- locks -- */

typedef enum fst_lock_mode { FST_SHARED, FST_EXCLUSIVE } fst_lock_mode;

/* Bytes [first, first + length) of a file; length 0: all from `first` on. */
typedef struct fst_range {
    uint64_t first;
    uint64_t length;
} fst_range;

/*
 * Whether locks belong to the process instead of the open file: then two open files of one process
 * do not exclude each other, and closing any of them drops the locks of all. The same answer from
 * the first successful fst_os_file_open on, for as long as the process lives.
 */
bool fst_os_locks_per_process(void);

/*
 * Whether the system can make a shared lock exclusive without letting go of it. Where it cannot,
 * fst_os_lock_try says NOT_SUPPORTED to that.
 */
bool fst_os_locks_can_be_raised(void);

/*
 * Takes the lock, or converts the one this open file has there, without waiting. BUSY: somebody
 * else has it; what this open file had is kept. NOT_SUPPORTED: no locks on this file system, or no
 * such conversion. NO_PERMISSION, OS_ERROR.
 */
fasteners_status fst_os_lock_try(fst_os_file file, fst_lock_mode mode, fst_range range,
                                 int *os_error);

/*
 * Whether the lock would be granted at this moment; takes nothing, or not for longer than the call.
 * OK, or BUSY: somebody outside this open file has one that conflicts. On systems with
 * fst_os_locks_per_process locks of this process are not seen.
 */
fasteners_status fst_os_lock_test(fst_os_file file, fst_lock_mode mode, fst_range range,
                                  int *os_error);

/* Gives the range back. On failure the lock is still there. */
fasteners_status fst_os_unlock(fst_os_file file, fst_range range, int *os_error);

/*
 * A request that is queued in the kernel while its owner sleeps elsewhere.
 *
 * begin: queues the request and returns at once. When it is settled, `done(argument)` is called,
 *        once, from another thread; after done has stored its message it must not touch the
 *        argument's memory any more. OK: it is under way, finish or abandon must follow.
 *        NOT_SUPPORTED: this system cannot queue at present (no thread to be had, for instance):
 *        the caller polls.
 * finish: after done was called: its outcome. OK: the lock is held. BUSY: the system refuses to
 *        queue this request (it sees a deadlock that is none): the caller polls. Any other status:
 *        not held.
 * abandon: at any time instead of finish: ends the request whatever its state, and tells the truth:
 *        OK: the lock was granted and is held. BUSY: it is not held. Another status: not held, and
 *        the system said why. done may be called during abandon, but not after it returned.
 */
typedef struct fst_lock_request {
    void *state; /* the platform's */
} fst_lock_request;

fasteners_status fst_os_lock_begin(fst_lock_request *request, fst_os_file file, fst_lock_mode mode,
                                   fst_range range, void (*done)(void *argument), void *argument,
                                   int *os_error);
fasteners_status fst_os_lock_finish(fst_lock_request *request, int *os_error);
fasteners_status fst_os_lock_abandon(fst_lock_request *request, int *os_error);

/*
 * Who, outside this open file, has a lock that conflicts with an exclusive one on the range. Calls
 * `report` once for an exclusive holder; for each shared holder that it can find, and at least
 * once. What is not known of a holder is zero. NOT_FOUND: nobody. `id` names the file once more. On
 * systems with fst_os_locks_per_process locks of this process are not seen.
 */
typedef void fst_holder_fn(void *user, const fasteners_holder *holder);
fasteners_status fst_os_lock_holders(fst_os_file file, fst_file_id id, fst_range range,
                                     fst_holder_fn *report, void *user, int *os_error);

/*
 * The same as fst_os_lock_try, by a child process that opens the path for reading and writing, and
 * ends. OK: it was granted, and is given back by now. BUSY. NOT_SUPPORTED: a library cannot make
 * such a child here, or there are no locks. On failure: why the child could not be made, could not
 * open the path, or was refused.
 */
fasteners_status fst_os_lock_try_in_child(const char *path, fst_lock_mode mode, fst_range range,
                                          int *os_error);

/* This process as a holder. */
void fst_os_describe_self(fasteners_holder *holder);

#endif
