/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_IPC_PROBE_H
#define FASTENERS_IPC_PROBE_H

/*
 * Whether file locks can be relied on in a directory.
 *
 * Nearly everywhere they can. But some file systems in user space (FUSE) answer every request for a
 * lock with "granted", some network file systems have no locks, or only among the programs of one
 * machine. A program that lets its users choose where the lock lies can ask first:
 *
 *     fasteners_probe_report report = FASTENERS_PROBE_REPORT_INIT;
 *     fasteners_status status;
 *
 *     status = fasteners_ipc_probe("/srv/shared", &report);
 *     if (status == FASTENERS_NOT_SUPPORTED)
 *         printf("locks do not work here (%s)\n", report.filesystem);
 *     else if (report.verdict == FASTENERS_LOCKS_EXCLUDE_HERE)
 *         printf("locks work among the programs of this machine\n");
 */

#include <stdbool.h>
#include <stddef.h>

#include <fasteners/attributes.h>
#include <fasteners/status.h>

FASTENERS_BEGIN_DECLS

/*
 * What came of it.
 *
 * EXCLUDE       locks exclude, and the file system belongs to this machine alone
 * EXCLUDE_HERE  locks exclude on this machine. Other machines may use the same files, or it is not
 *               known whether they do: that they are excluded too cannot be tried from here
 * FALSE         a lock was granted though another one was held: it excludes nobody
 * MISSING       the file system refuses locks
 */
typedef enum fasteners_verdict {
    FASTENERS_LOCKS_EXCLUDE = 1,
    FASTENERS_LOCKS_EXCLUDE_HERE = 2,
    FASTENERS_LOCKS_FALSE = 3,
    FASTENERS_LOCKS_MISSING = 4
} fasteners_verdict;

/* Where the files are. */
typedef enum fasteners_locality {
    FASTENERS_LOCALITY_UNKNOWN = 0, /* in user space, or in a file system not known here */
    FASTENERS_LOCALITY_LOCAL = 1,   /* on this machine */
    FASTENERS_LOCALITY_REMOTE = 2   /* on another one, which may serve further machines */
} fasteners_locality;

/*
 * Filled in by fasteners_ipc_probe. What could not be tried is false, zero or "". New fields are
 * only ever appended: an older program, with a shorter struct, gets what it has room for.
 */
typedef struct fasteners_probe_report {
    size_t size; /* sizeof(fasteners_probe_report), set by FASTENERS_PROBE_REPORT_INIT */
    fasteners_verdict verdict;
    fasteners_locality locality;
    bool exclusive_excludes; /* an exclusive lock keeps out shared and exclusive ones */
    bool shared_excludes;    /* a shared lock keeps out exclusive ones */
    bool shared_shares;      /* a shared lock lets in shared ones */
    bool between_processes;  /* all this with another process; false if none could be made */
    char filesystem[32];     /* the system's name for its type, for instance "ext4"; "" = unknown */
    int os_error;            /* the system's error number behind a failure, or 0 */
} fasteners_probe_report;

#define FASTENERS_PROBE_REPORT_INIT                                                                \
    {                                                                                              \
        sizeof(fasteners_probe_report), (fasteners_verdict)0, FASTENERS_LOCALITY_UNKNOWN, false,   \
            false, false, false, "", 0                                                             \
    }

/*
 * Creates a scratch file in the directory, locks it through one open file and tries to do so
 * through another one and from a child process; removes the file. Takes milliseconds on a local
 * file system. If the process is killed meanwhile, an empty file ".fasteners-probe-..." stays.
 *
 * The child process runs nothing of the program's. On Linux the program does not notice it; other
 * POSIX systems run the program's fork handlers and send SIGCHLD, and a program that ignores that
 * signal gets OS_ERROR. May be called by any thread.
 *
 * report may be NULL. It is filled in whatever is returned, but for INVALID.
 *
 * FASTENERS_OK             locks exclude there (verdict EXCLUDE or EXCLUDE_HERE)
 * FASTENERS_NOT_SUPPORTED  they do not (verdict FALSE or MISSING)
 * FASTENERS_NOT_FOUND      there is no such directory, or one of the kernel's own in which nothing
 *                          can be created (/proc)
 * FASTENERS_NO_PERMISSION  no file can be created there; tells nothing about locks
 * FASTENERS_INVALID        directory is NULL, empty or no directory, or report->size is too small
 * FASTENERS_NO_MEMORY, FASTENERS_OS_ERROR
 *                          the system cannot do it (for instance: no room, no descriptor left, no
 *                          process to be had); tells nothing about locks
 */
FASTENERS_API fasteners_status fasteners_ipc_probe(const char *directory,
                                                   fasteners_probe_report *report);

FASTENERS_END_DECLS

#endif
