/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_FCNTL_POSIX_H
#define FST_FCNTL_POSIX_H

/*
 * Which commands of fcntl(2) take locks on this system: those whose locks belong to the open file
 * where the kernel has them, the classic ones, whose locks belong to the process, elsewhere.
 */

#include <stdbool.h>

typedef struct fst_fcntl_commands {
    int get, set, set_and_wait;
    bool per_process;
} fst_fcntl_commands;

/* Those in use. */
const fst_fcntl_commands *fst_fcntl_chosen(void);

/* Makes the choice at the first file that is opened; fd is that file. */
void fst_fcntl_choose(int fd);

#endif
