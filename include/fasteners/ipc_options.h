/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_IPC_OPTIONS_H
#define FASTENERS_IPC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fasteners/attributes.h>
#include <fasteners/fiber.h>

FASTENERS_BEGIN_DECLS

/*
 * How serious a log line is.
 *
 * ERROR: the system refused something, and the call failed with it; the line names the call, the
 * path, the status and the system's reason.
 * WARNING: the call did what it should, but something is worth a look (the lock file could not be
 * removed, the wait had to poll).
 * INFO: something unusual was dealt with (the lock file was replaced).
 */
typedef enum fasteners_log_level {
    FASTENERS_LOG_ERROR = 1,
    FASTENERS_LOG_WARNING = 2,
    FASTENERS_LOG_INFO = 3
} fasteners_log_level;

/*
 * Receives one line of text, without a line feed, valid during the call only. Called by the thread
 * that made the call which is reported, after that call has let go of every internal mutex and of
 * the lock's internal state: it may use the same lock. It must neither destroy it nor return in a
 * forked child.
 */
typedef void (*fasteners_log_fn)(void *user, fasteners_log_level level, const char *message);

/*
 * Sleeps for about `ms` milliseconds (1 or more) on behalf of a polling wait. May return early; the
 * lock is then tried early. Called with no internal mutex held, while the calling thread is the one
 * of its handle whose turn it is to try. It must neither destroy the lock nor return in a forked
 * child.
 */
typedef void (*fasteners_sleep_fn)(void *user, int64_t ms);

/*
 * Options of the inter-process locks. Start from FASTENERS_IPC_OPTIONS_INIT and set what shall
 * differ; a zero field is the default.
 *
 *     fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
 *
 *     options.fair = true;
 *     options.mode = 0660;
 *     status = fasteners_ipc_lock_create(&lock, path, &options);
 *
 * The struct is copied by create; it need not outlive that call. New fields are only ever
 * appended: a program built with an older header goes on to work, and one built with a newer header
 * gets FASTENERS_INVALID if it sets a field that this library does not know.
 */
typedef struct fasteners_ipc_options {
    /* sizeof(fasteners_ipc_options), set by FASTENERS_IPC_OPTIONS_INIT. */
    size_t size;

    /*
     * Permission bits of a lock file that acquire creates, at most 0777, exactly as given whatever
     * the umask is. 0: 0666 less the umask. A file that exists already is never changed. If the
     * process dies in the act, an empty file ".fasteners-<pid>-<n>" may stay beside it. Users who
     * shall share an exclusive lock need to be able to write the file: 0666, or 0660 and a common
     * group. Nothing on Windows, where a file inherits from its directory who may do what.
     */
    uint32_t mode;

    /*
     * Of fasteners_ipc_rwlock alone: FASTENERS_PREFER_READERS, which is the default (0), or
     * FASTENERS_PREFER_WRITERS (rw_lock.h). With the latter, readers wait behind a waiting writer,
     * and a waiting writer shows itself to such readers; each costs one more system call.
     */
    uint32_t preference;

    /*
     * Waiting processes queue at a gate, so that one that releases and re-acquires at once lets
     * those through who already sleep there. Where sections are shorter than a wake-up, a process
     * may still get several turns in a row. Costs one more system call per acquire. Holds among the
     * processes that set it; others are excluded all the same, but may overtake.
     */
    bool fair;

    /*
     * Follow a symbolic link at the last component of the path. Default: a symbolic link there is
     * FASTENERS_INVALID, since whoever may write the directory could point it at any file of yours.
     * Links among the directories are always followed.
     */
    bool follow_symlinks;

    /*
     * Remove the lock file at each release. Safe for everybody who locks through this library,
     * since each acquire looks whether the path still names the file that was locked. Not safe
     * together with programs that do not look, Python's fasteners among them: they may go on with
     * the removed file. Default: the file stays, which is what you want unless the directory would
     * fill up. A symbolic link that was followed is not removed, nor what it names.
     * `fair` is of little use with it: the gate goes with the file.
     */
    bool unlink_on_release;

    /*
     * Write into the lock file who holds it (exclusively) since when, and whether it was given
     * back. fasteners_ipc_lock_was_abandoned then tells the next owner that the one before died, a
     * number of the grant (fasteners_ipc_lock_generation) grows as long as the file exists, and
     * fasteners_ipc_lock_holder tells more. All who use the lock should set it: who does not leaves
     * no trace. Who locks a file exclusively that holds anything but such a record gets
     * FASTENERS_INVALID, and the file is left alone. If the record cannot be written, for instance
     * since the disk is full, acquire fails. (Under a limit of the file size below 576 bytes,
     * RLIMIT_FSIZE, the system sends SIGXFSZ, as for any write.)
     * Two lines of text, 576 bytes; written without waiting for the disk. Costs five more system
     * calls per acquire and release. Never used to decide who owns the lock. Where the file cannot
     * be written when the lock is given back (no room), the next owner is told that this one died;
     * the log has a warning then.
     */
    bool record_owner;

    /*
     * Lock although the file system grants every lock to everybody, as some in user space (FUSE)
     * do: you know that nobody else comes there, or have another way to be sure. Default: acquire
     * tries its first lock out where the file system is not known to be honest, and returns
     * FASTENERS_NOT_SUPPORTED if it excludes nobody. (Found out on Linux alone, and by a user who
     * may write the file; elsewhere ask fasteners_ipc_probe.)
     */
    bool allow_unreliable_filesystem;

    /*
     * Polling instead of queueing in the kernel, as Python's acquire(delay, max_delay) does: after
     * the n-th failed try sleep n * delay_ms, at most max_delay_ms. Setting `sleep` or `delay_ms`
     * chooses it. Ask for it only where a wait must go through a scheduler of your own (`sleep`),
     * or on file systems whose blocking waits misbehave.
     *
     * delay_ms: 0 = 10 when polling was chosen by `sleep`. max_delay_ms: 0 = 100; less than
     * delay_ms = delay_ms. Negative: FASTENERS_INVALID. sleep: NULL = sleep inside the library,
     * where cancel ends it at once; a sleep of yours is let finish first.
     */
    int64_t delay_ms;
    int64_t max_delay_ms;
    fasteners_sleep_fn sleep;
    void *sleep_user;

    /*
     * Who holds and who waits is the fiber that this function names, instead of the thread: fibers
     * that share a thread exclude each other. Wants `sleep` (else FASTENERS_INVALID), which lets
     * other fibers run and is called in every wait, also for another fiber of this process. NULL:
     * the thread.
     */
    fasteners_current_fn current;
    void *current_user;

    /* Receives the log lines, see fasteners_log_fn. NULL: no log. */
    fasteners_log_fn log;
    void *log_user;
} fasteners_ipc_options;

/* The rest is zero in C and in C++ alike. */
#ifdef __cplusplus
#define FASTENERS_IPC_OPTIONS_INIT fasteners_ipc_options_init_()
#else
#define FASTENERS_IPC_OPTIONS_INIT                                                                 \
    {                                                                                              \
        .size = sizeof(fasteners_ipc_options)                                                      \
    }
#endif

#ifdef __cplusplus
/* Not to be called by name. */
static inline fasteners_ipc_options fasteners_ipc_options_init_()
{
    fasteners_ipc_options options = fasteners_ipc_options();
    options.size = sizeof(options);
    return options;
}
#endif

FASTENERS_END_DECLS

#endif
