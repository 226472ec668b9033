/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_set_test.h"

#include <errno.h>

/*
 * The sweep for lock sets, as test_sweep.c is for fasteners_ipc_lock. A scenario acquires a set of
 * four and releases it. It runs once unharmed; then once for each call of the system and each way
 * in which that can fail. Whatever happened:
 *   - acquire says OK, what was expected, or what failed (P9), and never LOST;
 *   - all members are held if it said OK; none otherwise, unless the system refused to give one
 *     back: then the files are locked that the members say (S1, S6);
 *   - the member that is named is one of the set exactly when it is not OK (S4);
 *   - once the trouble is over what is held can be released, the set can be acquired, and nothing
 *     is left (P17).
 */

enum { COUNT = 4, IPC = 3 };

typedef struct scenario {
    const char *name;
    bool per_process, unlink_on_release, polls, files_exist;
    int64_t timeout_ms;
    fasteners_status expected;
    void (*before)(member *members);
} scenario;

static void release_foreign(void *unused)
{
    (void)unused;
    foreign_releases(NULL);
}

static void taken(member *members)
{
    (void)members;
    foreign_takes(B);
}

static void taken_until_30(member *members)
{
    taken(members);
    fake_at_ms(30, release_foreign, NULL);
}

static void cancel(void *members)
{
    fasteners_lock_set_cancel(members, COUNT);
}

static void cancelled_at_30(member *members)
{
    taken(members);
    fake_at_ms(30, cancel, members);
}

static void replace_a(void *unused)
{
    (void)unused;
    fake_replace(A);
}

static void a_is_replaced_before_it_is_locked(member *members)
{
    (void)members;
    fake_before(FAKE_LOCK_TRY, 1, replace_a, NULL);
}

static void a_is_replaced_in_the_wait_for_b(member *members)
{
    taken_until_30(members);
    fake_at_ms(10, replace_a, NULL);
}

static const scenario scenarios[] = {
    {"free", .files_exist = true, .timeout_ms = FASTENERS_FOREVER},
    {"new files", .timeout_ms = 100},
    {"busy", .files_exist = true, .timeout_ms = 0, .before = taken, .expected = FASTENERS_BUSY},
    {"granted", .files_exist = true, .timeout_ms = 5000, .before = taken_until_30},
    {"timed out", .files_exist = true, .timeout_ms = 20, .before = taken,
     .expected = FASTENERS_TIMED_OUT},
    {"cancelled", .files_exist = true, .timeout_ms = FASTENERS_FOREVER, .before = cancelled_at_30,
     .expected = FASTENERS_CANCELLED},
    {"polling", .polls = true, .files_exist = true, .timeout_ms = 5000, .before = taken_until_30},
    {"unlinked", .unlink_on_release = true, .timeout_ms = FASTENERS_FOREVER},
    {"replaced before", .files_exist = true, .timeout_ms = 100,
     .before = a_is_replaced_before_it_is_locked},
    {"replaced meanwhile", .files_exist = true, .timeout_ms = 5000,
     .before = a_is_replaced_in_the_wait_for_b},
    {"process locks", .per_process = true, .timeout_ms = 100},
    {"process locks, granted", .per_process = true, .files_exist = true, .timeout_ms = 5000,
     .before = taken_until_30},
    {"process locks, timed out", .per_process = true, .files_exist = true, .timeout_ms = 20,
     .before = taken, .expected = FASTENERS_TIMED_OUT},
};

enum { SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]) };

typedef struct failure {
    fake_operation operation;
    fasteners_status status;
    int os_error;
} failure;

static const failure failures[] = {
    {FAKE_ALLOC, FASTENERS_NO_MEMORY, 0},
    {FAKE_OPEN, FASTENERS_NOT_FOUND, ENOENT},
    {FAKE_OPEN, FASTENERS_NO_PERMISSION, EACCES},
    {FAKE_OPEN, FASTENERS_OS_ERROR, EMFILE},
    {FAKE_CREATE, FASTENERS_BUSY, EEXIST},
    {FAKE_CREATE, FASTENERS_OS_ERROR, ENOSPC},
    {FAKE_CLOSE, FASTENERS_OS_ERROR, EIO},
    {FAKE_FILE_ID, FASTENERS_OS_ERROR, EIO},
    {FAKE_PATH_ID, FASTENERS_NOT_FOUND, ENOENT},
    {FAKE_PATH_ID, FASTENERS_NO_PERMISSION, EACCES},
    {FAKE_UNLINK, FASTENERS_OS_ERROR, EIO},
    {FAKE_LOCK_TRY, FASTENERS_LOST, EBADF},
    {FAKE_LOCK_TRY, FASTENERS_NOT_SUPPORTED, ENOLCK},
    {FAKE_LOCK_TRY, FASTENERS_OS_ERROR, EIO},
    {FAKE_UNLOCK, FASTENERS_OS_ERROR, EIO},
    {FAKE_UNLOCK, FASTENERS_LOST, EBADF},
    {FAKE_BEGIN, FASTENERS_NOT_SUPPORTED, EAGAIN},
    {FAKE_BEGIN, FASTENERS_OS_ERROR, EIO},
    {FAKE_FINISH, FASTENERS_LOST, EBADF},
    {FAKE_FINISH, FASTENERS_OS_ERROR, EIO},
    {FAKE_ABANDON, FASTENERS_OS_ERROR, EIO},
    {FAKE_PARK, FASTENERS_OK, 0},
};

enum { FAILURES = sizeof(failures) / sizeof(failures[0]) };

/* -------------------------------------------------------------------------- one run -- */

static const scenario *running;
static const failure *failing; /* NULL: unharmed */
static unsigned failing_call;
static unsigned complaints;

static void expect(bool condition, const char *what, fasteners_status status)
{
    if (condition)
        return;
    complaints++;
    if (failing != NULL)
        print_error("%s(%s) at call %u: ", fake_operation_name(failing->operation),
                    fasteners_status_name(failing->status), failing_call);
    print_error("%s, in scenario \"%s\", with %s\n", what, running->name,
                fasteners_status_name(status));
}

/* A try may be lost to what was overcome on the way. */
static bool is_allowed(fasteners_status status)
{
    if (status == running->expected)
        return true;
    if (!fake_has_failed() || status == FASTENERS_LOST)
        return false;
    return status == failing->status ||
           (running->timeout_ms >= 0 &&
            (status == FASTENERS_BUSY || status == FASTENERS_TIMED_OUT));
}

static unsigned held_files(const member *members)
{
    unsigned held = 0;

    for (int i = 0; i < IPC; i++)
        held += fasteners_lock_set_member_is_held(&members[i]);
    return held;
}

static void expect_as_told(const member *members, fasteners_status status)
{
    unsigned held = held_files(members);
    bool writes = fasteners_rw_lock_is_writer(&first_rw, false);

    expect(fasteners_lock_set_member_is_held(&members[3]) == writes, "the thread lock", status);
    expect(fake_locks() == held, "locked is what the members say", status);
    if (status == FASTENERS_OK)
        expect(held == IPC && writes, "all are held", status);
    else if (failing == NULL || failing->operation != FAKE_UNLOCK || status != failing->status)
        expect(held == 0 && !writes, "none is held", status);
}

/* Until nothing is left; a failure may strike here too. */
static void release(member *members)
{
    for (int i = 0; i < 3 && (held_files(members) > 0 || i == 0); i++) {
        fasteners_status status = fasteners_lock_set_release(members, COUNT, NULL);
        expect_as_told(members, status == FASTENERS_OK ? FASTENERS_NOT_OWNER : status);
        expect(status == FASTENERS_OK || fake_has_failed() || status == running->expected,
               "release works", status);
    }
    expect(fake_locks() == 0, "nothing is locked after release", FASTENERS_OK);
}

static void run_set(member *members)
{
    size_t failed;
    fasteners_status status =
        fasteners_lock_set_acquire(members, COUNT, running->timeout_ms, &failed);

    expect(is_allowed(status), "the status is not a documented one", status);
    expect((failed < COUNT) == (status != FASTENERS_OK), "the member in the way is named", status);
    expect(fake_requests() == 0, "no request under way", status);
    expect_as_told(members, status);
    if (held_files(members) > 0)
        release(members);
    fake_heal();
    foreign_releases(NULL);
    status = fasteners_lock_set_acquire(members, COUNT, FASTENERS_NO_WAIT, &failed);
    expect(status == FASTENERS_OK, "the next acquire works", status);
    expect_as_told(members, status);
    release(members);
}

static fasteners_ipc_options options_of(const scenario *s)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    options.unlink_on_release = s->unlink_on_release;
    options.delay_ms = s->polls ? 5 : 0;
    return options;
}

/* Counts the calls from here on. */
static void run_scenario(void **state, unsigned *calls)
{
    fasteners_ipc_options options = options_of(running);
    unsigned before[FAKE_OPERATIONS];

    (void)set_test_set_up(state);
    fake_set_locks_per_process(running->per_process);
    if (!running->files_exist) {
        fake_delete(A);
        fake_delete(B);
    }
    member members[] = {fasteners_member_ipc_write(rwlock_with(B, &options)),
                        fasteners_member_ipc_read(rwlock_with(C, &options)),
                        fasteners_member_ipc_lock(lock_with(A, &options)),
                        fasteners_member_write(&first_rw)};
    if (running->before != NULL)
        running->before(members);
    for (int i = 0; i < FAKE_OPERATIONS; i++)
        before[i] = fake_calls((fake_operation)i);
    if (failing != NULL)
        fake_fail(failing->operation, failing_call, failing->status, failing->os_error);
    run_set(members);
    for (int i = 0; calls != NULL && i < FAKE_OPERATIONS; i++)
        calls[i] = fake_calls((fake_operation)i) - before[i];
    expect(set_test_tear_down(state) == 0, "nothing is left", FASTENERS_OK);
}

static void s1_p9_p17_whatever_fails_at_whatever_call(void **state)
{
    unsigned calls[FAKE_OPERATIONS];

    for (running = scenarios; running < scenarios + SCENARIOS; running++) {
        failing = NULL;
        run_scenario(state, calls);
        for (failing = failures; failing < failures + FAILURES; failing++)
            for (failing_call = 1; failing_call <= calls[failing->operation]; failing_call++)
                run_scenario(state, NULL);
    }
    assert_int_equal(complaints, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s1_p9_p17_whatever_fails_at_whatever_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
