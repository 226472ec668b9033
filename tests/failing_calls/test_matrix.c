/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P9, P17: every system call that fails, in every way that is known of it, wherever it is made.
 * After each: what is held is what the status says, no descriptor is left, and the next acquire
 * works and excludes.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_calls.h"
#include "proc_info.h"
#include "scenarios.h"
#include "temp_dir.h"

enum { ERRORS_MAX = 12, CALLS_MAX = 60, FOR_EVER = 1000000 };

static const struct failure {
    enum failing_call call;
    int errors[ERRORS_MAX];
} failures[] = {
    {CALL_OPEN,
     {EACCES, EROFS, EMFILE, ENFILE, ENOSPC, ELOOP, ENAMETOOLONG, EINTR, EIO, ESTALE, ENOMEM}},
    {CALL_CLOSE, {EIO, EINTR}},
    {CALL_FSTAT, {ESTALE, EIO, EINTR, EBADF}},
    {CALL_FSTATFS, {EIO, ENOSYS, EINTR}},
    {CALL_STAT, {EACCES, ENOENT, EIO, ELOOP, ENOTDIR, ESTALE}},
    {CALL_LOCK, {ENOLCK, ENOSYS, EOPNOTSUPP, EIO, EDEADLK, EINTR, EBADF, EAGAIN, EACCES, EINVAL}},
    {CALL_UNLOCK, {ENOLCK, EIO, EINTR, EBADF}},
    {CALL_LOCK_AND_WAIT, {EDEADLK, EINTR, EIO, ENOLCK, EBADF}},
    {CALL_TEST_LOCK, {EIO, ENOSYS, EINTR, EBADF}},
    {CALL_DUPLICATE, {EMFILE, EINVAL}},
    {CALL_UNLINK, {EACCES, EBUSY, EIO, EROFS}},
    {CALL_LINK, {EPERM, EMLINK, EEXIST, ENOSPC, EOPNOTSUPP}},
    {CALL_FCHMOD, {EPERM, EIO}},
    {CALL_MKDIR, {EACCES, ENOSPC, EROFS, EMLINK}},
    {CALL_READ, {EIO, EINTR, EBADF}},
    {CALL_WRITE, {ENOSPC, EIO, EINTR, EDQUOT, EBADF}},
    {CALL_CREATE_THREAD, {EAGAIN}},
};

static long runs;

static void set_up(scene *s, const scenario *what, void **state)
{
    *s = (scene){.directory = temp_dir_path(state), .options = FASTENERS_IPC_OPTIONS_INIT};
    (void)snprintf(s->path, sizeof(s->path), "%s/lock", s->directory);
    what->prepare(s);
}

static bool is_held(const scene *s)
{
    return s->lock != NULL ? fasteners_ipc_lock_is_held(s->lock)
                           : fasteners_ipc_rwlock_is_held(s->rwlock);
}

/* LOST: the descriptor is closed, and the lock gone with it. */
static void expect_released(fasteners_status status, bool descriptor_closed)
{
    if (status != FASTENERS_LOST || !descriptor_closed)
        assert_string_equal(fasteners_status_name(status), "FASTENERS_OK");
}

/* What the handle says it holds, and gives back. */
static void expect_held_and_release(scene *s, const char *expected, bool descriptor_closed)
{
    assert_int_equal(is_held(s), expected[0] != '\0');
    if (s->lock != NULL) {
        if (expected[0] != '\0')
            expect_released(fasteners_ipc_lock_release(s->lock), descriptor_closed);
        return;
    }
    assert_int_equal(fasteners_ipc_rwlock_is_reader(s->rwlock), expected[0] == 'r');
    assert_int_equal(fasteners_ipc_rwlock_is_writer(s->rwlock), expected[0] == 'w');
    if (expected[0] == 'r')
        expect_released(fasteners_ipc_rwlock_release_read(s->rwlock), descriptor_closed);
    if (expected[0] == 'w')
        expect_released(fasteners_ipc_rwlock_release_write(s->rwlock), descriptor_closed);
}

static void have_other(scene *s)
{
    if (s->other == NULL)
        assert_int_equal(fasteners_ipc_lock_create(&s->other, s->path, NULL), FASTENERS_OK);
    if (fasteners_ipc_lock_is_held(s->other))
        (void)fasteners_ipc_lock_release(s->other);
}

/* The next acquire works, and excludes; after its release the file is free. */
static void expect_use(scene *s)
{
    fasteners_status got = s->lock != NULL
                               ? fasteners_ipc_lock_acquire(s->lock, FASTENERS_NO_WAIT)
                               : fasteners_ipc_rwlock_acquire_write(s->rwlock, FASTENERS_NO_WAIT);

    assert_string_equal(fasteners_status_name(got), "FASTENERS_OK");
    assert_int_equal(fasteners_ipc_lock_acquire(s->other, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    got = s->lock != NULL ? fasteners_ipc_lock_release(s->lock)
                          : fasteners_ipc_rwlock_release_write(s->rwlock);
    assert_int_equal(got, FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire(s->other, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(s->other), FASTENERS_OK);
}

static void tear_down(scene *s)
{
    char command[600];

    fasteners_ipc_lock_destroy(s->lock);
    fasteners_ipc_rwlock_destroy(s->rwlock);
    fasteners_ipc_lock_destroy(s->other);
    unlink(s->path);
    (void)snprintf(command, sizeof(command), "%s/new/newer", s->directory);
    rmdir(command);
    (void)snprintf(command, sizeof(command), "%s/new", s->directory);
    rmdir(command);
}

/* Returns whether the call was made at all. */
static bool run(const scenario *what, enum failing_call call, int nth, int times, int error,
                void **state)
{
    int descriptors = count_descriptors(getpid());
    scene s;

    set_up(&s, what, state);
    failing_calls_arm(call, nth, times, error);
    what->act(&s);
    failing_calls_disarm();
    bool struck = failing_calls_struck();
    expect_held_and_release(&s, what->holds(&s), error == EBADF);
    have_other(&s);
    expect_use(&s);
    tear_down(&s);
    assert_int_equal(count_descriptors(getpid()), descriptors);
    runs++;
    return struck;
}

/* cmocka's own way out of a failed test says nothing of where in the matrix it was. */
static struct {
    const scenario *what; /* NULL: nowhere */
    enum failing_call call;
    int nth, error;
} at;

static bool run_at(const scenario *what, enum failing_call call, int nth, int times, int error,
                   void **state)
{
    at.what = what;
    at.call = call;
    at.nth = nth;
    at.error = error;
    bool struck = run(what, call, nth, times, error, state);
    at.what = NULL;
    return struck;
}

static void fail_each_call(const scenario *what, const struct failure *failure, void **state)
{
    for (int e = 0; e < ERRORS_MAX && failure->errors[e] != 0; e++)
        for (int nth = 1; nth <= CALLS_MAX; nth++)
            if (!run_at(what, failure->call, nth, 1, failure->errors[e], state))
                break;
}

/* EINTR for ever would be repeated for ever, and is no failure. */
static void fail_all_calls(const scenario *what, const struct failure *failure, void **state)
{
    for (int e = 0; e < ERRORS_MAX && failure->errors[e] != 0; e++)
        if (failure->errors[e] != EINTR)
            run_at(what, failure->call, 1, FOR_EVER, failure->errors[e], state);
}

static void p9_every_call_fails_once(void **state)
{
    for (size_t i = 0; i < scenario_count; i++)
        for (size_t j = 0; j < sizeof(failures) / sizeof(failures[0]); j++)
            fail_each_call(&scenarios[i], &failures[j], state);
    print_message("%ld runs\n", runs);
}

static void p9_every_call_fails_from_then_on(void **state)
{
    for (size_t i = 0; i < scenario_count; i++)
        for (size_t j = 0; j < sizeof(failures) / sizeof(failures[0]); j++)
            fail_all_calls(&scenarios[i], &failures[j], state);
}

static int tear_down_matrix(void **state)
{
    if (at.what != NULL)
        print_message("%s: %s, call %d: %s\n", at.what->name, failing_call_name(at.call), at.nth,
                      strerror(at.error));
    failing_calls_disarm();
    return temp_dir_teardown(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, tear_down_matrix)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(p9_every_call_fails_once),
        TEST(p9_every_call_fails_from_then_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
