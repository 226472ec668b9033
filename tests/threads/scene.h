/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCENE_H
#define SCENE_H

/*
 * A lock and threads that come to it one after the other, by their numbers: each is known to wait
 * before the next one comes, so that their order is the test's and not the scheduler's. All
 * functions assert, and belong to the main thread.
 */

#include "actor.h"

enum { SCENE_ACTORS = 8 };

extern fasteners_rw_lock scene_lock;

/* For cmocka; a lock with scene_preference. The end asserts that the lock is free. */
extern uint32_t scene_preference;
int scene_begin(void **state);
int scene_end(void **state);

/* Makes the call, which does not wait. */
void does(int who, actor_call call);
void fails(int who, actor_call call, fasteners_status status);
/* Begins the call, which waits (until its time-out, which may come early). */
void comes(int who, actor_call call);
void comes_for(int who, actor_call call, int64_t timeout_ms);
/* Of all that wait this one is the first whose wait ends; with OK. */
void is_next(int who);
/* The one whose wait ends first; with OK. */
int somebody_gets_in(void);
/* Its wait ends with OK; others may be in before it. */
void gets_in(int who);
/* Its wait ends by its time-out. */
void gives_up(int who);
void still_waits(int who);

#endif
