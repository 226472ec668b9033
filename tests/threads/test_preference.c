/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <pthread.h>
#include <stdatomic.h>

#include "../support/patience.h"
#include "../unit/unit_test.h"
#include "forced.h"
#include "guarded.h"
#include "hooked.h"
#include "rw_lock.h"
#include "rw_tuning.h"
#include "scene.h"

/*
 * T4: who is served when, in every mode and preference (argv[1], argv[2]). The bounds are counted,
 * not timed.
 */

#define FOREVER FASTENERS_FOREVER

enum { HOLDER = 0 }; /* the one who writes while the others come */

static fst_rw_tuning_type usual;

static int setup(void **state)
{
    fst_rw_tuning = usual;
    return scene_begin(state);
}

static bool prefers(fasteners_preference preference)
{
    return scene_preference == (uint32_t)preference;
}

/* ------------------------------------------------------------------------- who is next -- */

static void writers_are_served_as_they_came(void **state)
{
    (void)state;
    does(HOLDER, ACQUIRE_WRITE);
    for (int i = 1; i < SCENE_ACTORS; i++)
        comes(i, ACQUIRE_WRITE);
    for (int i = 1; i < SCENE_ACTORS; i++) {
        does(i - 1, RELEASE_WRITE);
        is_next(i);
    }
    does(SCENE_ACTORS - 1, RELEASE_WRITE);
}

/* The same behind a reader: in slot modes the first writer has the word already, and drains. */
static void writers_behind_a_reader_are_served_as_they_came(void **state)
{
    (void)state;
    does(HOLDER, ACQUIRE_READ);
    for (int i = 1; i < SCENE_ACTORS; i++)
        comes(i, ACQUIRE_WRITE);
    does(HOLDER, RELEASE_READ);
    for (int i = 1; i < SCENE_ACTORS; i++) {
        is_next(i);
        does(i, RELEASE_WRITE);
    }
}

/* The first writer, where it has the word already, loses it to the upgrader: it queues in front. */
static void writers_that_an_upgrader_overtakes_keep_their_places(void **state)
{
    (void)state;
    does(0, ACQUIRE_READ);
    does(1, ACQUIRE_READ);
    comes(2, ACQUIRE_WRITE);
    comes(3, ACQUIRE_WRITE);
    comes(1, UPGRADE);
    /* The second reader is in still: what the writer waited for has not happened. */
    assert_true(wait_for_waiters(&scene_lock, 3));
    does(0, RELEASE_READ);
    is_next(1);
    does(1, RELEASE_WRITE);
    is_next(2);
    does(2, RELEASE_WRITE);
    is_next(3);
    does(3, RELEASE_WRITE);
}

/* The writer's arrival is later than the reader's by more than is to be respected. */
static void respected_reader_is_not_overtaken(void **state)
{
    (void)state;
    if (!prefers(FASTENERS_PREFER_WRITERS))
        return;
    fst_rw_tuning.respect_ns = 0;
    does(HOLDER, ACQUIRE_WRITE);
    comes(1, ACQUIRE_WRITE);
    comes(2, ACQUIRE_READ);
    comes(3, ACQUIRE_WRITE);
    comes(4, ACQUIRE_READ);
    does(HOLDER, RELEASE_WRITE);
    is_next(1);
    does(1, RELEASE_WRITE);
    is_next(2);
    does(2, RELEASE_READ);
    is_next(3);
    does(3, RELEASE_WRITE);
    is_next(4);
    does(4, RELEASE_READ);
}

static void young_readers_are_overtaken(void **state)
{
    (void)state;
    if (!prefers(FASTENERS_PREFER_WRITERS))
        return;
    fst_rw_tuning.respect_ns = 3600 * FST_NS_PER_S;
    does(HOLDER, ACQUIRE_WRITE);
    comes(1, ACQUIRE_WRITE);
    comes(2, ACQUIRE_READ);
    comes(3, ACQUIRE_READ);
    comes(4, ACQUIRE_WRITE);
    comes(5, ACQUIRE_WRITE);
    does(HOLDER, RELEASE_WRITE);
    is_next(1);
    does(1, RELEASE_WRITE);
    is_next(4);
    does(4, RELEASE_WRITE);
    is_next(5);
    does(5, RELEASE_WRITE);
    gets_in(2);
    gets_in(3);
    does(2, RELEASE_READ);
    does(3, RELEASE_READ);
}

/* The number that is promised. */
static void reader_that_has_waited_for_300_us_is_respected(void **state)
{
    (void)state;
    if (!prefers(FASTENERS_PREFER_WRITERS))
        return;
    assert_int_equal(fst_rw_tuning.respect_ns, 300000);
    does(HOLDER, ACQUIRE_WRITE);
    comes(1, ACQUIRE_WRITE);
    comes(2, ACQUIRE_READ);
    for (int64_t end = test_now() + 300000; test_now() <= end;)
        test_pause_ms(1);
    comes(3, ACQUIRE_WRITE);
    does(HOLDER, RELEASE_WRITE);
    is_next(1);
    does(1, RELEASE_WRITE);
    is_next(2);
    does(2, RELEASE_READ);
    is_next(3);
    does(3, RELEASE_WRITE);
}

/* What READERS and PHASE_FAIR have in common. */
static void all_readers_that_wait_go_before_the_writers(void **state)
{
    (void)state;
    if (prefers(FASTENERS_PREFER_WRITERS))
        return;
    does(HOLDER, ACQUIRE_WRITE);
    comes(1, ACQUIRE_WRITE);
    comes(2, ACQUIRE_READ);
    comes(3, ACQUIRE_WRITE);
    comes(4, ACQUIRE_READ);
    does(HOLDER, RELEASE_WRITE);
    gets_in(2);
    gets_in(4);
    still_waits(1);
    still_waits(3);
    does(2, RELEASE_READ);
    does(4, RELEASE_READ);
    is_next(1);
    does(1, RELEASE_WRITE);
    is_next(3);
    does(3, RELEASE_WRITE);
}

static void reader_goes_in_while_a_writer_waits(void **state)
{
    (void)state;
    if (!prefers(FASTENERS_PREFER_READERS))
        return;
    does(HOLDER, ACQUIRE_READ);
    comes(1, ACQUIRE_WRITE);
    for (int i = 0; i < 3; i++) {
        does(2, ACQUIRE_READ);
        does(HOLDER, RELEASE_READ);
        does(HOLDER, ACQUIRE_READ);
        does(2, RELEASE_READ);
    }
    still_waits(1);
    does(HOLDER, RELEASE_READ);
    is_next(1);
    does(1, RELEASE_WRITE);
}

static void phases_alternate(void **state)
{
    (void)state;
    if (!prefers(FASTENERS_PREFER_PHASE_FAIR))
        return;
    does(HOLDER, ACQUIRE_WRITE);
    comes(1, ACQUIRE_WRITE);
    comes(2, ACQUIRE_WRITE);
    comes(3, ACQUIRE_READ);
    does(HOLDER, RELEASE_WRITE);
    /* A phase of readers: who comes now belongs to the next one. */
    is_next(3);
    comes(4, ACQUIRE_READ);
    comes(5, ACQUIRE_READ);
    fails(6, ACQUIRE_READ, FASTENERS_BUSY);
    does(3, RELEASE_READ);
    is_next(1);
    does(1, RELEASE_WRITE);
    gets_in(4);
    gets_in(5);
    still_waits(2);
    comes(3, ACQUIRE_READ);
    does(4, RELEASE_READ);
    still_waits(2);
    does(5, RELEASE_READ);
    is_next(2);
    still_waits(3);
    does(2, RELEASE_WRITE);
    is_next(3);
    does(3, RELEASE_READ);
}

/* --------------------------------------------------------------------------- the bounds -- */

enum { HAMMERERS = 4 };

static _Atomic bool stop;
static _Atomic long sections;

static void *write_without_pause(void *argument)
{
    (void)argument;
    while (!atomic_load(&stop)) {
        expect(fasteners_rw_lock_acquire_write(&scene_lock, FOREVER), FASTENERS_OK);
        atomic_fetch_add(&sections, 1);
        expect(fasteners_rw_lock_release_write(&scene_lock), FASTENERS_OK);
    }
    return NULL;
}

static void *read_without_pause(void *argument)
{
    (void)argument;
    while (!atomic_load(&stop)) {
        expect(fasteners_rw_lock_acquire_read(&scene_lock, FOREVER), FASTENERS_OK);
        atomic_fetch_add(&sections, 1);
        expect(fasteners_rw_lock_release_read(&scene_lock), FASTENERS_OK);
    }
    return NULL;
}

static void start_hammering(pthread_t *threads, void *(*body)(void *))
{
    atomic_store(&stop, false);
    atomic_store(&sections, 0);
    for (int i = 0; i < HAMMERERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, body, NULL), 0);
    while (atomic_load(&sections) < HAMMERERS)
        test_pause_ms(1);
}

static void stop_hammering(const pthread_t *threads)
{
    atomic_store(&stop, true);
    for (int i = 0; i < HAMMERERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_nothing_went_wrong();
}

static bool is_queued_locked(fst_waiter_kind kind)
{
    const fst_waiter *last = queue_of(&scene_lock)->last, *member = last;

    while (member != NULL && member->kind != kind)
        member = member->next != last ? member->next : NULL;
    return member != NULL;
}

static bool reader_is_queued(void)
{
    fst_mutex_lock(mutex_of(&scene_lock));
    bool queued = is_queued_locked(FST_READER_WAITS);
    fst_mutex_unlock(mutex_of(&scene_lock));
    return queued;
}

/*
 * There is one writer at a time: it has the word, or is the one for whom PEND is set; with hooks it
 * is queued or in.
 */
static bool writer_keeps_readers_out(void)
{
    const fst_rw *lock = fst_rw_of(&scene_lock);

    fst_mutex_lock(mutex_of(&scene_lock));
    const fst_waiter *head = fst_queue_head(queue_of(&scene_lock));
    uint64_t word = fst_rw_word(lock);
    bool next = hooks_wanted
                    ? is_queued_locked(FST_WRITER_WAITS)
                    : head != NULL && head->kind == FST_WRITER_WAITS && (word & FST_PEND) != 0;
    fst_mutex_unlock(mutex_of(&scene_lock));
    return next || (word & FST_WRITER) != 0;
}

/*
 * How many sections there are from the moment when the thread is seen to wait until it is in; they
 * stand still while it is in.
 */
static long sections_during(actor *thread, actor_call call, bool (*is_seen)(void))
{
    actor_begin(thread, &scene_lock, call, FOREVER);
    while (actor_is_waiting(thread) && !is_seen())
        ;
    long before = atomic_load(&sections);
    assert_int_equal(actor_finish(thread), FASTENERS_OK);
    return atomic_load(&sections) - before;
}

/*
 * By default each writer may be ahead of the reader once. Before each of these turns others may
 * overtake the head of the queue, until the release that looks at the queue; and one section may be
 * under way. Otherwise every release looks, and the first one is for the reader.
 */
static void writers_cannot_starve_a_reader(void **state)
{
    enum { TURNS = HAMMERERS + 1, BOUND = TURNS * (FST_RELEASES_PER_LOOK + 1) + 1 };
    int bound = prefers(FASTENERS_PREFER_WRITERS) ? BOUND : 1;
    pthread_t threads[HAMMERERS];
    actor reader;

    (void)state;
    fst_rw_tuning.respect_ns = 0;
    fst_rw_tuning.hand_over_ns = 0;
    actor_start(&reader);
    start_hammering(threads, write_without_pause);
    for (long i = test_rounds(100); i > 0; i--) {
        assert_in_range(sections_during(&reader, ACQUIRE_READ, reader_is_queued), 0, bound);
        assert_int_equal(actor_do(&reader, &scene_lock, RELEASE_READ, 0), FASTENERS_OK);
    }
    stop_hammering(threads);
    actor_end(&reader);
}

/* Those that are in may end their section, nobody comes in. */
static void readers_cannot_starve_a_writer(void **state)
{
    pthread_t threads[HAMMERERS];
    actor writer;

    (void)state;
    if (prefers(FASTENERS_PREFER_READERS))
        return;
    actor_start(&writer);
    start_hammering(threads, read_without_pause);
    for (long i = test_rounds(100); i > 0; i--) {
        assert_in_range(sections_during(&writer, ACQUIRE_WRITE, writer_keeps_readers_out), 0,
                        HAMMERERS);
        assert_int_equal(actor_do(&writer, &scene_lock, RELEASE_WRITE, 0), FASTENERS_OK);
    }
    stop_hammering(threads);
    actor_end(&writer);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, scene_end)

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        T(writers_are_served_as_they_came),
        T(writers_behind_a_reader_are_served_as_they_came),
        T(writers_that_an_upgrader_overtakes_keep_their_places),
        T(respected_reader_is_not_overtaken),
        T(young_readers_are_overtaken),
        T(reader_that_has_waited_for_300_us_is_respected),
        T(all_readers_that_wait_go_before_the_writers),
        T(reader_goes_in_while_a_writer_waits),
        T(phases_alternate),
        T(writers_cannot_starve_a_reader),
        T(readers_cannot_starve_a_writer),
    };

    force(count > 1 ? words[1] : "automatic");
    scene_preference = preference_called(count > 2 ? words[2] : "writers");
    usual = fst_rw_tuning;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
