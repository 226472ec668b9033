/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../support/patience.h"
#include "../unit/unit_test.h"
#include "forced.h"
#include "guarded.h"
#include "hooked.h"
#include "pages.h"

/*
 * Many threads at once, that do all that can be done with locks. argv[1] names what is forced.
 */

enum { LOCKS = 3, MAX_THREADS = 64, ROUNDS = 12000 };

static guarded things[LOCKS];

typedef struct worker {
    pthread_t thread;
    unsigned seed;
    long rounds;
    long written[LOCKS];
} worker;

static int64_t some_timeout(worker *self)
{
    switch (draw(&self->seed, 4)) {
    case 0:
        return FASTENERS_NO_WAIT;
    case 1:
        return 1;
    default:
        return FASTENERS_FOREVER;
    }
}

static void write_to(worker *self, guarded *thing)
{
    change(thing);
    self->written[thing - things]++;
}

static void read_nested(guarded *thing, int levels)
{
    look(thing);
    if (levels > 0) {
        expect(fasteners_rw_lock_acquire_read(&thing->lock, FASTENERS_FOREVER), FASTENERS_OK);
        read_nested(thing, levels - 1);
        expect(fasteners_rw_lock_release_read(&thing->lock), FASTENERS_OK);
    }
}

static void read_it(worker *self, guarded *thing)
{
    int64_t timeout = some_timeout(self);

    if (!entered(fasteners_rw_lock_acquire_read(&thing->lock, timeout), timeout))
        return;
    read_nested(thing, (int)draw(&self->seed, 3));
    if (draw(&self->seed, 4) == 0)
        expect(fasteners_rw_lock_acquire_write(&thing->lock, FASTENERS_FOREVER),
               FASTENERS_WOULD_DEADLOCK);
    look(thing);
    expect(fasteners_rw_lock_release_read(&thing->lock), FASTENERS_OK);
}

static void write_it(worker *self, guarded *thing)
{
    int64_t timeout = some_timeout(self);

    if (!entered(fasteners_rw_lock_acquire_write(&thing->lock, timeout), timeout))
        return;
    write_to(self, thing);
    switch (draw(&self->seed, 4)) {
    case 0:
        expect(fasteners_rw_lock_acquire_write(&thing->lock, FASTENERS_FOREVER), FASTENERS_OK);
        write_to(self, thing);
        expect(fasteners_rw_lock_release_write(&thing->lock), FASTENERS_OK);
        break;
    case 1: /* goes on as a reader */
        expect(fasteners_rw_lock_acquire_read(&thing->lock, FASTENERS_NO_WAIT), FASTENERS_OK);
        write_to(self, thing);
        expect(fasteners_rw_lock_release_write(&thing->lock), FASTENERS_OK);
        look(thing);
        expect(fasteners_rw_lock_release_read(&thing->lock), FASTENERS_OK);
        return;
    case 2:
        expect(fasteners_rw_lock_downgrade(&thing->lock), FASTENERS_OK);
        read_nested(thing, 1);
        expect(fasteners_rw_lock_release_read(&thing->lock), FASTENERS_OK);
        return;
    default:
        break;
    }
    expect(fasteners_rw_lock_release_write(&thing->lock), FASTENERS_OK);
}

static void upgrade_it(worker *self, guarded *thing)
{
    int64_t timeout = some_timeout(self);
    bool twice = draw(&self->seed, 2) == 0;

    expect(fasteners_rw_lock_acquire_read(&thing->lock, FASTENERS_FOREVER), FASTENERS_OK);
    if (twice)
        expect(fasteners_rw_lock_acquire_read(&thing->lock, FASTENERS_FOREVER), FASTENERS_OK);
    look(thing);
    long before = thing->first;
    fasteners_status status = fasteners_rw_lock_upgrade(&thing->lock, timeout);
    if (status == FASTENERS_OK) {
        check(before == thing->first);
        write_to(self, thing);
        if (draw(&self->seed, 2) == 0) {
            expect(fasteners_rw_lock_downgrade(&thing->lock), FASTENERS_OK);
            look(thing);
            expect(fasteners_rw_lock_release_read(&thing->lock), FASTENERS_OK);
        } else {
            expect(fasteners_rw_lock_release_write(&thing->lock), FASTENERS_OK);
        }
    } else {
        if (status != FASTENERS_WOULD_DEADLOCK)
            (void)entered(status, timeout);
        look(thing);
        expect(fasteners_rw_lock_release_read(&thing->lock), FASTENERS_OK);
    }
    if (twice) {
        look(thing);
        expect(fasteners_rw_lock_release_read(&thing->lock), FASTENERS_OK);
    }
}

static void use_two(worker *self, guarded *one, guarded *other)
{
    expect(fasteners_rw_lock_acquire_read(&one->lock, FASTENERS_FOREVER), FASTENERS_OK);
    look(one);
    if (draw(&self->seed, 3) == 0)
        write_it(self, other);
    else
        read_it(self, other);
    look(one);
    expect(fasteners_rw_lock_release_read(&one->lock), FASTENERS_OK);
}

static void do_something(worker *self)
{
    unsigned which = draw(&self->seed, 5) == 0 ? 1 + draw(&self->seed, LOCKS - 1) : 0;

    switch (draw(&self->seed, 10)) {
    case 0:
    case 1:
        write_it(self, &things[which]);
        break;
    case 2:
        upgrade_it(self, &things[which]);
        break;
    case 3:
        if (which + 1 < LOCKS)
            use_two(self, &things[which], &things[which + 1]);
        break;
    default:
        read_it(self, &things[which]);
    }
}

static void *work(void *argument)
{
    worker *self = argument;

    for (long i = 0; i < self->rounds; i++)
        do_something(self);
    return NULL;
}

static void start_team(worker *team, int threads, long rounds)
{
    for (int i = 0; i < threads; i++) {
        team[i].seed = (unsigned)(i * 7919 + threads);
        team[i].rounds = rounds;
        assert_int_equal(pthread_create(&team[i].thread, NULL, work, &team[i]), 0);
    }
}

static void run_team(int threads, uint32_t preference, long rounds)
{
    worker team[MAX_THREADS] = {0};
    long written[LOCKS] = {0};
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    options.preference = preference;
    hook(&options);
    for (int k = 0; k < LOCKS; k++)
        guarded_init(&things[k], &options);
    start_team(team, threads, rounds);
    for (int i = 0; i < threads; i++) {
        assert_int_equal(pthread_join(team[i].thread, NULL), 0);
        for (int k = 0; k < LOCKS; k++)
            written[k] += team[i].written[k];
    }
    assert_nothing_went_wrong();
    for (int k = 0; k < LOCKS; k++) {
        assert_int_equal(things[k].first, written[k]);
        assert_free(&things[k]);
    }
}

static void run_teams(uint32_t preference)
{
    static const int sizes[] = {1, 2, 3, 8, 16, MAX_THREADS};

    for (int repeat = 0; repeat < 3; repeat++)
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
            run_team(sizes[i], preference, test_rounds(ROUNDS) / sizes[i] + 1);
}

static void writers_first(void **state)
{
    (void)state;
    run_teams(FASTENERS_PREFER_WRITERS);
}

static void readers_first(void **state)
{
    (void)state;
    run_teams(FASTENERS_PREFER_READERS);
}

static void phase_fair(void **state)
{
    (void)state;
    run_teams(FASTENERS_PREFER_PHASE_FAIR);
}

/* ------------------------------------------------- T9: freed by whoever holds last -- */

enum { MORTALS = 2000, USERS = 4 };

typedef struct mortal {
    fasteners_rw_lock lock;
    _Atomic int users;
} mortal;

/* One in each page: a page that has been freed faults when it is touched. */
static mortal *mortals[MORTALS];
static size_t page;

static void make_mortals(const fasteners_rw_lock_options *options)
{
    page = page_size();
    char *memory = pages_make(MORTALS);
    assert_non_null(memory);
    for (int i = 0; i < MORTALS; i++) {
        mortals[i] = (mortal *)(void *)(memory + (size_t)i * page);
        assert_int_equal(fasteners_rw_lock_init(&mortals[i]->lock, options), FASTENERS_OK);
        mortals[i]->users = USERS;
    }
}

/* A lock with hooks has memory of its own, too. */
static void let_die(mortal *thing)
{
    if (hooks_wanted)
        expect(fasteners_rw_lock_destroy(&thing->lock), FASTENERS_OK);
    expect(page_free(thing) ? FASTENERS_OK : FASTENERS_OS_ERROR, FASTENERS_OK);
}

static void use_once(mortal *thing, unsigned how)
{
    fasteners_rw_lock *lock = &thing->lock;
    fasteners_status status;

    switch (how) {
    case 0:
        break;
    case 1:
        expect(fasteners_rw_lock_acquire_read(lock, FASTENERS_FOREVER), FASTENERS_OK);
        expect(fasteners_rw_lock_release_read(lock), FASTENERS_OK);
        break;
    case 2:
        (void)entered(status = fasteners_rw_lock_acquire_read(lock, 1), 1);
        if (status == FASTENERS_OK)
            expect(fasteners_rw_lock_release_read(lock), FASTENERS_OK);
        break;
    default:
        (void)entered(status = fasteners_rw_lock_acquire_write(lock, 1), 1);
        if (status == FASTENERS_OK)
            expect(fasteners_rw_lock_release_write(lock), FASTENERS_OK);
    }
}

/* The last one to come knows that all others have let go, though they may be inside still. */
static void die_as_writer(mortal *thing, bool downgrade)
{
    fasteners_rw_lock *lock = &thing->lock;

    expect(fasteners_rw_lock_acquire_write(lock, FASTENERS_FOREVER), FASTENERS_OK);
    bool last = atomic_fetch_sub(&thing->users, 1) == 1;
    if (downgrade && last) {
        expect(fasteners_rw_lock_downgrade(lock), FASTENERS_OK);
        expect(fasteners_rw_lock_release_read(lock), FASTENERS_OK);
    } else {
        expect(fasteners_rw_lock_release_write(lock), FASTENERS_OK);
    }
    if (last)
        let_die(thing);
}

/* The others come as writers: when the count is down to one they have all gone. */
static void die_as_reader(mortal *thing)
{
    fasteners_rw_lock *lock = &thing->lock;

    expect(fasteners_rw_lock_acquire_read(lock, FASTENERS_FOREVER), FASTENERS_OK);
    bool last = atomic_load(&thing->users) == 1;
    expect(fasteners_rw_lock_release_read(lock), FASTENERS_OK);
    if (last)
        let_die(thing);
    else
        die_as_writer(thing, true);
}

static void *use_all_mortals(void *argument)
{
    worker *self = argument;

    for (int i = 0; i < MORTALS; i++) {
        use_once(mortals[i], draw(&self->seed, 4));
        if (self->rounds == 0)
            die_as_reader(mortals[i]);
        else
            die_as_writer(mortals[i], draw(&self->seed, 2) == 0);
    }
    return NULL;
}

static void run_mortals(uint32_t preference)
{
    worker team[USERS] = {0};
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    options.preference = preference;
    hook(&options);
    make_mortals(&options);
    for (int i = 0; i < USERS; i++) {
        team[i].seed = (unsigned)i * 7919;
        team[i].rounds = i;
        assert_int_equal(pthread_create(&team[i].thread, NULL, use_all_mortals, &team[i]), 0);
    }
    for (int i = 0; i < USERS; i++)
        assert_int_equal(pthread_join(team[i].thread, NULL), 0);
    assert_nothing_went_wrong();
}

static void t9_memory_freed_after_the_last_release(void **state)
{
    (void)state;
    for (uint32_t preference = 1; preference <= FASTENERS_PREFER_PHASE_FAIR; preference++)
        run_mortals(preference);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writers_first),
        cmocka_unit_test(readers_first),
        cmocka_unit_test(phase_fair),
        cmocka_unit_test(t9_memory_freed_after_the_last_release),
    };

    if (count > 1)
        force(words[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
