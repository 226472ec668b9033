/* SPDX-License-Identifier: Apache-2.0 */
/* P15: all who share a lock are told, as the real system shows them. */
#include <unistd.h>

#include "process_test.h"

enum { READERS = 5 };

static fasteners_ipc_rwlock *rwlock_at(const char *path)
{
    fasteners_ipc_rwlock *lock;

    assert_int_equal(fasteners_ipc_rwlock_create(&lock, path, NULL), FASTENERS_OK);
    return lock;
}

static child *reader_at(const char *path)
{
    child *agent = agent_start();

    agent_expect(agent, "FASTENERS_OK", "rw_create l %s", path);
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    return agent;
}

static size_t ask(fasteners_ipc_rwlock *lock, fasteners_holder *holders, size_t limit)
{
    size_t count = 0;

    for (size_t i = 0; i < limit; i++)
        holders[i] = (fasteners_holder)FASTENERS_HOLDER_INIT;
    assert_int_equal(fasteners_ipc_rwlock_holders(lock, holders, limit, &count), FASTENERS_OK);
    return count;
}

static bool is_among(int64_t pid, child *const *readers)
{
    for (int i = 0; i < READERS; i++)
        if (child_pid(readers[i]) == pid)
            return true;
    return false;
}

/* POSIX alone names one of them. */
static void expect_readers(const fasteners_holder *holders, size_t filled, child *const *readers)
{
    for (size_t i = 0; i < filled; i++) {
        assert_true(holders[i].shared);
        assert_true(is_among(holders[i].pid, readers));
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(holders[i].pid, holders[j].pid);
    }
}

static void p15_all_readers_are_told(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_rwlock *lock = rwlock_at(path);
    fasteners_holder holders[READERS + 2];
    child *readers[READERS];

    for (int i = 0; i < READERS; i++)
        readers[i] = reader_at(path);
    size_t count = ask(lock, holders, READERS + 2);
    assert_int_equal(count, PORTABLE_BUILD ? 1 : READERS);
    expect_readers(holders, count, readers);
    /* Those beyond the limit are counted, and not filled in. */
    holders[1] = (fasteners_holder)FASTENERS_HOLDER_INIT;
    assert_int_equal(ask(lock, holders, 1), count);
    expect_readers(holders, 1, readers);
    assert_int_equal(holders[1].pid, 0);
    fasteners_ipc_rwlock_destroy(lock);
}

static void p15_the_dead_are_not_told(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_rwlock *lock = rwlock_at(path);
    fasteners_holder holders[READERS];
    size_t count;

    child *survivor = reader_at(path);
    child *victim = reader_at(path);
    agent_murder(victim);
    assert_int_equal(ask(lock, holders, READERS), 1);
    assert_int_equal(holders[0].pid, child_pid(survivor));
    agent_expect(survivor, "FASTENERS_OK", "unread l");
    assert_int_equal(fasteners_ipc_rwlock_holders(lock, NULL, 0, &count), FASTENERS_NOT_FOUND);
    assert_int_equal(count, 0);
    fasteners_ipc_rwlock_destroy(lock);
}

/* A reader of this process is one like any other: it holds through another open file. */
static void p15_a_reader_of_this_process_is_told(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_rwlock *lock = rwlock_at(path), *other = rwlock_at(path);
    fasteners_holder holders[READERS];

    assert_int_equal(fasteners_ipc_rwlock_acquire_read(other, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_int_equal(ask(lock, holders, READERS), 1);
    assert_true(holders[0].shared);
    assert_int_equal(holders[0].pid, getpid());
    fasteners_ipc_rwlock_destroy(other);
    fasteners_ipc_rwlock_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p15_all_readers_are_told),
        PROCESS_TEST(p15_the_dead_are_not_told),
        PROCESS_TEST(p15_a_reader_of_this_process_is_told),
    };

    return RUN_PROCESS_TESTS(tests);
}
