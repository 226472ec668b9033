/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "rw_tuning.h"
#include "unit_test.h"

/*
 * Many threads at once, with an invariant: whoever writes is alone, whoever reads sees no writer,
 * and what the lock guards is never seen half changed. argv[1] names what is forced. The plain
 * fields are there for ThreadSanitizer.
 */

enum { LOCKS = 3, MAX_THREADS = 16, ROUNDS = 3000 };

typedef struct guarded {
    fasteners_rw_lock lock;
    _Atomic int readers, writers;
    long first, second;
} guarded;

static guarded things[LOCKS];
static _Atomic unsigned violations;
static _Atomic unsigned unexpected;

typedef struct worker {
    pthread_t thread;
    unsigned seed;
    long rounds;
    long written[LOCKS];
} worker;

static unsigned draw(worker *self, unsigned below)
{
    self->seed = self->seed * 1664525u + 1013904223u;
    return (self->seed >> 10) % below;
}

static void check(bool holds)
{
    if (!holds)
        atomic_fetch_add(&violations, 1);
}

static void expect(fasteners_status status, fasteners_status expected)
{
    if (status != expected)
        atomic_fetch_add(&unexpected, 1);
}

static int64_t some_timeout(worker *self)
{
    switch (draw(self, 4)) {
    case 0:
        return FASTENERS_NO_WAIT;
    case 1:
        return 1;
    default:
        return FASTENERS_FOREVER;
    }
}

static bool entered(fasteners_status status, int64_t timeout)
{
    if (status == FASTENERS_OK)
        return true;
    if (timeout == FASTENERS_FOREVER)
        expect(status, FASTENERS_OK);
    else
        expect(status, timeout == FASTENERS_NO_WAIT ? FASTENERS_BUSY : FASTENERS_TIMED_OUT);
    return false;
}

/* Inside a section: others run into it. */
static void dawdle(void)
{
    static _Thread_local unsigned turn;

    if (++turn % 16 == 0)
        sched_yield();
}

static void look(guarded *thing)
{
    atomic_fetch_add(&thing->readers, 1);
    dawdle();
    check(atomic_load(&thing->writers) == 0);
    check(thing->first == thing->second);
    atomic_fetch_sub(&thing->readers, 1);
}

static void change(worker *self, guarded *thing)
{
    check(atomic_fetch_add(&thing->writers, 1) == 0);
    check(atomic_load(&thing->readers) == 0);
    thing->first++;
    dawdle();
    thing->second++;
    self->written[thing - things]++;
    atomic_fetch_sub(&thing->writers, 1);
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
    read_nested(thing, (int)draw(self, 3));
    if (draw(self, 4) == 0)
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
    change(self, thing);
    switch (draw(self, 4)) {
    case 0:
        expect(fasteners_rw_lock_acquire_write(&thing->lock, FASTENERS_FOREVER), FASTENERS_OK);
        change(self, thing);
        expect(fasteners_rw_lock_release_write(&thing->lock), FASTENERS_OK);
        break;
    case 1: /* goes on as a reader */
        expect(fasteners_rw_lock_acquire_read(&thing->lock, FASTENERS_NO_WAIT), FASTENERS_OK);
        change(self, thing);
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
    bool twice = draw(self, 2) == 0;

    expect(fasteners_rw_lock_acquire_read(&thing->lock, FASTENERS_FOREVER), FASTENERS_OK);
    if (twice)
        expect(fasteners_rw_lock_acquire_read(&thing->lock, FASTENERS_FOREVER), FASTENERS_OK);
    look(thing);
    long before = thing->first;
    fasteners_status status = fasteners_rw_lock_upgrade(&thing->lock, timeout);
    if (status == FASTENERS_OK) {
        check(before == thing->first);
        change(self, thing);
        if (draw(self, 2) == 0) {
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
    if (draw(self, 3) == 0)
        write_it(self, other);
    else
        read_it(self, other);
    look(one);
    expect(fasteners_rw_lock_release_read(&one->lock), FASTENERS_OK);
}

static void do_something(worker *self)
{
    unsigned which = draw(self, 5) == 0 ? 1 + draw(self, LOCKS - 1) : 0;

    switch (draw(self, 10)) {
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

static void run_team(int threads, uint32_t preference, long rounds)
{
    worker team[MAX_THREADS] = {0};
    long written[LOCKS] = {0};
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    memset(things, 0, sizeof(things));
    options.preference = preference;
    for (int i = 0; i < LOCKS; i++)
        assert_int_equal(fasteners_rw_lock_init(&things[i].lock, &options), FASTENERS_OK);
    for (int i = 0; i < threads; i++) {
        team[i].seed = (unsigned)(i * 7919 + threads);
        team[i].rounds = rounds;
        assert_int_equal(pthread_create(&team[i].thread, NULL, work, &team[i]), 0);
    }
    for (int i = 0; i < threads; i++) {
        assert_int_equal(pthread_join(team[i].thread, NULL), 0);
        for (int k = 0; k < LOCKS; k++)
            written[k] += team[i].written[k];
    }
    assert_int_equal(atomic_load(&violations), 0);
    assert_int_equal(atomic_load(&unexpected), 0);
    for (int k = 0; k < LOCKS; k++) {
        assert_int_equal(things[k].first, written[k]);
        assert_int_equal(fasteners_rw_lock_owner(&things[k].lock), FASTENERS_OWNER_NONE);
        assert_int_equal(fasteners_rw_lock_destroy(&things[k].lock), FASTENERS_OK);
    }
}

static long rounds_for(int threads)
{
    const char *text = getenv("FASTENERS_TEST_DIVISOR"), *more = getenv("FASTENERS_TEST_MULT");
    long divisor = text != NULL ? strtol(text, NULL, 10) : 1;
    long factor = more != NULL ? strtol(more, NULL, 10) : 1;

    return ROUNDS * 4 * factor / threads / (divisor > 0 ? divisor : 1) + 1;
}

static void run_teams(uint32_t preference)
{
    static const int sizes[] = {2, 3, 8, 16};

    for (int repeat = 0; repeat < 3; repeat++)
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
            run_team(sizes[i], preference, rounds_for(sizes[i]));
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

static mortal *mortals[MORTALS];

/* The last writer knows that all others have let go, though their calls may go on still. */
static void use_for_the_last_time(mortal *thing, bool reads)
{
    if (reads) {
        expect(fasteners_rw_lock_acquire_read(&thing->lock, FASTENERS_FOREVER), FASTENERS_OK);
        expect(fasteners_rw_lock_release_read(&thing->lock), FASTENERS_OK);
    }
    expect(fasteners_rw_lock_acquire_write(&thing->lock, FASTENERS_FOREVER), FASTENERS_OK);
    bool last = atomic_fetch_sub(&thing->users, 1) == 1;
    if (reads && last)
        expect(fasteners_rw_lock_downgrade(&thing->lock), FASTENERS_OK);
    if (reads && last)
        expect(fasteners_rw_lock_release_read(&thing->lock), FASTENERS_OK);
    else
        expect(fasteners_rw_lock_release_write(&thing->lock), FASTENERS_OK);
    if (last)
        free(thing);
}

static void *use_all_mortals(void *argument)
{
    worker *self = argument;

    for (int i = 0; i < MORTALS; i++)
        use_for_the_last_time(mortals[i], draw(self, 2) == 0);
    return NULL;
}

static void run_mortals(uint32_t preference)
{
    worker team[USERS] = {0};
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    options.preference = preference;
    for (int i = 0; i < MORTALS; i++) {
        mortals[i] = calloc(1, sizeof(mortal));
        assert_int_equal(fasteners_rw_lock_init(&mortals[i]->lock, &options), FASTENERS_OK);
        mortals[i]->users = USERS;
    }
    for (int i = 0; i < USERS; i++) {
        team[i].seed = (unsigned)i * 7919;
        assert_int_equal(pthread_create(&team[i].thread, NULL, use_all_mortals, &team[i]), 0);
    }
    for (int i = 0; i < USERS; i++)
        assert_int_equal(pthread_join(team[i].thread, NULL), 0);
    assert_int_equal(atomic_load(&unexpected), 0);
}

static void t9_memory_freed_after_the_last_release(void **state)
{
    (void)state;
    for (uint32_t preference = 0; preference <= FASTENERS_PREFER_PHASE_FAIR; preference++)
        run_mortals(preference);
}

static void spins_off(void)
{
    fst_rw_tuning.read_spins = 0;
    fst_rw_tuning.write_spins = 0;
    fst_rw_tuning.head_spins = 0;
    fst_rw_tuning.drain_spins = 0;
}

static void force(const char *what)
{
    if (strstr(what, "central") != NULL)
        fst_rw_tuning.mode = FST_RW_CENTRAL;
    if (strstr(what, "fenced") != NULL)
        fst_rw_tuning.mode = FST_RW_FENCED;
    if (strstr(what, "biased") != NULL)
        fst_rw_tuning.mode = FST_RW_BIASED;
    if (strstr(what, "symmetric") != NULL)
        fst_rw_tuning.symmetric = true;
    if (strstr(what, "hot") != NULL)
        fst_rw_tuning.watched = true;
    if (strstr(what, "spinless") != NULL)
        spins_off();
    if (strstr(what, "napless") != NULL)
        fst_rw_tuning.naps = 0;
    if (strstr(what, "hasty") != NULL)
        fst_rw_tuning.hand_over_ns = fst_rw_tuning.respect_ns = 0;
    if (strstr(what, "fickle") != NULL) {
        fst_rw_tuning.quiet_reads = 64;
        fst_rw_tuning.lone_writes = 2;
        fst_rw_tuning.lone_reads = 2;
    }
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
