/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * The sweep. Each scenario creates a handle, acquires, releases and destroys. It runs once
 * unharmed, to count the calls of each operation; then once for each single call and each way in
 * which that call can fail. Whatever happened:
 *   - each status is one that the header allows after that failure (P9);
 *   - the lock is held, by the handle and in the file, exactly when acquire said OK;
 *   - the log and os_error tell about the failure, or about nothing if the call succeeded;
 *   - once the trouble is over, the next acquire works, and in the end nothing is left (P17).
 */

/* -------------------------------------------------------------------------- scenarios -- */

typedef struct scenario {
    const char *name;
    const char *path;
    bool per_process, fair, unlink_on_release, polls, ends_held;
    int64_t timeout_ms;
    fasteners_status expected;
    fasteners_status also; /* as good, when a failure was overcome on the way */
    void (*before_create)(void);
    void (*before_acquire)(fasteners_ipc_lock *lock);
} scenario;

static fasteners_ipc_lock *other;

static void file_exists(void)
{
    fake_make_file(PATH);
}

static void lock_is_taken(void)
{
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
}

static void gate_is_taken(void)
{
    fake_make_file(PATH);
    foreign_takes_gate(NULL);
}

/* The failure may strike this release instead of the handle that is looked at. */
static void other_thread_releases(void *unused)
{
    (void)unused;
    fake_become_thread(2);
    for (int i = 0; i < 3 && fasteners_ipc_lock_release(other) != FASTENERS_OK; i++)
        continue;
}

static void other_handle_holds(void)
{
    fasteners_ipc_options quiet = FASTENERS_IPC_OPTIONS_INIT;

    other = make_lock(&quiet);
    fake_become_thread(2);
    expect_acquire(other, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_become_thread(FAKE_MAIN_THREAD);
    fake_at_ms(30, other_thread_releases, NULL);
}

static void released_at_30(fasteners_ipc_lock *lock)
{
    (void)lock;
    fake_at_ms(30, foreign_releases, NULL);
}

static void cancelled_at_30(fasteners_ipc_lock *lock)
{
    fake_at_ms(30, handle_is_cancelled, lock);
}

static void released_in_abandon(fasteners_ipc_lock *lock)
{
    (void)lock;
    fake_before(FAKE_ABANDON, 1, foreign_releases, NULL);
}

static void cancelled_at_30_and_released_in_abandon(fasteners_ipc_lock *lock)
{
    cancelled_at_30(lock);
    released_in_abandon(lock);
}

static void replaced_before_it_is_locked(fasteners_ipc_lock *lock)
{
    (void)lock;
    fake_before(FAKE_LOCK_TRY, 1, file_is_replaced, NULL);
}

static void replaced_at_10_released_at_30(fasteners_ipc_lock *lock)
{
    fake_at_ms(10, file_is_replaced, NULL);
    released_at_30(lock);
}

static void deleted_at_10(fasteners_ipc_lock *lock)
{
    (void)lock;
    fake_at_ms(10, file_is_deleted, NULL);
}

#define OK FASTENERS_OK

static const scenario scenarios[] = {
    {"free", PATH, .before_create = file_exists, .timeout_ms = FASTENERS_FOREVER},
    {"free, no wait", PATH, .before_create = file_exists, .timeout_ms = FASTENERS_NO_WAIT,
     .also = FASTENERS_BUSY},
    {"missing file", PATH, .timeout_ms = 100},
    {"missing directories", "/a/b/lock", .timeout_ms = FASTENERS_FOREVER},
    {"destroyed while held", PATH, .ends_held = true, .timeout_ms = FASTENERS_FOREVER},
    {"busy", PATH, .before_create = lock_is_taken, .timeout_ms = FASTENERS_NO_WAIT,
     .expected = FASTENERS_BUSY},
    {"granted", PATH, .before_create = lock_is_taken, .before_acquire = released_at_30,
     .timeout_ms = 5000},
    {"granted, no deadline", PATH, .before_create = lock_is_taken, .before_acquire = released_at_30,
     .timeout_ms = FASTENERS_FOREVER},
    {"timed out", PATH, .before_create = lock_is_taken, .timeout_ms = 30,
     .expected = FASTENERS_TIMED_OUT},
    {"granted while timing out", PATH, .before_create = lock_is_taken,
     .before_acquire = released_in_abandon, .timeout_ms = 30, .also = FASTENERS_TIMED_OUT},
    {"cancelled", PATH, .before_create = lock_is_taken, .before_acquire = cancelled_at_30,
     .timeout_ms = FASTENERS_FOREVER, .expected = FASTENERS_CANCELLED},
    {"granted while cancelled", PATH, .before_create = lock_is_taken,
     .before_acquire = cancelled_at_30_and_released_in_abandon, .timeout_ms = FASTENERS_FOREVER,
     .expected = FASTENERS_CANCELLED, .also = OK},
    {"polling", PATH, .polls = true, .before_create = lock_is_taken,
     .before_acquire = released_at_30, .timeout_ms = 5000},
    {"fair, free", PATH, .fair = true, .before_create = file_exists, .timeout_ms = 100},
    {"fair, lock granted", PATH, .fair = true, .before_create = lock_is_taken,
     .before_acquire = released_at_30, .timeout_ms = 5000},
    {"fair, gate granted", PATH, .fair = true, .before_create = gate_is_taken,
     .before_acquire = released_at_30, .timeout_ms = 5000},
    {"fair, lock timed out", PATH, .fair = true, .before_create = lock_is_taken, .timeout_ms = 30,
     .expected = FASTENERS_TIMED_OUT},
    {"fair, gate timed out", PATH, .fair = true, .before_create = gate_is_taken, .timeout_ms = 30,
     .expected = FASTENERS_TIMED_OUT},
    {"fair, cancelled", PATH, .fair = true, .before_create = lock_is_taken,
     .before_acquire = cancelled_at_30_and_released_in_abandon, .timeout_ms = FASTENERS_FOREVER,
     .expected = FASTENERS_CANCELLED, .also = OK},
    {"unlinked", PATH, .unlink_on_release = true, .timeout_ms = FASTENERS_FOREVER},
    {"unlinked by destroy", PATH, .unlink_on_release = true, .ends_held = true, .timeout_ms = 100},
    {"replaced before locked", PATH, .before_create = file_exists,
     .before_acquire = replaced_before_it_is_locked, .timeout_ms = 100},
    {"replaced while waited for", PATH, .before_create = lock_is_taken,
     .before_acquire = replaced_at_10_released_at_30, .timeout_ms = FASTENERS_FOREVER},
    {"deleted while waited for", PATH, .before_create = lock_is_taken,
     .before_acquire = deleted_at_10, .timeout_ms = FASTENERS_FOREVER},
    {"process locks, free", PATH, .per_process = true, .timeout_ms = FASTENERS_FOREVER},
    {"process locks, granted", PATH, .per_process = true, .before_create = lock_is_taken,
     .before_acquire = released_at_30, .timeout_ms = 5000},
    {"process locks, timed out", PATH, .per_process = true, .before_create = lock_is_taken,
     .timeout_ms = 30, .expected = FASTENERS_TIMED_OUT},
    {"process locks, cancelled", PATH, .per_process = true, .before_create = lock_is_taken,
     .before_acquire = cancelled_at_30, .timeout_ms = FASTENERS_FOREVER,
     .expected = FASTENERS_CANCELLED},
    {"process locks, fair", PATH, .per_process = true, .fair = true, .before_create = lock_is_taken,
     .before_acquire = released_at_30, .timeout_ms = 5000},
    {"process locks, unlinked", PATH, .per_process = true, .unlink_on_release = true,
     .timeout_ms = 100},
    {"process locks, other handle", PATH, .per_process = true, .before_create = other_handle_holds,
     .timeout_ms = 5000},
    {"other handle", PATH, .before_create = other_handle_holds, .timeout_ms = 5000},
};

enum { SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]) };

/* ---------------------------------------------------------------------------- failures -- */

/* What acquire makes of it. */
typedef enum effect {
    FATAL,    /* it returns the failure's status */
    OVERCOME, /* it goes on, and ends as if nothing had happened */
    EITHER    /* the one or the other: a look at path or file counts only with the lock granted */
} effect;

typedef struct failure {
    fake_operation operation;
    fasteners_status status;
    int os_error;
    effect effect;
} failure;

static const failure failures[] = {
    {FAKE_ALLOC, FASTENERS_NO_MEMORY, 0, FATAL},
    {FAKE_ABSOLUTE_PATH, FASTENERS_NO_MEMORY, ENOMEM, FATAL},
    {FAKE_ABSOLUTE_PATH, FASTENERS_NOT_FOUND, ENOENT, FATAL},
    {FAKE_ABSOLUTE_PATH, FASTENERS_OS_ERROR, EIO, FATAL},
    {FAKE_OPEN, FASTENERS_NOT_FOUND, ENOENT, OVERCOME},
    {FAKE_OPEN, FASTENERS_INVALID, ELOOP, FATAL},
    {FAKE_OPEN, FASTENERS_NO_PERMISSION, EACCES, FATAL},
    {FAKE_OPEN, FASTENERS_NO_MEMORY, ENOMEM, FATAL},
    {FAKE_OPEN, FASTENERS_OS_ERROR, EMFILE, FATAL},
    {FAKE_CREATE, FASTENERS_NOT_FOUND, ENOENT, OVERCOME},
    {FAKE_CREATE, FASTENERS_NO_PERMISSION, EROFS, FATAL},
    {FAKE_CREATE, FASTENERS_OS_ERROR, ENOSPC, FATAL},
    {FAKE_MAKE_PARENTS, FASTENERS_NO_PERMISSION, EACCES, FATAL},
    {FAKE_MAKE_PARENTS, FASTENERS_INVALID, ENOTDIR, FATAL},
    {FAKE_MAKE_PARENTS, FASTENERS_OS_ERROR, ENOSPC, FATAL},
    {FAKE_CLOSE, FASTENERS_OS_ERROR, EIO, OVERCOME},
    {FAKE_FILE_ID, FASTENERS_NOT_FOUND, ESTALE, OVERCOME},
    {FAKE_FILE_ID, FASTENERS_OS_ERROR, EIO, EITHER},
    {FAKE_PATH_ID, FASTENERS_NOT_FOUND, ENOENT, OVERCOME},
    {FAKE_PATH_ID, FASTENERS_NO_PERMISSION, EACCES, EITHER},
    {FAKE_PATH_ID, FASTENERS_OS_ERROR, EIO, EITHER},
    {FAKE_UNLINK, FASTENERS_NO_PERMISSION, EACCES, OVERCOME},
    {FAKE_UNLINK, FASTENERS_NOT_FOUND, ENOENT, OVERCOME},
    {FAKE_UNLINK, FASTENERS_OS_ERROR, EIO, OVERCOME},
    {FAKE_LOCK_TRY, FASTENERS_BUSY, EAGAIN, OVERCOME},
    {FAKE_LOCK_TRY, FASTENERS_LOST, EBADF, OVERCOME},
    {FAKE_LOCK_TRY, FASTENERS_NOT_SUPPORTED, ENOLCK, FATAL},
    {FAKE_LOCK_TRY, FASTENERS_NO_PERMISSION, EACCES, FATAL},
    {FAKE_LOCK_TRY, FASTENERS_OS_ERROR, EIO, FATAL},
    {FAKE_UNLOCK, FASTENERS_OS_ERROR, EIO, FATAL},
    {FAKE_UNLOCK, FASTENERS_NOT_SUPPORTED, ENOLCK, FATAL},
    {FAKE_UNLOCK, FASTENERS_LOST, EBADF, OVERCOME},
    {FAKE_BEGIN, FASTENERS_NOT_SUPPORTED, EAGAIN, OVERCOME},
    {FAKE_BEGIN, FASTENERS_LOST, EBADF, OVERCOME},
    {FAKE_BEGIN, FASTENERS_NO_MEMORY, ENOMEM, FATAL},
    {FAKE_BEGIN, FASTENERS_OS_ERROR, EIO, FATAL},
    {FAKE_FINISH, FASTENERS_BUSY, EDEADLK, OVERCOME},
    {FAKE_FINISH, FASTENERS_LOST, EBADF, OVERCOME},
    {FAKE_FINISH, FASTENERS_NOT_SUPPORTED, ENOLCK, FATAL},
    {FAKE_FINISH, FASTENERS_OS_ERROR, EIO, FATAL},
    {FAKE_ABANDON, FASTENERS_LOST, EBADF, OVERCOME},
    {FAKE_ABANDON, FASTENERS_NOT_SUPPORTED, ENOLCK, FATAL},
    {FAKE_ABANDON, FASTENERS_OS_ERROR, EIO, FATAL},
    {FAKE_PARK, FASTENERS_OK, 0, OVERCOME},
};

enum { FAILURES = sizeof(failures) / sizeof(failures[0]) };

/* -------------------------------------------------------------------------- one run -- */

/* What is run, for the message about what is wrong. */
static const scenario *running;
static const failure *failing; /* NULL: unharmed */
static unsigned failing_call;  /* 0: every one */
static unsigned complaints;

static void complain(const char *what, fasteners_status status)
{
    complaints++;
    if (failing != NULL)
        print_error("%s(%s, %d) at call %u: ", fake_operation_name(failing->operation),
                    fasteners_status_name(failing->status), failing->os_error, failing_call);
    print_error("%s, in scenario \"%s\", with %s\n", what, running->name,
                fasteners_status_name(status));
}

static void expect(bool condition, const char *what, fasteners_status status)
{
    if (!condition)
        complain(what, status);
}

static bool is_as_without_failure(fasteners_status status)
{
    return status == running->expected || (fake_has_failed() && status == running->also);
}

/* The failure struck the other handle, or there is none. */
static bool is_unharmed(void)
{
    return !fake_has_failed() || (other != NULL && failing->operation == FAKE_UNLOCK);
}

static bool is_allowed(fasteners_status status)
{
    if (is_unharmed() || failing->effect == OVERCOME)
        return is_as_without_failure(status);
    return status == failing->status ||
           (failing->effect == EITHER && is_as_without_failure(status));
}

static bool is_failure(fasteners_status status)
{
    return status >= FASTENERS_INVALID;
}

/* P9: what failed is told, and nothing is told to have failed that did not. */
static void check_told(const fasteners_ipc_lock *lock, fasteners_status status)
{
    bool failed = is_failure(status);

    expect(fasteners_ipc_lock_os_error(lock) == (failed ? failing->os_error : 0), "os_error",
           status);
    expect(log_lines(FASTENERS_LOG_ERROR) == failed, "one line for each failure", status);
    expect(!failed ||
               log_has(FASTENERS_LOG_ERROR, running->path, fasteners_status_name(status), NULL),
           "the line names path and status", status);
}

static unsigned locks_of_other(void)
{
    return other != NULL && fasteners_ipc_lock_is_held(other);
}

static void check_acquired(fasteners_ipc_lock *lock, fasteners_status status)
{
    bool held = status == FASTENERS_OK;

    expect(is_allowed(status), "the status is not the documented one", status);
    expect(fasteners_ipc_lock_is_held(lock) == held, "held exactly when OK", status);
    expect(!held || fake_we_lock(running->path, 0), "the file that the path names is locked",
           status);
    expect(fake_locks() == held + locks_of_other(), "no other byte is locked", status);
    expect(fake_requests() == 0, "no request under way", status);
    check_told(lock, status);
}

/* The trouble is over. */
static void heal_and_acquire(fasteners_ipc_lock *lock)
{
    fake_heal();
    foreign_releases(NULL);
    if (locks_of_other())
        other_thread_releases(NULL);
    fake_become_thread(FAKE_MAIN_THREAD);
    fasteners_status status = fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT);
    expect(status == FASTENERS_OK, "the next acquire works", status);
}

static void check_release(fasteners_ipc_lock *lock)
{
    bool had_failed = fake_has_failed();
    fasteners_status status = fasteners_ipc_lock_release(lock);
    bool struck = fake_has_failed() && !had_failed;

    if (!struck || failing->operation != FAKE_UNLOCK) {
        expect(status == FASTENERS_OK, "release works", status);
    } else {
        expect(status == failing->status, "release tells why it failed", status);
        expect(fasteners_ipc_lock_is_held(lock) == (status != FASTENERS_LOST),
               "a failed release keeps the lock", status);
        fake_heal();
        if (status != FASTENERS_LOST)
            status = fasteners_ipc_lock_release(lock);
        expect(status == FASTENERS_OK || status == FASTENERS_LOST, "release again", status);
    }
    expect(fake_locks() == 0, "nothing is locked after release", status);
    expect(!fasteners_ipc_lock_is_held(lock), "not held after release", status);
}

static void check_nothing_left(void)
{
    expect(fake_open_files() == 0, "no open file is left", FASTENERS_OK);
    expect(fake_memory_blocks() == 0, "no memory is left", FASTENERS_OK);
    expect(fake_requests() == 0, "no request is left", FASTENERS_OK);
    expect(fake_locks() == 0, "no lock is left", FASTENERS_OK);
}

static void use_lock(fasteners_ipc_lock *lock)
{
    if (running->before_acquire != NULL)
        running->before_acquire(lock);
    fasteners_status status = fasteners_ipc_lock_acquire(lock, running->timeout_ms);
    check_acquired(lock, status);
    if (status != FASTENERS_OK)
        heal_and_acquire(lock);
    if (!running->ends_held)
        check_release(lock);
}

static fasteners_ipc_options options_of(const scenario *s)
{
    fasteners_ipc_options options = kept_log();

    options.fair = s->fair;
    options.unlink_on_release = s->unlink_on_release;
    options.delay_ms = s->polls ? 5 : 0;
    return options;
}

static void prepare(const scenario *s)
{
    fake_reset();
    log_clear();
    other = NULL;
    fake_set_locks_per_process(s->per_process);
    if (s->before_create != NULL)
        s->before_create();
}

static void run_scenario(void)
{
    fasteners_ipc_options options = options_of(running);
    fasteners_ipc_lock *lock;
    fasteners_status status = fasteners_ipc_lock_create(&lock, running->path, &options);

    expect((lock != NULL) == (status == FASTENERS_OK), "a handle exactly when OK", status);
    if (status == FASTENERS_OK)
        use_lock(lock);
    else
        expect(fake_has_failed() && status == failing->status, "create tells why", status);
    fasteners_ipc_lock_destroy(lock);
    fake_heal();
    fasteners_ipc_lock_destroy(other);
    check_nothing_left();
}

/* ------------------------------------------------------------------------- the sweep -- */

typedef struct counts {
    unsigned of[FAKE_OPERATIONS];
} counts;

static counts count_now(void)
{
    counts c;

    for (int i = 0; i < FAKE_OPERATIONS; i++)
        c.of[i] = fake_calls((fake_operation)i);
    return c;
}

/* How often each operation is called after prepare(). */
static counts run_unharmed(const scenario *s)
{
    running = s;
    failing = NULL;
    failing_call = 0;
    prepare(s);
    counts before = count_now();
    run_scenario();
    counts after = count_now();
    for (int i = 0; i < FAKE_OPERATIONS; i++)
        after.of[i] -= before.of[i];
    return after;
}

static void run_with_failure(const scenario *s, const failure *f, unsigned call)
{
    running = s;
    failing = f;
    failing_call = call;
    prepare(s);
    fake_fail(f->operation, call, f->status, f->os_error);
    run_scenario();
}

static void p9_p17_every_call_fails_once(void **state)
{
    const scenario *s = *state;

    complaints = 0;
    counts calls = run_unharmed(s);
    for (int f = 0; f < FAILURES; f++)
        for (unsigned n = 1; n <= calls.of[failures[f].operation]; n++)
            run_with_failure(s, &failures[f], n);
    assert_int_equal(complaints, 0);
}

/* Not what would keep acquire waiting or trying for as long as it may. */
static bool may_last(const scenario *s, const failure *f)
{
    if (f->status == FASTENERS_NOT_FOUND || f->status == FASTENERS_LOST ||
        f->status == FASTENERS_BUSY)
        return false;
    if (f->operation == FAKE_PATH_ID && s->before_acquire == deleted_at_10)
        return false;
    if (f->operation == FAKE_UNLOCK && s->before_create == other_handle_holds)
        return false;
    return f->operation != FAKE_PARK;
}

static void p9_p17_every_call_fails(void **state)
{
    const scenario *s = *state;

    complaints = 0;
    counts calls = run_unharmed(s);
    for (int f = 0; f < FAILURES; f++)
        if (may_last(s, &failures[f]) && calls.of[failures[f].operation] != 0)
            run_with_failure(s, &failures[f], 0);
    assert_int_equal(complaints, 0);
}

static struct CMUnitTest test_of(const scenario *s, CMUnitTestFunction function)
{
    return (struct CMUnitTest){
        .name = s->name, .test_func = function, .initial_state = (void *)(uintptr_t)s};
}

int main(void)
{
    struct CMUnitTest once[SCENARIOS], always[SCENARIOS];

    for (int i = 0; i < SCENARIOS; i++) {
        once[i] = test_of(&scenarios[i], p9_p17_every_call_fails_once);
        always[i] = test_of(&scenarios[i], p9_p17_every_call_fails);
    }
    return cmocka_run_group_tests_name("p9_p17_every_call_fails_once", once, NULL, NULL) +
           cmocka_run_group_tests_name("p9_p17_every_call_fails", always, NULL, NULL);
}
