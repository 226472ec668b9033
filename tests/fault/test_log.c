/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What the log is told, and that it may use the lock it is told about. */

static unsigned all_lines(void)
{
    return log_lines(FASTENERS_LOG_ERROR) + log_lines(FASTENERS_LOG_WARNING) +
           log_lines(FASTENERS_LOG_INFO);
}

static fasteners_ipc_options fair_and_unlinking(void)
{
    fasteners_ipc_options options = kept_log();

    options.fair = true;
    options.unlink_on_release = true;
    return options;
}

/* ------------------------------------------------------------------ what is not told -- */

static void contention_and_success_are_not_told(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_WOULD_DEADLOCK);
    expect_release(lock, FASTENERS_OK);
    expect_release(lock, FASTENERS_NOT_OWNER);
    foreign_takes_lock(NULL);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    expect_acquire(lock, 20, FASTENERS_TIMED_OUT);
    fake_at_ms(50, handle_is_cancelled, lock);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_CANCELLED);
    assert_int_equal(all_lines(), 0);
    assert_int_equal(fasteners_ipc_lock_os_error(lock), 0);
    fasteners_ipc_lock_destroy(lock);
    assert_int_equal(all_lines(), 0);
}

static void without_a_callback_nothing_is_told(void **state)
{
    fasteners_ipc_lock *lock;

    (void)state;
    assert_int_equal(fasteners_ipc_lock_create(&lock, PATH, NULL), FASTENERS_OK);
    fake_fail(FAKE_OPEN, 1, FASTENERS_OS_ERROR, EIO);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OS_ERROR);
    use_and_destroy(lock);
    assert_int_equal(all_lines(), 0);
}

/* ----------------------------------------------------------------------- what is told -- */

typedef struct failure {
    fake_operation operation;
    fasteners_status status;
    int os_error;
    const char *what;
} failure;

static const failure acquire_failures[] = {
    {FAKE_OPEN, FASTENERS_NO_PERMISSION, EACCES, "open"},
    {FAKE_OPEN, FASTENERS_OS_ERROR, EMFILE, "open"},
    {FAKE_CREATE, FASTENERS_OS_ERROR, ENOSPC, "create"},
    {FAKE_MAKE_PARENTS, FASTENERS_NO_PERMISSION, EACCES, "create"},
    {FAKE_LOCK_TRY, FASTENERS_NOT_SUPPORTED, ENOLCK, "lock"},
    {FAKE_LOCK_TRY, FASTENERS_OS_ERROR, EIO, "lock"},
    {FAKE_UNLOCK, FASTENERS_OS_ERROR, EIO, "unlock"},
    {FAKE_PATH_ID, FASTENERS_OS_ERROR, EIO, "look"},
};

static void expect_told(const failure *f, const char *call, const char *path,
                        fasteners_ipc_lock *lock)
{
    char reason[32];

    (void)snprintf(reason, sizeof(reason), "error %d", f->os_error);
    assert_int_equal(log_lines(FASTENERS_LOG_ERROR), 1);
    assert_true(log_has(FASTENERS_LOG_ERROR, call, path, reason));
    assert_true(log_has(FASTENERS_LOG_ERROR, f->what, fasteners_status_name(f->status), NULL));
    assert_int_equal(fasteners_ipc_lock_os_error(lock), f->os_error);
}

static void each_failure_of_acquire_is_told_once_with_path_operation_and_cause(void **state)
{
    fasteners_ipc_options options = fair_and_unlinking();

    (void)state;
    for (size_t i = 0; i < sizeof(acquire_failures) / sizeof(acquire_failures[0]); i++) {
        const failure *f = &acquire_failures[i];
        fasteners_ipc_lock *lock;
        fake_reset();
        log_clear();
        assert_int_equal(fasteners_ipc_lock_create(&lock, "/d/lock", &options), FASTENERS_OK);
        fake_fail(f->operation, 1, f->status, f->os_error);
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), f->status);
        expect_told(f, "fasteners_ipc_lock_acquire", "/d/lock", lock);
        fasteners_ipc_lock_destroy(lock);
        assert_int_equal(fake_memory_blocks(), 0);
    }
}

static void failures_of_the_other_calls_are_told_in_their_names(void **state)
{
    static const failure unlock = {FAKE_UNLOCK, FASTENERS_OS_ERROR, EIO, "unlock"};
    static const failure look = {FAKE_PATH_ID, FASTENERS_NO_PERMISSION, EACCES, "look"};
    static const failure ask = {FAKE_HOLDER, FASTENERS_NOT_SUPPORTED, ENOLCK, "holder"};
    fasteners_ipc_lock *lock = make_lock(NULL);
    fasteners_holder holder = FASTENERS_HOLDER_INIT;

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_PATH_ID, 1, look.status, look.os_error);
    assert_int_equal(fasteners_ipc_lock_check(lock), look.status);
    expect_told(&look, "fasteners_ipc_lock_check", PATH, lock);
    log_clear();
    fake_fail(FAKE_HOLDER, 1, ask.status, ask.os_error);
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), ask.status);
    expect_told(&ask, "fasteners_ipc_lock_holder", PATH, lock);
    log_clear();
    fake_fail(FAKE_UNLOCK, 1, unlock.status, unlock.os_error);
    expect_release(lock, unlock.status);
    expect_told(&unlock, "fasteners_ipc_lock_release", PATH, lock);
    expect_release(lock, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static void memory_that_runs_out_is_told_without_an_error_number(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_fail(FAKE_ALLOC, 0, FASTENERS_OK, 0);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_NO_MEMORY);
    assert_int_equal(fasteners_ipc_lock_os_error(lock), 0);
    assert_true(log_has(FASTENERS_LOG_ERROR, PATH, "FASTENERS_NO_MEMORY", NULL));
    assert_false(log_has(FASTENERS_LOG_ERROR, "error ", NULL, NULL));
    fake_heal();
    use_and_destroy(lock);
}

static void a_failure_to_open_anew_has_its_own_error_number(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_fail(FAKE_ALLOC, 2, FASTENERS_OK, 0);
    fasteners_status status = fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT);
    if (fake_has_failed()) {
        assert_int_equal(status, FASTENERS_NO_MEMORY);
        assert_int_equal(fasteners_ipc_lock_os_error(lock), 0);
    }
    fasteners_ipc_lock_destroy(lock);
}

/* However long the path is. */
static void a_long_path_does_not_break_the_line(void **state)
{
    fasteners_ipc_options options = kept_log();
    fasteners_ipc_lock *lock;
    char path[8000];

    (void)state;
    memset(path, 'x', sizeof(path) - 1);
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
    fake_fail(FAKE_OPEN, 1, FASTENERS_OS_ERROR, ENAMETOOLONG);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OS_ERROR);
    assert_true(log_has(FASTENERS_LOG_ERROR, "fasteners_ipc_lock_acquire", "/xxx", NULL));
    fasteners_ipc_lock_destroy(lock);
}

/* ------------------------------------------------------------------- using the lock -- */

static struct {
    fasteners_ipc_lock *lock;
    int depth, calls;
    fasteners_status tried, waited;
} inner;

/* Whatever mutex were held here would be waited for, for ever: the fake would notice. */
static void log_that_uses_the_lock(void *user, fasteners_log_level level, const char *message)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;

    (void)user;
    (void)level;
    (void)message;
    if (inner.lock == NULL || inner.depth++ > 0)
        return;
    inner.calls++;
    (void)fasteners_ipc_lock_is_held(inner.lock);
    (void)fasteners_ipc_lock_check(inner.lock);
    (void)fasteners_ipc_lock_os_error(inner.lock);
    (void)fasteners_ipc_lock_holder(inner.lock, &holder);
    fasteners_ipc_lock_cancel(inner.lock);
    inner.tried = fasteners_ipc_lock_acquire(inner.lock, FASTENERS_NO_WAIT);
    inner.waited = fasteners_ipc_lock_acquire(inner.lock, FASTENERS_FOREVER);
    if (inner.tried == FASTENERS_OK)
        (void)fasteners_ipc_lock_release(inner.lock);
    inner.depth = 0;
}

static fasteners_ipc_lock *make_lock_with_that_log(bool fair)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    options.log = log_that_uses_the_lock;
    options.fair = fair;
    memset(&inner, 0, sizeof(inner));
    inner.lock = make_lock(&options);
    return inner.lock;
}

static void end_using(void)
{
    fasteners_ipc_lock *lock = inner.lock;

    inner.lock = NULL;
    fake_heal();
    fasteners_ipc_lock_destroy(lock);
}

/* The acquire has failed: the lock is free again, so the callback gets it. */
static void the_log_may_use_the_lock_that_could_not_be_acquired(void **state)
{
    static const fake_operation operations[] = {FAKE_OPEN, FAKE_CREATE, FAKE_LOCK_TRY, FAKE_PATH_ID,
                                                FAKE_UNLOCK};

    (void)state;
    for (int i = 0; i < 5; i++) {
        fasteners_ipc_lock *lock = make_lock_with_that_log(true);
        if (operations[i] == FAKE_CREATE && fake_exists(PATH))
            fake_delete(PATH);
        fake_fail(operations[i], 1, FASTENERS_OS_ERROR, EIO);
        expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OS_ERROR);
        assert_int_equal(inner.calls, 1);
        assert_int_equal(inner.tried, FASTENERS_OK);
        assert_int_equal(inner.waited, FASTENERS_WOULD_DEADLOCK);
        end_using();
    }
}

static void the_log_may_use_the_lock_that_could_not_be_released(void **state)
{
    fasteners_ipc_lock *lock = make_lock_with_that_log(false);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_UNLOCK, 1, FASTENERS_OS_ERROR, EIO);
    expect_release(lock, FASTENERS_OS_ERROR);
    assert_int_equal(inner.calls, 1);
    assert_int_equal(inner.tried, FASTENERS_BUSY);
    assert_int_equal(inner.waited, FASTENERS_WOULD_DEADLOCK);
    expect_release(lock, FASTENERS_OK);
    end_using();
}

/* A warning of an acquire that worked: the lock is held already. */
static void the_log_may_use_the_lock_that_was_acquired(void **state)
{
    fasteners_ipc_lock *lock = make_lock_with_that_log(false);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    fake_fail(FAKE_BEGIN, 1, FASTENERS_NOT_SUPPORTED, EAGAIN);
    fake_at_ms(20, foreign_releases, NULL);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(inner.calls, 1);
    assert_int_equal(inner.tried, FASTENERS_BUSY);
    assert_true(fasteners_ipc_lock_is_held(lock));
    expect_release(lock, FASTENERS_OK);
    end_using();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(contention_and_success_are_not_told),
        fault_test(without_a_callback_nothing_is_told),
        fault_test(each_failure_of_acquire_is_told_once_with_path_operation_and_cause),
        fault_test(failures_of_the_other_calls_are_told_in_their_names),
        fault_test(memory_that_runs_out_is_told_without_an_error_number),
        fault_test(a_failure_to_open_anew_has_its_own_error_number),
        fault_test(a_long_path_does_not_break_the_line),
        fault_test(the_log_may_use_the_lock_that_could_not_be_acquired),
        fault_test(the_log_may_use_the_lock_that_could_not_be_released),
        fault_test(the_log_may_use_the_lock_that_was_acquired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
