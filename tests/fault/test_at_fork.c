/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/*
 * The hook into fork is made once in a process, by the first create: so a program of its own for
 * what happens when it cannot be made. The order of the tests matters.
 */

/* Hooks that are never called. */
static void *current(void *user)
{
    return user;
}

static fasteners_status wait(void *user, void *fiber, int64_t timeout_ms)
{
    (void)user;
    (void)fiber;
    (void)timeout_ms;
    return FASTENERS_CANCELLED;
}

static void wake(void *user, void *fiber)
{
    (void)user;
    (void)fiber;
}

static fasteners_status init_for_fibers(void)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;
    fasteners_rw_lock lock;

    options.current = current;
    options.wait = wait;
    options.wake = wake;
    return fasteners_rw_lock_init(&lock, &options);
}

static void the_hook_cannot_be_made(void **state)
{
    static const struct {
        fasteners_status status;
        int os_error;
    } failures[] = {{FASTENERS_NO_MEMORY, ENOMEM}, {FASTENERS_OS_ERROR, EAGAIN}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        fasteners_ipc_lock *lock;
        fake_fail(FAKE_AT_FORK, 1, failures[i].status, failures[i].os_error);
        assert_int_equal(fasteners_ipc_lock_create(&lock, PATH, NULL), failures[i].status);
        assert_null(lock);
        fake_fail(FAKE_AT_FORK, 1, failures[i].status, failures[i].os_error);
        assert_int_equal(init_for_fibers(), failures[i].status);
        assert_int_equal(fake_memory_blocks(), 0);
    }
}

static void the_next_create_makes_it(void **state)
{
    (void)state;
    use_and_destroy(make_lock(NULL));
    assert_int_equal(fake_calls(FAKE_AT_FORK), 1);
    use_and_destroy(make_lock(NULL));
    assert_int_equal(fake_calls(FAKE_AT_FORK), 1);
}

static void the_hook_works(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fork_as_child();
    assert_false(fasteners_ipc_lock_is_held(lock));
    fake_parent_exits();
    use_and_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(the_hook_cannot_be_made),
        fault_test(the_next_create_makes_it),
        fault_test(the_hook_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
