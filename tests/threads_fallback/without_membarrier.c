/* SPDX-License-Identifier: Apache-2.0 */

/*
 * without_membarrier ENOSYS|EPERM COMMAND [ARGUMENT]...
 *
 * Runs a command in whose process membarrier(2) fails from the start: as on an old kernel, or in a
 * sandbox. Exit status 77 if this system cannot do that.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "deny.h"

enum { EXIT_SKIPPED = 77, EXIT_TROUBLE = 2 };

int main(int count, char **words)
{
    if (count < 3 || (strcmp(words[1], "ENOSYS") != 0 && strcmp(words[1], "EPERM") != 0)) {
        fputs("usage: without_membarrier ENOSYS|EPERM COMMAND [ARGUMENT]...\n", stderr);
        return EXIT_TROUBLE;
    }
    if (!deny_membarrier(strcmp(words[1], "ENOSYS") == 0 ? ENOSYS : EPERM)) {
        perror("skipped: no filter for system calls");
        return EXIT_SKIPPED;
    }
    execvp(words[2], words + 2);
    perror(words[2]);
    return EXIT_TROUBLE;
}
