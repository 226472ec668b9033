/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <pthread.h>
#include <string.h>

#include "../support/patience.h"
#include "../unit/unit_test.h"
#include "forced.h"
#include "guarded.h"
#include "hooked.h"
#include "rw_lock.h"
#include "scene.h"

/*
 * What a thread may hold, and what the lock tells about it: many locks at once, calls of the wrong
 * kind, questions. What is forced: argv[1].
 */

#define FOREVER FASTENERS_FOREVER
#define OK FASTENERS_OK

/* --------------------------------------- more locks at once than a record has places for -- */

enum { MANY = 40, HOARDERS = 3, WRITERS = 3 };

static guarded things[MANY];
static _Atomic bool stop;

typedef struct hoarder {
    pthread_t thread;
    unsigned seed;
    int held;        /* how many locks at once */
    int order[MANY]; /* in which they are released */
} hoarder;

static void shuffle(hoarder *self)
{
    for (int i = self->held - 1; i > 0; i--) {
        int other = (int)draw(&self->seed, (unsigned)i + 1), which = self->order[i];
        self->order[i] = self->order[other];
        self->order[other] = which;
    }
}

static void hold_one(hoarder *self, guarded *thing)
{
    if (draw(&self->seed, 4) == 0) {
        expect(fasteners_rw_lock_acquire_write(&thing->lock, FOREVER), OK);
        change(thing);
        expect(fasteners_rw_lock_downgrade(&thing->lock), OK);
    } else {
        expect(fasteners_rw_lock_acquire_read(&thing->lock, FOREVER), OK);
    }
    look(thing);
}

static void let_go_of_one(hoarder *self, guarded *thing)
{
    look(thing);
    expect(fasteners_rw_lock_acquire_read(&thing->lock, FOREVER), OK);
    look(thing);
    expect(fasteners_rw_lock_release_read(&thing->lock), OK);
    look(thing);
    if (draw(&self->seed, 4) == 0 &&
        fasteners_rw_lock_upgrade(&thing->lock, FASTENERS_NO_WAIT) == FASTENERS_OK) {
        change(thing);
        expect(fasteners_rw_lock_release_write(&thing->lock), OK);
    } else {
        expect(fasteners_rw_lock_release_read(&thing->lock), OK);
    }
    expect(fasteners_rw_lock_release_read(&thing->lock), FASTENERS_NOT_OWNER);
}

/* They are taken in their order, lest hoarders wait for each other, and released in any. */
static void *hoard(void *argument)
{
    hoarder *self = argument;

    for (long round = test_rounds(120); round > 0; round--) {
        self->held = 6 + (int)draw(&self->seed, MANY - 6 + 1);
        for (int i = 0; i < self->held; i++) {
            self->order[i] = i;
            hold_one(self, &things[i]);
        }
        shuffle(self);
        for (int i = 0; i < self->held; i++)
            let_go_of_one(self, &things[self->order[i]]);
    }
    return NULL;
}

static void *write_one_by_one(void *argument)
{
    hoarder *self = argument;

    while (!atomic_load(&stop)) {
        guarded *thing = &things[draw(&self->seed, MANY)];
        expect(fasteners_rw_lock_acquire_write(&thing->lock, FOREVER), OK);
        change(thing);
        expect(fasteners_rw_lock_release_write(&thing->lock), OK);
    }
    return NULL;
}

static void run_hoarders(uint32_t preference)
{
    static hoarder threads[HOARDERS + WRITERS];
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    options.preference = preference;
    hook(&options);
    for (int i = 0; i < MANY; i++)
        guarded_init(&things[i], &options);
    atomic_store(&stop, false);
    for (int i = 0; i < HOARDERS + WRITERS; i++) {
        threads[i].seed = (unsigned)i * 7919;
        assert_int_equal(pthread_create(&threads[i].thread, NULL,
                                        i < HOARDERS ? hoard : write_one_by_one, &threads[i]),
                         0);
    }
    for (int i = 0; i < HOARDERS + WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i].thread, NULL), 0);
        if (i == HOARDERS - 1)
            atomic_store(&stop, true);
    }
    assert_nothing_went_wrong();
    for (int i = 0; i < MANY; i++)
        assert_free(&things[i]);
}

static void t1_many_locks_at_once(void **state)
{
    (void)state;
    run_hoarders(scene_preference);
}

/* ----------------------------------------------------------------- tries and wrong calls -- */

/* A try that fails must not cost the readers their bias, or anything else. */
static void t5_failing_try_changes_nothing(void **state)
{
    fst_rw *lock = fst_rw_of(&scene_lock);

    (void)state;
    does(0, ACQUIRE_READ);
    does(1, ACQUIRE_READ);
    uint64_t before = fst_rw_word(lock);
    assert_int_equal(before & FST_WRITER, 0);
    fails(2, ACQUIRE_WRITE, FASTENERS_BUSY);
    fails(3, ACQUIRE_WRITE, FASTENERS_BUSY);
    assert_int_equal(fst_rw_word(lock), before);
    fails(0, ACQUIRE_WRITE, FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(fst_rw_word(lock), before);
    does(0, RELEASE_READ);
    does(1, RELEASE_READ);
}

static void assert_unchanged_by(int who, actor_call call)
{
    fasteners_rw_lock before = scene_lock;

    fails(who, call, FASTENERS_NOT_OWNER);
    assert_memory_equal(&before, &scene_lock, sizeof(before));
}

static void assert_all_refused(int who)
{
    assert_unchanged_by(who, RELEASE_READ);
    assert_unchanged_by(who, RELEASE_WRITE);
    assert_unchanged_by(who, UPGRADE);
    assert_unchanged_by(who, DOWNGRADE);
}

static void t6_wrong_calls_change_nothing(void **state)
{
    (void)state;
    assert_all_refused(0);
    does(0, ACQUIRE_READ);
    assert_unchanged_by(0, RELEASE_WRITE);
    assert_unchanged_by(0, DOWNGRADE);
    assert_all_refused(1); /* a thread that has never held anything, */
    does(2, ACQUIRE_READ);
    does(2, RELEASE_READ);
    assert_all_refused(2); /* and one that has */
    does(0, RELEASE_READ);
    does(0, ACQUIRE_WRITE);
    assert_unchanged_by(0, RELEASE_READ);
    assert_unchanged_by(0, UPGRADE);
    assert_all_refused(1);
    assert_all_refused(2);
    does(0, RELEASE_WRITE);
    assert_all_refused(0);
}

/* The same with holds in all the places that there are. */
static void t6_wrong_calls_of_a_thread_that_holds_others(void **state)
{
    static fasteners_rw_lock others[MANY];

    (void)state;
    memset(others, 0, sizeof(others));
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(act(&others[i], ACQUIRE_READ, FOREVER), OK);
        assert_int_equal(act(&scene_lock, RELEASE_READ, 0), FASTENERS_NOT_OWNER);
        assert_int_equal(act(&scene_lock, UPGRADE, 0), FASTENERS_NOT_OWNER);
        assert_int_equal(act(&scene_lock, ACQUIRE_READ, FOREVER), OK);
        assert_int_equal(act(&scene_lock, RELEASE_WRITE, 0), FASTENERS_NOT_OWNER);
        assert_int_equal(act(&scene_lock, RELEASE_READ, 0), OK);
    }
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(act(&others[i], RELEASE_WRITE, 0), FASTENERS_NOT_OWNER);
        assert_int_equal(act(&others[i], RELEASE_READ, 0), OK);
        assert_int_equal(act(&others[i], RELEASE_READ, 0), FASTENERS_NOT_OWNER);
        assert_int_equal(fasteners_rw_lock_destroy(&others[i]), OK);
    }
}

/* ------------------------------------------------------------------------- questions -- */

typedef struct answers {
    const fasteners_rw_lock *lock, *other;
    int times;
    bool writer, other_pending;
} answers;

/* Called by the thread that finds out that the writer has ended: when it has the lock itself. */
static void ask(void *user, fasteners_log_level level, const char *message)
{
    answers *self = user;

    (void)level;
    (void)message;
    self->times++;
    self->writer = fasteners_rw_lock_is_writer(self->lock, false);
    self->other_pending = fasteners_rw_lock_is_writer(self->other, true);
}

static void t7_log_may_use_the_lock(void **state)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;
    fasteners_rw_lock lock, other = FASTENERS_RW_LOCK_INIT;
    answers got = {.lock = &lock, .other = &other};
    actor writer;

    (void)state;
    options.log = ask;
    options.log_user = &got;
    assert_int_equal(fasteners_rw_lock_init(&lock, &options), OK);
    actor_start(&writer);
    assert_int_equal(actor_do(&writer, &lock, ACQUIRE_WRITE, FOREVER), OK);
    actor_end(&writer);
    assert_int_equal(act(&lock, ACQUIRE_WRITE, FOREVER), OK);
    assert_int_equal(got.times, 1);
    assert_true(got.writer);
    assert_false(got.other_pending);
    assert_true(fasteners_rw_lock_is_writer(&lock, false));
    assert_true(fasteners_rw_lock_is_writer(&lock, true));
    assert_int_equal(act(&lock, RELEASE_WRITE, 0), OK);
    assert_false(fasteners_rw_lock_is_writer(&lock, true));
    assert_int_equal(fasteners_rw_lock_destroy(&lock), OK);
}

/* Somebody else's wait is not the caller's. */
static void is_writer_and_is_reader_of_others(void **state)
{
    (void)state;
    does(0, ACQUIRE_READ);
    comes(1, ACQUIRE_WRITE);
    assert_true(fasteners_rw_lock_has_pending_writers(&scene_lock));
    assert_false(fasteners_rw_lock_is_writer(&scene_lock, true));
    assert_false(fasteners_rw_lock_is_reader(&scene_lock));
    assert_int_equal(fasteners_rw_lock_owner(&scene_lock), FASTENERS_OWNER_READER);
    does(0, RELEASE_READ);
    gets_in(1);
    assert_false(fasteners_rw_lock_has_pending_writers(&scene_lock));
    assert_false(fasteners_rw_lock_is_writer(&scene_lock, true));
    assert_int_equal(fasteners_rw_lock_owner(&scene_lock), FASTENERS_OWNER_WRITER);
    does(1, RELEASE_WRITE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        T(t1_many_locks_at_once),         T(t5_failing_try_changes_nothing),
        T(t6_wrong_calls_change_nothing), T(t6_wrong_calls_of_a_thread_that_holds_others),
        T(t7_log_may_use_the_lock),       T(is_writer_and_is_reader_of_others),
    };

    force(count > 1 ? words[1] : "automatic");
    scene_preference = preference_called(count > 2 ? words[2] : "writers");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
