/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <string.h>
#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "../unit/unit_test.h"
#include "actor.h"
#include "fibers.h"
#include "guarded.h"

/*
 * T11: fibers of one thread, with a clock of their own. That the rules are those of the lock for
 * threads is shown by the tests of that one, which run upon hooks too (hooked.h).
 */

#define FOREVER FASTENERS_FOREVER
#define NO_WAIT FASTENERS_NO_WAIT
#define OK FASTENERS_OK
#define BUSY FASTENERS_BUSY
#define TIMED_OUT FASTENERS_TIMED_OUT
#define NOT_OWNER FASTENERS_NOT_OWNER
#define INVALID FASTENERS_INVALID

static fasteners_rw_lock lock;
static char told[200]; /* what happened, in its order */
static int logged;

static void tell(const char *what)
{
    check(strlen(told) + strlen(what) < sizeof(told));
    strcat(told, what);
}

static void is(fasteners_status status, fasteners_status expected)
{
    expect(status, expected);
}

static void count_line(void *user, fasteners_log_level level, const char *message)
{
    check(user == told && level == FASTENERS_LOG_WARNING && strstr(message, "fiber") != NULL);
    check(fasteners_rw_lock_owner(&lock) <= FASTENERS_OWNER_WRITER); /* nothing is held */
    logged++;
}

static void begin_with(unsigned seed, fiber_moods moods)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    fibers_begin(seed, moods, &lock);
    fibers_hook(&options);
    options.log = count_line;
    options.log_user = told;
    assert_int_equal(fasteners_rw_lock_init(&lock, &options), OK);
    told[0] = '\0';
    logged = 0;
}

static int setup(void **state)
{
    (void)state;
    begin_with(1, (fiber_moods){0});
    return 0;
}

static void run_them(void)
{
    assert_true(fibers_run(1));
    assert_nothing_went_wrong();
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(fasteners_rw_lock_owner(&lock), FASTENERS_OWNER_NONE);
    assert_false(fasteners_rw_lock_has_pending_writers(&lock));
    assert_int_equal(fasteners_rw_lock_destroy(&lock), OK);
    return 0;
}

/* ---------------------------------------------------------- two fibers of one thread -- */

static int inside;

static void write_slowly(void *argument)
{
    is(fasteners_rw_lock_acquire_write(&lock, FOREVER), OK);
    tell(argument);
    for (int i = 0; i < 3; i++) {
        check(inside++ == 0);
        fiber_yield();
        check(inside-- == 1);
    }
    tell(argument);
    is(fasteners_rw_lock_release_write(&lock), OK);
}

static void t11_two_fibers_of_a_thread_exclude_each_other(void **state)
{
    (void)state;
    fiber_start(write_slowly, "a");
    fiber_start(write_slowly, "b");
    run_them();
    assert_true(strcmp(told, "aabb") == 0 || strcmp(told, "bbaa") == 0);
    assert_int_equal(fibers_counts().waits, 1);
    assert_int_equal(fibers_counts().wakes, 1);
}

static void read_slowly(void *argument)
{
    is(fasteners_rw_lock_acquire_read(&lock, FOREVER), OK);
    tell(argument);
    fiber_sleep(1);
    tell(argument);
    is(fasteners_rw_lock_release_read(&lock), OK);
}

static void t11_two_fibers_of_a_thread_read_together(void **state)
{
    (void)state;
    fiber_start(read_slowly, "a");
    fiber_start(read_slowly, "b");
    run_them();
    assert_true(strncmp(told, "ab", 2) == 0 || strncmp(told, "ba", 2) == 0);
    assert_int_equal(fibers_counts().waits, 0);
}

static bool has_nothing(void)
{
    return act(&lock, RELEASE_READ, 0) == NOT_OWNER && act(&lock, RELEASE_WRITE, 0) == NOT_OWNER &&
           act(&lock, UPGRADE, FOREVER) == NOT_OWNER && act(&lock, DOWNGRADE, 0) == NOT_OWNER &&
           !fasteners_rw_lock_is_reader(&lock) && !fasteners_rw_lock_is_writer(&lock, true);
}

static void hold_in_turn(void *argument)
{
    (void)argument;
    is(fasteners_rw_lock_acquire_write(&lock, NO_WAIT), OK);
    is(fasteners_rw_lock_acquire_read(&lock, NO_WAIT), OK);
    check(fasteners_rw_lock_is_writer(&lock, false) && fasteners_rw_lock_is_reader(&lock));
    fiber_sleep(2);
    is(fasteners_rw_lock_release_write(&lock), OK);
    check(!fasteners_rw_lock_is_writer(&lock, true) && fasteners_rw_lock_is_reader(&lock));
    fiber_sleep(2);
    is(fasteners_rw_lock_release_read(&lock), OK);
}

static void have_nothing_meanwhile(void *argument)
{
    (void)argument;
    fiber_sleep(1);
    check(has_nothing() && fasteners_rw_lock_owner(&lock) == FASTENERS_OWNER_WRITER);
    is(fasteners_rw_lock_acquire_read(&lock, NO_WAIT), BUSY);
    fiber_sleep(2);
    check(has_nothing() && fasteners_rw_lock_owner(&lock) == FASTENERS_OWNER_READER);
    is(fasteners_rw_lock_acquire_write(&lock, NO_WAIT), BUSY);
    is(fasteners_rw_lock_acquire_read(&lock, NO_WAIT), OK);
    is(fasteners_rw_lock_acquire_write(&lock, FOREVER), FASTENERS_WOULD_DEADLOCK);
    is(fasteners_rw_lock_release_read(&lock), OK);
    check(has_nothing());
}

static void t11_a_hold_is_the_fibers(void **state)
{
    (void)state;
    fiber_start(hold_in_turn, NULL);
    fiber_start(have_nothing_meanwhile, NULL);
    run_them();
    assert_int_equal(fibers_counts().waits, 0);
}

/* --------------------------------------------------------------------------- time-outs -- */

static void write_for_ten_ms(void *argument)
{
    (void)argument;
    is(fasteners_rw_lock_acquire_write(&lock, NO_WAIT), OK);
    fiber_sleep(10);
    is(fasteners_rw_lock_release_write(&lock), OK);
}

/* When the wait began, what it may take, and what becomes of it. */
typedef struct patient {
    actor_call call;
    int64_t timeout_ms;
    fasteners_status expected;
    int64_t ends;
} patient;

static void be_patient(void *argument)
{
    const patient *self = argument;

    fiber_sleep(1);
    is((fasteners_status)act(&lock, self->call, self->timeout_ms), self->expected);
    check(fiber_now() == self->ends);
    if (self->expected == OK)
        act(&lock, self->call == ACQUIRE_READ ? RELEASE_READ : RELEASE_WRITE, 0);
}

static void t5_time_outs_are_those_of_the_fibers_clock(void **state)
{
    static patient patients[] = {
        {ACQUIRE_READ, NO_WAIT, BUSY, 1},         {ACQUIRE_WRITE, NO_WAIT, BUSY, 1},
        {ACQUIRE_READ, 1, TIMED_OUT, 2},          {ACQUIRE_WRITE, 5, TIMED_OUT, 6},
        {ACQUIRE_WRITE, 8, TIMED_OUT, 9},         {ACQUIRE_READ, 1000, OK, 10},
        {ACQUIRE_WRITE, INT64_MAX - 100, OK, 10}, {ACQUIRE_READ, FOREVER, OK, 10},
        {ACQUIRE_WRITE, FOREVER, OK, 10},
    };

    (void)state;
    fiber_start(write_for_ten_ms, NULL);
    for (size_t i = 0; i < sizeof(patients) / sizeof(patients[0]); i++)
        fiber_start(be_patient, &patients[i]);
    run_them();
    /* A call that does not wait calls no hook for it, any other one does once. */
    assert_int_equal(fibers_counts().waits, 7);
    assert_int_equal(fibers_counts().wakes, 4);
}

/* The hook of the wait asks. */
static void t11_who_waits_to_write_is_a_pending_writer(void **state)
{
    static patient patients[] = {{ACQUIRE_READ, FOREVER, OK, 10}, {ACQUIRE_WRITE, FOREVER, OK, 10}};

    (void)state;
    assert_int_equal(fasteners_rw_lock_destroy(&lock), OK);
    begin_with(1, (fiber_moods){.curious = true});
    fiber_start(write_for_ten_ms, NULL);
    fiber_start(be_patient, &patients[0]);
    fiber_start(be_patient, &patients[1]);
    run_them();
    assert_int_equal(fibers_counts().waits, 2);
    assert_int_equal(fibers_counts().pending, 1);
}

static void upgrade_in_vain(void *argument)
{
    (void)argument;
    is(fasteners_rw_lock_acquire_read(&lock, FOREVER), OK);
    fiber_sleep(1);
    is(fasteners_rw_lock_upgrade(&lock, 5), TIMED_OUT);
    check(fiber_now() == 6 && fasteners_rw_lock_is_reader(&lock));
    is(fasteners_rw_lock_upgrade(&lock, 50), OK);
    check(fiber_now() == 10 && !fasteners_rw_lock_is_reader(&lock));
    is(fasteners_rw_lock_release_write(&lock), OK);
}

static void read_for_ten_ms(void *argument)
{
    (void)argument;
    is(fasteners_rw_lock_acquire_read(&lock, FOREVER), OK);
    fiber_sleep(2);
    is(fasteners_rw_lock_upgrade(&lock, FOREVER), FASTENERS_WOULD_DEADLOCK);
    fiber_sleep(8);
    is(fasteners_rw_lock_release_read(&lock), OK);
}

static void t3_t5_upgrades(void **state)
{
    (void)state;
    fiber_start(upgrade_in_vain, NULL);
    fiber_start(read_for_ten_ms, NULL);
    run_them();
}

/* -------------------------------------------------- fibers that end, or are thrown away -- */

static void end_as_writer(void *argument)
{
    (void)argument;
    is(fasteners_rw_lock_acquire_write(&lock, NO_WAIT), OK);
    is(fasteners_rw_lock_acquire_write(&lock, NO_WAIT), OK);
    is(fasteners_rw_lock_acquire_read(&lock, NO_WAIT), OK);
    fiber_sleep(1);
}

static void find_it_abandoned(void *argument)
{
    is(fasteners_rw_lock_acquire_write(&lock, FOREVER), OK);
    check(fasteners_rw_lock_was_abandoned(&lock) == (argument != NULL));
    is(fasteners_rw_lock_downgrade(&lock), OK);
    check(!fasteners_rw_lock_was_abandoned(&lock));
    is(fasteners_rw_lock_release_read(&lock), OK);
}

static void t7_writer_ends(void **state)
{
    void *writer = fiber_start(end_as_writer, NULL);

    (void)state;
    assert_int_equal(fasteners_rw_lock_fiber_ended(&lock, writer), NOT_OWNER);
    assert_true(fibers_run(1));
    void *next = fiber_start(find_it_abandoned, "yes");
    assert_false(fibers_run(1)); /* nobody can see the end of a fiber */
    assert_int_equal(fasteners_rw_lock_fiber_ended(&lock, &lock), NOT_OWNER);
    assert_int_equal(logged, 0);
    assert_int_equal(fasteners_rw_lock_fiber_ended(&lock, writer), OK);
    assert_int_equal(fasteners_rw_lock_fiber_ended(&lock, writer), NOT_OWNER);
    assert_int_equal(logged, 2);
    run_them();
    assert_int_equal(fasteners_rw_lock_fiber_ended(&lock, next), NOT_OWNER);
    fiber_start(find_it_abandoned, NULL);
    run_them();
}

static void end_as_reader(void *argument)
{
    (void)argument;
    is(fasteners_rw_lock_acquire_read(&lock, NO_WAIT), OK);
    is(fasteners_rw_lock_acquire_read(&lock, NO_WAIT), OK);
}

static void t7_reader_ends(void **state)
{
    void *reader = fiber_start(end_as_reader, NULL);

    (void)state;
    run_them();
    fiber_start(find_it_abandoned, NULL);
    assert_false(fibers_run(1));
    assert_int_equal(fasteners_rw_lock_fiber_ended(&lock, reader), OK);
    run_them();
    assert_int_equal(logged, 1);
}

/* What a scheduler that stops a fiber does: its stack is there until the lock has been told. */
static void throw_away(void *fiber, fasteners_status expected)
{
    is(fasteners_rw_lock_fiber_ended(&lock, fiber), expected);
    fiber_kill(fiber);
}

static void acquire_write(void *argument)
{
    (void)argument;
    is(fasteners_rw_lock_acquire_write(&lock, FOREVER), OK);
    tell("w");
    is(fasteners_rw_lock_release_write(&lock), OK);
}

static void acquire_read(void *argument)
{
    (void)argument;
    is(fasteners_rw_lock_acquire_read(&lock, FOREVER), OK);
    tell("r");
    is(fasteners_rw_lock_release_read(&lock), OK);
}

/* Behind a reader a writer is thrown away, and lets in the readers that waited because of it. */
static void throw_a_writer_away(void *argument)
{
    (void)argument;
    is(fasteners_rw_lock_acquire_read(&lock, FOREVER), OK);
    void *writer = fiber_start(acquire_write, NULL);
    fiber_sleep(1);
    fiber_start(acquire_read, NULL);
    fiber_start(acquire_read, NULL);
    fiber_sleep(1);
    check(told[0] == '\0' && fasteners_rw_lock_has_pending_writers(&lock));
    throw_away(writer, OK);
    fiber_sleep(1);
    check(strcmp(told, "rr") == 0 && !fasteners_rw_lock_has_pending_writers(&lock));
    is(fasteners_rw_lock_release_read(&lock), OK);
}

static void upgrade_for_ever(void *argument)
{
    (void)argument;
    is(fasteners_rw_lock_acquire_read(&lock, FOREVER), OK);
    is(fasteners_rw_lock_upgrade(&lock, FOREVER), OK);
    tell("u");
}

/* The upgrader is thrown away with its read hold: the writer behind it enters. */
static void throw_an_upgrader_away(void *argument)
{
    (void)argument;
    is(fasteners_rw_lock_acquire_read(&lock, FOREVER), OK);
    void *upgrader = fiber_start(upgrade_for_ever, NULL);
    fiber_sleep(1);
    fiber_start(acquire_write, NULL);
    fiber_sleep(1);
    throw_away(upgrader, OK);
    check(logged == 1);
    is(fasteners_rw_lock_release_read(&lock), OK);
    fiber_sleep(1);
    check(strcmp(told, "w") == 0);
}

/* It has the lock, but has not run since: it counts as one that held it. */
static void throw_a_woken_one_away(void *argument)
{
    (void)argument;
    is(fasteners_rw_lock_acquire_read(&lock, FOREVER), OK);
    void *writer = fiber_start(acquire_write, NULL);
    fiber_sleep(1);
    fiber_start(acquire_read, NULL);
    fiber_sleep(1);
    is(fasteners_rw_lock_release_read(&lock), OK);
    check(fasteners_rw_lock_owner(&lock) == FASTENERS_OWNER_WRITER);
    throw_away(writer, OK);
    check(logged == 2 && fasteners_rw_lock_was_abandoned(&lock));
    fiber_sleep(1);
    check(strcmp(told, "r") == 0);
}

static void t7_waiters_are_thrown_away(void **state)
{
    (void)state;
    fiber_start(throw_a_writer_away, NULL);
    run_them();
    assert_int_equal(logged, 0);
    told[0] = '\0';
    fiber_start(throw_an_upgrader_away, NULL);
    run_them();
    told[0] = '\0';
    fiber_start(throw_a_woken_one_away, NULL);
    run_them();
}

/* --------------------------------------------------------------------------- cancelling -- */

static void t11_what_wait_returns_is_what_acquire_returns(void **state)
{
    (void)state;
    assert_int_equal(fasteners_rw_lock_destroy(&lock), OK);
    begin_with(3, (fiber_moods){.refusing = true});
    fiber_start(write_for_ten_ms, NULL);
    patient patients[] = {
        {ACQUIRE_READ, FOREVER, FASTENERS_CANCELLED, 1},
        {ACQUIRE_WRITE, 3, FASTENERS_CANCELLED, 1},
    };
    fiber_start(be_patient, &patients[0]);
    fiber_start(be_patient, &patients[1]);
    run_them();
}

/* --------------------------------------------------------------------------------- fork -- */

#ifndef _WIN32

static pid_t child;

/* Goes on in both processes. */
static void fork_while_others_wait(void *argument)
{
    (void)argument;
    is(fasteners_rw_lock_acquire_write(&lock, FOREVER), OK);
    fiber_start(acquire_read, NULL);
    fiber_start(acquire_write, NULL);
    fiber_sleep(1);
    child = fork();
    check(child >= 0 && fasteners_rw_lock_is_writer(&lock, false));
    check(fasteners_rw_lock_has_pending_writers(&lock) && !fasteners_rw_lock_was_abandoned(&lock));
    is(fasteners_rw_lock_release_write(&lock), OK);
}

/* In the child the fibers that wait are there as well, and get what they wait for. */
static void t8_a_child_has_all_fibers(void **state)
{
    int status;

    (void)state;
    fiber_start(fork_while_others_wait, NULL);
    bool done = fibers_run(1);
#ifdef __SANITIZE_THREAD__ /* which takes fibers for threads, and cannot go on after such a fork */
    if (child == 0)
        _exit(0);
#endif
    bool good = done && strlen(told) == 2 && nothing_went_wrong() &&
                fasteners_rw_lock_owner(&lock) == FASTENERS_OWNER_NONE;
    if (child == 0)
        _exit(good && fasteners_rw_lock_destroy(&lock) == OK ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(good);
    assert_int_equal(status, 0);
}

#endif

/* --------------------------------------------------------------------------- arguments -- */

static void *no_fiber(void *user)
{
    return user;
}

static fasteners_status no_wait(void *user, void *fiber, int64_t timeout_ms)
{
    (void)user;
    (void)fiber;
    (void)timeout_ms;
    return TIMED_OUT;
}

static void no_wake(void *user, void *fiber)
{
    (void)user;
    (void)fiber;
}

static void t11_all_hooks_or_none(void **state)
{
    fasteners_rw_lock mine;

    (void)state;
    for (unsigned which = 0; which < 8; which++) {
        fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;
        options.current = (which & 1) != 0 ? no_fiber : NULL;
        options.wait = (which & 2) != 0 ? no_wait : NULL;
        options.wake = (which & 4) != 0 ? no_wake : NULL;
        assert_int_equal(fasteners_rw_lock_init(&mine, &options),
                         which == 0 || which == 7 ? OK : INVALID);
        options.preference = FASTENERS_PREFER_PHASE_FAIR + 1;
        assert_int_equal(fasteners_rw_lock_init(&(fasteners_rw_lock){{0}}, &options), INVALID);
    }
    assert_int_equal(fasteners_rw_lock_destroy(&mine), OK);
    assert_memory_equal(&mine, &(fasteners_rw_lock){{0}}, sizeof(mine));
}

/* The struct of a program that does not know of hooks: what lies behind it is not looked at. */
static void t11_programs_without_hooks_go_on(void **state)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;
    fasteners_rw_lock mine;

    (void)state;
    fibers_hook(&options);
    options.size = offsetof(fasteners_rw_lock_options, current);
    assert_int_equal(fasteners_rw_lock_init(&mine, &options), OK);
    assert_int_equal(act(&mine, ACQUIRE_WRITE, NO_WAIT), OK); /* by a thread that is no fiber */
    assert_int_equal(fasteners_rw_lock_fiber_ended(&mine, &mine), INVALID);
    assert_int_equal(act(&mine, RELEASE_WRITE, 0), OK);
}

static void t11_who_is_no_fiber_is_refused(void **state)
{
    (void)state;
    assert_int_equal(act(&lock, ACQUIRE_READ, NO_WAIT), INVALID);
    assert_int_equal(act(&lock, ACQUIRE_WRITE, FOREVER), INVALID);
    assert_int_equal(act(&lock, UPGRADE, FOREVER), INVALID);
    assert_int_equal(act(&lock, RELEASE_READ, 0), NOT_OWNER);
    assert_int_equal(act(&lock, RELEASE_WRITE, 0), NOT_OWNER);
    assert_int_equal(act(&lock, DOWNGRADE, 0), NOT_OWNER);
    assert_false(fasteners_rw_lock_is_reader(&lock) || fasteners_rw_lock_is_writer(&lock, true));
    assert_int_equal(fasteners_rw_lock_fiber_ended(&lock, NULL), INVALID);
    assert_int_equal(fasteners_rw_lock_fiber_ended(NULL, &lock), INVALID);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(t11_two_fibers_of_a_thread_exclude_each_other),
        T(t11_two_fibers_of_a_thread_read_together),
        T(t11_a_hold_is_the_fibers),
        T(t5_time_outs_are_those_of_the_fibers_clock),
        T(t11_who_waits_to_write_is_a_pending_writer),
        T(t3_t5_upgrades),
        T(t7_writer_ends),
        T(t7_reader_ends),
        T(t7_waiters_are_thrown_away),
        T(t11_what_wait_returns_is_what_acquire_returns),
#ifndef _WIN32
        T(t8_a_child_has_all_fibers),
#endif
        T(t11_all_hooks_or_none),
        T(t11_programs_without_hooks_go_on),
        T(t11_who_is_no_fiber_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
