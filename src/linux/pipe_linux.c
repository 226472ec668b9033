/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "../posix/pipe_posix.h"

#include <fcntl.h>
#include <unistd.h>

int fst_posix_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK);
}
