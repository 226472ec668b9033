/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P18: acquires that are begun and finished by a program with an event loop: this one. Agents hold
 * the locks.
 */
#include "process_test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "event_wait.h"

enum { WAITS = 40 };

/* Windows does not show it; there the wait may be on its way yet. */
#ifdef _WIN32
#define EXPECT_IN_THE_QUEUE(path) ((void)(path))
#else
#define EXPECT_IN_THE_QUEUE(path) expect_queued(path, 1)
#endif

/* What rand_r does, which Windows lacks. */
static unsigned throw_dice(unsigned *seed, unsigned sides)
{
    *seed = *seed * 1103515245 + 12345;
    return *seed / 65536 % sides;
}

static fasteners_ipc_lock *make_lock(const char *path)
{
    fasteners_ipc_lock *lock;

    assert_int_equal(fasteners_ipc_lock_create(&lock, path, NULL), FASTENERS_OK);
    return lock;
}

static fasteners_ipc_wait *begin(fasteners_ipc_lock *lock, int64_t timeout_ms)
{
    fasteners_ipc_wait *wait;

    assert_int_equal(fasteners_ipc_lock_acquire_begin(lock, timeout_ms, &wait), FASTENERS_OK);
    return wait;
}

static void release_and_destroy(fasteners_ipc_lock *lock)
{
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

/* ------------------------------------------------------------------------------ one wait -- */

static void p18_poll_tells_when_it_is_over(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    fasteners_ipc_lock *lock = make_lock(path);

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    fasteners_ipc_wait *wait = begin(lock, FASTENERS_FOREVER);
    assert_false(wait_is_over_within(wait, 0));
    assert_int_equal(fasteners_ipc_wait_finish(&wait), FASTENERS_BUSY);
    EXPECT_IN_THE_QUEUE(path);
    agent_expect(holder, "FASTENERS_OK", "release l");
    assert_true(wait_gets_over(wait));
    agent_expect(holder, "FASTENERS_BUSY", "acquire l 0");
    assert_int_equal(fasteners_ipc_wait_finish(&wait), FASTENERS_OK);
    assert_null(wait);
    agent_expect(holder, "FASTENERS_BUSY", "acquire l 0");
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
    release_and_destroy(lock);
}

static void p3_the_holder_is_killed(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    fasteners_ipc_lock *lock = make_lock(path);

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    fasteners_ipc_wait *wait = begin(lock, FASTENERS_FOREVER);
    EXPECT_IN_THE_QUEUE(path);
    agent_murder(holder);
    assert_true(wait_gets_over(wait));
    assert_int_equal(fasteners_ipc_wait_finish(&wait), FASTENERS_OK);
    release_and_destroy(lock);
}

static void p18_abandon_leaves_the_queue(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    fasteners_ipc_lock *lock = make_lock(path);

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    fasteners_ipc_wait *wait = begin(lock, FASTENERS_FOREVER);
    EXPECT_IN_THE_QUEUE(path);
    fasteners_ipc_wait_abandon(&wait);
    assert_int_equal(locks_on(path).queued, 0);
    agent_expect(holder, "FASTENERS_OK", "release l");
    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    fasteners_ipc_lock_destroy(lock);
}

static void p18_readers_and_writers(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_start();
    fasteners_ipc_rwlock *lock;
    fasteners_ipc_wait *reader, *writer;

    agent_expect(holder, "FASTENERS_OK", "rw_create l %s", path);
    agent_expect(holder, "FASTENERS_OK", "write l 0");
    assert_int_equal(fasteners_ipc_rwlock_create(&lock, path, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read_begin(lock, -1, &reader), FASTENERS_OK);
    EXPECT_IN_THE_QUEUE(path);
    agent_expect(holder, "FASTENERS_OK", "downgrade l");
    assert_true(wait_gets_over(reader));
    assert_int_equal(fasteners_ipc_wait_finish(&reader), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write_begin(lock, -1, &writer), FASTENERS_OK);
    agent_expect(holder, "FASTENERS_OK", "unread l");
    assert_false(wait_is_over_within(writer, 0));
    assert_int_equal(fasteners_ipc_rwlock_release_read(lock), FASTENERS_OK);
    assert_true(wait_gets_over(writer));
    assert_int_equal(fasteners_ipc_wait_finish(&writer), FASTENERS_OK);
    agent_expect(holder, "FASTENERS_BUSY", "read l 0");
    assert_int_equal(fasteners_ipc_rwlock_release_write(lock), FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

/* --------------------------------------------------------------------------- many waits -- */

static void p18_many_locks(void **state)
{
    child *holder = agent_start();
    fasteners_ipc_lock *locks[WAITS];
    fasteners_ipc_wait *waits[WAITS];
    int descriptors = count_descriptors(getpid());
    char path[300];

    for (int i = 0; i < WAITS; i++) {
        (void)snprintf(path, sizeof(path), "%s/%d", temp_dir_path(state), i);
        agent_expect(holder, "FASTENERS_OK", "create l%d %s", i, path);
        agent_expect(holder, "FASTENERS_OK", "acquire l%d 0", i);
        locks[i] = make_lock(path);
        waits[i] = begin(locks[i], FASTENERS_FOREVER);
    }
    for (int i = WAITS - 1; i >= 0; i--) {
        agent_expect(holder, "FASTENERS_OK", "release l%d", i);
        assert_true(wait_gets_over(waits[i]));
        assert_true(i == 0 || !wait_is_over_within(waits[0], 0));
        assert_int_equal(fasteners_ipc_wait_finish(&waits[i]), FASTENERS_OK);
        release_and_destroy(locks[i]);
    }
    /* P17 */
    assert_int_equal(count_descriptors(getpid()), descriptors);
}

static void p18_many_waits_for_one_lock(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    fasteners_ipc_lock *lock = make_lock(path);
    fasteners_ipc_wait *waits[WAITS];

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    for (int i = 0; i < WAITS; i++)
        waits[i] = begin(lock, FASTENERS_FOREVER);
    agent_expect(holder, "FASTENERS_OK", "release l");
    for (int done = 0; done < WAITS; done++) {
        bool over[WAITS];
        assert_int_equal(count_waits_over(waits, WAITS, over, (int)test_patience_ms()), 1);
        for (int i = 0; i < WAITS; i++)
            if (over[i])
                assert_int_equal(fasteners_ipc_wait_finish(&waits[i]), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    }
    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    fasteners_ipc_lock_destroy(lock);
}

static void p10_served_in_the_order_of_begin(void **state)
{
    enum { IN_ORDER = 6 };
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = make_lock(path);
    long rounds = test_rounds(400);

    for (long round = 0; round < rounds; round++) {
        fasteners_ipc_wait *waits[IN_ORDER];
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
        for (int i = 0; i < IN_ORDER; i++)
            waits[i] = begin(lock, FASTENERS_FOREVER);
        for (int i = 0; i < IN_ORDER; i++) {
            assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
            assert_true(wait_gets_over(waits[i]));
            assert_int_equal(fasteners_ipc_wait_finish(&waits[i]), FASTENERS_OK);
        }
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    }
    fasteners_ipc_lock_destroy(lock);
}

/* Begun, and abandoned or finished at whatever moment, while others take and give. */
static void p1_p10_races_at_the_end_of_a_wait(void **state)
{
    const char *path = temp_path(state, "lock");
    const char *seen_by = temp_path(state, "witness");
    long rounds = test_rounds(2000), granted = 0;
    child *other = agent_with_lock(path, "");
    fasteners_ipc_lock *lock = make_lock(path);
    unsigned seed = 20261121;

    agent_expect(other, "started", "start 1 hammer l %s %ld", seen_by, rounds * 4);
    witness *seen;
    while ((seen = witness_open(seen_by)) == NULL)
        test_pause_ms(1);
    for (long i = 0; i < rounds; i++) {
        fasteners_ipc_wait *wait = begin(lock, throw_dice(&seed, 3));
        if (throw_dice(&seed, 2) == 0)
            (void)wait_is_over_within(wait, (int)throw_dice(&seed, 2));
        if (throw_dice(&seed, 2) == 0 || fasteners_ipc_wait_finish(&wait) != FASTENERS_OK) {
            fasteners_ipc_wait_abandon(&wait);
            continue;
        }
        witness_visit(seen);
        granted++;
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    }
    agent_expect(other, "FASTENERS_OK", "result 1");
    assert_int_equal(witness_violations(seen), 0);
    assert_int_equal(witness_counter(seen), rounds * 4 + granted);
    witness_close(seen);
    assert_false(fasteners_ipc_lock_is_held(lock));
    fasteners_ipc_lock_destroy(lock);
}

/* ------------------------------------------------------------------------ pthread_cancel -- */

/* A cancel is pending in it all the time. */
static void *begin_and_abandon(void *lock)
{
    fasteners_ipc_wait *wait = NULL;

    pthread_cancel(pthread_self());
    if (fasteners_ipc_lock_acquire_begin(lock, FASTENERS_FOREVER, &wait) != FASTENERS_OK)
        return NULL;
    fasteners_ipc_wait_abandon(&wait);
    return lock;
}

static void p18_no_call_is_a_cancellation_point(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    fasteners_ipc_lock *lock = make_lock(path);
    pthread_t thread;
    void *result;

    for (int waits = 0; waits < 2; waits++) {
        assert_int_equal(pthread_create(&thread, NULL, begin_and_abandon, lock), 0);
        assert_int_equal(pthread_join(thread, &result), 0);
        assert_ptr_equal(result, lock);
        assert_false(fasteners_ipc_lock_is_held(lock));
        agent_expect(holder, "FASTENERS_OK", waits == 0 ? "acquire l 0" : "release l");
    }
    fasteners_ipc_lock_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p18_poll_tells_when_it_is_over),
        PROCESS_TEST(p3_the_holder_is_killed),
        PROCESS_TEST(p18_abandon_leaves_the_queue),
        PROCESS_TEST(p18_readers_and_writers),
        PROCESS_TEST(p18_many_locks),
        PROCESS_TEST(p18_many_waits_for_one_lock),
        PROCESS_TEST(p10_served_in_the_order_of_begin),
        PROCESS_TEST(p1_p10_races_at_the_end_of_a_wait),
        PROCESS_TEST(p18_no_call_is_a_cancellation_point),
    };

    return RUN_PROCESS_TESTS(tests);
}
