/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <pthread.h>

#include "../support/patience.h"
#include "../unit/unit_test.h"
#include "actor.h"
#include "forced.h"
#include "guarded.h"

/*
 * What the tests of Python's fasteners ask of its ReaderWriterLock, asked of ours, in the mode
 * argv[1]. There a section is aborted by an exception; here its thread ends and holds the lock.
 */

#define FOREVER FASTENERS_FOREVER
#define OK FASTENERS_OK

enum { CROWD = 20 };

static guarded thing;
static fasteners_rw_lock *const lock = &thing.lock;
static actor reader, writer;

static _Atomic int reads_done, writes_done;

static int setup(void **state)
{
    (void)state;
    guarded_init(&thing, NULL);
    atomic_store(&reads_done, 0);
    atomic_store(&writes_done, 0);
    actor_start(&reader);
    actor_start(&writer);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    actor_end(&reader);
    actor_end(&writer);
    assert_nothing_went_wrong();
    assert_free(&thing);
    return 0;
}

static int me(actor_call call)
{
    return act(lock, call, FOREVER);
}

static bool i_am_reader(void)
{
    return fasteners_rw_lock_is_reader(lock);
}

static bool i_am_writer(void)
{
    return fasteners_rw_lock_is_writer(lock, false);
}

/* ------------------------------------------------------------------------ one thread -- */

static void t3_reader_to_writer(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_READ), OK);
    assert_int_equal(me(ACQUIRE_WRITE), FASTENERS_WOULD_DEADLOCK);
    assert_true(i_am_reader());
    assert_false(i_am_writer());
    assert_int_equal(me(RELEASE_READ), OK);
    assert_false(i_am_reader());
    assert_false(i_am_writer());
}

static void t2_writer_to_reader(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_WRITE), OK);
    assert_int_equal(me(ACQUIRE_READ), OK);
    assert_true(i_am_writer());
    assert_true(i_am_reader());
    assert_int_equal(me(RELEASE_READ), OK);
    assert_true(i_am_writer());
    assert_false(i_am_reader());
    assert_int_equal(me(RELEASE_WRITE), OK);
    assert_false(i_am_writer());
    assert_false(i_am_reader());
}

static void t1_double_reader(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_READ), OK);
    assert_true(i_am_reader());
    assert_false(i_am_writer());
    assert_int_equal(me(ACQUIRE_READ), OK);
    assert_true(i_am_reader());
    assert_int_equal(me(RELEASE_READ), OK);
    assert_true(i_am_reader());
    assert_int_equal(me(RELEASE_READ), OK);
    assert_false(i_am_reader());
    assert_false(i_am_writer());
}

static void t2_double_writer(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_WRITE), OK);
    assert_false(i_am_reader());
    assert_true(i_am_writer());
    assert_int_equal(me(ACQUIRE_WRITE), OK);
    assert_true(i_am_writer());
    assert_int_equal(me(RELEASE_WRITE), OK);
    assert_true(i_am_writer());
    assert_int_equal(me(RELEASE_WRITE), OK);
    assert_false(i_am_reader());
    assert_false(i_am_writer());
}

static void t2_writer_reader_writer(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_WRITE), OK);
    assert_int_equal(me(ACQUIRE_READ), OK);
    assert_true(i_am_reader());
    assert_int_equal(me(ACQUIRE_WRITE), OK);
    assert_true(i_am_writer());
    assert_int_equal(me(RELEASE_WRITE), OK);
    assert_int_equal(me(RELEASE_READ), OK);
    assert_true(i_am_writer());
    assert_int_equal(me(RELEASE_WRITE), OK);
    assert_false(i_am_writer());
}

static void one_after_the_other(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(me(ACQUIRE_READ), OK);
        assert_int_equal(fasteners_rw_lock_owner(lock), FASTENERS_OWNER_READER);
        assert_int_equal(me(RELEASE_READ), OK);
        assert_int_equal(me(ACQUIRE_WRITE), OK);
        assert_int_equal(fasteners_rw_lock_owner(lock), FASTENERS_OWNER_WRITER);
        assert_int_equal(me(RELEASE_WRITE), OK);
        assert_int_equal(fasteners_rw_lock_owner(lock), FASTENERS_OWNER_NONE);
    }
}

static void t6_release_without_holding(void **state)
{
    (void)state;
    assert_int_equal(me(RELEASE_READ), FASTENERS_NOT_OWNER);
    assert_int_equal(me(RELEASE_WRITE), FASTENERS_NOT_OWNER);
    assert_int_equal(actor_do(&reader, lock, ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(me(RELEASE_READ), FASTENERS_NOT_OWNER);
    assert_int_equal(actor_do(&reader, lock, RELEASE_READ, 0), OK);
    assert_int_equal(actor_do(&writer, lock, ACQUIRE_WRITE, FOREVER), OK);
    assert_int_equal(me(RELEASE_WRITE), FASTENERS_NOT_OWNER);
    assert_int_equal(actor_do(&writer, lock, RELEASE_WRITE, 0), OK);
}

/* -------------------------------------------------------------------------- two threads -- */

/* test_double_reader_writer: a nested read while a writer waits. */
static void t1_nested_read_in_the_presence_of_a_pending_writer(void **state)
{
    (void)state;
    assert_int_equal(actor_do(&reader, lock, ACQUIRE_READ, FOREVER), OK);
    actor_begin(&writer, lock, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(lock, 1));
    assert_true(fasteners_rw_lock_has_pending_writers(lock));
    assert_int_equal(actor_do(&reader, lock, ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(actor_do(&reader, lock, RELEASE_READ, 0), OK);
    assert_true(actor_is_waiting(&writer));
    assert_int_equal(actor_do(&reader, lock, RELEASE_READ, 0), OK);
    assert_int_equal(actor_finish(&writer), OK);
    assert_false(fasteners_rw_lock_has_pending_writers(lock));
    assert_int_equal(actor_do(&writer, lock, RELEASE_WRITE, 0), OK);
}

static void t4_new_reader_in_the_presence_of_a_pending_writer(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_READ), OK);
    actor_begin(&writer, lock, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(lock, 1));
    actor_begin(&reader, lock, ACQUIRE_READ, FOREVER);
    assert_true(wait_for_waiters(lock, 2));
    assert_int_equal(me(RELEASE_READ), OK);
    assert_int_equal(actor_finish(&writer), OK);
    assert_true(actor_is_waiting(&reader));
    assert_int_equal(actor_do(&writer, lock, RELEASE_WRITE, 0), OK);
    assert_int_equal(actor_finish(&reader), OK);
    assert_int_equal(actor_do(&reader, lock, RELEASE_READ, 0), OK);
}

/* ------------------------------------------------------------------------- many threads -- */

typedef enum part { READS, WRITES, READS_AND_ENDS, READS_TWICE_AND_ENDS, WRITES_AND_ENDS } part;

static void repair_if_abandoned(void)
{
    if (fasteners_rw_lock_was_abandoned(lock))
        make_good(&thing);
}

static void *play(void *argument)
{
    part mine = (part)(uintptr_t)argument;

    if (mine == WRITES || mine == WRITES_AND_ENDS) {
        expect(fasteners_rw_lock_acquire_write(lock, FOREVER), OK);
        repair_if_abandoned();
        if (mine == WRITES_AND_ENDS) {
            change_by_half(&thing);
            return NULL;
        }
        change(&thing);
        atomic_fetch_add(&writes_done, 1);
        expect(fasteners_rw_lock_release_write(lock), OK);
        return NULL;
    }
    expect(fasteners_rw_lock_acquire_read(lock, FOREVER), OK);
    if (mine == READS_TWICE_AND_ENDS)
        expect(fasteners_rw_lock_acquire_read(lock, FOREVER), OK);
    if (!fasteners_rw_lock_was_abandoned(lock))
        look(&thing);
    if (mine != READS)
        return NULL;
    atomic_fetch_add(&reads_done, 1);
    expect(fasteners_rw_lock_release_read(lock), OK);
    return NULL;
}

static void play_together(const part *parts, int count)
{
    pthread_t threads[CROWD];

    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, play, (void *)(uintptr_t)parts[i]), 0);
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_nothing_went_wrong();
}

/* Every second thread plays `other`; of the rest every second one ends instead. */
static void play_chaotic(part one, part ending, part other)
{
    part parts[CROWD];

    for (int i = 0; i < CROWD; i++) {
        parts[i] = i % 4 == 0 ? ending : one;
        if (i % 2 != 0)
            parts[i] = other;
    }
    for (long i = 0; i < test_rounds(20); i++)
        play_together(parts, CROWD);
    /* The last one may have been one that ended. */
    assert_int_equal(me(ACQUIRE_WRITE), OK);
    repair_if_abandoned();
    assert_int_equal(me(RELEASE_WRITE), OK);
    assert_false(fasteners_rw_lock_was_abandoned(lock));
}

static void t7_chaotic_readers(void **state)
{
    (void)state;
    play_chaotic(READS, READS_AND_ENDS, WRITES);
    assert_int_equal(reads_done, test_rounds(20) * CROWD / 4);
    assert_int_equal(writes_done, test_rounds(20) * CROWD / 2);
}

static void t7_chaotic_double_readers(void **state)
{
    (void)state;
    play_chaotic(READS, READS_TWICE_AND_ENDS, WRITES);
    assert_int_equal(writes_done, test_rounds(20) * CROWD / 2);
}

static void t7_chaotic_writers(void **state)
{
    (void)state;
    play_chaotic(WRITES, WRITES_AND_ENDS, READS);
    assert_int_equal(writes_done, test_rounds(20) * CROWD / 4);
    assert_int_equal(reads_done, test_rounds(20) * CROWD / 2);
}

static void play_many(int readers, int writers)
{
    part parts[CROWD];
    int counted = 0;

    /* Mixed, so that they meet. */
    for (int i = 0; i < readers + writers; i++) {
        bool reads = (i + 1) * readers / (readers + writers) > counted;
        parts[i] = reads ? READS : WRITES;
        counted += reads ? 1 : 0;
    }
    for (long i = 0; i < test_rounds(20); i++)
        play_together(parts, readers + writers);
    assert_int_equal(reads_done, test_rounds(20) * readers);
    assert_int_equal(writes_done, test_rounds(20) * writers);
    assert_int_equal(thing.first, test_rounds(20) * writers);
}

static void no_concurrent_writers(void **state)
{
    (void)state;
    play_many(0, CROWD / 2);
}

static void no_readers_with_a_writer(void **state)
{
    (void)state;
    play_many(CROWD - 1, 1);
}

static void no_readers_with_writers(void **state)
{
    (void)state;
    play_many(CROWD / 2, CROWD / 2);
}

/* ---------------------------------------------------------------- readers are in together -- */

static pthread_barrier_t all_are_in;

static void *read_together(void *argument)
{
    (void)argument;
    expect(fasteners_rw_lock_acquire_read(lock, FOREVER), OK);
    /* Nobody leaves before all are in. */
    pthread_barrier_wait(&all_are_in);
    look(&thing);
    expect(fasteners_rw_lock_release_read(lock), OK);
    return NULL;
}

static void run_together(pthread_t *threads, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_together, NULL), 0);
}

static void join_all(pthread_t *threads, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void readers_overlap(void **state)
{
    pthread_t threads[CROWD];

    (void)state;
    pthread_barrier_init(&all_are_in, NULL, CROWD);
    run_together(threads, CROWD);
    join_all(threads, CROWD);
    pthread_barrier_destroy(&all_are_in);
}

/* They wait for the writer, and are in at the same time after it. */
static void readers_overlap_after_a_writer(void **state)
{
    pthread_t threads[CROWD];

    (void)state;
    for (long i = 0; i < test_rounds(20); i++) {
        pthread_barrier_init(&all_are_in, NULL, CROWD);
        assert_int_equal(me(ACQUIRE_WRITE), OK);
        run_together(threads, CROWD);
        assert_true(wait_for_waiters(lock, CROWD));
        change(&thing);
        assert_int_equal(me(RELEASE_WRITE), OK);
        join_all(threads, CROWD);
        pthread_barrier_destroy(&all_are_in);
    }
}

/* ------------------------------------------------------------------------- fasteners#86 -- */

static void *write_and_read(void *argument)
{
    bool read_first = argument != NULL;

    for (long i = test_rounds(100000); i > 0; i--) {
        expect(fasteners_rw_lock_acquire_write(lock, FOREVER), OK);
        expect(fasteners_rw_lock_acquire_read(lock, FOREVER), OK);
        thing.first++;
        thing.second++;
        if (read_first)
            expect(fasteners_rw_lock_release_read(lock), OK);
        expect(fasteners_rw_lock_release_write(lock), OK);
        if (!read_first)
            expect(fasteners_rw_lock_release_read(lock), OK);
    }
    return NULL;
}

/* Two threads that write, read inside, and release both: this hung once in Python. */
static void issue_86_writers_that_read(void **state)
{
    pthread_t first, second;

    (void)state;
    assert_int_equal(pthread_create(&first, NULL, write_and_read, &thing), 0);
    assert_int_equal(pthread_create(&second, NULL, write_and_read, NULL), 0);
    assert_int_equal(pthread_join(first, NULL), 0);
    assert_int_equal(pthread_join(second, NULL), 0);
    assert_int_equal(thing.first, 2 * test_rounds(100000));
    assert_int_equal(thing.second, 2 * test_rounds(100000));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        T(t3_reader_to_writer),
        T(t2_writer_to_reader),
        T(t1_double_reader),
        T(t2_double_writer),
        T(t2_writer_reader_writer),
        T(one_after_the_other),
        T(t6_release_without_holding),
        T(t1_nested_read_in_the_presence_of_a_pending_writer),
        T(t4_new_reader_in_the_presence_of_a_pending_writer),
        T(t7_chaotic_readers),
        T(t7_chaotic_double_readers),
        T(t7_chaotic_writers),
        T(no_concurrent_writers),
        T(no_readers_with_a_writer),
        T(no_readers_with_writers),
        T(readers_overlap),
        T(readers_overlap_after_a_writer),
        T(issue_86_writers_that_read),
    };

    if (count > 1)
        force(words[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
