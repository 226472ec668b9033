/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../platform.h"
#include "../posix/cancel_posix.h"

/* Reads the beginning of a file of /proc, as text; empty if it cannot be read. */
static void read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = -1;

    if (fd >= 0) {
        do {
            count = read(fd, text, size - 1);
        } while (count < 0 && errno == EINTR);
        close(fd);
    }
    text[count > 0 ? count : 0] = '\0';
}

/* The 22nd field of stat, in ticks since the machine was started. The second may hold blanks. */
static uint64_t start_of(int64_t pid)
{
    char path[40];
    char text[1024];
    uint64_t start = 0;

    snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
    read_text(path, text, sizeof(text));
    const char *at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at != NULL && sscanf(at, " %" SCNu64, &start) == 1 ? start : 0;
}

static uint64_t own_pid_space(void)
{
    struct stat info;

    return stat("/proc/self/ns/pid", &info) == 0 ? (uint64_t)info.st_ino : 0;
}

void fst_os_describe_process(fst_process *process)
{
    int cancel = fst_posix_no_cancel();

    *process =
        (fst_process){.pid = getpid(), .pid_space = own_pid_space(), .start = start_of(getpid())};
    read_text("/proc/sys/kernel/random/boot_id", process->boot, sizeof(process->boot));
    gethostname(process->host, sizeof(process->host) - 1);
    fst_posix_cancel_as(cancel);
}

bool fst_os_process_exists(const fst_process *process)
{
    fst_process self;

    fst_os_describe_process(&self);
    if (strcmp(process->boot, self.boot) != 0 || process->pid_space != self.pid_space)
        return false;
    int cancel = fst_posix_no_cancel();
    bool exists = process->start != 0 && start_of(process->pid) == process->start;
    fst_posix_cancel_as(cancel);
    return exists;
}
