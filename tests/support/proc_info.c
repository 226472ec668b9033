/* SPDX-License-Identifier: Apache-2.0 */
#include "proc_info.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "patience.h"

/* ---------------------------------------------------------------------------- locks -- */

uint64_t inode_of(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 ? (uint64_t)found.st_ino : 0;
}

/*
 * "1: -> OFDLCK ADVISORY  WRITE -1 fe:00:1234 0 0"; the arrow marks a waiting request. The device
 * is not compared: overlay and btrfs show another one than stat does.
 */
static void count_line(const char *line, uint64_t inode, file_locks *locks)
{
    char kind[16];
    uint64_t found;
    const char *arrow = strstr(line, "-> ");
    const char *rest = arrow != NULL ? arrow + 3 : strchr(line, ' ');

    if (rest == NULL || sscanf(rest, "%15s %*s %*s %*s %*x:%*x:%" SCNu64, kind, &found) != 2 ||
        found != inode)
        return;
    if (strcmp(kind, "OFDLCK") == 0)
        locks->ofd++;
    else if (strcmp(kind, "POSIX") == 0)
        locks->classic++;
    else
        return;
    if (arrow != NULL)
        locks->queued++;
    else
        locks->held++;
}

enum { ALL_LOCKS = 1 << 20, WHOLE_ANSWER = 3000 };

/*
 * The kernel gives the list page by page, and whatever is locked between two pages, anywhere on the
 * machine, makes it show a line twice or not at all. An answer that leaves room on the page is the
 * whole list as it was at one moment: asking on, even for the end, would spoil it.
 */
static void read_list(int list, char *text)
{
    size_t length = 0;
    ssize_t got;

    do {
        got = read(list, text + length, ALL_LOCKS - 1 - length);
        if (got > 0)
            length += (size_t)got;
    } while (got >= WHOLE_ANSWER);
    text[length] = '\0';
}

file_locks locks_on_inode(uint64_t inode)
{
    file_locks locks = {0};
    int list = open("/proc/locks", O_RDONLY | O_CLOEXEC);
    char *text = malloc(ALL_LOCKS);
    char *rest = text;
    char *line;

    if (list >= 0 && text != NULL) {
        read_list(list, text);
        while ((line = strtok_r(rest, "\n", &rest)) != NULL)
            count_line(line, inode, &locks);
    }
    if (list >= 0)
        close(list);
    free(text);
    return locks;
}

file_locks locks_on(const char *path)
{
    uint64_t inode = inode_of(path);

    return inode != 0 ? locks_on_inode(inode) : (file_locks){0};
}

typedef struct queue {
    uint64_t inode;
    int length;
} queue;

/* More than once, for the case that the list is longer than a page. */
static bool is_that_long(void *argument)
{
    const queue *wanted = argument;

    for (int looks = 0; looks < 3; looks++)
        if (locks_on_inode(wanted->inode).queued < wanted->length)
            return false;
    return true;
}

bool wait_until_inode_queued(uint64_t inode, int n)
{
    queue wanted = {.inode = inode, .length = n};

    return test_wait_until(is_that_long, &wanted);
}

bool wait_until_queued(const char *path, int n)
{
    return wait_until_inode_queued(inode_of(path), n);
}

/* -------------------------------------------------------------------------- threads -- */

long sleeps_of(long pid, long thread)
{
    char path[64];
    char line[256];
    long sleeps = -1;
    FILE *status;

    snprintf(path, sizeof(path), "/proc/%ld/task/%ld/status", pid, thread);
    status = fopen(path, "r");
    if (status == NULL)
        return -1;
    while (sleeps < 0 && fgets(line, sizeof(line), status) != NULL)
        if (sscanf(line, "voluntary_ctxt_switches: %ld", &sleeps) != 1)
            sleeps = -1;
    fclose(status);
    return sleeps;
}

static char state_of(long pid, long thread)
{
    char path[64];
    char text[512];
    const char *end;
    FILE *stat_file;
    size_t length;

    snprintf(path, sizeof(path), "/proc/%ld/task/%ld/stat", pid, thread);
    stat_file = fopen(path, "r");
    if (stat_file == NULL)
        return '?';
    length = fread(text, 1, sizeof(text) - 1, stat_file);
    fclose(stat_file);
    text[length] = '\0';
    end = strrchr(text, ')'); /* the name before it may contain anything */
    return end != NULL && end[1] == ' ' ? end[2] : '?';
}

#define CALM_LOOKS 10
#define NAPS 4

typedef struct sleeper {
    long pid;
    long thread;
    long sleeps;
    int calm; /* looks in a row at which it slept the same sleep */
    int naps; /* looks at which it slept another one */
} sleeper;

static bool sleeps_on(void *argument)
{
    sleeper *watched = argument;
    long sleeps = sleeps_of(watched->pid, watched->thread);

    watched->naps += sleeps != watched->sleeps;
    if (sleeps != watched->sleeps || state_of(watched->pid, watched->thread) != 'S')
        watched->calm = 0;
    else
        watched->calm++;
    watched->sleeps = sleeps;
    return watched->calm >= CALM_LOOKS;
}

static bool naps_or_sleeps_on(void *argument)
{
    const sleeper *watched = argument;

    return sleeps_on(argument) || watched->naps >= NAPS;
}

bool wait_until_asleep(long pid, long thread)
{
    sleeper watched = {.pid = pid, .thread = thread, .sleeps = -1};

    return test_wait_until(sleeps_on, &watched);
}

bool wait_until_waiting(long pid, long thread)
{
    sleeper watched = {.pid = pid, .thread = thread, .sleeps = -1};

    return test_wait_until(naps_or_sleeps_on, &watched);
}

/* --------------------------------------------------------------------------- counts -- */

static int count_entries(const char *path)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    int count = 0;

    if (directory == NULL)
        return -1;
    while ((entry = readdir(directory)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

int count_descriptors(long pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%ld/fd", pid);
    return count_entries(path);
}

int count_threads(long pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%ld/task", pid);
    return count_entries(path);
}

long this_thread(void)
{
    return (long)syscall(SYS_gettid);
}

void note_call_begins(const char *path)
{
    (void)path;
}

void note_call_ends(const char *path)
{
    (void)path;
}

bool is_wine(void)
{
    return false;
}

bool host_name(char *name, size_t size)
{
    return gethostname(name, size - 1) == 0;
}
