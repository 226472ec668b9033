/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../support/patience.h"
#include "../unit/unit_test.h"
#include "actor.h"
#include "forced.h"
#include "forked.h"
#include "rw_lock.h"

/*
 * T8 for a child that was made by a raw clone, of which no library is told: whichever call is the
 * child's first must find out. In the child the mutexes of the main thread's locks are held by
 * nobody who could release them.
 */

#define FOREVER FASTENERS_FOREVER
#define NO_WAIT FASTENERS_NO_WAIT
#define OK FASTENERS_OK

enum { SKIPPED = 77 };

/* Written and read by another thread; by both; by the main thread, while somebody waits. */
static fasteners_rw_lock written, read_by_other, read_by_both, mine_written, mine_read;
static actor other, waits_for_written, waits_for_read;

static void begin(uint32_t preference)
{
    fasteners_rw_lock *const locks[] = {&written, &read_by_other, &read_by_both, &mine_written,
                                        &mine_read};
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    options.preference = preference;
    for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++)
        assert_int_equal(fasteners_rw_lock_init(locks[i], &options), OK);
    actor_start(&other);
    actor_start(&waits_for_written);
    actor_start(&waits_for_read);
    assert_int_equal(act(&mine_read, ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(act(&mine_written, ACQUIRE_WRITE, FOREVER), OK);
    assert_int_equal(act(&read_by_both, ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(actor_do(&other, &written, ACQUIRE_WRITE, FOREVER), OK);
    assert_int_equal(actor_do(&other, &read_by_other, ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(actor_do(&other, &read_by_both, ACQUIRE_READ, FOREVER), OK);
    actor_begin(&waits_for_written, &mine_written, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&mine_written, 1));
    actor_begin(&waits_for_read, &mine_read, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&mine_read, 1));
}

/* The parent goes on as if nothing had been. */
static void end(void)
{
    assert_int_equal(fasteners_rw_lock_owner(&written), FASTENERS_OWNER_WRITER);
    assert_true(fasteners_rw_lock_has_pending_writers(&mine_written));
    assert_int_equal(act(&mine_written, RELEASE_WRITE, 0), OK);
    assert_int_equal(actor_finish(&waits_for_written), OK);
    assert_int_equal(actor_do(&waits_for_written, &mine_written, RELEASE_WRITE, 0), OK);
    assert_int_equal(act(&mine_read, RELEASE_READ, 0), OK);
    assert_int_equal(actor_finish(&waits_for_read), OK);
    assert_int_equal(actor_do(&waits_for_read, &mine_read, RELEASE_WRITE, 0), OK);
    assert_int_equal(actor_do(&other, &written, RELEASE_WRITE, 0), OK);
    assert_int_equal(actor_do(&other, &read_by_other, RELEASE_READ, 0), OK);
    assert_int_equal(actor_do(&other, &read_by_both, RELEASE_READ, 0), OK);
    assert_int_equal(act(&read_by_both, RELEASE_READ, 0), OK);
    actor_end(&other);
    actor_end(&waits_for_written);
    actor_end(&waits_for_read);
    assert_int_equal(act(&mine_written, DESTROY, 0), OK);
    assert_int_equal(act(&mine_read, DESTROY, 0), OK);
    assert_int_equal(act(&written, DESTROY, 0), OK);
    assert_int_equal(act(&read_by_other, DESTROY, 0), OK);
    assert_int_equal(act(&read_by_both, DESTROY, 0), OK);
}

/* --------------------------------------------------------------- what a child calls first -- */

static bool is_first = true;

static void acquire_read(void)
{
    REQUIRE(act(&written, ACQUIRE_READ, FOREVER) == OK);
    REQUIRE(fasteners_rw_lock_was_abandoned(&written) || !is_first);
    REQUIRE(act(&written, RELEASE_READ, 0) == OK);
}

static void acquire_write(void)
{
    REQUIRE(act(&written, ACQUIRE_WRITE, FOREVER) == OK);
    REQUIRE(fasteners_rw_lock_was_abandoned(&written) || !is_first);
    REQUIRE(act(&written, RELEASE_WRITE, 0) == OK);
}

static void acquire_write_past_readers(void)
{
    REQUIRE(act(&read_by_other, ACQUIRE_WRITE, FOREVER) == OK);
    REQUIRE(act(&read_by_other, RELEASE_WRITE, 0) == OK);
}

static void try_to_write(void)
{
    REQUIRE(act(&read_by_other, ACQUIRE_WRITE, NO_WAIT) == OK);
    REQUIRE(act(&read_by_other, RELEASE_WRITE, 0) == OK);
}

static void release_read(void)
{
    REQUIRE(act(&mine_read, RELEASE_READ, 0) == OK);
    REQUIRE(act(&mine_read, ACQUIRE_WRITE, NO_WAIT) == OK);
    REQUIRE(act(&mine_read, RELEASE_WRITE, 0) == OK);
    REQUIRE(act(&mine_read, ACQUIRE_READ, NO_WAIT) == OK);
}

static void release_write(void)
{
    REQUIRE(act(&mine_written, RELEASE_WRITE, 0) == OK);
    REQUIRE(act(&mine_written, ACQUIRE_WRITE, NO_WAIT) == OK);
}

static void ask_for_the_owner(void)
{
    REQUIRE(fasteners_rw_lock_owner(&written) == FASTENERS_OWNER_NONE);
}

static void ask_for_a_reader(void)
{
    REQUIRE(fasteners_rw_lock_owner(&read_by_other) == FASTENERS_OWNER_NONE);
}

static void ask_for_pending_writers(void)
{
    REQUIRE(!fasteners_rw_lock_has_pending_writers(&mine_written));
    REQUIRE(!fasteners_rw_lock_has_pending_writers(&mine_read));
}

static void ask_for_own_holds(void)
{
    REQUIRE(!fasteners_rw_lock_is_writer(&written, true));
    REQUIRE(!fasteners_rw_lock_is_reader(&read_by_other));
    REQUIRE(act(&written, RELEASE_WRITE, 0) == FASTENERS_NOT_OWNER);
    REQUIRE(act(&read_by_other, RELEASE_READ, 0) == FASTENERS_NOT_OWNER);
}

static void upgrade(void)
{
    REQUIRE(act(&mine_read, UPGRADE, FOREVER) == OK);
    REQUIRE(act(&mine_read, DOWNGRADE, 0) == OK);
}

static void upgrade_past_readers(void)
{
    REQUIRE(act(&read_by_both, UPGRADE, FOREVER) == OK);
    REQUIRE(act(&read_by_both, DOWNGRADE, 0) == OK);
}

static void downgrade(void)
{
    REQUIRE(act(&mine_written, DOWNGRADE, 0) == OK);
    REQUIRE(act(&mine_written, UPGRADE, NO_WAIT) == OK);
}

static void destroy(void)
{
    REQUIRE(act(&mine_written, DESTROY, 0) == FASTENERS_BUSY);
    REQUIRE(act(&written, DESTROY, 0) == OK);
    REQUIRE(act(&read_by_other, DESTROY, 0) == OK);
}

static void (*const first_calls[])(void) = {
    acquire_read,      acquire_write, acquire_write_past_readers, try_to_write,
    release_read,      release_write, ask_for_the_owner,          ask_for_a_reader,
    ask_for_own_holds, upgrade,       upgrade_past_readers,       ask_for_pending_writers,
    downgrade,         destroy,
};
enum { FIRST_CALLS = sizeof(first_calls) / sizeof(first_calls[0]) };

static void (*first_call)(void);

/* All of it then; the child can fork in its turn. */
static void call_all(void)
{
    for (int i = 0; i < FIRST_CALLS; i++)
        first_calls[i]();
}

static void child(void)
{
    first_call();
    is_first = false;
    REQUIRE(fasteners_rw_lock_is_writer(&mine_written, false));
    REQUIRE(fasteners_rw_lock_is_reader(&mine_read));
    REQUIRE(fasteners_rw_lock_is_reader(&read_by_both));
    REQUIRE(run_in_child(call_all) == 0);
    REQUIRE(run_in_clone(call_all) == 0);
    call_all();
}

static int run_with_mutexes_held(void (*body)(void))
{
    fst_mutex_lock(&fst_rw_of(&mine_written)->mutex);
    fst_mutex_lock(&fst_rw_of(&mine_read)->mutex);
    int result = run_in_clone(body);
    fst_mutex_unlock(&fst_rw_of(&mine_read)->mutex);
    fst_mutex_unlock(&fst_rw_of(&mine_written)->mutex);
    return result;
}

static void call_first(uint32_t preference)
{
    begin(preference);
    for (int i = 0; i < FIRST_CALLS; i++) {
        first_call = first_calls[i];
        assert_int_equal(run_with_mutexes_held(child), 0);
    }
    end();
}

/* With each of the preferences. */
static void for_all_preferences(void (*scene)(uint32_t preference))
{
    scene(FASTENERS_PREFER_WRITERS);
    scene(FASTENERS_PREFER_READERS);
    scene(FASTENERS_PREFER_PHASE_FAIR);
}

static void t8_any_first_call(void **state)
{
    (void)state;
    for_all_preferences(call_first);
}

/* ------------------------------------------------------------- what a child may do besides -- */

static pthread_key_t at_end;
static void end_in_the_last_round(void *round)
{
    if ((uintptr_t)round == PTHREAD_DESTRUCTOR_ITERATIONS)
        _exit(0);
    (void)pthread_setspecific(at_end, (void *)((uintptr_t)round + 1));
}

/* The thread gives its holds back, where others waited for them. */
static void end_the_thread(void)
{
    REQUIRE(pthread_key_create(&at_end, end_in_the_last_round) == 0);
    REQUIRE(pthread_setspecific(at_end, (void *)1) == 0);
    pthread_exit(NULL);
}

static void end_first(uint32_t preference)
{
    begin(preference);
    assert_int_equal(run_with_mutexes_held(end_the_thread), 0);
    end();
}

static void t8_thread_of_a_clone_ends(void **state)
{
    (void)state;
    for_all_preferences(end_first);
}

static void fork_first(void)
{
    is_first = false;
    REQUIRE(run_in_child(call_all) == 0);
    call_all();
}

/* One of the threads that are missing in the clone was about to leave a lock: no fork awaits it. */
static void t8_clone_forks(void **state)
{
    (void)state;
    begin(FASTENERS_PREFER_WRITERS);
    fst_record *another = fst_record_at(fst_record_count() - 1);
    another->leaving = true;
    int result = run_with_mutexes_held(fork_first);
    another->leaving = false;
    assert_int_equal(result, 0);
    end();
}

/* ---------------------------------------------------------------- clones at any moment -- */

enum { WORKERS = 4 };

static fasteners_rw_lock busy;
static _Atomic bool stop;

static void *work(void *unused)
{
    bool fine = true;

    (void)unused;
    while (!atomic_load(&stop)) {
        fine = act(&busy, ACQUIRE_READ, FOREVER) == OK && fine;
        fine = act(&busy, RELEASE_READ, 0) == OK && fine;
        fine = act(&busy, ACQUIRE_WRITE, FOREVER) == OK && fine;
        fine = act(&busy, DOWNGRADE, 0) == OK && fine;
        fine = act(&busy, RELEASE_READ, 0) == OK && fine;
    }
    return fine ? &stop : NULL;
}

static long turn;

static void use_the_busy_lock(void)
{
    if (turn % 2 == 0) {
        REQUIRE(act(&busy, ACQUIRE_READ, FOREVER) == OK);
        REQUIRE(act(&busy, UPGRADE, FOREVER) == OK);
    } else {
        REQUIRE(act(&busy, ACQUIRE_WRITE, FOREVER) == OK);
    }
    REQUIRE(act(&busy, RELEASE_WRITE, 0) == OK);
    REQUIRE(act(&busy, ACQUIRE_WRITE, NO_WAIT) == OK);
    REQUIRE(act(&busy, RELEASE_WRITE, 0) == OK);
    REQUIRE(act(&busy, DESTROY, 0) == OK);
}

__attribute__((unused)) static void t8_clone_at_any_moment(void **state)
{
    pthread_t threads[WORKERS];
    long rounds = test_rounds(400);
    int failed = 0;
    void *fine;

    (void)state;
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
    for (turn = 0; turn < rounds && failed == 0; turn++)
        failed = run_in_clone(use_the_busy_lock);
    atomic_store(&stop, true);
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(threads[i], &fine), 0);
        assert_non_null(fine);
    }
    assert_int_equal(failed, 0);
    assert_int_equal(act(&busy, DESTROY, 0), OK);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t8_any_first_call),
        cmocka_unit_test(t8_thread_of_a_clone_ends),
        cmocka_unit_test(t8_clone_forks),
#ifndef __SANITIZE_THREAD__ /* which takes the clone's thread and those that are gone for racing */
        cmocka_unit_test(t8_clone_at_any_moment),
#endif
    };

    if (PORTABLE_BUILD)
        return SKIPPED; /* plain POSIX does not tell of a clone */
    if (count > 1)
        force(words[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
