/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../platform.h"
#include "cancel_posix.h"
#include "errors_posix.h"
#include "open_posix.h"
#include "pipe_posix.h"

/*
 * An event is a pipe with one byte in it. Not an eventfd, though that is one descriptor less: one
 * of those cannot be told from another, and a program that closes all descriptors may have opened a
 * file of its own under our number by the time we write.
 */

static bool is_end_of(int fd, uint64_t id)
{
    struct stat info;

    return fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode) && (uint64_t)info.st_ino == id;
}

static void close_end(intptr_t end, uint64_t id)
{
    if (is_end_of((int)end, id))
        fst_posix_close((int)end);
}

fasteners_status fst_os_event_open(fst_os_event *event, int *os_error)
{
    int ends[2];
    struct stat info;

    if (fst_posix_pipe(ends) != 0)
        return fst_posix_failure(os_error);
    if (fstat(ends[0], &info) != 0) {
        fasteners_status status = fst_posix_failure(os_error);
        fst_posix_close(ends[0]);
        fst_posix_close(ends[1]);
        return status;
    }
    event->descriptor = ends[0];
    event->other = ends[1];
    event->id = (uint64_t)info.st_ino;
    return FASTENERS_OK;
}

/* An empty pipe takes a byte at once, so no failure is to be thought of. */
void fst_os_event_set(const fst_os_event *event)
{
    const char byte = 0;
    int cancel = fst_posix_no_cancel();

    while (is_end_of((int)event->other, event->id) &&
           write((int)event->other, &byte, sizeof(byte)) < 0 && errno == EINTR)
        continue;
    fst_posix_cancel_as(cancel);
}

void fst_os_event_close(const fst_os_event *event)
{
    close_end(event->descriptor, event->id);
    close_end(event->other, event->id);
}

/* The parent's pipe must neither be written to nor kept open. */
void fst_os_event_renew(fst_os_event *event)
{
    fst_os_event fresh = {0};
    int ignored;
    int number = (int)event->descriptor;
    bool is_ours = is_end_of(number, event->id);

    close_end(event->other, event->id);
    if (!is_ours || fst_os_event_open(&fresh, &ignored) != FASTENERS_OK) {
        close_end(number, event->id);
        event->id = 0;
        return;
    }
    fst_os_event_set(&fresh);
    dup2((int)fresh.descriptor, number);
    fcntl(number, F_SETFD, FD_CLOEXEC);
    fst_posix_close((int)fresh.descriptor);
    *event = fresh;
    event->descriptor = number;
}
