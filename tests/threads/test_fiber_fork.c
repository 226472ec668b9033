/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <pthread.h>
#include <stdatomic.h>

#include "../support/patience.h"
#include "../unit/unit_test.h"
#include "actor.h"
#include "forked.h"
#include "guarded.h"
#include "hooked.h"

/*
 * T8, T11: what a child finds of fibers that were running in other threads. Here the fibers are
 * threads (hooked.h). For those of the forking thread see test_fibers.c.
 */

#define FOREVER FASTENERS_FOREVER
#define NO_WAIT FASTENERS_NO_WAIT
#define OK FASTENERS_OK

enum { WORKERS = 3 };

static fasteners_rw_lock lock;
static void *_Atomic names[WORKERS]; /* of the fibers */
static _Atomic bool stop;

static void make_lock(uint32_t preference)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    hooks_wanted = true;
    options.preference = preference;
    hook(&options);
    assert_int_equal(fasteners_rw_lock_init(&lock, &options), OK);
    for (int i = 0; i < WORKERS; i++)
        atomic_store(&names[i], NULL);
    atomic_store(&stop, false);
}

static void *write_and_wait(void *argument)
{
    (void)argument;
    expect(fasteners_rw_lock_acquire_write(&lock, FOREVER), OK);
    atomic_store(&names[0], hook_self());
    while (!atomic_load(&stop))
        test_pause_ms(1);
    expect(fasteners_rw_lock_release_write(&lock), OK);
    return NULL;
}

static void child_tells_of_the_writer(void)
{
    hook_alone();
    REQUIRE(fasteners_rw_lock_owner(&lock) == FASTENERS_OWNER_WRITER);
    REQUIRE(act(&lock, ACQUIRE_READ, NO_WAIT) == FASTENERS_BUSY);
    REQUIRE(fasteners_rw_lock_fiber_ended(&lock, atomic_load(&names[0])) == OK);
    REQUIRE(act(&lock, ACQUIRE_READ, NO_WAIT) == OK);
    REQUIRE(fasteners_rw_lock_was_abandoned(&lock));
    REQUIRE(act(&lock, RELEASE_READ, 0) == OK);
    REQUIRE(fasteners_rw_lock_destroy(&lock) == OK);
}

static bool writer_is_in(void *argument)
{
    (void)argument;
    return atomic_load(&names[0]) != NULL;
}

static void t8_a_fiber_that_ran_elsewhere_is_abandoned_by_who_knows(void **state)
{
    pthread_t writer;

    (void)state;
    make_lock(FASTENERS_PREFER_DEFAULT);
    assert_int_equal(pthread_create(&writer, NULL, write_and_wait, NULL), 0);
    assert_true(test_wait_until(writer_is_in, NULL));
    assert_int_equal(run_in_child(child_tells_of_the_writer), 0);
    atomic_store(&stop, true);
    pthread_join(writer, NULL);
    assert_nothing_went_wrong();
    assert_int_equal(fasteners_rw_lock_destroy(&lock), OK);
}

/* ------------------------------------------------- forks while others are in every call -- */

static void *work(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;

    atomic_store(&names[seed], hook_self());
    while (!atomic_load(&stop)) {
        bool writes = draw(&seed, 2) == 0;
        int64_t timeout = draw(&seed, 4) == 0 ? 1 : FOREVER;
        if (!entered((fasteners_status)act(&lock, writes ? ACQUIRE_WRITE : ACQUIRE_READ, timeout),
                     timeout))
            continue;
        expect((fasteners_status)act(&lock, writes ? RELEASE_WRITE : RELEASE_READ, 0), OK);
    }
    return NULL;
}

/* Whatever they were at: the lock is whole, and free when it has been told that they are gone. */
static void child_of_the_busy(void)
{
    hook_alone();
    for (int i = 0; i < WORKERS; i++)
        (void)fasteners_rw_lock_fiber_ended(&lock, atomic_load(&names[i]));
    REQUIRE(fasteners_rw_lock_owner(&lock) == FASTENERS_OWNER_NONE);
    REQUIRE(!fasteners_rw_lock_has_pending_writers(&lock));
    REQUIRE(act(&lock, ACQUIRE_READ, NO_WAIT) == OK);
    REQUIRE(act(&lock, UPGRADE, NO_WAIT) == OK);
    REQUIRE(act(&lock, RELEASE_WRITE, 0) == OK);
    REQUIRE(fasteners_rw_lock_destroy(&lock) == OK);
}

static bool all_are_there(void *argument)
{
    (void)argument;
    for (int i = 0; i < WORKERS; i++)
        if (atomic_load(&names[i]) == NULL)
            return false;
    return true;
}

static void run(uint32_t preference)
{
    pthread_t workers[WORKERS];

    make_lock(preference);
    for (uintptr_t i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&workers[i], NULL, work, (void *)i), 0);
    assert_true(test_wait_until(all_are_there, NULL));
    int status = 0;
    for (long i = test_rounds(300); i > 0 && status == 0; i--)
        status = run_in_child(child_of_the_busy);
    atomic_store(&stop, true);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i], NULL);
    assert_int_equal(status, 0);
    assert_nothing_went_wrong();
    assert_int_equal(fasteners_rw_lock_destroy(&lock), OK);
}

static void t8_forks_while_others_are_in_the_lock(void **state)
{
    (void)state;
    for (uint32_t preference = 1; preference <= FASTENERS_PREFER_PHASE_FAIR; preference++)
        run(preference);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t8_a_fiber_that_ran_elsewhere_is_abandoned_by_who_knows),
        cmocka_unit_test(t8_forks_while_others_are_in_the_lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
