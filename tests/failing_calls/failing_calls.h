/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAILING_CALLS_H
#define FAILING_CALLS_H

/*
 * A library that stands between libfasteners and the C library: it passes on the calls that
 * libfasteners makes of the system, and fails the one that it was told to fail. It is linked in
 * front, so the loader finds its functions first.
 */

#include <stdbool.h>

enum failing_call {
    CALL_OPEN,
    CALL_CLOSE, /* closes all the same */
    CALL_FSTAT,
    CALL_FSTATFS,
    CALL_STAT, /* of a path: stat or lstat */
    CALL_LOCK,
    CALL_UNLOCK,
    CALL_LOCK_AND_WAIT,
    CALL_TEST_LOCK,
    CALL_DUPLICATE,
    CALL_UNLINK,
    CALL_LINK,
    CALL_FCHMOD,
    CALL_MKDIR,
    CALL_READ,
    CALL_WRITE,
    CALL_CREATE_THREAD,
    CALLS
};

/* For messages. */
const char *failing_call_name(enum failing_call call);

/*
 * From now on the nth call of this kind (from 1), and the `times` - 1 calls after it, fail with
 * this error number; with EBADF the descriptor is really closed. Forgets what was to fail before.
 */
void failing_calls_arm(enum failing_call call, int nth, int times, int error);

/* None fails any more. */
void failing_calls_disarm(void);

/* Whether a call was failed since failing_calls_arm. */
bool failing_calls_struck(void);

#endif
