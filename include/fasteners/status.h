/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_STATUS_H
#define FASTENERS_STATUS_H

#include <fasteners/attributes.h>

FASTENERS_BEGIN_DECLS

/*
 * What became of a call.
 *
 * FASTENERS_OK from an acquire is the only value that means "you hold it": with any other value the
 * lock is not held by this call and there is nothing to release. The numbers are the same on every
 * system and never change.
 *
 *     switch (fasteners_ipc_lock_acquire(lock, 1000)) {
 *     case FASTENERS_OK:
 *         work();
 *         fasteners_ipc_lock_release(lock);
 *         break;
 *     case FASTENERS_TIMED_OUT:
 *         puts("somebody else is at it");
 *         break;
 *     default:
 *         puts("cannot lock at all");
 *         break;
 *     }
 */
typedef enum fasteners_status {
    FASTENERS_OK = 0,             /* done; from an acquire: the lock is held */
    FASTENERS_BUSY = 1,           /* somebody else holds it, and waiting was not asked for */
    FASTENERS_TIMED_OUT = 2,      /* somebody else held it until the time was up */
    FASTENERS_CANCELLED = 3,      /* the wait was ended by a cancel call */
    FASTENERS_WOULD_DEADLOCK = 4, /* the thread would wait for ever for itself */
    FASTENERS_NOT_OWNER = 5,      /* the calling thread does not hold it; nothing was changed */
    FASTENERS_INVALID = 6,        /* an argument is wrong, or the path is no regular file */
    FASTENERS_NO_MEMORY = 7,      /* memory ran out */
    FASTENERS_NO_PERMISSION = 8,  /* the operating system does not allow it to this user */
    FASTENERS_NOT_SUPPORTED = 9,  /* this system or this file system cannot do it */
    FASTENERS_LOST = 10,          /* the lock file was deleted or replaced under the holder */
    FASTENERS_NOT_FOUND = 11,     /* what was asked for is not there */
    FASTENERS_OS_ERROR = 12       /* anything else; the os_error call of the object tells which */
} fasteners_status;

/*
 * A sentence for people, for instance "somebody else holds the lock". Never NULL, whatever the
 * argument; lives for ever; the same in every locale.
 */
FASTENERS_API const char *fasteners_strerror(fasteners_status status);

/*
 * The name for logs, for instance "FASTENERS_BUSY". "FASTENERS_UNKNOWN" for a number that is no
 * status. Never NULL; lives for ever.
 */
FASTENERS_API const char *fasteners_status_name(fasteners_status status);

FASTENERS_END_DECLS

#endif
