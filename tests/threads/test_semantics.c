/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include "../unit/unit_test.h"
#include "actor.h"
#include "forced.h"
#include "hooked.h"

/*
 * docs/semantics.md, state by state and call by call, in every mode and preference (argv[1],
 * argv[2]). `other` is another thread, `third` one more.
 */

#define FOREVER FASTENERS_FOREVER
#define NO_WAIT FASTENERS_NO_WAIT
#define OK FASTENERS_OK
#define BUSY FASTENERS_BUSY
#define TIMED_OUT FASTENERS_TIMED_OUT
#define WOULD_DEADLOCK FASTENERS_WOULD_DEADLOCK
#define NOT_OWNER FASTENERS_NOT_OWNER
#define INVALID FASTENERS_INVALID

static uint32_t preference;
static fasteners_rw_lock lock;
static actor other, third;
static int logged;

static void count_line(void *user, fasteners_log_level level, const char *message)
{
    (void)level;
    ++*(int *)user;
    if (message[0] == '\0')
        *(int *)user = -1000;
}

static int setup(void **state)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    (void)state;
    options.preference = preference;
    options.log = count_line;
    options.log_user = &logged;
    logged = 0;
    hook(&options);
    assert_int_equal(fasteners_rw_lock_init(&lock, &options), OK);
    hook_no_ends();
    hook_ends(&lock);
    actor_start(&other);
    actor_start(&third);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(fasteners_rw_lock_owner(&lock), FASTENERS_OWNER_NONE);
    actor_end(&other);
    actor_end(&third);
    assert_int_equal(fasteners_rw_lock_destroy(&lock), OK);
    return 0;
}

static int me(actor_call call, int64_t timeout_ms)
{
    return act(&lock, call, timeout_ms);
}

static int he(actor_call call, int64_t timeout_ms)
{
    return actor_do(&other, &lock, call, timeout_ms);
}

static int she(actor_call call, int64_t timeout_ms)
{
    return actor_do(&third, &lock, call, timeout_ms);
}

/* All releases and conversions are refused, and change nothing. */
static void assert_i_hold_nothing(void)
{
    assert_int_equal(me(RELEASE_READ, 0), NOT_OWNER);
    assert_int_equal(me(RELEASE_WRITE, 0), NOT_OWNER);
    assert_int_equal(me(UPGRADE, FOREVER), NOT_OWNER);
    assert_int_equal(me(DOWNGRADE, 0), NOT_OWNER);
    assert_false(fasteners_rw_lock_is_reader(&lock));
    assert_false(fasteners_rw_lock_is_writer(&lock, true));
}

static void nothing_is_held(void **state)
{
    (void)state;
    assert_i_hold_nothing();
    assert_int_equal(fasteners_rw_lock_owner(&lock), FASTENERS_OWNER_NONE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(me(ACQUIRE_READ, i - 1), OK);
        assert_int_equal(me(RELEASE_READ, 0), OK);
        assert_int_equal(me(ACQUIRE_WRITE, i - 1), OK);
        assert_int_equal(me(RELEASE_WRITE, 0), OK);
    }
    assert_i_hold_nothing();
}

static void invalid_arguments(void **state)
{
    fasteners_rw_lock *null = NULL;

    (void)state;
    for (actor_call call = ACQUIRE_READ; call <= DOWNGRADE; call++)
        assert_int_equal(act(null, call, 1), INVALID);
    assert_int_equal(fasteners_rw_lock_destroy(NULL), INVALID);
    assert_int_equal(fasteners_rw_lock_init(NULL, NULL), INVALID);
    assert_false(fasteners_rw_lock_is_reader(NULL));
    assert_false(fasteners_rw_lock_is_writer(NULL, true));
    assert_false(fasteners_rw_lock_has_pending_writers(NULL));
    assert_false(fasteners_rw_lock_was_abandoned(NULL));
    assert_int_equal(fasteners_rw_lock_owner(NULL), FASTENERS_OWNER_NONE);
    static const int64_t wrong[] = {-2, INT64_MIN};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(me(ACQUIRE_READ, wrong[i]), INVALID);
        assert_int_equal(me(ACQUIRE_WRITE, wrong[i]), INVALID);
        assert_int_equal(me(UPGRADE, wrong[i]), INVALID);
    }
    assert_i_hold_nothing();
}

static void others_read(void **state)
{
    (void)state;
    assert_int_equal(he(ACQUIRE_READ, FOREVER), OK);
    assert_i_hold_nothing();
    assert_int_equal(fasteners_rw_lock_owner(&lock), FASTENERS_OWNER_READER);
    assert_int_equal(fasteners_rw_lock_destroy(&lock), BUSY);
    assert_int_equal(me(ACQUIRE_READ, NO_WAIT), OK);
    assert_int_equal(me(RELEASE_READ, 0), OK);
    assert_int_equal(me(ACQUIRE_WRITE, NO_WAIT), BUSY);
    assert_int_equal(me(ACQUIRE_WRITE, 5), TIMED_OUT);
    assert_int_equal(me(ACQUIRE_READ, NO_WAIT), OK);
    assert_int_equal(me(RELEASE_READ, 0), OK);
    assert_int_equal(he(RELEASE_READ, 0), OK);
}

static void others_write(void **state)
{
    (void)state;
    assert_int_equal(he(ACQUIRE_WRITE, FOREVER), OK);
    assert_i_hold_nothing();
    assert_int_equal(fasteners_rw_lock_owner(&lock), FASTENERS_OWNER_WRITER);
    assert_int_equal(fasteners_rw_lock_destroy(&lock), BUSY);
    assert_int_equal(me(ACQUIRE_READ, NO_WAIT), BUSY);
    assert_int_equal(me(ACQUIRE_WRITE, NO_WAIT), BUSY);
    assert_int_equal(me(ACQUIRE_READ, 5), TIMED_OUT);
    assert_int_equal(me(ACQUIRE_WRITE, 5), TIMED_OUT);
    assert_int_equal(he(RELEASE_WRITE, 0), OK);
}

static void t1_nested_reads_while_a_writer_waits(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(he(ACQUIRE_READ, FOREVER), OK);
    actor_begin(&third, &lock, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&lock, 1));
    assert_true(fasteners_rw_lock_has_pending_writers(&lock));
    assert_int_equal(me(ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(he(ACQUIRE_READ, NO_WAIT), OK);
    assert_int_equal(me(RELEASE_READ, 0), OK);
    assert_int_equal(me(RELEASE_READ, 0), OK);
    assert_int_equal(he(RELEASE_READ, 0), OK);
    assert_true(actor_is_waiting(&third));
    assert_int_equal(he(RELEASE_READ, 0), OK);
    assert_int_equal(actor_finish(&third), OK);
    assert_false(fasteners_rw_lock_has_pending_writers(&lock));
    assert_int_equal(she(RELEASE_WRITE, 0), OK);
}

static void t2_nested_writes_and_reads_of_a_writer(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_WRITE, FOREVER), OK);
    assert_int_equal(me(ACQUIRE_WRITE, FOREVER), OK);
    assert_int_equal(me(RELEASE_READ, 0), NOT_OWNER);
    assert_int_equal(me(ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(me(ACQUIRE_READ, NO_WAIT), OK);
    assert_true(fasteners_rw_lock_is_reader(&lock));
    assert_true(fasteners_rw_lock_is_writer(&lock, false));
    assert_int_equal(me(ACQUIRE_WRITE, NO_WAIT), OK);
    assert_int_equal(fasteners_rw_lock_destroy(&lock), BUSY);
    assert_int_equal(me(RELEASE_READ, 0), OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(he(ACQUIRE_READ, NO_WAIT), BUSY);
        assert_int_equal(me(RELEASE_WRITE, 0), OK);
    }
    /* The write was released first: a reader stays. */
    assert_int_equal(me(RELEASE_WRITE, 0), NOT_OWNER);
    assert_int_equal(he(ACQUIRE_WRITE, NO_WAIT), BUSY);
    assert_int_equal(he(ACQUIRE_READ, NO_WAIT), OK);
    assert_int_equal(he(RELEASE_READ, 0), OK);
    assert_int_equal(fasteners_rw_lock_owner(&lock), FASTENERS_OWNER_READER);
    assert_int_equal(me(RELEASE_READ, 0), OK);
    assert_int_equal(he(ACQUIRE_WRITE, NO_WAIT), OK);
    assert_int_equal(he(RELEASE_WRITE, 0), OK);
}

static void t2_read_of_a_writer_released_first(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_WRITE, FOREVER), OK);
    assert_int_equal(me(ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(me(RELEASE_READ, 0), OK);
    assert_int_equal(me(RELEASE_READ, 0), NOT_OWNER);
    assert_int_equal(me(RELEASE_WRITE, 0), OK);
    assert_int_equal(he(ACQUIRE_WRITE, NO_WAIT), OK);
    assert_int_equal(he(RELEASE_WRITE, 0), OK);
}

static void t3_reader_asks_for_write(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(me(ACQUIRE_WRITE, FOREVER), WOULD_DEADLOCK);
    assert_int_equal(me(ACQUIRE_WRITE, NO_WAIT), WOULD_DEADLOCK);
    assert_int_equal(me(ACQUIRE_WRITE, 1000), WOULD_DEADLOCK);
    assert_int_equal(me(RELEASE_WRITE, 0), NOT_OWNER);
    assert_int_equal(me(DOWNGRADE, 0), NOT_OWNER);
    assert_int_equal(me(RELEASE_READ, 0), OK);
}

static void t3_upgrade_and_downgrade(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(me(UPGRADE, NO_WAIT), OK);
    assert_true(fasteners_rw_lock_is_writer(&lock, false));
    assert_false(fasteners_rw_lock_is_reader(&lock));
    assert_int_equal(he(ACQUIRE_READ, NO_WAIT), BUSY);
    assert_int_equal(me(UPGRADE, NO_WAIT), NOT_OWNER);
    assert_int_equal(me(DOWNGRADE, 0), OK);
    assert_true(fasteners_rw_lock_is_reader(&lock));
    assert_int_equal(he(ACQUIRE_READ, NO_WAIT), OK);
    assert_int_equal(me(UPGRADE, NO_WAIT), BUSY);
    assert_int_equal(me(UPGRADE, 5), TIMED_OUT);
    assert_int_equal(he(ACQUIRE_READ, NO_WAIT), OK);
    assert_int_equal(he(RELEASE_READ, 0), OK);
    actor_begin(&third, &lock, ACQUIRE_READ, NO_WAIT);
    assert_int_equal(actor_finish(&third), OK);
    assert_int_equal(she(RELEASE_READ, 0), OK);
    assert_int_equal(he(RELEASE_READ, 0), OK);
    assert_int_equal(me(UPGRADE, FOREVER), OK);
    assert_int_equal(me(RELEASE_WRITE, 0), OK);
    assert_i_hold_nothing();
}

static void t3_upgrade_of_a_nested_read(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(me(ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(me(UPGRADE, FOREVER), OK);
    assert_true(fasteners_rw_lock_is_reader(&lock));
    assert_int_equal(me(UPGRADE, FOREVER), OK); /* a second write hold for the second read hold */
    assert_false(fasteners_rw_lock_is_reader(&lock));
    assert_int_equal(me(DOWNGRADE, 0), OK);
    assert_int_equal(he(ACQUIRE_READ, NO_WAIT), BUSY);
    assert_int_equal(me(DOWNGRADE, 0), OK);
    assert_int_equal(he(ACQUIRE_READ, NO_WAIT), OK);
    assert_int_equal(he(RELEASE_READ, 0), OK);
    assert_int_equal(he(ACQUIRE_WRITE, NO_WAIT), BUSY);
    assert_int_equal(me(RELEASE_READ, 0), OK);
    assert_int_equal(me(RELEASE_READ, 0), OK);
    assert_i_hold_nothing();
}

static void t3_second_upgrader_is_refused(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(he(ACQUIRE_READ, FOREVER), OK);
    actor_begin(&other, &lock, UPGRADE, FOREVER);
    assert_true(wait_for_waiters(&lock, 1));
    assert_int_equal(me(UPGRADE, FOREVER), WOULD_DEADLOCK);
    assert_int_equal(me(UPGRADE, NO_WAIT), WOULD_DEADLOCK);
    assert_int_equal(me(ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(me(RELEASE_READ, 0), OK);
    assert_true(actor_is_waiting(&other));
    assert_int_equal(me(RELEASE_READ, 0), OK);
    assert_int_equal(actor_finish(&other), OK);
    assert_int_equal(he(RELEASE_WRITE, 0), OK);
}

static void t3_upgrade_ahead_of_a_waiting_writer(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_READ, FOREVER), OK);
    actor_begin(&other, &lock, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&lock, 1));
    assert_int_equal(me(UPGRADE, FOREVER), OK);
    assert_true(actor_is_waiting(&other));
    assert_int_equal(me(DOWNGRADE, 0), OK);
    assert_int_equal(me(UPGRADE, FOREVER), OK);
    assert_true(actor_is_waiting(&other));
    assert_int_equal(me(RELEASE_WRITE, 0), OK);
    assert_int_equal(actor_finish(&other), OK);
    assert_int_equal(he(RELEASE_WRITE, 0), OK);
}

static void t4_new_readers_and_a_waiting_writer(void **state)
{
    int expected = preference == FASTENERS_PREFER_READERS ? OK : BUSY;

    (void)state;
    assert_int_equal(me(ACQUIRE_READ, FOREVER), OK);
    actor_begin(&other, &lock, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&lock, 1));
    assert_int_equal(she(ACQUIRE_READ, NO_WAIT), expected);
    if (expected == OK)
        assert_int_equal(she(RELEASE_READ, 0), OK);
    assert_int_equal(me(RELEASE_READ, 0), OK);
    assert_int_equal(actor_finish(&other), OK);
    assert_int_equal(he(RELEASE_WRITE, 0), OK);
}

/* A writer waits first, then a reader that is to be served before it. */
static void t4_waiting_readers_after_a_writer(void **state)
{
    (void)state;
    if (preference == FASTENERS_PREFER_WRITERS)
        return;
    assert_int_equal(me(ACQUIRE_WRITE, FOREVER), OK);
    actor_begin(&other, &lock, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&lock, 1));
    actor_begin(&third, &lock, ACQUIRE_READ, FOREVER);
    assert_true(wait_for_waiters(&lock, 2));
    assert_int_equal(me(RELEASE_WRITE, 0), OK);
    assert_int_equal(actor_finish(&third), OK);
    assert_true(actor_is_waiting(&other));
    assert_int_equal(she(RELEASE_READ, 0), OK);
    assert_int_equal(actor_finish(&other), OK);
    assert_int_equal(he(RELEASE_WRITE, 0), OK);
}

static void t7_reader_ends(void **state)
{
    (void)state;
    assert_int_equal(he(ACQUIRE_READ, FOREVER), OK);
    assert_int_equal(he(ACQUIRE_READ, FOREVER), OK);
    actor_begin(&third, &lock, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&lock, 1));
    actor_end(&other);
    assert_int_equal(actor_finish(&third), OK);
    assert_int_equal(logged, 1);
    assert_false(fasteners_rw_lock_was_abandoned(&lock));
    assert_int_equal(she(RELEASE_WRITE, 0), OK);
    actor_start(&other);
}

static void t7_writer_ends(void **state)
{
    (void)state;
    assert_int_equal(he(ACQUIRE_WRITE, FOREVER), OK);
    assert_int_equal(he(ACQUIRE_WRITE, FOREVER), OK);
    assert_int_equal(he(ACQUIRE_READ, FOREVER), OK);
    actor_end(&other);
    assert_int_equal(me(ACQUIRE_READ, NO_WAIT), OK);
    assert_true(fasteners_rw_lock_was_abandoned(&lock));
    assert_int_equal(me(RELEASE_READ, 0), OK);
    assert_int_equal(me(ACQUIRE_WRITE, NO_WAIT), OK);
    assert_true(fasteners_rw_lock_was_abandoned(&lock));
    assert_int_equal(me(RELEASE_WRITE, 0), OK);
    assert_false(fasteners_rw_lock_was_abandoned(&lock));
    assert_int_equal(logged, 2);
    actor_start(&other);
}

static void t7_writer_ends_while_others_wait(void **state)
{
    (void)state;
    assert_int_equal(he(ACQUIRE_WRITE, FOREVER), OK);
    actor_begin(&third, &lock, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&lock, 1));
    actor_end(&other);
    assert_int_equal(actor_finish(&third), OK);
    assert_true(fasteners_rw_lock_was_abandoned(&lock));
    assert_int_equal(she(RELEASE_WRITE, 0), OK);
    actor_start(&other);
}

/* The writer came from the queue, so that nobody behind it sleeps on its record. */
static void t7_queued_writer_ends_while_others_wait(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_WRITE, FOREVER), OK);
    actor_begin(&other, &lock, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&lock, 1));
    actor_begin(&third, &lock, ACQUIRE_WRITE, FOREVER);
    assert_true(wait_for_waiters(&lock, 2));
    assert_int_equal(me(RELEASE_WRITE, 0), OK);
    assert_int_equal(actor_finish(&other), OK);
    actor_end(&other);
    assert_int_equal(actor_finish(&third), OK);
    assert_true(fasteners_rw_lock_was_abandoned(&lock));
    assert_int_equal(she(RELEASE_WRITE, 0), OK);
    actor_start(&other);
}

static void t9_destroy_while_waited_for(void **state)
{
    (void)state;
    assert_int_equal(me(ACQUIRE_WRITE, FOREVER), OK);
    actor_begin(&other, &lock, ACQUIRE_READ, FOREVER);
    assert_true(wait_for_waiters(&lock, 1));
    assert_int_equal(she(RELEASE_READ, 0), NOT_OWNER);
    assert_int_equal(fasteners_rw_lock_destroy(&lock), BUSY);
    assert_int_equal(me(RELEASE_WRITE, 0), OK);
    assert_int_equal(actor_finish(&other), OK);
    assert_int_equal(fasteners_rw_lock_destroy(&lock), BUSY);
    assert_int_equal(he(RELEASE_READ, 0), OK);
}

/* More locks than a record has slots, released in another order. */
static void many_locks_at_once(void **state)
{
    enum { MANY = 40 };
    static fasteners_rw_lock many[MANY];

    (void)state;
    for (int i = 0; i < MANY; i++)
        assert_int_equal(act(&many[i], ACQUIRE_READ, FOREVER), OK);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(act(&many[i], ACQUIRE_READ, FOREVER), OK);
        assert_int_equal(actor_do(&other, &many[i], ACQUIRE_WRITE, NO_WAIT), BUSY);
    }
    for (int i = 0; i < MANY; i++) {
        fasteners_rw_lock *one = &many[i * 7 % MANY];
        assert_int_equal(act(one, RELEASE_READ, 0), OK);
        assert_int_equal(act(one, UPGRADE, FOREVER), OK);
        assert_int_equal(actor_do(&other, one, ACQUIRE_READ, NO_WAIT), BUSY);
        assert_int_equal(act(one, DOWNGRADE, 0), OK);
        assert_int_equal(act(one, RELEASE_READ, 0), OK);
        assert_int_equal(act(one, RELEASE_READ, 0), NOT_OWNER);
        assert_int_equal(actor_do(&other, one, ACQUIRE_WRITE, NO_WAIT), OK);
        assert_int_equal(actor_do(&other, one, RELEASE_WRITE, NO_WAIT), OK);
    }
}

static void destroyed_lock_is_a_free_lock(void **state)
{
    fasteners_rw_lock mine = FASTENERS_RW_LOCK_INIT, zero = FASTENERS_RW_LOCK_INIT;

    (void)state;
    assert_int_equal(act(&mine, ACQUIRE_READ, NO_WAIT), OK);
    assert_int_equal(fasteners_rw_lock_destroy(&mine), BUSY);
    assert_int_equal(act(&mine, RELEASE_READ, 0), OK);
    assert_int_equal(fasteners_rw_lock_destroy(&mine), OK);
    assert_memory_equal(&mine, &zero, sizeof(mine));
    assert_int_equal(act(&mine, ACQUIRE_WRITE, NO_WAIT), OK);
    assert_int_equal(act(&mine, RELEASE_WRITE, 0), OK);
}

static void options_are_checked(void **state)
{
    struct {
        fasteners_rw_lock_options known;
        uint64_t unknown;
    } longer = {.known = FASTENERS_RW_LOCK_OPTIONS_INIT};
    fasteners_rw_lock mine;

    (void)state;
    longer.known.size = sizeof(longer);
    assert_int_equal(fasteners_rw_lock_init(&mine, &longer.known), OK);
    longer.unknown = 1;
    assert_int_equal(fasteners_rw_lock_init(&mine, &longer.known), INVALID);
    longer.known.size = sizeof(longer.known);
    longer.known.preference = 4;
    assert_int_equal(fasteners_rw_lock_init(&mine, &longer.known), INVALID);
    longer.known.size = 0;
    assert_int_equal(fasteners_rw_lock_init(&mine, &longer.known), INVALID);
    assert_int_equal(fasteners_rw_lock_init(&mine, NULL), OK);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        T(nothing_is_held),
        T(invalid_arguments),
        T(others_read),
        T(others_write),
        T(t1_nested_reads_while_a_writer_waits),
        T(t2_nested_writes_and_reads_of_a_writer),
        T(t2_read_of_a_writer_released_first),
        T(t3_reader_asks_for_write),
        T(t3_upgrade_and_downgrade),
        T(t3_upgrade_of_a_nested_read),
        T(t3_second_upgrader_is_refused),
        T(t3_upgrade_ahead_of_a_waiting_writer),
        T(t4_new_readers_and_a_waiting_writer),
        T(t4_waiting_readers_after_a_writer),
        T(t7_reader_ends),
        T(t7_writer_ends),
        T(t7_writer_ends_while_others_wait),
        T(t7_queued_writer_ends_while_others_wait),
        T(t9_destroy_while_waited_for),
        T(many_locks_at_once),
        T(destroyed_lock_is_a_free_lock),
        T(options_are_checked),
    };

    force(count > 1 ? words[1] : "automatic");
    preference = preference_called(count > 2 ? words[2] : "writers");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
