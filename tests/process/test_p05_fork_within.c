/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P5 and T8 for what stands around the locks: a fork within a guard's block (G7), a call under a
 * lock (F3), while a set is held (S8) and while an acquire is begun (P18).
 */
#include "process_test.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "event_wait.h"

static fasteners_ipc_lock *make_lock(const char *path)
{
    fasteners_ipc_lock *lock;

    assert_int_equal(fasteners_ipc_lock_create(&lock, path, NULL), FASTENERS_OK);
    return lock;
}

/* ------------------------------------------------------------------------------- guards -- */

enum { CHILD_WRONG = 3 };

/* The child leaves the block, and with it the copies of the guards. */
static pid_t fork_and_leave(fasteners_ipc_lock *ipc, fasteners_rw_lock *lock)
{
    FASTENERS_IPC_GUARD(guard, ipc, FASTENERS_NO_WAIT);
    FASTENERS_RW_READ_GUARD(reader, lock, FASTENERS_NO_WAIT);
    pid_t pid = fork();
    int outcome;

    if (pid == 0)
        return guard.status == FASTENERS_OK && reader.status == FASTENERS_OK ? 0 : -1;
    if (waitpid(pid, &outcome, 0) != pid || outcome != 0 ||
        fasteners_ipc_lock_check(ipc) != FASTENERS_OK || !fasteners_rw_lock_is_reader(lock))
        return -1;
    return pid;
}

static void g7_a_child_that_leaves_the_block_disturbs_nobody(void **state)
{
    fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;
    fasteners_ipc_lock *ipc = make_lock(temp_path(state, "lock"));
    pid_t pid;

    pid = fork_and_leave(ipc, &lock);
    if (pid == 0) {
        bool good = !fasteners_ipc_lock_is_held(ipc) &&
                    fasteners_rw_lock_owner(&lock) == FASTENERS_OWNER_NONE &&
                    fasteners_ipc_lock_acquire(ipc, FASTENERS_NO_WAIT) == FASTENERS_BUSY;
        _exit(good ? 0 : CHILD_WRONG);
    }
    assert_true(pid > 0);
    assert_false(fasteners_ipc_lock_is_held(ipc));
    fasteners_ipc_lock_destroy(ipc);
}

/* -------------------------------------------------------------------------------- calls -- */

static int fork_in_it(void *unused)
{
    (void)unused;
    return (int)fork();
}

static void f3_a_child_that_returns_from_the_function(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_with_lock(path, "");
    fasteners_call call;
    fasteners_status status = fasteners_ipc_locked(path, NULL, 0, fork_in_it, NULL, &call);
    int outcome;

    if (call.result == 0)
        _exit(status == FASTENERS_NOT_OWNER ? 0 : 3);
    assert_int_equal(status, FASTENERS_OK);
    assert_int_equal(waitpid(call.result, &outcome, 0), call.result);
    assert_int_equal(outcome, 0);
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
}

/* --------------------------------------------------------------------------------- sets -- */

enum { COUNT = 3 };

/* What a forked child finds. 0: all as promised. */
static int look_as_child(fasteners_lock_set_member *members, fasteners_rw_lock *thread_lock)
{
    size_t failed;

    if (!fasteners_lock_set_member_is_held(&members[0]))
        return 1; /* T8: it keeps the hold of its thread */
    for (int i = 1; i < COUNT; i++)
        if (fasteners_lock_set_member_is_held(&members[i]))
            return 2; /* P5: no file */
    if (fasteners_lock_set_release(members, COUNT, &failed) != FASTENERS_NOT_OWNER || failed == 0)
        return 3;
    if (fasteners_rw_lock_owner(thread_lock) != FASTENERS_OWNER_NONE)
        return 4;
    if (fasteners_lock_set_acquire(members, COUNT, 0, &failed) != FASTENERS_BUSY || failed < 1)
        return 5; /* the parent has what excludes */
    return 0;
}

static void s8_a_child_holds_the_thread_locks_alone(void **state)
{
    fasteners_rw_lock thread_lock = FASTENERS_RW_LOCK_INIT;
    fasteners_ipc_lock *lock = make_lock(temp_path(state, "lock"));
    fasteners_ipc_rwlock *rwlock;
    size_t failed;
    int outcome;

    assert_int_equal(fasteners_ipc_rwlock_create(&rwlock, temp_path(state, "rwlock"), NULL),
                     FASTENERS_OK);
    fasteners_lock_set_member members[COUNT] = {fasteners_member_write(&thread_lock),
                                                fasteners_member_ipc_write(rwlock),
                                                fasteners_member_ipc_lock(lock)};
    assert_int_equal(fasteners_lock_set_acquire(members, COUNT, 0, &failed), FASTENERS_OK);
    pid_t born = fork();
    if (born == 0)
        _exit(look_as_child(members, &thread_lock));
    assert_true(born > 0);
    assert_int_equal(waitpid(born, &outcome, 0), born);
    assert_true(WIFEXITED(outcome));
    assert_int_equal(WEXITSTATUS(outcome), 0);
    for (int i = 0; i < COUNT; i++)
        assert_true(fasteners_lock_set_member_is_held(&members[i]));
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
    assert_int_equal(fasteners_lock_set_release(members, COUNT, NULL), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_rwlock_destroy(rwlock);
}

/* -------------------------------------------------------------------------- begun waits -- */

static bool is_inherited_by_exec(const fasteners_ipc_wait *wait)
{
    return (fcntl((int)fasteners_ipc_wait_descriptor(wait), F_GETFD) & FD_CLOEXEC) == 0;
}

/* What the child finds, as its exit status: 0 if all is well. No assertion runs in a child. */
static int look_in_child(fasteners_ipc_wait *finished, fasteners_ipc_wait *abandoned)
{
    if (!wait_is_over_within(finished, 0) || is_inherited_by_exec(finished))
        return 1;
    if (fasteners_ipc_wait_finish(&finished) != FASTENERS_CANCELLED || finished != NULL)
        return 2;
    fasteners_ipc_wait_abandon(&abandoned);
    return 0;
}

static void p5_a_child_has_no_part_in_it(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    fasteners_ipc_lock *lock = make_lock(path);
    fasteners_ipc_lock *same = make_lock(path);
    int status;

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    fasteners_ipc_wait *wait, *other;
    assert_int_equal(fasteners_ipc_lock_acquire_begin(lock, -1, &wait), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire_begin(same, -1, &other), FASTENERS_OK);
    assert_false(is_inherited_by_exec(wait));
    pid_t pid = fork();
    if (pid == 0)
        _exit(look_in_child(wait, other));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_false(wait_is_over_within(wait, 0));
    fasteners_ipc_wait_abandon(&other);
    agent_expect(holder, "FASTENERS_OK", "release l");
    assert_true(wait_gets_over(wait));
    assert_int_equal(fasteners_ipc_wait_finish(&wait), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(g7_a_child_that_leaves_the_block_disturbs_nobody),
        PROCESS_TEST(f3_a_child_that_returns_from_the_function),
        PROCESS_TEST(s8_a_child_holds_the_thread_locks_alone),
        PROCESS_TEST(p5_a_child_has_no_part_in_it),
    };

    return RUN_PROCESS_TESTS(tests);
}
