/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_FORK_POSIX_H
#define FST_FORK_POSIX_H

/* What each part of the platform does about a fork. */

/* lock_request_posix.c: the waiter threads exist in the parent alone. */
void fst_requests_fork_prepare(void);
void fst_requests_fork_parent(void);
void fst_requests_fork_child(void);

/* park_*.c: nobody is parked in the child. */
void fst_park_fork_child(void);

/* fork_mark_*.c: makes fst_os_fork_unseen answer false in this process. */
void fst_fork_mark_process(void);

#endif
