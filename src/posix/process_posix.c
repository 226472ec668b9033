/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include <unistd.h>

#include "../platform.h"

/* POSIX knows no more of a process that another machine could use. */
void fst_os_describe_process(fst_process *process)
{
    *process = (fst_process){.pid = getpid()};
    gethostname(process->host, sizeof(process->host) - 1);
}

bool fst_os_process_exists(const fst_process *process)
{
    (void)process;
    return false;
}
