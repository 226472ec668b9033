/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STRESS_ACTOR_H
#define TESTS_STRESS_ACTOR_H

/* A worker process, and the threads in it that do things. */

#include "handles.h"
#include "monitor.h"

/* What a thread holds of a path through one handle. Of a mere lock, that is one write. */
typedef struct hold {
    uint32_t reads, writes;
    uint64_t epoch; /* that of its slot */
    bool is_steady; /* the epoch was the same before the acquire and after it, and even */
} hold;

typedef struct actor {
    identity who;
    struct worker *worker;
    dice dice;
    pthread_t thread;
    _Atomic bool has_ended;
    handle own[MAX_PATHS];
    hold holds[MAX_PATHS][HANDLES];
} actor;

typedef struct worker {
    arena *arena;
    int index;
    uint64_t incarnation;
    int threads;
    dice dice;
    handle common[MAX_PATHS];
    actor actors[MAX_THREADS];
    bool crowds;         /* its threads prefer one handle, and so meet in it */
    bool cancels;        /* its threads cancel each other's waits, which else could hang */
    _Atomic bool begins; /* all threads are there */
    _Atomic bool ends;
    bool ends_patiently;       /* meant only if `ends` */
    _Atomic uint64_t scarcity; /* odd: the process's limits are lowered */
    pthread_mutex_t alone;     /* for whoever lowers them, or execs */
} worker;

static inline handle *handle_of(actor *me, int path, int which)
{
    return which == COMMON ? &me->worker->common[path] : &me->own[path];
}

static inline seat_state *seat_of(const actor *me)
{
    return &me->who.arena->worker[me->who.worker].seats[me->who.seat];
}

static inline bool is_held(const hold *of)
{
    return of->reads != 0 || of->writes != 0;
}

bool holds_path(const actor *me, int path);
bool holds_nothing(const actor *me);

/* The life of a thread, from its handles' creation to their end. */
void *actor_run(void *actor);

/* One deed at random. */
void actor_step(actor *me);

/* Seats a forked child where its thread was. It holds nothing. */
void actor_become_child(actor *me);

/* Creates the own handles that are missing. */
void actor_make_handles(actor *me);

#endif
