/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two functions that a user can give: `sleep`, which makes waiting a polling one, and `log`.
 */
#include "process_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "acquirer.h"
#include "links.h"
#include "log_lines.h"

enum { DELAYS_KEPT = 64 };

/* What the sleep function was asked for, and what it is to do. */
typedef struct sleeper {
    int64_t delays[DELAYS_KEPT];
    _Atomic int calls;
    bool really;                   /* sleep, instead of returning early */
    int last;                      /* at this call ... */
    acquirer *holder;              /* ... have this one release, or ... */
    fasteners_ipc_lock *cancelled; /* ... cancel the waits of this one */
    fasteners_ipc_lock *questioned;
    fasteners_status answers[4];
    _Atomic long thread;        /* the latest caller */
    _Atomic int caller_changes; /* how often it was another one */
} sleeper;

static void question(sleeper *self)
{
    fasteners_ipc_lock *lock = self->questioned;

    self->answers[0] = fasteners_ipc_lock_release(lock);
    self->answers[1] = fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT);
    self->answers[2] = fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER);
    self->answers[3] = fasteners_ipc_lock_is_held(lock) ? FASTENERS_OK : FASTENERS_NOT_OWNER;
}

static void on_sleep(void *user, int64_t ms)
{
    sleeper *self = user;
    int call = self->calls++;
    long thread = this_thread();

    if (call > 0 && self->thread != thread)
        self->caller_changes++;
    self->thread = thread;
    if (call < DELAYS_KEPT)
        self->delays[call] = ms;
    if (self->questioned != NULL)
        question(self);
    if (self->really)
        test_pause_ms(ms);
    if (call + 1 == self->last && self->cancelled != NULL)
        fasteners_ipc_lock_cancel(self->cancelled);
    if (call + 1 == self->last && self->holder != NULL)
        acquirer_end(self->holder, NULL);
}

static fasteners_ipc_lock *lock_at(const char *path, const fasteners_ipc_options *options)
{
    fasteners_ipc_lock *lock;

    assert_int_equal(fasteners_ipc_lock_create(&lock, path, options), FASTENERS_OK);
    return lock;
}

/* A lock that polls through `with`. */
static fasteners_ipc_lock *polling_lock(const char *path, sleeper *with, int64_t delay_ms,
                                        int64_t max_delay_ms)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    options.sleep = on_sleep;
    options.sleep_user = with;
    options.delay_ms = delay_ms;
    options.max_delay_ms = max_delay_ms;
    return lock_at(path, &options);
}

/* Another thread that has the lock. */
static acquirer *hold(fasteners_ipc_lock *lock)
{
    acquirer *holder = acquirer_start(lock, FASTENERS_FOREVER);

    assert_int_equal(acquirer_status(holder), FASTENERS_OK);
    return holder;
}

/* ----------------------------------------------------------------------------- delays -- */

/* Waits until the `count`-th sleep at which the lock becomes free, and compares what was slept. */
static void assert_delays(void **state, int64_t delay_ms, int64_t max_delay_ms,
                          const int64_t *expected, int count)
{
    const char *path = temp_path(state, "lock");
    sleeper with = {.last = count};
    fasteners_ipc_lock *held = lock_at(path, NULL);
    fasteners_ipc_lock *lock = polling_lock(path, &with, delay_ms, max_delay_ms);

    with.holder = hold(held);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(with.calls, count);
    for (int i = 0; i < count; i++)
        assert_true(with.delays[i] == expected[i]);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(held);
}

static void sleep_grows_to_the_default(void **state)
{
    const int64_t expected[] = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 100, 100};

    assert_delays(state, 0, 0, expected, 12);
}

static void sleep_grows_by_delay_up_to_max_delay(void **state)
{
    const int64_t expected[] = {7, 14, 21, 28, 30, 30, 30};

    assert_delays(state, 7, 30, expected, 7);
}

static void sleep_with_a_delay_above_the_maximum(void **state)
{
    const int64_t by_number[] = {50, 50, 50};
    const int64_t by_default[] = {400, 400, 400};

    assert_delays(state, 50, 20, by_number, 3);
    assert_delays(state, 400, 0, by_default, 3);
}

static void sleep_that_grows_beyond_all_numbers(void **state)
{
    const int64_t expected[] = {INT64_C(1) << 62, INT64_MAX, INT64_MAX};
    const int64_t at_once[] = {INT64_MAX, INT64_MAX};

    assert_delays(state, INT64_C(1) << 62, INT64_MAX, expected, 3);
    assert_delays(state, INT64_MAX, 0, at_once, 2);
}

/* Each acquire begins anew. */
static void sleep_starts_over(void **state)
{
    const char *path = temp_path(state, "lock");
    sleeper with = {.last = 3};
    fasteners_ipc_lock *held = lock_at(path, NULL);
    fasteners_ipc_lock *lock = polling_lock(path, &with, 5, 0);

    for (int round = 0; round < 2; round++) {
        with.calls = 0;
        with.holder = hold(held);
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
        for (int i = 0; i < 3; i++)
            assert_int_equal(with.delays[i], 5 * (i + 1));
    }
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(held);
}

/* Since each sleep lasts as long as asked for, the sum of all can only stay within the time-out. */
static void assert_clamped(void **state, int64_t delay_ms)
{
    const char *path = temp_path(state, "lock");
    sleeper with = {.really = true};
    fasteners_ipc_lock *held = lock_at(path, NULL);
    fasteners_ipc_lock *lock = polling_lock(path, &with, delay_ms, 3600000);
    acquirer *holder = hold(held);
    int64_t begin = test_now();
    int64_t sum = 0;

    assert_int_equal(fasteners_ipc_lock_acquire(lock, 250), FASTENERS_TIMED_OUT);
    assert_true(test_now() - begin >= INT64_C(250000000));
    assert_true(with.calls > 0 && with.calls < DELAYS_KEPT);
    for (int i = 0; i < with.calls; i++) {
        assert_true(with.delays[i] >= 1);
        sum += with.delays[i];
    }
    assert_true(sum <= 250);
    assert_int_equal(acquirer_end(holder, NULL), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(held);
}

static void sleep_is_clamped_to_the_remaining_time(void **state)
{
    assert_clamped(state, 40);
    assert_clamped(state, 1000); /* the first sleep already is longer than what remains */
}

/* A sleep that comes back early makes the tries more frequent, not the time-out shorter. */
static void sleep_that_returns_early(void **state)
{
    const char *path = temp_path(state, "lock");
    sleeper with = {.calls = 0};
    fasteners_ipc_lock *held = lock_at(path, NULL);
    fasteners_ipc_lock *lock = polling_lock(path, &with, 1, 5);
    acquirer *holder = hold(held);
    int64_t begin = test_now();

    assert_int_equal(fasteners_ipc_lock_acquire(lock, 60), FASTENERS_TIMED_OUT);
    assert_true(test_now() - begin >= INT64_C(60000000));
    for (int i = 0; i < with.calls && i < DELAYS_KEPT; i++)
        assert_in_range(with.delays[i], 1, 5);
    assert_int_equal(acquirer_end(holder, NULL), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(held);
}

/* ------------------------------------------------------------------- when it is called -- */

static void sleep_is_for_waiting_alone(void **state)
{
    const char *path = temp_path(state, "lock");
    sleeper with = {.calls = 0};
    fasteners_ipc_lock *held = lock_at(path, NULL);
    fasteners_ipc_lock *lock = polling_lock(path, &with, 1, 1);
    acquirer *holder;

    /* Free, by whatever time-out; then one's own. */
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, 3600000), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    holder = hold(held);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, -2), FASTENERS_INVALID);
    assert_int_equal(with.calls, 0);
    assert_int_equal(acquirer_end(holder, NULL), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(held);
}

/* A wait with these options, for another process, stands in the kernel's queue or does not. */
static void assert_queues(void **state, const fasteners_ipc_options *options, bool queues)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_start();
    fasteners_ipc_lock *lock = lock_at(path, options);
    acquirer *waiter;

    agent_expect(agent, "FASTENERS_OK", "create l %s", path);
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    waiter = acquirer_start(lock, FASTENERS_FOREVER);
    if (queues)
        expect_queued(path, 1);
    assert_true(acquirer_waits(waiter));
    assert_true(queues || locks_on(path).queued == 0);
    agent_stop(agent);
    assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static void polling_is_used_only_when_asked_for(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    sleeper with = {.calls = 0};

    assert_queues(state, NULL, true);
    options.sleep_user = &with;
    options.max_delay_ms = 3600000;
    assert_queues(state, &options, true);
    options.fair = true;
    assert_queues(state, &options, true);
}

static void polling_does_not_queue_in_the_kernel(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    NEEDS_THE_QUEUE();
    options.delay_ms = 500; /* long enough to be seen asleep */
    assert_queues(state, &options, false);
    options.fair = true;
    assert_queues(state, &options, false);
}

static bool has_slept(void *argument)
{
    const sleeper *with = argument;

    return with->calls > 3;
}

/* Of two threads on one handle the first alone polls. */
static void sleep_is_called_by_one_thread_of_the_handle(void **state)
{
    const char *path = temp_path(state, "lock");
    sleeper with = {.really = true};
    fasteners_ipc_lock *held = lock_at(path, NULL);
    fasteners_ipc_lock *lock = polling_lock(path, &with, 1, 1);
    acquirer *holder = hold(held);
    acquirer *first = acquirer_start(lock, FASTENERS_FOREVER);
    acquirer *second;

    assert_true(test_wait_until(has_slept, &with));
    second = acquirer_start(lock, FASTENERS_FOREVER);
    assert_true(acquirer_waits(second));
    with.calls = 0;
    assert_true(test_wait_until(has_slept, &with));
    assert_int_equal(with.caller_changes, 0);
    fasteners_ipc_lock_cancel(lock);
    assert_int_equal(acquirer_end(first, NULL), FASTENERS_CANCELLED);
    assert_int_equal(acquirer_end(second, NULL), FASTENERS_CANCELLED);
    assert_int_equal(acquirer_end(holder, NULL), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(held);
}

/* ----------------------------------------------------------------------------- cancel -- */

static void cancel_during_a_sleep(void **state)
{
    const char *path = temp_path(state, "lock");
    sleeper with = {.last = 5};
    fasteners_ipc_lock *held = lock_at(path, NULL);
    fasteners_ipc_lock *lock = polling_lock(path, &with, 1, 1);
    acquirer *holder = hold(held);

    with.cancelled = lock;
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_CANCELLED);
    assert_int_equal(with.calls, 5);
    assert_false(fasteners_ipc_lock_is_held(lock));
    /* Only the wait that was going on. */
    with.calls = 0;
    with.cancelled = NULL;
    with.holder = holder;
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(with.calls, 5);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(held);
}

static void cancel_ends_the_built_in_sleep_at_once(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *held = lock_at(path, NULL);
    fasteners_ipc_lock *lock;
    acquirer *waiter;

    options.delay_ms = 24 * 3600 * 1000; /* longer than any patience */
    lock = lock_at(path, &options);
    assert_int_equal(fasteners_ipc_lock_acquire(held, FASTENERS_NO_WAIT), FASTENERS_OK);
    waiter = acquirer_start(lock, FASTENERS_FOREVER);
    assert_true(acquirer_waits(waiter));
    fasteners_ipc_lock_cancel(lock);
    assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_CANCELLED);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(held);
}

/* No mutex is held: the sleep function may ask the lock that it sleeps for. */
static void sleep_may_use_the_lock(void **state)
{
    const char *path = temp_path(state, "lock");
    sleeper with = {.last = 2};
    fasteners_ipc_lock *held = lock_at(path, NULL);
    fasteners_ipc_lock *lock = polling_lock(path, &with, 1, 1);

    with.holder = hold(held);
    with.questioned = lock;
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(with.answers[0], FASTENERS_NOT_OWNER);
    assert_int_equal(with.answers[1], FASTENERS_BUSY);
    assert_int_equal(with.answers[2], FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(with.answers[3], FASTENERS_NOT_OWNER);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(held);
}

/* -------------------------------------------------------------------------------- log -- */

/* A log callback that uses the lock which it is told about. */
typedef struct listener {
    fasteners_ipc_lock *lock;
    const char *removed; /* removed first, or NULL */
    int calls;
    fasteners_log_level level;
    pthread_t thread;
    bool one_line;
    bool was_held;
    fasteners_status acquired;
    fasteners_status released;
} listener;

static void on_log(void *user, fasteners_log_level level, const char *message)
{
    listener *self = user;

    self->calls++;
    self->level = level;
    self->thread = pthread_self();
    self->one_line = message[0] != '\0' && strchr(message, '\n') == NULL;
    self->was_held = fasteners_ipc_lock_is_held(self->lock);
    if (self->removed == NULL || rmdir(self->removed) != 0)
        return;
    self->acquired = fasteners_ipc_lock_acquire(self->lock, FASTENERS_NO_WAIT);
    self->released = fasteners_ipc_lock_release(self->lock);
}

static fasteners_ipc_lock *logging_lock(const char *path, listener *to)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    options.log = on_log;
    options.log_user = to;
    to->lock = lock_at(path, &options);
    return to->lock;
}

/* In the callback of a failed acquire the lock can be acquired, if the reason is gone. */
static void log_may_use_the_lock(void **state)
{
    const char *path = temp_path(state, "path");
    listener to = {.removed = path};
    fasteners_ipc_lock *lock = logging_lock(path, &to);

    make_directory(path);
    /* By way of another thread, so that a callback that blocks is told as such. */
    assert_int_equal(acquirer_end(acquirer_start(lock, FASTENERS_FOREVER), NULL),
                     FASTENERS_INVALID);
    assert_int_equal(to.calls, 1);
    assert_int_equal(to.level, FASTENERS_LOG_ERROR);
    assert_true(to.one_line);
    assert_false(to.was_held);
    assert_int_equal(to.acquired, FASTENERS_OK);
    assert_int_equal(to.released, FASTENERS_OK);
    assert_false(fasteners_ipc_lock_is_held(lock));
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static void log_is_called_by_the_calling_thread(void **state)
{
    const char *path = temp_path(state, "directory");
    listener to = {.calls = 0};
    fasteners_ipc_lock *lock = logging_lock(path, &to);

    make_directory(path);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_INVALID);
    assert_int_equal(to.calls, 1);
    assert_true(pthread_equal(to.thread, pthread_self()));
    fasteners_ipc_lock_destroy(lock);
}

/* The line of an acquire that went well comes when the lock is held already. */
static void log_of_a_success_comes_after_it(void **state)
{
    const char *path = temp_path(state, "lock");
    listener to = {.calls = 0};
    fasteners_ipc_lock *lock = logging_lock(path, &to);

    NEEDS_DELETED_NAMES_TO_GO();
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    assert_int_equal(to.calls, 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
    assert_int_equal(to.calls, 1);
    assert_int_equal(to.level, FASTENERS_LOG_INFO);
    assert_true(to.was_held);
    fasteners_ipc_lock_destroy(lock);
}

/* That somebody else holds the lock, or that a call was wrong, is an answer and no event. */
static void log_is_silent_about_contention(void **state)
{
    const char *path = temp_path(state, "lock");
    listener to = {.calls = 0};
    fasteners_ipc_lock *held = lock_at(path, NULL);
    fasteners_ipc_lock *lock = logging_lock(path, &to);
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    acquirer *other;

    NEEDS_QUEUED_WAITS();
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_NOT_FOUND);
    assert_int_equal(fasteners_ipc_lock_acquire(held, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, 5), FASTENERS_TIMED_OUT);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_NOT_OWNER);
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_NOT_OWNER);
    other = acquirer_start(lock, FASTENERS_FOREVER);
    assert_true(acquirer_waits(other));
    fasteners_ipc_lock_cancel(lock);
    assert_int_equal(acquirer_end(other, NULL), FASTENERS_CANCELLED);
    assert_int_equal(fasteners_ipc_lock_os_error(lock), 0);
    fasteners_ipc_lock_destroy(lock);
    assert_int_equal(to.calls, 0);
    fasteners_ipc_lock_destroy(held);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sleep_grows_to_the_default),
        TEST(sleep_grows_by_delay_up_to_max_delay),
        TEST(sleep_with_a_delay_above_the_maximum),
        TEST(sleep_that_grows_beyond_all_numbers),
        TEST(sleep_starts_over),
        TEST(sleep_is_clamped_to_the_remaining_time),
        TEST(sleep_that_returns_early),
        TEST(sleep_is_for_waiting_alone),
        TEST(polling_is_used_only_when_asked_for),
        TEST(polling_does_not_queue_in_the_kernel),
        TEST(sleep_is_called_by_one_thread_of_the_handle),
        TEST(cancel_during_a_sleep),
        TEST(cancel_ends_the_built_in_sleep_at_once),
        TEST(sleep_may_use_the_lock),
        TEST(log_may_use_the_lock),
        TEST(log_is_called_by_the_calling_thread),
        TEST(log_of_a_success_comes_after_it),
        TEST(log_is_silent_about_contention),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
