/* SPDX-License-Identifier: Apache-2.0 */
#include "team.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Longer than any job; what takes longer hangs. */
#define PATIENCE_MS 90000

void team_init(struct team *team, const struct peer *peer, const char *directory)
{
    memset(team, 0, sizeof(*team));
    team->peer = peer;
    int length = snprintf(team->path, sizeof(team->path), "%s/%s", directory, peer->name);
    int fd = -1;
    if (length < (int)sizeof(team->path))
        fd = open(team->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    team->failed = fd < 0 || (peer->prepare && !peer->prepare(team->path));
    if (fd >= 0)
        close(fd);
}

static void run_python(const struct team *team, int jobs, int answers)
{
    if (dup2(jobs, STDIN_FILENO) >= 0 && dup2(answers, STDOUT_FILENO) >= 0)
        execl(BENCH_PYTHON, BENCH_PYTHON, BENCH_WORKER, team->peer->python, team->path,
              (char *)NULL);
    _exit(EXIT_FAILURE);
}

/* In the child. Ends with its parent, however that ends. */
static void be_worker(const struct team *team, pid_t driver, int jobs, int answers)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != driver)
        _exit(EXIT_FAILURE);
    if (team->peer->python)
        run_python(team, jobs, answers);
    _exit(worker_run(team->peer, team->path, jobs, answers));
}

static bool start_member(struct team *team, int member)
{
    int jobs[2], answers[2];
    if (pipe2(jobs, O_CLOEXEC) != 0)
        return false;
    if (pipe2(answers, O_CLOEXEC) != 0) {
        close(jobs[0]), close(jobs[1]);
        return false;
    }
    pid_t driver = getpid(), pid = fork();
    if (pid == 0) {
        close(answers[0]), close(jobs[1]);
        be_worker(team, driver, jobs[0], answers[1]);
    }
    close(jobs[0]), close(answers[1]);
    team->members[member] = (struct member){pid > 0 ? pid : 0, jobs[1], answers[0]};
    return pid > 0;
}

bool team_grow(struct team *team, int size)
{
    bool fresh[TEAM_MOST] = {false};
    for (int i = 0; i < size && !team->failed; i++) {
        fresh[i] = team->members[i].pid == 0;
        team->failed = fresh[i] && !start_member(team, i);
    }
    int64_t answer[WORKER_NUMBERS];
    for (int i = 0; i < size && !team->failed; i++)
        if (fresh[i])
            team_hear(team, i, answer);
    return !team->failed;
}

bool team_tell(struct team *team, int member, struct job job)
{
    if (!team->failed &&
        dprintf(team->members[member].jobs, "%s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n",
                job.name, job.given[0], job.given[1], job.given[2], job.given[3]) < 0)
        team->failed = true;
    return !team->failed;
}

/* A line. There is never more than one under way. */
static bool read_line(int fd, char *line, size_t size)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    size_t length = 0;
    while (length == 0 || line[length - 1] != '\n') {
        if (length == size - 1 || poll(&ready, 1, PATIENCE_MS) != 1)
            return false;
        ssize_t more = read(fd, line + length, size - 1 - length);
        if (more <= 0)
            return false;
        length += (size_t)more;
    }
    line[length] = '\0';
    return true;
}

bool team_hear(struct team *team, int member, int64_t *answer)
{
    char line[160];
    if (team->failed)
        return false;
    if (!read_line(team->members[member].answers, line, sizeof(line)) ||
        sscanf(line, "ok %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &answer[0], &answer[1],
               &answer[2], &answer[3]) != WORKER_NUMBERS)
        team->failed = true;
    return !team->failed;
}

bool team_ask(struct team *team, int member, struct job job, int64_t *answer)
{
    int64_t ignored[WORKER_NUMBERS];
    return team_tell(team, member, job) && team_hear(team, member, answer ? answer : ignored);
}

void team_kill(struct team *team, int member)
{
    struct member *gone = &team->members[member];
    if (gone->pid == 0)
        return;
    kill(gone->pid, SIGKILL);
    while (waitpid(gone->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    close(gone->jobs), close(gone->answers);
    gone->pid = 0;
}

void team_dismiss(struct team *team)
{
    for (int i = 0; i < TEAM_MOST; i++)
        team_kill(team, i);
}

bool team_excludes(struct team *team)
{
    const struct job take = {.name = "take"}, try = {.name = "try"}, give = {.name = "give"};
    int64_t while_held[WORKER_NUMBERS], when_free[WORKER_NUMBERS];
    return team_grow(team, 2) && team_ask(team, 0, take, NULL) &&
           team_ask(team, 1, try, while_held) && team_ask(team, 0, give, NULL) &&
           team_ask(team, 1, try, when_free) && team_ask(team, 1, give, NULL) && !while_held[0] &&
           when_free[0];
}

bool team_shares(struct team *team)
{
    const struct job read = {.name = "rtake"}, end = {.name = "rgive"}, try = {.name = "try"};
    int64_t while_read[WORKER_NUMBERS];
    return team_grow(team, 2) && team_ask(team, 0, read, NULL) && team_ask(team, 1, read, NULL) &&
           team_ask(team, 1, end, NULL) && team_ask(team, 1, try, while_read) &&
           team_ask(team, 0, end, NULL) && !while_read[0];
}
