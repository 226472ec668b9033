/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who holds a lock, on Linux.
 *
 * The kernel names the process that took a classic lock, but not the one behind an open file
 * description lock: such a lock belongs to an open file, which several processes may have. That one
 * is looked for in /proc, where every process lists, in fdinfo, the locks held through its
 * descriptors. A process is named only if its own list shows the lock; whatever cannot be looked at
 * is passed over, and if that leaves nobody, or several who could have taken it, the answer is
 * "unknown".
 *
 * A process is looked at through a descriptor of its /proc directory: should it die and its number
 * be used again meanwhile, that descriptor does not lead to the new process.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../posix/cancel_posix.h"
#include "../posix/fcntl_posix.h"
#include "../posix/lock_posix.h"
#include "../printable.h"

/* The lock that is looked for. */
struct wanted {
    const char *kind; /* as fdinfo calls it: "OFDLCK" or "POSIX"; "": either */
    bool shared;
    fst_range range;
    fst_file_id id;
    int own_fd; /* of this process; what is held through it does not count */
};

/* text files of /proc -------------------------------------------------------------------------- */

/* Long enough for each line that is looked for; of longer ones the rest is dropped. */
#define LINE_SIZE 160

struct line_reader {
    int fd;
    size_t next;
    size_t filled;
    char buffer[512];
};

static int open_below(int directory, const char *name, int flags)
{
    int fd;
    do {
        fd = openat(directory, name, flags | O_RDONLY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static bool refill(struct line_reader *reader)
{
    ssize_t count;
    do {
        count = read(reader->fd, reader->buffer, sizeof(reader->buffer));
    } while (count < 0 && errno == EINTR);
    reader->next = 0;
    reader->filled = count > 0 ? (size_t)count : 0;
    return count > 0;
}

/* False at the end of the file, or if it cannot be read (its process has ended). */
static bool read_line(struct line_reader *reader, char line[LINE_SIZE])
{
    size_t length = 0;
    bool any = false;
    while (reader->next < reader->filled || refill(reader)) {
        char c = reader->buffer[reader->next++];
        any = true;
        if (c == '\n')
            break;
        if (length < LINE_SIZE - 1)
            line[length++] = c;
    }
    line[length] = '\0';
    return any;
}

/* Finds the first line for which `matches` says so and leaves it in `line`. */
static bool find_line(int directory, const char *name, char line[LINE_SIZE],
                      bool (*matches)(const char *line, const void *argument), const void *argument)
{
    struct line_reader reader = {.fd = open_below(directory, name, 0)};
    if (reader.fd < 0)
        return false;
    bool found = false;
    while (!found && read_line(&reader, line))
        found = matches(line, argument);
    close(reader.fd);
    return found;
}

static bool any_line(const char *line, const void *argument)
{
    (void)line;
    (void)argument;
    return true;
}

static bool starts_with(const char *line, const void *prefix)
{
    return strncmp(line, prefix, strlen(prefix)) == 0;
}

/*
 * Whether /proc numbers the processes as this process does: a container may see the /proc of
 * its host. The NSpid line has one number for each pid namespace between the two, and one more.
 */
static bool proc_is_of_own_namespace(void)
{
    char line[LINE_SIZE];
    int number;
    int second;
    return find_line(AT_FDCWD, "/proc/self/status", line, starts_with, "NSpid:") &&
           sscanf(line, "NSpid: %d %d", &number, &second) == 1;
}

/* The short name of a process, which may have chosen it. */
static void read_program(int directory, const char *name, fasteners_holder *holder)
{
    char line[LINE_SIZE];
    if (!find_line(directory, name, line, any_line, NULL))
        return;
    fst_make_printable(line);
    snprintf(holder->program, sizeof(holder->program), "%.*s", (int)sizeof(holder->program) - 1,
             line);
}

/* who shows the lock in /proc ------------------------------------------------------------------ */

static bool overlaps(fst_range range, uint64_t first, uint64_t last)
{
    return last >= range.first && (first < range.first || first - range.first < range.length);
}

/* For instance "lock:<tab>1: OFDLCK  ADVISORY  WRITE -1 08:01:131075 0 EOF". */
static bool is_wanted_lock(const char *line, const void *argument)
{
    const struct wanted *wanted = argument;
    char kind[8];
    char mode[8];
    char end[24];
    uint64_t first;
    if (sscanf(line, "lock: %*d: %7s %*s %7s %*s %*s %" SCNu64 " %23s", kind, mode, &first, end) !=
        4)
        return false;
    uint64_t last = strcmp(end, "EOF") == 0 ? UINT64_MAX : strtoull(end, NULL, 10);
    return (wanted->kind[0] == '\0' || strcmp(kind, wanted->kind) == 0) &&
           strcmp(mode, wanted->shared ? "READ" : "WRITE") == 0 &&
           overlaps(wanted->range, first, last);
}

/*
 * Whether the lock is held through this descriptor of the process. The file is compared by what
 * stat says: the device in the line itself is another one on btrfs and overlay. stat comes last and
 * so never touches the files of strangers, whose server may hang.
 */
static bool fd_holds(int process, const char *number, const struct wanted *wanted)
{
    char name[48];
    char line[LINE_SIZE];
    snprintf(name, sizeof(name), "fdinfo/%.20s", number);
    if (!find_line(process, name, line, is_wanted_lock, wanted))
        return false;
    struct stat status;
    snprintf(name, sizeof(name), "fd/%.20s", number);
    if (fstatat(process, name, &status, 0) != 0)
        return false;
    fst_file_id id = {.device = (uint64_t)status.st_dev, .inode = (uint64_t)status.st_ino};
    return fst_file_id_equal(id, wanted->id);
}

static bool is_number(const char *name)
{
    return name[0] != '\0' && name[strspn(name, "0123456789")] == '\0';
}

static DIR *open_list(int process, const char *name)
{
    int fd = open_below(process, name, O_DIRECTORY);
    if (fd < 0)
        return NULL;
    DIR *list = fdopendir(fd);
    if (list == NULL)
        close(fd);
    return list;
}

static bool process_holds(int process, bool is_self, const struct wanted *wanted)
{
    DIR *descriptors = open_list(process, "fdinfo");
    if (descriptors == NULL)
        return false;
    bool holds = false;
    const struct dirent *entry;
    while (!holds && (entry = readdir(descriptors)) != NULL) {
        if (!is_number(entry->d_name))
            continue;
        if (is_self && atoi(entry->d_name) == wanted->own_fd)
            continue;
        holds = fd_holds(process, entry->d_name, wanted);
    }
    closedir(descriptors);
    return holds;
}

/* Describes the process in *candidate if it holds the lock. */
static bool examine_process(int processes, const char *number, const struct wanted *wanted,
                            fasteners_holder *candidate)
{
    int process = open_below(processes, number, O_DIRECTORY);
    if (process < 0)
        return false;
    long pid = atol(number);
    bool is_self = pid == (long)getpid();
    /* What this process holds shows up at all its descriptors then, and is not asked for. */
    bool holds =
        !(is_self && fst_os_locks_per_process()) && process_holds(process, is_self, wanted);
    if (holds) {
        candidate->pid = pid;
        read_program(process, "comm", candidate);
    }
    close(process);
    return holds;
}

/* Reports every process that shows the lock, at most so many; returns their number. */
static int report_processes(const struct wanted *wanted, int enough, fst_holder_fn *report,
                            void *user)
{
    DIR *processes = open_list(AT_FDCWD, "/proc");
    if (processes == NULL)
        return 0;
    int count = 0;
    const struct dirent *entry;
    while (count < enough && (entry = readdir(processes)) != NULL) {
        fasteners_holder found = {.shared = wanted->shared};
        if (!is_number(entry->d_name) ||
            !examine_process(dirfd(processes), entry->d_name, wanted, &found))
            continue;
        report(user, &found);
        count++;
    }
    closedir(processes);
    return count;
}

static void keep_holder(void *user, const fasteners_holder *holder)
{
    *(fasteners_holder *)user = *holder;
}

/*
 * Names the process that holds an open file description lock. An exclusive one that several
 * processes show was inherited by all of them but one, and nothing tells which: nobody is named.
 */
static void find_process(const struct wanted *wanted, fasteners_holder *holder)
{
    fasteners_holder found;
    if (report_processes(wanted, 2, keep_holder, &found) == 1)
        *holder = found;
}

/* what the kernel says ------------------------------------------------------------------------- */

static bool is_fuse(int fd)
{
    struct statfs status;
    return fstatfs(fd, &status) != 0 || status.f_type == FUSE_SUPER_MAGIC;
}

/*
 * Names the process that took a classic lock, as the kernel told. On FUSE the kernel only passes on
 * what a server said, which may mean a process of another machine: there /proc must agree.
 */
static void name_process(const struct wanted *wanted, pid_t pid, fasteners_holder *holder)
{
    fasteners_holder found = {.pid = pid, .shared = wanted->shared};
    char name[32];
    snprintf(name, sizeof(name), "/proc/%ld", (long)pid);
    int process = proc_is_of_own_namespace() ? open_below(AT_FDCWD, name, O_DIRECTORY) : -1;
    bool sure = !is_fuse(wanted->own_fd) || (process >= 0 && process_holds(process, false, wanted));
    if (process >= 0) {
        read_program(process, "comm", &found);
        close(process);
    }
    if (sure)
        *holder = found;
}

static int query(int fd, struct flock *lock)
{
    int result;

    do {
        result = fcntl(fd, fst_fcntl_chosen()->get, lock);
    } while (result != 0 && errno == EINTR);
    return result;
}

static void name_holder(struct wanted *wanted, pid_t pid, fasteners_holder *holder)
{
    wanted->kind = pid > 0 ? "POSIX" : "OFDLCK";
    /* Other values than -1 stand for processes of other machines or outside our pid namespace. */
    if (pid > 0)
        name_process(wanted, pid, holder);
    else if (pid == -1 && proc_is_of_own_namespace())
        find_process(wanted, holder);
}

/* The kernel names one of several shared holders, /proc all that may be looked at. */
static bool report_shared(const struct wanted *wanted, fst_holder_fn *report, void *user)
{
    return wanted->shared && proc_is_of_own_namespace() &&
           report_processes(wanted, INT_MAX, report, user) > 0;
}

fasteners_status fst_os_lock_holders(fst_os_file file, fst_file_id id, fst_range range,
                                     fst_holder_fn *report, void *user, int *os_error)
{
    struct flock lock = fst_posix_flock(F_WRLCK, range);
    int fd = (int)file.handle;

    if (query(fd, &lock) != 0)
        return fst_posix_lock_failure(os_error);
    if (lock.l_type == F_UNLCK) {
        *os_error = 0;
        return FASTENERS_NOT_FOUND;
    }
    struct wanted wanted = {
        .kind = "", .shared = lock.l_type == F_RDLCK, .range = range, .id = id, .own_fd = fd};
    fasteners_holder holder = {.shared = wanted.shared};
    int cancel = fst_posix_no_cancel();
    if (!report_shared(&wanted, report, user)) {
        name_holder(&wanted, lock.l_pid, &holder);
        report(user, &holder);
    }
    fst_posix_cancel_as(cancel);
    return FASTENERS_OK;
}

void fst_os_describe_self(fasteners_holder *holder)
{
    int cancel = fst_posix_no_cancel();

    *holder = (fasteners_holder){.pid = getpid()};
    read_program(AT_FDCWD, "/proc/self/comm", holder);
    fst_posix_cancel_as(cancel);
}
