/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_REPORT_H
#define FST_REPORT_H

/*
 * What is to be told of one call. Collected on the caller's stack while the call works, and sent to
 * the user's log callback at its very end, when the call has let go of everything: so the callback
 * may use the lock.
 */

#include "options.h"

typedef struct fst_report {
    const char *failed;   /* the operation that failed, for people; NULL = none did */
    int os_error;         /* its error number */
    bool replaced;        /* the path named another file than the one that was locked */
    bool descriptor_lost; /* a held file's descriptor was closed behind our back */
    bool cannot_queue;    /* the kernel could not queue the wait: it polled */
    bool unlink_failed;   /* unlink_on_release could not remove the file ... */
    int unlink_error;     /* ... because of this */
    bool record_failed;   /* the owner record could not be brought up to date ... */
    int record_error;     /* ... because of this */
    bool close_failed;    /* closing the file reported an error ... */
    int close_error;      /* ... this one */
} fst_report;

/*
 * Notes a failure unless the status is OK, BUSY or LOST, which are no failures; returns the status.
 */
fasteners_status fst_report_note(fst_report *report, const char *operation, fasteners_status status,
                                 int os_error);

/* Tells the log what was noted. `call` is the public function. */
void fst_report_send(const fst_report *report, const fst_settings *settings, const char *call,
                     fasteners_status status);

#endif
