/* SPDX-License-Identifier: Apache-2.0 */
#include "guarded.h"

#include <sched.h>
#include <string.h>

#include "../unit/unit_test.h"

static _Atomic unsigned violations;
static _Atomic unsigned unexpected;

void guarded_init(guarded *thing, const fasteners_rw_lock_options *options)
{
    memset(thing, 0, sizeof(*thing));
    assert_int_equal(fasteners_rw_lock_init(&thing->lock, options), FASTENERS_OK);
}

/* Inside a section: others run into it. */
static void dawdle(void)
{
    static _Thread_local unsigned turn;

    if (++turn % 16 == 0)
        sched_yield();
}

void look(guarded *thing)
{
    atomic_fetch_add(&thing->readers, 1);
    dawdle();
    check(atomic_load(&thing->writers) == 0);
    check(thing->first == thing->second);
    atomic_fetch_sub(&thing->readers, 1);
}

static void begin_change(guarded *thing)
{
    check(atomic_fetch_add(&thing->writers, 1) == 0);
    check(atomic_load(&thing->readers) == 0);
    thing->first++;
    dawdle();
}

void change(guarded *thing)
{
    check(thing->first == thing->second);
    begin_change(thing);
    thing->second++;
    atomic_fetch_sub(&thing->writers, 1);
}

void change_by_half(guarded *thing)
{
    begin_change(thing);
    atomic_fetch_sub(&thing->writers, 1);
}

void make_good(guarded *thing)
{
    thing->second = thing->first;
}

void check(bool holds)
{
    if (!holds)
        atomic_fetch_add(&violations, 1);
}

void expect(fasteners_status status, fasteners_status expected)
{
    if (status != expected)
        atomic_fetch_add(&unexpected, 1);
}

bool entered(fasteners_status status, int64_t timeout_ms)
{
    if (status == FASTENERS_OK)
        return true;
    if (timeout_ms == FASTENERS_FOREVER)
        expect(status, FASTENERS_OK);
    else
        expect(status, timeout_ms == FASTENERS_NO_WAIT ? FASTENERS_BUSY : FASTENERS_TIMED_OUT);
    return false;
}

bool nothing_went_wrong(void)
{
    return atomic_load(&violations) == 0 && atomic_load(&unexpected) == 0;
}

void assert_nothing_went_wrong(void)
{
    assert_int_equal(atomic_load(&violations), 0);
    assert_int_equal(atomic_load(&unexpected), 0);
}

void assert_free(guarded *thing)
{
    assert_int_equal(fasteners_rw_lock_owner(&thing->lock), FASTENERS_OWNER_NONE);
    assert_int_equal(fasteners_rw_lock_destroy(&thing->lock), FASTENERS_OK);
}

unsigned draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 10) % below;
}
