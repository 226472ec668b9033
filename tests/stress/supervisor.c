/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aftermath.h"
#include "monitor.h"
#include "patience.h"
#include "report.h"
#include "troupe.h"

typedef struct supervisor {
    arena *arena;
    dice dice;
    troupe_member members[MAX_WORKERS];
    run_summary summary;
    uint64_t pace_ms; /* of what the supervisor does, in this round */
    bool kills;
    bool has_failed;
} supervisor;

static void fail(supervisor *self)
{
    self->has_failed = true;
}

/* -------------------------------------------------------------------------- the members -- */

static void start(supervisor *self, troupe_member *member)
{
    self->summary.starts++;
    if (troupe_start(self->arena, member))
        return;
    perror("fork");
    fail(self);
}

static void start_all(supervisor *self)
{
    for (int i = 0; i < self->arena->workers; i++)
        start(self, &self->members[i]);
}

static troupe_member *member_with(supervisor *self, pid_t pid)
{
    for (int i = 0; i < self->arena->workers; i++)
        if (self->members[i].pid == pid)
            return &self->members[i];
    return NULL;
}

static void judge_end(supervisor *self, const troupe_member *member, int result)
{
    bool killed = atomic_load(&self->arena->worker[member->index].doomed) != 0 &&
                  WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL;

    if (killed || (WIFEXITED(result) && WEXITSTATUS(result) == 0))
        return;
    printf("worker %d (%s, pid %ld) ended with %s %d\n", member->index,
           member->is_python ? "Python" : "C", member->pid,
           WIFSIGNALED(result) ? "signal" : "status",
           WIFSIGNALED(result) ? WTERMSIG(result) : WEXITSTATUS(result));
    fail(self);
}

/* Orphans of killed workers end here too. False: there is nothing to collect at this moment. */
static bool collect_one(supervisor *self)
{
    int result;
    pid_t pid = waitpid(-1, &result, WNOHANG);
    troupe_member *member = pid > 0 ? member_with(self, pid) : NULL;

    if (member != NULL) {
        judge_end(self, member, result);
        troupe_bury(self->arena, member);
    }
    return pid > 0;
}

static void collect(supervisor *self)
{
    while (collect_one(self))
        continue;
    if (atomic_load(&self->arena->violated) != NO_VIOLATION)
        fail(self);
}

static void start_missing(supervisor *self)
{
    for (int i = 0; i < self->arena->workers && !self->has_failed; i++)
        if (self->members[i].pid == 0)
            start(self, &self->members[i]);
}

/* Not every kernel has it. */
static FILE *open_children(void)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    return fopen(path, "re");
}

static bool may_linger(void)
{
    FILE *list = open_children();

    if (list != NULL)
        fclose(list);
    return list != NULL;
}

static bool is_any_child_left(void)
{
    siginfo_t info;

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* Children of workers included, which become ours when those die. */
static uint64_t count_children(void)
{
    FILE *list = open_children();
    uint64_t count = 0;
    int ignored;

    while (list != NULL && fscanf(list, "%d", &ignored) == 1)
        count++;
    if (list != NULL)
        fclose(list);
    return count != 0 ? count : is_any_child_left();
}

static bool is_any_worker_left(const supervisor *self)
{
    for (int i = 0; i < self->arena->workers; i++)
        if (self->members[i].pid != 0)
            return true;
    return false;
}

/* ------------------------------------------------------------------------- the disturber -- */

static void kill_somebody(supervisor *self)
{
    troupe_member *victim = &self->members[throw_dice(&self->dice, (uint64_t)self->arena->workers)];

    if (victim->pid == 0)
        return;
    self->summary.kills++;
    troupe_kill(self->arena, victim);
}

static void replace_file(const char *name)
{
    char other[PATH_LENGTH + 8];

    snprintf(other, sizeof(other), "%s.new", name);
    int fd = open(other, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return;
    close(fd);
    rename(other, name);
}

static void move_file_away(const char *name)
{
    char other[PATH_LENGTH + 8];

    snprintf(other, sizeof(other), "%s.old", name);
    rename(name, other);
}

/* A file that is not there cannot be removed, which is all right. */
static void sabotage(supervisor *self)
{
    int path = (int)throw_dice(&self->dice, (uint64_t)self->arena->paths);
    uint64_t how = throw_dice(&self->dice, 3);
    char name[PATH_LENGTH];

    if (class_of(path) != SABOTAGED)
        return;
    arena_lock_path(self->arena, path, name);
    atomic_fetch_add(&self->arena->path[path].epoch, 1);
    if (how == 0)
        unlink(name);
    else if (how == 1)
        move_file_away(name);
    else
        replace_file(name);
    atomic_fetch_add(&self->arena->path[path].epoch, 1);
    self->summary.sabotages++;
}

static void disturb(supervisor *self)
{
    uint64_t what = throw_dice(&self->dice, 100);

    test_pause_ms(1 + (int64_t)throw_dice(&self->dice, self->pace_ms));
    collect(self);
    start_missing(self);
    if (what < 40 && self->kills)
        kill_somebody(self);
    if (what >= 40 && what < 90)
        sabotage(self);
}

/* ------------------------------------------------------------------- the end of a round -- */

static void kill_all(supervisor *self)
{
    for (int i = 0; i < self->arena->workers; i++)
        if (self->members[i].pid != 0)
            troupe_kill(self->arena, &self->members[i]);
}

static bool has_ended(void *argument)
{
    supervisor *self = argument;

    collect(self);
    return self->has_failed ||
           (!is_any_worker_left(self) && count_children() == atomic_load(&self->arena->orphans));
}

static bool is_nobody_left(void *argument)
{
    collect(argument);
    return count_children() == 0;
}

/*
 * Until there is nobody but children that have lost their parent, and hold nothing.
 * Beyond the patience of the workers themselves, who know better what hangs. Twice, since a forked
 * child is given the same.
 */
static void wait_for_end(supervisor *self)
{
    if (test_wait_until(has_ended, self) || test_wait_until(has_ended, self) ||
        test_wait_until(has_ended, self))
        return;
    printf("somebody does not end\n");
    fail(self);
}

static void end_round(supervisor *self)
{
    uint64_t how = throw_dice(&self->dice, 4);

    if (how == 0 && self->kills)
        kill_all(self);
    atomic_store(&self->arena->stop, how == 1 ? STOP_AT_ONCE : STOP_PATIENTLY);
    wait_for_end(self);
    atomic_store(&self->arena->stop, GO_ON);
}

/* ------------------------------------------------------------------------ what is left -- */

static void check_paths(supervisor *self)
{
    for (int path = 0; path < self->arena->paths && !self->has_failed; path++)
        if (!aftermath_is_right(self->arena, path))
            fail(self);
}

static void end_orphans(supervisor *self)
{
    atomic_fetch_add(&self->arena->frees_orphans, 1);
    if (!test_wait_until(is_nobody_left, self))
        fail(self);
    for (int path = 0; path < self->arena->paths; path++)
        atomic_store(&self->arena->path[path].upgrader_died, 0);
}

/* --------------------------------------------------------------------------------- run -- */

/* In some rounds hardly anybody lives to do anything, in some there is time for long waits. */
static uint64_t some_pace_ms(dice *by)
{
    static const uint64_t paces_ms[] = {15, 60, 250};

    return paces_ms[throw_dice(by, 3)] * (SANITIZED ? 5 : 1);
}

static void play_round(supervisor *self, int64_t end)
{
    int64_t until = test_now() + (500 + (int64_t)throw_dice(&self->dice, 2500)) * 1000000;

    self->pace_ms = some_pace_ms(&self->dice);
    self->kills = !one_in(&self->dice, 3);
    self->arena->favourite = (int)throw_dice(&self->dice, (uint64_t)self->arena->paths);
    self->summary.rounds++;
    start_all(self);
    while (!self->has_failed && test_now() < until && test_now() < end)
        disturb(self);
    if (!self->has_failed)
        end_round(self);
    if (!self->has_failed)
        check_paths(self);
    if (!self->has_failed)
        end_orphans(self);
}

/* Those of a worker become ours when it dies. */
static bool are_all_killed(void *argument)
{
    FILE *list = open_children();
    int pid;

    while (list != NULL && fscanf(list, "%d", &pid) == 1)
        kill(pid, SIGKILL);
    if (list != NULL)
        fclose(list);
    return is_nobody_left(argument);
}

static void end_in_failure(supervisor *self)
{
    report_failure(self->arena, self->members);
    kill_all(self);
    test_wait_until(are_all_killed, self);
}

bool supervise(arena *in, int64_t seconds)
{
    static supervisor self;
    int64_t end = test_now() + seconds * 1000000000;

    self.arena = in;
    self.dice = dice_for(in->seed, MAX_WORKERS, 0, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    in->may_linger = may_linger();
    for (int i = 0; i < in->workers; i++)
        self.members[i] = (troupe_member){.index = i, .is_python = i >= in->workers - in->pythons};
    for (int path = 0; path < in->paths; path++)
        atomic_store(&in->path[path].epoch, FIRST_EPOCH);
    while (!self.has_failed && test_now() < end)
        play_round(&self, end);
    if (self.has_failed)
        end_in_failure(&self);
    report_summary(in, &self.summary, !self.has_failed);
    return !self.has_failed;
}
