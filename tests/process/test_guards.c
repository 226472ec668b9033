/* SPDX-License-Identifier: Apache-2.0 */
/*
 * G1: however a block is left, its guards release. G6: so does a thread that ends within (this file
 * is compiled with -fexceptions). G7: test_p05_fork_within.c. What the system refuses:
 * fault/test_guard.c.
 */
#include "process_test.h"

#include <pthread.h>
#include <stdio.h>

/* ------------------------------------------------------------- the ways out of a block -- */

typedef enum way_out { AT_THE_END, BY_RETURN, BY_BREAK, BY_CONTINUE, BY_GOTO, WAYS_OUT } way_out;

/* What is under test, all at once: one of each kind. */
typedef struct locks {
    fasteners_ipc_lock *ipc;
    fasteners_ipc_rwlock *read, *written;
    fasteners_rw_lock thread_read, thread_written;
} locks;

static void locks_make(locks *all, void **state)
{
    *all = (locks){.thread_read = FASTENERS_RW_LOCK_INIT};
    assert_int_equal(fasteners_ipc_lock_create(&all->ipc, temp_path(state, "ipc"), NULL),
                     FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_create(&all->read, temp_path(state, "read"), NULL),
                     FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_create(&all->written, temp_path(state, "written"), NULL),
                     FASTENERS_OK);
}

static void locks_end(locks *all)
{
    fasteners_ipc_lock_destroy(all->ipc);
    fasteners_ipc_rwlock_destroy(all->read);
    fasteners_ipc_rwlock_destroy(all->written);
}

/* Each as its guard says, or none. */
static bool all_held(locks *all)
{
    return fasteners_ipc_lock_check(all->ipc) == FASTENERS_OK &&
           fasteners_ipc_rwlock_is_reader(all->read) &&
           fasteners_ipc_rwlock_is_writer(all->written) &&
           fasteners_rw_lock_is_reader(&all->thread_read) &&
           fasteners_rw_lock_is_writer(&all->thread_written, false);
}

static bool none_held(locks *all)
{
    return !fasteners_ipc_lock_is_held(all->ipc) && !fasteners_ipc_rwlock_is_held(all->read) &&
           !fasteners_ipc_rwlock_is_held(all->written) &&
           fasteners_rw_lock_owner(&all->thread_read) == FASTENERS_OWNER_NONE &&
           fasteners_rw_lock_owner(&all->thread_written) == FASTENERS_OWNER_NONE;
}

/* Called with all guards held. */
typedef void (*within_fn)(void *argument);

/*
 * Leaves a block with a guard of each kind in that way. Returns a sum that tells which statements
 * were passed: a guard changes none of it.
 */
static int leave(locks *all, way_out way, within_fn within, void *argument)
{
    int passed = 0;

    for (int i = 0; i < 2; i++) {
        FASTENERS_IPC_GUARD(ipc, all->ipc, FASTENERS_NO_WAIT);
        FASTENERS_IPC_READ_GUARD(read, all->read, FASTENERS_NO_WAIT);
        FASTENERS_IPC_WRITE_GUARD(written, all->written, FASTENERS_NO_WAIT);
        FASTENERS_RW_READ_GUARD(thread_read, &all->thread_read, FASTENERS_NO_WAIT);
        FASTENERS_RW_WRITE_GUARD(thread_written, &all->thread_written, FASTENERS_NO_WAIT);

        if (ipc.status != FASTENERS_OK || read.status != FASTENERS_OK ||
            written.status != FASTENERS_OK || thread_read.status != FASTENERS_OK ||
            thread_written.status != FASTENERS_OK || !all_held(all))
            return -1;
        within(argument);
        passed += 1;
        if (way == BY_RETURN)
            return passed;
        if (way == BY_BREAK)
            break;
        if (way == BY_CONTINUE)
            continue;
        if (way == BY_GOTO)
            goto out;
        passed += 10;
    }
    passed += 100;
out:
    return passed;
}

static void nothing(void *unused)
{
    (void)unused;
}

static void g1_whatever_way_the_block_is_left(void **state)
{
    static const int passed[WAYS_OUT] = {
        [AT_THE_END] = 122, [BY_RETURN] = 1, [BY_BREAK] = 101, [BY_CONTINUE] = 102, [BY_GOTO] = 1};
    locks all;

    locks_make(&all, state);
    for (way_out way = AT_THE_END; way < WAYS_OUT; way++) {
        assert_int_equal(leave(&all, way, nothing, NULL), passed[way]);
        assert_true(none_held(&all));
    }
    locks_end(&all);
}

static void find_all_locked(void *agent)
{
    agent_expect(agent, "FASTENERS_BUSY", "acquire ipc 0");
    agent_expect(agent, "FASTENERS_BUSY", "write read 0");
    agent_expect(agent, "FASTENERS_BUSY", "read written 0");
}

static void p1_another_process_is_kept_out_until_the_block_ends(void **state)
{
    locks all;
    child *agent = agent_start();

    locks_make(&all, state);
    agent_expect(agent, "FASTENERS_OK", "create ipc %s", temp_path(state, "ipc"));
    agent_expect(agent, "FASTENERS_OK", "rw_create read %s", temp_path(state, "read"));
    agent_expect(agent, "FASTENERS_OK", "rw_create written %s", temp_path(state, "written"));
    assert_int_equal(leave(&all, BY_RETURN, find_all_locked, agent), 1);
    agent_expect(agent, "FASTENERS_OK", "acquire ipc 0");
    agent_expect(agent, "FASTENERS_OK", "write read 0");
    agent_expect(agent, "FASTENERS_OK", "read written 0");
    agent_stop(agent);
    locks_end(&all);
}

/* The second guard is released first. */
static void g1_guards_end_in_the_reverse_order(void **state)
{
    fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;

    (void)state;
    for (int i = 0; i < 2; i++) {
        /* A reader that asks for write is refused; a writer may read. */
        FASTENERS_RW_WRITE_GUARD(outer, &lock, FASTENERS_NO_WAIT);
        FASTENERS_RW_READ_GUARD(middle, &lock, FASTENERS_NO_WAIT);
        FASTENERS_RW_WRITE_GUARD(inner, &lock, FASTENERS_NO_WAIT);
        assert_int_equal(outer.status, FASTENERS_OK);
        assert_int_equal(middle.status, FASTENERS_OK);
        assert_int_equal(inner.status, FASTENERS_OK);
        assert_int_equal(fasteners_rw_write_guard_release(&outer), FASTENERS_OK);
        assert_int_equal(fasteners_rw_lock_owner(&lock), FASTENERS_OWNER_WRITER);
    }
    assert_int_equal(fasteners_rw_lock_owner(&lock), FASTENERS_OWNER_NONE);
}

static void g3_an_upgrade_is_taken_back_before_the_end(void **state)
{
    fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;

    (void)state;
    {
        FASTENERS_RW_READ_GUARD(guard, &lock, FASTENERS_NO_WAIT);
        assert_int_equal(guard.status, FASTENERS_OK);
        assert_int_equal(fasteners_rw_lock_upgrade(&lock, FASTENERS_NO_WAIT), FASTENERS_OK);
        assert_int_equal(fasteners_rw_lock_downgrade(&lock), FASTENERS_OK);
    }
    assert_int_equal(fasteners_rw_lock_owner(&lock), FASTENERS_OWNER_NONE);
}

/* ------------------------------------------------------------------------- many threads -- */

enum { THREADS = 3 };

typedef struct visitor {
    pthread_t thread;
    fasteners_ipc_lock *lock;
    witness *seen;
    long rounds;
    long failures;
} visitor;

static void *visit(void *argument)
{
    visitor *self = argument;

    for (long i = 0; i < self->rounds; i++) {
        FASTENERS_IPC_GUARD(guard, self->lock, test_patience_ms());
        if (guard.status != FASTENERS_OK) {
            self->failures++;
            break;
        }
        witness_visit(self->seen);
        if (i % 3 == 0 && fasteners_ipc_guard_release(&guard) != FASTENERS_OK)
            self->failures++;
    }
    return NULL;
}

static void p1_guards_exclude_threads_and_processes(void **state)
{
    const char *path = temp_path(state, "lock");
    long rounds = test_rounds(2000);
    witness *seen = witness_open(temp_path(state, "witness"));
    child *agent = agent_with_lock(path, "");
    fasteners_ipc_lock *lock;
    visitor visitors[THREADS];

    assert_non_null(seen);
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, NULL), FASTENERS_OK);
    agent_expect(agent, "started", "start 1 hammer l %s %ld", temp_path(state, "witness"), rounds);
    for (int i = 0; i < THREADS; i++) {
        visitors[i] = (visitor){.lock = lock, .seen = seen, .rounds = rounds};
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
    fasteners_ipc_lock_destroy(lock);
}

/* ------------------------------------------------------------------- threads that end -- */

static void end_the_thread(void *unused)
{
    (void)unused;
    pthread_exit(NULL);
}

static void end_by_cancel(void *unused)
{
    (void)unused;
    pthread_cancel(pthread_self());
    pthread_testcancel();
}

typedef struct ending {
    locks *all;
    within_fn how;
    int passed;
} ending;

static void *leave_by_ending(void *argument)
{
    ending *self = argument;

    self->passed = leave(self->all, AT_THE_END, self->how, NULL);
    return NULL;
}

static void g6_the_end_of_the_thread_releases(void **state)
{
    static const within_fn ways[] = {end_the_thread, end_by_cancel};
    locks all;

    NEEDS_ENDS_THAT_UNWIND();
    locks_make(&all, state);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        ending one = {.all = &all, .how = ways[i], .passed = 0};
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, leave_by_ending, &one), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(one.passed, 0);
        assert_true(none_held(&all));
        /* Released by the thread itself, not after its end. */
        assert_false(fasteners_rw_lock_was_abandoned(&all.thread_written));
    }
    locks_end(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(g1_whatever_way_the_block_is_left),
        PROCESS_TEST(p1_another_process_is_kept_out_until_the_block_ends),
        PROCESS_TEST(g1_guards_end_in_the_reverse_order),
        PROCESS_TEST(g3_an_upgrade_is_taken_back_before_the_end),
        PROCESS_TEST(p1_guards_exclude_threads_and_processes),
        PROCESS_TEST(g6_the_end_of_the_thread_releases),
    };

    return RUN_PROCESS_TESTS(tests);
}
