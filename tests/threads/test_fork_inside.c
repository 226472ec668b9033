/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <pthread.h>
#include <stdatomic.h>

#include "../support/patience.h"
#include "../unit/unit_test.h"
#include "actor.h"
#include "forced.h"
#include "forked.h"
#include "rw_lock.h"

/*
 * T8 when another thread is inside of the lock. The test has the lock's own mutex itself: so that
 * thread is known to be inside, where it waits for the mutex; and in the child nobody is left who
 * would release it.
 */

#define FOREVER FASTENERS_FOREVER
#define NO_WAIT FASTENERS_NO_WAIT

static fasteners_rw_lock lock, another;
static actor first, second, third;
static bool broken; /* a test has not come to its end: its threads may be stuck */

static const uint32_t preferences[] = {FASTENERS_PREFER_WRITERS, FASTENERS_PREFER_READERS,
                                       FASTENERS_PREFER_PHASE_FAIR};
enum { PREFERENCES = 3 };

static void begin(uint32_t preference)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    assert_false(broken);
    broken = true;
    options.preference = preference;
    assert_int_equal(fasteners_rw_lock_init(&lock, &options), FASTENERS_OK);
    actor_start(&first);
    actor_start(&second);
    actor_start(&third);
}

static void end(void)
{
    actor_end(&first);
    actor_end(&second);
    actor_end(&third);
    assert_int_equal(act(&lock, ACQUIRE_WRITE, NO_WAIT), FASTENERS_OK);
    assert_int_equal(act(&lock, RELEASE_WRITE, 0), FASTENERS_OK);
    assert_int_equal(act(&lock, DESTROY, 0), FASTENERS_OK);
    broken = false;
}

static void use(fasteners_rw_lock *it)
{
    REQUIRE(act(it, ACQUIRE_WRITE, NO_WAIT) == FASTENERS_OK);
    REQUIRE(act(it, RELEASE_WRITE, 0) == FASTENERS_OK);
    REQUIRE(act(it, ACQUIRE_READ, NO_WAIT) == FASTENERS_OK);
    REQUIRE(act(it, UPGRADE, NO_WAIT) == FASTENERS_OK);
    REQUIRE(act(it, DOWNGRADE, 0) == FASTENERS_OK);
    REQUIRE(act(it, RELEASE_READ, 0) == FASTENERS_OK);
    REQUIRE(!fasteners_rw_lock_has_pending_writers(it));
    REQUIRE(fasteners_rw_lock_owner(it) == FASTENERS_OWNER_NONE);
    REQUIRE(fasteners_rw_lock_destroy(it) == FASTENERS_OK);
}

static void child(void)
{
    use(&another);
    use(&lock);
}

static bool is_mutex_waited_for(void *unused)
{
    (void)unused;
    return atomic_load(&fst_rw_of(&lock)->mutex.state) == FST_MUTEX_WAITED_FOR;
}

/* Forks while that thread makes that call. */
static void fork_in_the_midst(actor *who, actor_call call, int64_t timeout_ms)
{
    fst_mutex_lock(&fst_rw_of(&lock)->mutex);
    actor_begin(who, &lock, call, timeout_ms);
    assert_true(test_wait_until(is_mutex_waited_for, NULL));
    assert_int_equal(run_in_child(child), 0);
    fst_mutex_unlock(&fst_rw_of(&lock)->mutex);
}

/* ------------------------------------------------------------ a thread that owes a head ends -- */

/* It may have given up by then. */
static bool has_second_come(void *unused)
{
    (void)unused;
    return waiters_of(&lock) == 2 || !actor_is_waiting(&second);
}

/* The first one writes, and owes the second one, who waits, that it becomes the head. */
static void run_into_debt(int64_t timeout_ms)
{
    assert_int_equal(actor_do(&third, &lock, ACQUIRE_WRITE, FOREVER), FASTENERS_OK);
    actor_begin(&first, &lock, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&lock, 1));
    actor_begin(&second, &lock, ACQUIRE_WRITE, timeout_ms);
    assert_true(test_wait_until(has_second_come, NULL));
    assert_int_equal(actor_do(&third, &lock, RELEASE_WRITE, 0), FASTENERS_OK);
    assert_int_equal(actor_finish(&first), FASTENERS_OK);
}

static bool is_in_debt(void)
{
    return (fst_rw_flags(fst_rw_of(&lock)) & FST_PROMOTE) != 0;
}

static void t8_fork_while_a_debtor_pays(void **state)
{
    (void)state;
    for (int i = 0; i < PREFERENCES; i++) {
        begin(preferences[i]);
        run_into_debt(FOREVER);
        assert_true(is_in_debt());
        fork_in_the_midst(&first, END, 0);
        assert_int_equal(actor_finish(&second), FASTENERS_OK);
        assert_true(fasteners_rw_lock_was_abandoned(&lock));
        assert_int_equal(actor_do(&second, &lock, RELEASE_WRITE, 0), FASTENERS_OK);
        end();
    }
}

/* Nobody waits any more, so that nobody but the debtor knows of the lock. */
static void t8_fork_while_a_debtor_pays_nobody(void **state)
{
    (void)state;
    for (int i = 0; i < PREFERENCES; i++) {
        begin(preferences[i]);
        run_into_debt(1);
        /* The second one may have given up before the first one was in: it needs more time. */
        for (int64_t ms = 2; actor_finish(&second) == FASTENERS_TIMED_OUT && !is_in_debt();
             ms *= 2) {
            assert_int_equal(actor_do(&first, &lock, RELEASE_WRITE, 0), FASTENERS_OK);
            run_into_debt(ms);
        }
        assert_int_equal(actor_finish(&second), FASTENERS_TIMED_OUT);
        fork_in_the_midst(&first, END, 0);
        end();
    }
}

/* ---------------------------------------------------------------------- other ways inside -- */

static void t8_fork_while_another_thread_destroys(void **state)
{
    (void)state;
    for (int i = 0; i < PREFERENCES; i++) {
        begin(preferences[i]);
        fork_in_the_midst(&first, DESTROY, 0);
        assert_int_equal(actor_finish(&first), FASTENERS_OK);
        end();
    }
}

static void t8_fork_while_another_thread_asks(void **state)
{
    (void)state;
    for (int i = 0; i < PREFERENCES; i++) {
        begin(preferences[i]);
        fork_in_the_midst(&first, HAS_PENDING_WRITERS, 0);
        assert_int_equal(actor_finish(&first), false);
        end();
    }
}

static void fork_while_queueing(actor_call acquire, actor_call release)
{
    assert_int_equal(actor_do(&first, &lock, ACQUIRE_WRITE, FOREVER), FASTENERS_OK);
    fork_in_the_midst(&second, acquire, FOREVER);
    assert_int_equal(actor_do(&first, &lock, RELEASE_WRITE, 0), FASTENERS_OK);
    assert_int_equal(actor_finish(&second), FASTENERS_OK);
    assert_int_equal(actor_do(&second, &lock, release, 0), FASTENERS_OK);
}

static void t8_fork_while_another_thread_queues(void **state)
{
    (void)state;
    for (int i = 0; i < PREFERENCES; i++) {
        begin(preferences[i]);
        fork_while_queueing(ACQUIRE_WRITE, RELEASE_WRITE);
        fork_while_queueing(ACQUIRE_READ, RELEASE_READ);
        end();
    }
}

static void t8_fork_while_another_thread_upgrades(void **state)
{
    (void)state;
    for (int i = 0; i < PREFERENCES; i++) {
        begin(preferences[i]);
        assert_int_equal(actor_do(&first, &lock, ACQUIRE_READ, FOREVER), FASTENERS_OK);
        fork_in_the_midst(&first, UPGRADE, FOREVER);
        assert_int_equal(actor_finish(&first), FASTENERS_OK);
        assert_int_equal(actor_do(&first, &lock, RELEASE_WRITE, 0), FASTENERS_OK);
        end();
    }
}

/* The one who waits has found its way out when the fork comes: it gives up. */
static void t8_fork_while_another_thread_gives_up(void **state)
{
    (void)state;
    for (int i = 0; i < PREFERENCES; i++) {
        begin(preferences[i]);
        assert_int_equal(actor_do(&first, &lock, ACQUIRE_WRITE, FOREVER), FASTENERS_OK);
        fork_in_the_midst(&second, ACQUIRE_WRITE, 1);
        assert_int_equal(actor_finish(&second), FASTENERS_TIMED_OUT);
        assert_int_equal(actor_do(&first, &lock, RELEASE_WRITE, 0), FASTENERS_OK);
        end();
    }
}

/* With these preferences whoever releases takes the mutex if somebody waits. */
static void fork_while_releasing(actor_call acquire, actor_call release)
{
    assert_int_equal(actor_do(&first, &lock, acquire, FOREVER), FASTENERS_OK);
    actor_begin(&second, &lock, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&lock, 1));
    fork_in_the_midst(&first, release, 0);
    assert_int_equal(actor_finish(&first), FASTENERS_OK);
    assert_int_equal(actor_finish(&second), FASTENERS_OK);
    assert_int_equal(actor_do(&second, &lock, RELEASE_WRITE, 0), FASTENERS_OK);
}

static void t8_fork_while_another_thread_releases(void **state)
{
    (void)state;
    for (int i = 1; i < PREFERENCES; i++) {
        begin(preferences[i]);
        fork_while_releasing(ACQUIRE_WRITE, RELEASE_WRITE);
        fork_while_releasing(ACQUIRE_READ, RELEASE_READ);
        end();
    }
}

/* ---------------------------------------------------------- locks that come and go -- */

static _Atomic bool stop;

static void ignore(void *user, fasteners_log_level level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
}

static void *make_and_end(void *unused)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;
    bool fine = true;

    (void)unused;
    options.log = ignore;
    while (!atomic_load(&stop)) {
        fine = fasteners_rw_lock_init(&lock, &options) == FASTENERS_OK && fine;
        fine = act(&lock, ACQUIRE_READ, NO_WAIT) == FASTENERS_OK && fine;
        fine = act(&lock, RELEASE_READ, 0) == FASTENERS_OK && fine;
        fine = act(&lock, DESTROY, 0) == FASTENERS_OK && fine;
    }
    return fine ? &stop : NULL;
}

/* The child finds a lock, whole or free of what init gave it, never half of one. */
static void t8_fork_while_locks_are_made_and_ended(void **state)
{
    pthread_t thread;
    void *fine;
    long rounds = test_rounds(1000);
    int failed = 0;

    (void)state;
    lock = (fasteners_rw_lock)FASTENERS_RW_LOCK_INIT;
    assert_int_equal(pthread_create(&thread, NULL, make_and_end, NULL), 0);
    for (long i = 0; i < rounds && failed == 0; i++)
        failed = run_in_child(child);
    atomic_store(&stop, true);
    assert_int_equal(pthread_join(thread, &fine), 0);
    assert_int_equal(failed, 0);
    assert_non_null(fine);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t8_fork_while_a_debtor_pays),
        cmocka_unit_test(t8_fork_while_a_debtor_pays_nobody),
        cmocka_unit_test(t8_fork_while_another_thread_destroys),
        cmocka_unit_test(t8_fork_while_another_thread_asks),
        cmocka_unit_test(t8_fork_while_another_thread_queues),
        cmocka_unit_test(t8_fork_while_another_thread_upgrades),
        cmocka_unit_test(t8_fork_while_another_thread_gives_up),
        cmocka_unit_test(t8_fork_while_another_thread_releases),
        cmocka_unit_test(t8_fork_while_locks_are_made_and_ended),
    };

    if (count > 1)
        force(words[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
