/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P2: the lock and Python's fasteners exclude each other, in both directions: InterProcessLock, and
 * InterProcessReaderWriterLock as a writer and as a reader. Each test goes through the three, with
 * a plain lock and with a fair one.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <fasteners.h>

#include "acquirer.h"
#include "agent_client.h"
#include "emulator.h"
#include "patience.h"
#include "proc_info.h"
#include "python_peer.h"
#include "temp_dir.h"
#include "witness.h"

static fasteners_ipc_lock *lock_at(const char *path, bool fair)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.fair = fair;
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
    return lock;
}

typedef void (*pairing)(const char *path, fasteners_ipc_lock *lock, child *peer, python_kind kind);

/* Runs it for all combinations, each on a file of its own. */
static void for_all_pairs(void **state, pairing run)
{
    for (int i = 0; i < 2 * PYTHON_KINDS; i++) {
        python_kind kind = (python_kind)(i / 2);
        char name[16];
        const char *path;
        fasteners_ipc_lock *lock;
        child *peer;

        snprintf(name, sizeof(name), "lock-%d", i);
        path = temp_path(state, name);
        lock = lock_at(path, i % 2 == 1);
        peer = peer_start(path, kind);
        run(path, lock, peer, kind);
        child_end(peer);
        fasteners_ipc_lock_destroy(lock);
    }
}

/* --------------------------------------------------------------------------- C holds -- */

static void c_holds_python_tries(const char *path, fasteners_ipc_lock *lock, child *peer,
                                 python_kind kind)
{
    (void)path;
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    peer_acquire(peer, kind, "0", false);
    assert_true(peer_acquire(peer, kind, "0.3", false) >= 0.3);
    /* That Python opened and closed the file, and failed, has not touched the hold. */
    peer_acquire(peer, kind, "0", false);
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    peer_acquire(peer, kind, "0", true);
    peer_release(peer, kind);
}

static void p2_c_holds_python_tries(void **state)
{
    for_all_pairs(state, c_holds_python_tries);
}

static void c_holds_python_waits(const char *path, fasteners_ipc_lock *lock, child *peer,
                                 python_kind kind)
{
    const char *const seconds[] = {"3600", "-1"};

    (void)path;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
        peer_begin_acquire(peer, kind, seconds[i]);
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
        assert_true(peer_finish_acquire(peer));
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
        peer_release(peer, kind);
    }
}

static void p2_c_holds_python_waits(void **state)
{
    for_all_pairs(state, c_holds_python_waits);
}

static void c_dies_python_gets_it(const char *path, fasteners_ipc_lock *lock, child *peer,
                                  python_kind kind)
{
    child *agent = agent_start();

    agent_expect(agent, "FASTENERS_OK", "create l %s", path);
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    peer_begin_acquire(peer, kind, "-1");
    agent_murder(agent);
    assert_true(peer_finish_acquire(peer));
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
}

static void p2_c_dies_python_gets_it(void **state)
{
    for_all_pairs(state, c_dies_python_gets_it);
}

/* ----------------------------------------------------------------------- Python holds -- */

static void python_holds_c_tries(const char *path, fasteners_ipc_lock *lock, child *peer,
                                 python_kind kind)
{
    int64_t begin;

    (void)path;
    peer_acquire(peer, kind, "0", true);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    begin = test_now();
    assert_int_equal(fasteners_ipc_lock_acquire(lock, 150), FASTENERS_TIMED_OUT);
    assert_true(test_now() - begin >= 150 * 1000000);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_NOT_OWNER);
    peer_release(peer, kind);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
}

static void p2_python_holds_c_tries(void **state)
{
    for_all_pairs(state, python_holds_c_tries);
}

/* How a wait of the lock ends when `end` is done to Python. */
static void assert_wait_ends(const char *path, fasteners_ipc_lock *lock, int64_t timeout_ms,
                             child *peer, python_kind kind, void (*end)(child *, python_kind))
{
    acquirer *waiter;

    peer_acquire(peer, kind, "0", true);
    waiter = acquirer_start(lock, timeout_ms);
    expect_queued(path, 1);
    assert_false(acquirer_has_returned(waiter));
    end(peer, kind);
    assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_OK);
}

static void python_holds_c_waits(const char *path, fasteners_ipc_lock *lock, child *peer,
                                 python_kind kind)
{
    assert_wait_ends(path, lock, FASTENERS_FOREVER, peer, kind, peer_release);
    assert_wait_ends(path, lock, 3600000, peer, kind, peer_release);
}

static void p2_python_holds_c_waits(void **state)
{
    for_all_pairs(state, python_holds_c_waits);
}

static void kill_peer(child *peer, python_kind kind)
{
    (void)kind;
    child_kill(peer, SIGKILL);
}

static void python_dies_c_gets_it(const char *path, fasteners_ipc_lock *lock, child *peer,
                                  python_kind kind)
{
    assert_wait_ends(path, lock, FASTENERS_FOREVER, peer, kind, kill_peer);
    assert_int_equal(child_wait(peer), -SIGKILL);
}

static void p2_python_dies_c_gets_it(void **state)
{
    for_all_pairs(state, python_dies_c_gets_it);
}

static void python_is_told_as_the_holder(const char *path, fasteners_ipc_lock *lock, child *peer,
                                         python_kind kind)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;

    (void)path;
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_NOT_FOUND);
    peer_acquire(peer, kind, "0", true);
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_OK);
    assert_int_equal(holder.pid, child_pid(peer));
    assert_int_equal(holder.shared, kind == PYTHON_READ);
    peer_release(peer, kind);
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_NOT_FOUND);
}

static void p2_python_is_told_as_the_holder(void **state)
{
    for_all_pairs(state, python_is_told_as_the_holder);
}

/* --------------------------------------------------------------------- several of them -- */

/* Python's readers share among themselves; all of them together exclude the lock. */
static void p2_python_readers_exclude_c(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = lock_at(path, false);
    child *readers[3];
    acquirer *waiter;

    for (int i = 0; i < 3; i++) {
        readers[i] = peer_start(path, PYTHON_READ);
        peer_acquire(readers[i], PYTHON_READ, "0", true);
    }
    waiter = acquirer_start(lock, FASTENERS_FOREVER);
    expect_queued(path, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_BUSY);
        assert_false(acquirer_has_returned(waiter));
        peer_release(readers[i], PYTHON_READ);
    }
    assert_int_equal(acquirer_status(waiter), FASTENERS_OK);
    for (int i = 0; i < 3; i++)
        peer_acquire(readers[i], PYTHON_READ, "0", false);
    assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

/* C, Python, C, Python ... hand the lock to each other. */
static void p2_turn_about(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = lock_at(path, false);
    child *peer = peer_start(path, PYTHON_LOCK);

    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    for (int i = 0; i < 10; i++) {
        acquirer *waiter;

        peer_begin_acquire(peer, PYTHON_LOCK, "-1");
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
        assert_true(peer_finish_acquire(peer));
        waiter = acquirer_start(lock, FASTENERS_FOREVER);
        expect_queued(path, 1);
        peer_release(peer, PYTHON_LOCK);
        assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_OK);
    }
    fasteners_ipc_lock_destroy(lock);
}

enum { EACH = 3 };

/* Three of each count in one file, all at once: not one count is lost. */
static void p2_counting_together(void **state)
{
    const char *const options[EACH] = {"", "fair", "delay=1"};
    const python_kind kinds[EACH] = {PYTHON_LOCK, PYTHON_WRITE, PYTHON_LOCK};
    const char *path = temp_path(state, "lock");
    const char *seen_by = temp_path(state, "witness");
    const long c_rounds = test_rounds(3000);
    const long python_rounds = test_rounds(300);
    witness *watching = witness_open(seen_by);
    child *peers[EACH];
    child *agents[EACH];

    if (test_is_emulated())
        skip(); /* the two would count in the bytes of two processors */
    assert_non_null(watching);
    for (int i = 0; i < EACH; i++) {
        agents[i] = agent_start();
        agent_expect(agents[i], "FASTENERS_OK", "create l %s %s", path, options[i]);
        peers[i] = peer_start(path, kinds[i]);
    }
    for (int i = 0; i < EACH; i++) {
        peer_begin_hammer(peers[i], kinds[i], seen_by, python_rounds);
        agent_expect(agents[i], "started", "start 1 hammer l %s %ld", seen_by, c_rounds);
    }
    for (int i = 0; i < EACH; i++) {
        agent_expect(agents[i], "FASTENERS_OK", "result 1");
        peer_finish_hammer(peers[i], python_rounds);
    }
    assert_int_equal(witness_violations(watching), 0);
    assert_int_equal(witness_counter(watching), EACH * (c_rounds + python_rounds));
    witness_close(watching);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

#define EXIT_SKIPPED 77

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(p2_c_holds_python_tries),
        TEST(p2_c_holds_python_waits),
        TEST(p2_c_dies_python_gets_it),
        TEST(p2_python_holds_c_tries),
        TEST(p2_python_holds_c_waits),
        TEST(p2_python_dies_c_gets_it),
        TEST(p2_python_is_told_as_the_holder),
        TEST(p2_python_readers_exclude_c),
        TEST(p2_turn_about),
        TEST(p2_counting_together),
    };
    const char *missing = peer_missing();

    if (missing != NULL) {
        printf("skipped: %s\n", missing);
        return EXIT_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
