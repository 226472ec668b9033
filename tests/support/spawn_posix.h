/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SPAWN_POSIX_H
#define TESTS_SUPPORT_SPAWN_POSIX_H

/* What spawn.h offers on systems with fork alone. */

#include "spawn.h"

/*
 * Talks to a process that the test did not start itself (a child of a child), through two FIFOs
 * that exist already: the process reads the first and writes the second. To be called before the
 * process opens them. child_wait on it waits for its end and returns 0, since its exit status goes
 * to its parent.
 */
child *child_attach(const char *command_fifo, const char *reply_fifo);

/* Says which process is at the other end, once it has opened both FIFOs. */
void child_attached(child *whom, long pid);

#endif
