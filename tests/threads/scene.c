/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include "../support/patience.h"
#include "../unit/unit_test.h"
#include "hooked.h"

fasteners_rw_lock scene_lock;
uint32_t scene_preference;

static actor actors[SCENE_ACTORS];
static bool waits[SCENE_ACTORS];
static bool broken; /* the scene before has not come to its end: its actors may be stuck */

int scene_begin(void **state)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    (void)state;
    if (broken)
        return -1;
    broken = true;
    options.preference = scene_preference;
    hook(&options);
    assert_int_equal(fasteners_rw_lock_init(&scene_lock, &options), FASTENERS_OK);
    for (int i = 0; i < SCENE_ACTORS; i++) {
        waits[i] = false;
        actor_start(&actors[i]);
    }
    return 0;
}

int scene_end(void **state)
{
    (void)state;
    assert_int_equal(fasteners_rw_lock_owner(&scene_lock), FASTENERS_OWNER_NONE);
    assert_false(fasteners_rw_lock_has_pending_writers(&scene_lock));
    for (int i = 0; i < SCENE_ACTORS; i++)
        actor_end(&actors[i]);
    assert_int_equal(fasteners_rw_lock_destroy(&scene_lock), FASTENERS_OK);
    broken = false;
    return 0;
}

/* Whoever came either waits or has done with it: one that was to give up may have done so. */
static bool all_wait(void *argument)
{
    int waiting = 0;

    (void)argument;
    for (int i = 0; i < SCENE_ACTORS; i++)
        waiting += waits[i] && actor_is_waiting(&actors[i]);
    return waiters_of(&scene_lock) == waiting;
}

static bool upgrades(void *argument)
{
    return has_upgrader(&scene_lock) || !actor_is_waiting(argument);
}

void does(int who, actor_call call)
{
    fails(who, call, FASTENERS_OK);
}

void fails(int who, actor_call call, fasteners_status status)
{
    int64_t timeout_ms = status == FASTENERS_BUSY ? FASTENERS_NO_WAIT : FASTENERS_FOREVER;

    assert_int_equal(actor_do(&actors[who], &scene_lock, call, timeout_ms), status);
}

void comes(int who, actor_call call)
{
    comes_for(who, call, FASTENERS_FOREVER);
}

void comes_for(int who, actor_call call, int64_t timeout_ms)
{
    waits[who] = true;
    actor_begin(&actors[who], &scene_lock, call, timeout_ms);
    assert_true(test_wait_until(call == UPGRADE ? upgrades : all_wait, &actors[who]));
}

int somebody_gets_in(void)
{
    actor *waiters[SCENE_ACTORS + 1] = {NULL};
    int count = 0;

    for (int i = 0; i < SCENE_ACTORS; i++)
        if (waits[i])
            waiters[count++] = &actors[i];
    const actor *first = actor_first(waiters);
    assert_non_null(first);
    int who = (int)(first - actors);
    gets_in(who);
    return who;
}

void is_next(int who)
{
    assert_int_equal(somebody_gets_in(), who);
}

void gets_in(int who)
{
    waits[who] = false;
    assert_int_equal(actor_finish(&actors[who]), FASTENERS_OK);
}

void gives_up(int who)
{
    waits[who] = false;
    assert_int_equal(actor_finish(&actors[who]), FASTENERS_TIMED_OUT);
}

void still_waits(int who)
{
    assert_true(actor_is_waiting(&actors[who]));
}
