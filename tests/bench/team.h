/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_TEAM_H
#define BENCH_TEAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "peer.h"
#include "worker.h"

/*
 * The workers of one peer, as the driver sees them. They stay for the whole run, so that no
 * measurement contains a start. A worker that does not answer, or answers "no", sets `failed`:
 * everything that follows on the team fails, without waiting.
 */

#define TEAM_MOST 32

struct member {
    pid_t pid; /* 0: there is none */
    int jobs;
    int answers;
};

struct team {
    const struct peer *peer;
    char path[128];
    struct member members[TEAM_MOST];
    bool failed;
};

/* A job and, later, its answer; see worker.h. */
struct job {
    const char *name;
    int64_t given[WORKER_NUMBERS];
};

void team_init(struct team *team, const struct peer *peer, const char *directory);

/* Sees to it that members 0 .. size-1 are there. */
bool team_grow(struct team *team, int size);

bool team_tell(struct team *team, int member, struct job job);
bool team_hear(struct team *team, int member, int64_t *answer);

/* Tell and hear. answer may be NULL. */
bool team_ask(struct team *team, int member, struct job job, int64_t *answer);

/* Ends a member by SIGKILL. */
void team_kill(struct team *team, int member);
void team_dismiss(struct team *team);

/* Whether two members exclude each other and the lock is free after a release. */
bool team_excludes(struct team *team);

/* Whether two members read at the same time, and keep a writer out. */
bool team_shares(struct team *team);

#endif
