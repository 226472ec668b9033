/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "../support/patience.h"
#include "../unit/unit_test.h"
#include "forced.h"
#include "guarded.h"
#include "hold_table.h"

/*
 * T7: threads begin, use several locks, and end all the time, many of them holding something. What
 * is forced: argv[1].
 */

enum { LOCKS = 6, MAX_PLACES = 64, LIVES = 2400 };

#define FOREVER FASTENERS_FOREVER
#define OK FASTENERS_OK

static guarded things[LOCKS];

/* What the ending threads have held, and what the log says about it. */
static _Atomic long reads_left, writes_left, reads_logged, writes_logged;

/* One thread after the other lives here. */
typedef struct place {
    pthread_t thread;
    unsigned seed;
    long lives;
} place;

static void count_line(void *user, fasteners_log_level level, const char *message)
{
    static const char read[] = "a thread ended while it held the lock for reading";

    (void)user;
    (void)level;
    atomic_fetch_add(strcmp(message, read) == 0 ? &reads_logged : &writes_logged, 1);
}

static void look_if_whole(guarded *thing)
{
    if (!fasteners_rw_lock_was_abandoned(&thing->lock))
        look(thing);
}

/* The holder is a writer. */
static void repair_and_change(guarded *thing)
{
    if (fasteners_rw_lock_was_abandoned(&thing->lock))
        make_good(thing);
    change(thing);
}

static void read_some(unsigned *seed, guarded *thing)
{
    expect(fasteners_rw_lock_acquire_read(&thing->lock, FOREVER), OK);
    look_if_whole(thing);
    if (draw(seed, 3) == 0) {
        expect(fasteners_rw_lock_acquire_read(&thing->lock, FOREVER), OK);
        look_if_whole(thing);
        expect(fasteners_rw_lock_release_read(&thing->lock), OK);
    }
    expect(fasteners_rw_lock_release_read(&thing->lock), OK);
}

static void write_some(unsigned *seed, guarded *thing)
{
    expect(fasteners_rw_lock_acquire_write(&thing->lock, FOREVER), OK);
    repair_and_change(thing);
    if (draw(seed, 3) == 0) {
        expect(fasteners_rw_lock_downgrade(&thing->lock), OK);
        look(thing);
        expect(fasteners_rw_lock_release_read(&thing->lock), OK);
    } else {
        expect(fasteners_rw_lock_release_write(&thing->lock), OK);
    }
}

static void leave_read(unsigned *seed, guarded *thing)
{
    expect(fasteners_rw_lock_acquire_read(&thing->lock, FOREVER), OK);
    if (draw(seed, 2) == 0)
        expect(fasteners_rw_lock_acquire_read(&thing->lock, FOREVER), OK);
    look_if_whole(thing);
    atomic_fetch_add(&reads_left, 1);
}

static void leave_write(unsigned *seed, guarded *thing)
{
    expect(fasteners_rw_lock_acquire_write(&thing->lock, FOREVER), OK);
    repair_and_change(thing);
    atomic_fetch_add(&writes_left, 1);
    switch (draw(seed, 3)) {
    case 0:
        change_by_half(thing);
        break;
    case 1:
        expect(fasteners_rw_lock_acquire_write(&thing->lock, FOREVER), OK);
        break;
    default:
        expect(fasteners_rw_lock_acquire_read(&thing->lock, FOREVER), OK);
        atomic_fetch_add(&reads_left, 1);
    }
}

/* In the order of the locks: a thread that holds one waits for those further on only. */
static void end_holding(unsigned *seed)
{
    for (int i = 0; i < LOCKS; i++) {
        switch (draw(seed, 8)) {
        case 0:
        case 1:
            leave_read(seed, &things[i]);
            break;
        case 2:
            leave_write(seed, &things[i]);
            break;
        default:
            break;
        }
    }
}

static void *live(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;

    for (unsigned i = draw(&seed, 6); i > 0; i--) {
        guarded *thing = &things[draw(&seed, LOCKS)];
        if (draw(&seed, 4) == 0)
            write_some(&seed, thing);
        else
            read_some(&seed, thing);
    }
    if (draw(&seed, 2) == 0)
        end_holding(&seed);
    return NULL;
}

static void *have_lives(void *argument)
{
    place *self = argument;

    for (long i = 0; i < self->lives; i++) {
        pthread_t thread;
        uintptr_t seed = self->seed + (uintptr_t)i * 7919;
        bool born = pthread_create(&thread, NULL, live, (void *)seed) == 0;
        check(born);
        if (born)
            check(pthread_join(thread, NULL) == 0);
    }
    return NULL;
}

/* What nobody has come upon is found now. */
static void find_what_was_left(void)
{
    for (int i = 0; i < LOCKS; i++) {
        expect(fasteners_rw_lock_acquire_write(&things[i].lock, FASTENERS_NO_WAIT), OK);
        repair_and_change(&things[i]);
        expect(fasteners_rw_lock_release_write(&things[i].lock), OK);
        assert_false(fasteners_rw_lock_was_abandoned(&things[i].lock));
        assert_free(&things[i]);
    }
    assert_nothing_went_wrong();
    assert_int_equal(reads_logged, reads_left);
    assert_int_equal(writes_logged, writes_left);
}

static void run_places(int count, uint32_t preference)
{
    static place places[MAX_PLACES];
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    options.preference = preference;
    options.log = count_line;
    for (int i = 0; i < LOCKS; i++)
        guarded_init(&things[i], &options);
    for (int i = 0; i < count; i++) {
        places[i].seed = (unsigned)(i * 104729 + count);
        places[i].lives = test_rounds(LIVES) / count + 1;
        assert_int_equal(pthread_create(&places[i].thread, NULL, have_lives, &places[i]), 0);
    }
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_join(places[i].thread, NULL), 0);
    find_what_was_left();
    /* The records of threads that have ended are used again; one more is the main thread's. */
    assert_in_range(fst_record_count(), 1, MAX_PLACES + 1);
}

static void threads_come_and_go(void **state)
{
    static const int sizes[] = {1, 2, 4, 16, MAX_PLACES};

    (void)state;
    for (uint32_t preference = 1; preference <= FASTENERS_PREFER_PHASE_FAIR; preference++)
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
            run_places(sizes[i], preference);
}

/* One thread at a time needs one record beside the main thread's, however many there are. */
static void records_are_used_again(void **state)
{
    (void)state;
    run_places(1, FASTENERS_PREFER_WRITERS);
    assert_in_range(fst_record_count(), 1, 2);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_used_again),
        cmocka_unit_test(threads_come_and_go),
    };

    if (count > 1)
        force(words[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
