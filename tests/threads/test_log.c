/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include "../unit/unit_test.h"
#include "actor.h"
#include "forced.h"
#include "forked.h"

/*
 * T7: the program's log is told with nothing of the library's held, so it may use locks, that lock
 * among them, have other threads use them, and fork.
 *
 * The log asserts nothing, since other threads call it: it writes down the first line that went
 * wrong.
 */

#define FOREVER FASTENERS_FOREVER
#define NO_WAIT FASTENERS_NO_WAIT
#define OK FASTENERS_OK

static fasteners_rw_lock lock, other, kept, owed;
static actor holder, first, second, helper;

/* What whoever is told holds of the lock. */
typedef enum hold { NOTHING, READS, WRITES } hold;

static hold expected;
static bool keeps;      /* the log takes `kept` for reading, and keeps it */
static int told, wrong; /* how often the log was told; the line that went wrong */

static void check_at(bool holds, int line)
{
    if (!holds && wrong == 0)
        wrong = line;
}
#define CHECK(condition) check_at(condition, __LINE__)

static bool succeeds(fasteners_rw_lock *it, actor_call call)
{
    return act(it, call, NO_WAIT) == OK;
}

static bool can_be_used(fasteners_rw_lock *it)
{
    return succeeds(it, ACQUIRE_WRITE) && succeeds(it, ACQUIRE_READ) &&
           succeeds(it, RELEASE_WRITE) && succeeds(it, UPGRADE) && succeeds(it, DOWNGRADE) &&
           succeeds(it, RELEASE_READ) && !fasteners_rw_lock_is_writer(it, true);
}

static bool can_be_taken_again(void)
{
    if (expected == WRITES)
        return fasteners_rw_lock_is_writer(&lock, false) && succeeds(&lock, ACQUIRE_WRITE) &&
               succeeds(&lock, ACQUIRE_READ) && succeeds(&lock, RELEASE_READ) &&
               succeeds(&lock, RELEASE_WRITE) && fasteners_rw_lock_is_writer(&lock, false);
    if (expected == READS)
        return fasteners_rw_lock_is_reader(&lock) && succeeds(&lock, ACQUIRE_READ) &&
               act(&lock, ACQUIRE_WRITE, NO_WAIT) == FASTENERS_WOULD_DEADLOCK &&
               succeeds(&lock, RELEASE_READ) && fasteners_rw_lock_is_reader(&lock);
    return !fasteners_rw_lock_is_reader(&lock) && can_be_used(&lock);
}

/*
 * On Windows, while a thread ends, no other one can end, or be new to the library: see
 * docs/platforms.md. There the helper is known before, and ends later.
 */
#ifdef _WIN32
static const bool helper_is_new = false;
#else
static const bool helper_is_new = true;
#endif

static void introduce_helper(void)
{
    actor_start(&helper);
    assert_int_equal(actor_do(&helper, &other, ACQUIRE_READ, NO_WAIT), OK);
    assert_int_equal(actor_do(&helper, &other, RELEASE_READ, 0), OK);
}

/* A new thread, so that the library has to get to know it; with patience. */
static bool can_be_used_by_others(void)
{
    if (helper_is_new)
        actor_start(&helper);
    bool fine = actor_do(&helper, &other, ACQUIRE_WRITE, NO_WAIT) == OK &&
                actor_do(&helper, &other, RELEASE_WRITE, 0) == OK &&
                actor_do(&helper, &lock, HAS_PENDING_WRITERS, 0) != NOT_YET &&
                actor_do(&helper, &lock, DESTROY, 0) ==
                    (expected == NOTHING ? FASTENERS_OK : FASTENERS_BUSY);
    if (fine && helper_is_new)
        actor_end(&helper);
    return fine;
}

/* The child has what its thread has; those who waited, or hold locks, are gone. */
static void child(void)
{
    REQUIRE(can_be_used(&other));
    REQUIRE(can_be_taken_again());
    if (expected == WRITES)
        REQUIRE(succeeds(&lock, RELEASE_WRITE));
    if (expected == READS)
        REQUIRE(succeeds(&lock, RELEASE_READ));
    expected = NOTHING;
    REQUIRE(can_be_taken_again());
}

static void use_locks(void *user, fasteners_log_level level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
    if (told++ > 0)
        return;
    CHECK(can_be_taken_again());
    CHECK(can_be_used(&other));
    CHECK(run_in_child(child) == 0);
    CHECK(can_be_used_by_others());
    if (keeps)
        CHECK(succeeds(&kept, ACQUIRE_READ));
}

/* -------------------------------------------------------------------------- the scenes -- */

static fasteners_rw_lock_options with_log(uint32_t preference)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    options.preference = preference;
    options.log = use_locks;
    return options;
}

static void begin(uint32_t preference, hold what)
{
    fasteners_rw_lock_options options = with_log(preference);

    assert_int_equal(wrong, 0); /* else threads are stuck in the log */
    told = 0;
    keeps = false;
    expected = what;
    assert_int_equal(fasteners_rw_lock_init(&lock, &options), OK);
    options.log = NULL;
    assert_int_equal(fasteners_rw_lock_init(&other, &options), OK);
    assert_int_equal(fasteners_rw_lock_init(&kept, &options), OK);
    assert_int_equal(fasteners_rw_lock_init(&owed, &options), OK);
    actor_start(&holder);
    actor_start(&first);
    actor_start(&second);
    if (!helper_is_new)
        introduce_helper();
}

static void assert_nobody_holds(fasteners_rw_lock *it)
{
    assert_int_equal(act(it, ACQUIRE_WRITE, NO_WAIT), OK);
    assert_int_equal(act(it, RELEASE_WRITE, 0), OK);
    assert_int_equal(act(it, DESTROY, 0), OK);
}

static void end(void)
{
    if (!helper_is_new)
        actor_end(&helper);
    actor_end(&first);
    actor_end(&second);
    assert_int_equal(told, 1);
    assert_int_equal(wrong, 0);
    assert_nobody_holds(&lock);
    assert_nobody_holds(&other);
    assert_nobody_holds(&kept);
    assert_nobody_holds(&owed);
}

/* A test with each of the preferences. */
static void for_all_preferences(void (*scene)(uint32_t preference))
{
    scene(FASTENERS_PREFER_WRITERS);
    scene(FASTENERS_PREFER_READERS);
    scene(FASTENERS_PREFER_PHASE_FAIR);
}

/* ----------------------------------------------------------- who finds that a writer ended -- */

static void find(uint32_t preference, actor_call acquire, actor_call release)
{
    begin(preference, acquire == ACQUIRE_WRITE ? WRITES : READS);
    assert_int_equal(actor_do(&holder, &lock, ACQUIRE_WRITE, FOREVER), OK);
    actor_end(&holder);
    assert_int_equal(actor_do(&first, &lock, acquire, NO_WAIT), OK);
    assert_int_equal(actor_do(&first, &lock, release, 0), OK);
    end();
}

static void find_as_writer(uint32_t preference)
{
    find(preference, ACQUIRE_WRITE, RELEASE_WRITE);
}

static void find_as_reader(uint32_t preference)
{
    find(preference, ACQUIRE_READ, RELEASE_READ);
}

static void find_by_destroying(uint32_t preference)
{
    begin(preference, NOTHING);
    assert_int_equal(actor_do(&holder, &lock, ACQUIRE_WRITE, FOREVER), OK);
    actor_end(&holder);
    assert_int_equal(actor_do(&first, &lock, DESTROY, 0), OK);
    end();
}

static void t7_log_of_a_newcomer(void **state)
{
    (void)state;
    for_all_preferences(find_as_writer);
    for_all_preferences(find_as_reader);
    for_all_preferences(find_by_destroying);
}

/* The first one is the head of the queue, and the second one waits behind it. */
static void find_as_head(uint32_t preference, actor_call acquire, actor_call release)
{
    begin(preference, acquire == ACQUIRE_WRITE ? WRITES : READS);
    assert_int_equal(actor_do(&holder, &lock, ACQUIRE_WRITE, FOREVER), OK);
    actor_begin(&first, &lock, acquire, FOREVER);
    assert_true(wait_for_waiters(&lock, 1));
    actor_begin(&second, &lock, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&lock, 2));
    actor_end(&holder);
    assert_int_equal(actor_finish(&first), OK);
    assert_int_equal(told, 1);
    assert_true(actor_is_waiting(&second));
    assert_int_equal(actor_do(&first, &lock, release, 0), OK);
    assert_int_equal(actor_finish(&second), OK);
    assert_int_equal(actor_do(&second, &lock, RELEASE_WRITE, 0), OK);
    end();
}

static void find_as_writing_head(uint32_t preference)
{
    find_as_head(preference, ACQUIRE_WRITE, RELEASE_WRITE);
}

static void find_as_reading_head(uint32_t preference)
{
    find_as_head(preference, ACQUIRE_READ, RELEASE_READ);
}

static void t7_log_of_the_head_of_a_queue(void **state)
{
    (void)state;
    for_all_preferences(find_as_writing_head);
    for_all_preferences(find_as_reading_head);
}

/* ------------------------------------------------------------------ a reader that ends -- */

/* Its read hold is given back when the log is told, and what the log keeps is given back too. */
static void end_reading(uint32_t preference)
{
    begin(preference, NOTHING);
    keeps = true;
    assert_int_equal(actor_do(&holder, &lock, ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(actor_do(&holder, &lock, ACQUIRE_READ, FOREVER), OK);
    actor_end(&holder);
    end();
}

static void t7_log_of_an_ending_reader(void **state)
{
    (void)state;
    for_all_preferences(end_reading);
}

/* The ending thread writes another lock besides, and owes a wake-up to those who wait for it. */
static void end_reading_and_owing(uint32_t preference)
{
    begin(preference, NOTHING);
    assert_int_equal(act(&owed, ACQUIRE_WRITE, FOREVER), OK);
    assert_int_equal(actor_do(&holder, &lock, ACQUIRE_READ, FOREVER), OK);
    actor_begin(&holder, &owed, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&owed, 1));
    actor_begin(&first, &owed, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&owed, 2));
    assert_int_equal(act(&owed, RELEASE_WRITE, 0), OK);
    assert_int_equal(actor_finish(&holder), OK);
    actor_end(&holder);
    assert_int_equal(actor_finish(&first), OK);
    assert_true(fasteners_rw_lock_was_abandoned(&owed));
    assert_int_equal(actor_do(&first, &owed, RELEASE_WRITE, 0), OK);
    end();
}

static void t7_log_of_an_ending_reader_that_owes(void **state)
{
    (void)state;
    for_all_preferences(end_reading_and_owing);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t7_log_of_a_newcomer),
        cmocka_unit_test(t7_log_of_the_head_of_a_queue),
        cmocka_unit_test(t7_log_of_an_ending_reader),
        cmocka_unit_test(t7_log_of_an_ending_reader_that_owes),
    };

    if (count > 1)
        force(words[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
