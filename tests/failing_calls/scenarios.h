/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCENARIOS_H
#define SCENARIOS_H

/*
 * What a program does with a lock while one of its system calls fails. `prepare` and `judge` run
 * upon a system that works. One of lock and rwlock is in use; `other` is a further handle on the
 * same file.
 */

#include <stdbool.h>
#include <stddef.h>

#include <fasteners.h>

typedef struct scene {
    const char *directory;
    char path[512];
    fasteners_ipc_options options;
    fasteners_ipc_lock *lock;
    fasteners_ipc_rwlock *rwlock;
    fasteners_ipc_lock *other;
    fasteners_status status; /* of the call that counts */
    bool reads, writes;      /* what was held before that call */
} scene;

typedef struct scenario {
    const char *name;
    void (*prepare)(scene *scene);
    void (*act)(scene *scene);
    /* What is held after that status: "r", "w", or "" for nothing. */
    const char *(*holds)(const scene *scene);
} scenario;

extern const scenario scenarios[];
extern const size_t scenario_count;

#endif
