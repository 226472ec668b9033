/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_CHILD_POSIX_H
#define FST_CHILD_POSIX_H

#include <sys/types.h>

/* A child process, if the system can do so one that the program does not notice. As fork(2). */
pid_t fst_posix_fork_unnoticed(void);

/* What waitpid(2) needs in order to find that child. */
extern const int fst_posix_wait_options;

#endif
