/* SPDX-License-Identifier: Apache-2.0 */
/*
 * F1, F2, F4 (F3: test_p05_fork_within.c): a function is called under a lock, among real processes
 * and threads; the lock is released though the function ends its thread. What the system refuses:
 * fault/test_locked_call.c. C++ exceptions: cpp/test_calls.cpp.
 */
#include "process_test.h"

#include <pthread.h>
#include <unistd.h>

enum { RESULT = 42 };

typedef fasteners_status (*by_path_fn)(const char *path, const fasteners_ipc_options *options,
                                       int64_t timeout_ms, fasteners_call_fn function,
                                       void *argument, fasteners_call *call);

/* The lock at a path, in each way, and what another process finds meanwhile. */
static const struct {
    by_path_fn function;
    const char *reads, *writes;
} by_path[] = {
    {fasteners_ipc_locked, "FASTENERS_BUSY", "FASTENERS_BUSY"},
    {fasteners_ipc_read_locked, "FASTENERS_OK", "FASTENERS_BUSY"},
    {fasteners_ipc_write_locked, "FASTENERS_BUSY", "FASTENERS_BUSY"},
};
enum { WAYS = sizeof(by_path) / sizeof(by_path[0]) };

static child *agent_at(const char *path)
{
    child *agent = agent_start();

    agent_expect(agent, "FASTENERS_OK", "rw_create l %s", path);
    return agent;
}

/* ------------------------------------------------------------------------- processes -- */

typedef struct observed {
    child *by;
    int way;
} observed;

static int let_another_process_try(void *argument)
{
    observed *self = argument;

    agent_expect(self->by, by_path[self->way].reads, "read l 0");
    if (by_path[self->way].function == fasteners_ipc_read_locked)
        agent_expect(self->by, "FASTENERS_OK", "unread l");
    agent_expect(self->by, by_path[self->way].writes, "write l 0");
    return RESULT;
}

static void f1_another_process_is_kept_out_while_it_runs(void **state)
{
    const char *path = temp_path(state, "lock");
    observed call = {.by = agent_at(path)};

    for (call.way = 0; call.way < WAYS; call.way++) {
        fasteners_call became = {false, 0};

        assert_int_equal(by_path[call.way].function(path, NULL, FASTENERS_NO_WAIT,
                                                    let_another_process_try, &call, &became),
                         FASTENERS_OK);
        assert_true(became.called);
        assert_int_equal(became.result, RESULT);
        agent_expect(call.by, "FASTENERS_OK", "write l 0");
        agent_expect(call.by, "FASTENERS_OK", "unwrite l");
    }
}

static int must_not_be_called(void *unused)
{
    (void)unused;
    fail_msg("called without the lock");
    return 0;
}

/* What Python's users asked for in vain: a decorated function that does not wait. */
static void f2_no_wait_while_another_process_has_it(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path);
    fasteners_call call;

    agent_expect(agent, "FASTENERS_OK", "write l 0");
    for (int i = 0; i < WAYS; i++) {
        call = (fasteners_call){true, RESULT};
        assert_int_equal(
            by_path[i].function(path, NULL, FASTENERS_NO_WAIT, must_not_be_called, NULL, &call),
            FASTENERS_BUSY);
        assert_false(call.called);
        assert_int_equal(call.result, RESULT);
        assert_int_equal(by_path[i].function(path, NULL, 20, must_not_be_called, NULL, &call),
                         FASTENERS_TIMED_OUT);
        assert_false(call.called);
    }
}

static void f5_no_descriptor_is_left(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_at(path);
    int before = count_descriptors(getpid());

    agent_expect(agent, "FASTENERS_OK", "write l 0");
    for (int i = 0; i < WAYS; i++)
        assert_int_equal(by_path[i].function(path, NULL, 1, must_not_be_called, NULL, NULL),
                         FASTENERS_TIMED_OUT);
    assert_int_equal(count_descriptors(getpid()), before);
}

/* --------------------------------------------------------------------------- threads -- */

static int say_how_it_is_held(void *lock)
{
    return (int)fasteners_rw_lock_owner(lock);
}

static void f1_the_locks_of_threads(void **state)
{
    fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;
    fasteners_call call;

    (void)state;
    assert_int_equal(fasteners_rw_lock_call_read(&lock, 0, say_how_it_is_held, &lock, &call),
                     FASTENERS_OK);
    assert_true(call.called);
    assert_int_equal(call.result, FASTENERS_OWNER_READER);
    assert_int_equal(fasteners_rw_lock_call_write(&lock, 0, say_how_it_is_held, &lock, &call),
                     FASTENERS_OK);
    assert_int_equal(call.result, FASTENERS_OWNER_WRITER);
    assert_int_equal(fasteners_rw_lock_owner(&lock), FASTENERS_OWNER_NONE);

    assert_int_equal(fasteners_rw_lock_acquire_read(&lock, 0), FASTENERS_OK);
    assert_int_equal(fasteners_rw_lock_call_write(&lock, 0, must_not_be_called, NULL, &call),
                     FASTENERS_WOULD_DEADLOCK);
    assert_false(call.called);
    assert_int_equal(fasteners_rw_lock_release_read(&lock), FASTENERS_OK);
}

enum { THREADS = 3 };

typedef struct visitor {
    pthread_t thread;
    const char *path;
    witness *seen;
    long rounds;
    long failures;
} visitor;

static int visit_once(void *seen)
{
    witness_visit(seen);
    return RESULT;
}

static void *visit(void *argument)
{
    visitor *self = argument;

    for (long i = 0; i < self->rounds; i++) {
        fasteners_call call;

        if (fasteners_ipc_locked(self->path, NULL, FASTENERS_FOREVER, visit_once, self->seen,
                                 &call) != FASTENERS_OK ||
            !call.called || call.result != RESULT)
            self->failures++;
    }
    return NULL;
}

static void p1_threads_and_processes_with_one_path(void **state)
{
    const char *path = temp_path(state, "lock");
    long rounds = test_rounds(1000);
    witness *seen = witness_open(temp_path(state, "witness"));
    child *agent = agent_with_lock(path, "");
    visitor visitors[THREADS];

    assert_non_null(seen);
    agent_expect(agent, "started", "start 1 hammer l %s %ld", temp_path(state, "witness"), rounds);
    for (int i = 0; i < THREADS; i++) {
        visitors[i] = (visitor){.path = path, .seen = seen, .rounds = rounds};
        assert_int_equal(pthread_create(&visitors[i].thread, NULL, visit, &visitors[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(visitors[i].thread, NULL), 0);
        assert_int_equal(visitors[i].failures, 0);
    }
    agent_expect(agent, "FASTENERS_OK", "result 1");
    assert_int_equal(witness_violations(seen), 0);
    assert_int_equal(witness_counter(seen), (THREADS + 1) * rounds);
    witness_close(seen);
}

/* ------------------------------------------------------------ the function ends its thread -- */

static int end_the_thread(void *unused)
{
    (void)unused;
    pthread_exit(NULL);
    return 0;
}

static int end_by_cancel(void *unused)
{
    (void)unused;
    pthread_cancel(pthread_self());
    pthread_testcancel();
    return 0;
}

typedef struct ending {
    fasteners_call_fn how;
    const char *path;
    fasteners_ipc_lock *ipc;
    fasteners_ipc_rwlock *rwlock;
    fasteners_rw_lock *lock;
    fasteners_call call;
    fasteners_status returned;
    int way;
} ending;

enum { WAYS_TO_END = WAYS + 5 };

static void *call_and_end(void *argument)
{
    ending *self = argument;
    fasteners_status status;

    if (self->way < WAYS)
        status = by_path[self->way].function(self->path, NULL, 0, self->how, NULL, &self->call);
    else if (self->way == WAYS)
        status = fasteners_ipc_lock_call(self->ipc, 0, self->how, NULL, &self->call);
    else if (self->way == WAYS + 1)
        status = fasteners_ipc_rwlock_call_read(self->rwlock, 0, self->how, NULL, &self->call);
    else if (self->way == WAYS + 2)
        status = fasteners_ipc_rwlock_call_write(self->rwlock, 0, self->how, NULL, &self->call);
    else if (self->way == WAYS + 3)
        status = fasteners_rw_lock_call_read(self->lock, 0, self->how, NULL, &self->call);
    else
        status = fasteners_rw_lock_call_write(self->lock, 0, self->how, NULL, &self->call);
    self->returned = status;
    return NULL;
}

static void assert_ends(ending *one)
{
    const fasteners_status never = (fasteners_status)-1;
    pthread_t thread;

    one->returned = never;
    one->call = (fasteners_call){false, RESULT};
    assert_int_equal(pthread_create(&thread, NULL, call_and_end, one), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(one->returned, never);
    assert_true(one->call.called);
    assert_int_equal(one->call.result, RESULT);
    assert_false(fasteners_ipc_lock_is_held(one->ipc));
    assert_false(fasteners_ipc_rwlock_is_held(one->rwlock));
    assert_int_equal(fasteners_rw_lock_owner(one->lock), FASTENERS_OWNER_NONE);
    assert_false(fasteners_rw_lock_was_abandoned(one->lock));
}

static void f4_a_thread_that_ends_in_the_function_releases(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;
    child *agent;
    ending one = {.path = path, .lock = &lock};
    int before;

    NEEDS_ENDS_THAT_UNWIND();
    agent = agent_at(path);
    assert_int_equal(fasteners_ipc_lock_create(&one.ipc, path, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_create(&one.rwlock, path, NULL), FASTENERS_OK);
    for (int i = 0; i < 2; i++) {
        one.how = i == 0 ? end_the_thread : end_by_cancel;
        before = count_descriptors(getpid());
        for (one.way = 0; one.way < WAYS_TO_END; one.way++) {
            assert_ends(&one);
            agent_expect(agent, "FASTENERS_OK", "write l 0");
            agent_expect(agent, "FASTENERS_OK", "unwrite l");
            /* By path the handle goes, too; the others keep theirs. */
            if (one.way < WAYS)
                assert_int_equal(count_descriptors(getpid()), before);
        }
    }
    fasteners_ipc_lock_destroy(one.ipc);
    fasteners_ipc_rwlock_destroy(one.rwlock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(f1_another_process_is_kept_out_while_it_runs),
        PROCESS_TEST(f2_no_wait_while_another_process_has_it),
        PROCESS_TEST(f5_no_descriptor_is_left),
        PROCESS_TEST(f1_the_locks_of_threads),
        PROCESS_TEST(p1_threads_and_processes_with_one_path),
        PROCESS_TEST(f4_a_thread_that_ends_in_the_function_releases),
    };

    return RUN_PROCESS_TESTS(tests);
}
