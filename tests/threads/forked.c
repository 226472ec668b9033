/* SPDX-License-Identifier: Apache-2.0 */
#include "forked.h"

#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../support/patience.h"

static int run(pid_t pid, void (*body)(void))
{
    int status = 0;

    if (pid == 0) {
        alarm((unsigned)(test_patience_ms() / 1000));
        body();
        /* ThreadSanitizer's _exit waits a second for threads that a clone does not have. */
        syscall(SYS_exit_group, 0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int run_in_child(void (*body)(void))
{
    return run(fork(), body);
}

int run_in_clone(void (*body)(void))
{
    return run((pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL), body);
}
