/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include "fcntl_posix.h"

#include <fcntl.h>

static const fst_fcntl_commands classic = {
    .get = F_GETLK, .set = F_SETLK, .set_and_wait = F_SETLKW, .per_process = true};

const fst_fcntl_commands *fst_fcntl_chosen(void)
{
    return &classic;
}

void fst_fcntl_choose(int fd)
{
    (void)fd;
}
