/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P2 for fasteners_ipc_rwlock: readers and writers of it and of Python's
 * InterProcessReaderWriterLock, which locks the whole file, in both directions.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fasteners.h>

#include "agent_client.h"
#include "patience.h"
#include "proc_info.h"
#include "python_peer.h"
#include "rw_record.h"
#include "temp_dir.h"

static const char *const options[] = {"", "writers"};

static child *agent_at(const char *path, const char *option)
{
    child *agent = agent_start();

    agent_expect(agent, "FASTENERS_OK", "rw_create l %s %s", path, option);
    return agent;
}

typedef void (*pairing)(const char *path, child *agent, child *peer);

static void for_both_preferences(void **state, pairing run)
{
    for (int i = 0; i < 2; i++) {
        char name[16];
        const char *path;
        child *agent;
        child *peer;

        snprintf(name, sizeof(name), "lock-%d", i);
        path = temp_path(state, name);
        agent = agent_at(path, options[i]);
        peer = peer_start(path, PYTHON_READ);
        run(path, agent, peer);
        child_end(peer);
        agent_stop(agent);
    }
}

static void readers_share(const char *path, child *agent, child *peer)
{
    (void)path;
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    peer_acquire(peer, PYTHON_READ, "0", true);
    agent_expect(agent, "FASTENERS_OK", "thread 1 read l 0");
    agent_expect(agent, "FASTENERS_OK", "unread l");
    agent_expect(agent, "FASTENERS_OK", "thread 1 unread l");
    agent_expect(agent, "FASTENERS_OK", "read l 0");
    agent_expect(agent, "FASTENERS_BUSY", "thread 1 write l 0");
    peer_release(peer, PYTHON_READ);
    agent_expect(agent, "FASTENERS_OK", "rw_check l");
    peer_acquire(peer, PYTHON_WRITE, "0", false);
    agent_expect(agent, "FASTENERS_OK", "unread l");
    peer_acquire(peer, PYTHON_WRITE, "0", true);
    agent_expect(agent, "FASTENERS_BUSY", "read l 0");
    agent_expect(agent, "FASTENERS_BUSY", "write l 0");
    peer_release(peer, PYTHON_WRITE);
    agent_expect(agent, "FASTENERS_OK", "write l 0");
    peer_acquire(peer, PYTHON_READ, "0", false);
    peer_acquire(peer, PYTHON_WRITE, "0", false);
    agent_expect(agent, "FASTENERS_OK", "downgrade l");
    peer_acquire(peer, PYTHON_READ, "0", true);
    peer_acquire(peer, PYTHON_READ, "0", true); /* Python's nested read is the same lock */
    peer_release(peer, PYTHON_READ);
    agent_expect(agent, "FASTENERS_OK", "unread l");
}

static void p2_readers_share(void **state)
{
    for_both_preferences(state, readers_share);
}

static void waits_end(const char *path, child *agent, child *peer)
{
    peer_acquire(peer, PYTHON_WRITE, "0", true);
    agent_expect(agent, "started", "start 1 read l -1");
    expect_queued(path, 1);
    peer_release(peer, PYTHON_WRITE);
    agent_expect(agent, "FASTENERS_OK", "result 1");
    peer_begin_acquire(peer, PYTHON_WRITE, "-1");
    agent_expect(agent, "FASTENERS_OK", "thread 1 unread l");
    assert_true(peer_finish_acquire(peer));
    peer_release(peer, PYTHON_WRITE);
    peer_acquire(peer, PYTHON_READ, "0", true);
    agent_expect(agent, "started", "start 1 write l -1");
    expect_queued(path, 1);
    child_kill(peer, SIGKILL);
    agent_expect(agent, "FASTENERS_OK", "result 1");
    agent_expect(agent, "FASTENERS_OK", "thread 1 unwrite l");
}

static void p2_waits_end(void **state)
{
    for_both_preferences(state, waits_end);
}

struct pair {
    child *one, *two;
    child *refused;
};

static bool one_is_refused(void *argument)
{
    struct pair *pair = argument;

    if (strcmp(agent_ask(pair->one, "peek 1"), "done") == 0)
        pair->refused = pair->one;
    else if (strcmp(agent_ask(pair->two, "peek 1"), "done") == 0)
        pair->refused = pair->two;
    return pair->refused != NULL;
}

/* A Python reader has the upgrader's byte as well: it is waited for, not taken for an upgrader. */
static void upgrade_among_python_readers(const char *path, child *agent, child *peer)
{
    child *other = agent_at(path, "");

    agent_expect(agent, "FASTENERS_OK", "read l 0");
    peer_acquire(peer, PYTHON_READ, "0", true);
    agent_expect(agent, "FASTENERS_BUSY", "upgrade l 0");
    agent_expect(agent, "FASTENERS_TIMED_OUT", "upgrade l 30");
    agent_expect(agent, "FASTENERS_OK", "rw_check l");
    agent_expect(agent, "FASTENERS_OK", "thread 1 read l 0");
    agent_expect(agent, "FASTENERS_OK", "unread l");
    agent_expect(agent, "started", "start 1 upgrade l -1");
    peer_release(peer, PYTHON_READ);
    agent_expect(agent, "FASTENERS_OK", "result 1");
    peer_acquire(peer, PYTHON_READ, "0", false);
    agent_expect(agent, "FASTENERS_OK", "thread 1 downgrade l");
    peer_acquire(peer, PYTHON_READ, "0", true);

    /* Two upgraders: when Python has gone one is first, and the other one is refused. */
    agent_expect(other, "FASTENERS_OK", "thread 1 read l 0");
    agent_expect(agent, "started", "start 1 upgrade l -1");
    agent_expect(other, "started", "start 1 upgrade l -1");
    peer_release(peer, PYTHON_READ);
    struct pair pair = {.one = agent, .two = other};
    assert_true(test_wait_until(one_is_refused, &pair));
    child *refused = pair.refused;
    child *first = refused == agent ? other : agent;
    agent_expect(refused, "FASTENERS_WOULD_DEADLOCK", "result 1");
    agent_expect(first, "running", "peek 1");
    agent_expect(refused, "FASTENERS_OK", "thread 1 unread l");
    agent_expect(first, "FASTENERS_OK", "result 1");
    agent_expect(first, "FASTENERS_OK", "thread 1 unwrite l");
    agent_stop(other);
}

static void p2_upgrade_among_python_readers(void **state)
{
    for_both_preferences(state, upgrade_among_python_readers);
}

/* Whoever is killed, reader or writer, of whichever kind: the other one gets in. */
static void release_upon_crash(const char *path, child *agent, child *peer)
{
    static const char *const takes[] = {"read l 0", "write l 0"};
    static const python_kind kinds[] = {PYTHON_READ, PYTHON_WRITE};

    for (int i = 0; i < 2; i++) {
        child *victim = agent_at(path, "");
        agent_expect(victim, "FASTENERS_OK", "%s", takes[i]);
        peer_begin_acquire(peer, PYTHON_WRITE, "-1");
        agent_murder(victim);
        assert_true(peer_finish_acquire(peer));
        peer_release(peer, PYTHON_WRITE);
    }
    for (int i = 0; i < 2; i++) {
        child *victim = peer_start(path, kinds[i]);
        peer_acquire(victim, kinds[i], "0", true);
        agent_expect(agent, "started", "start 1 write l -1");
        expect_queued(path, 1);
        child_kill(victim, SIGKILL);
        agent_expect(agent, "FASTENERS_OK", "result 1");
        agent_expect(agent, "FASTENERS_OK", "thread 1 unwrite l");
        child_end(victim);
    }
}

static void p2_release_upon_crash(void **state)
{
    for_both_preferences(state, release_upon_crash);
}

enum { EACH = 10 };

/* Ten processes of each, readers and writers mixed: no writer meets anybody. */
static void p2_hammering_together(void **state)
{
    const char *path = temp_path(state, "lock");
    const char *seen_by = temp_path(state, "record");
    const long rounds = test_rounds(100);
    rw_record *seen = rw_record_open(seen_by);
    child *peers[EACH];
    child *agents[EACH];

    assert_non_null(seen);
    for (int i = 0; i < EACH; i++) {
        agents[i] = agent_at(path, options[i % 2]);
        peers[i] = peer_start(path, PYTHON_READ);
    }
    for (int i = 0; i < EACH; i++) {
        peer_begin_rw_hammer(peers[i], seen_by, rounds);
        for (int t = 1; t <= 2; t++)
            agent_expect(agents[i], "started", "start %d rw_hammer l %s %ld 5", t, seen_by,
                         10 * rounds);
    }
    for (int i = 0; i < EACH; i++) {
        for (int t = 1; t <= 2; t++)
            agent_expect(agents[i], "FASTENERS_OK", "result %d", t);
        peer_finish_hammer(peers[i], rounds);
    }
    assert_int_equal(rw_record_violations(seen), 0);
    rw_record_close(seen);
    assert_int_equal(locks_on(path).held, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

#define EXIT_SKIPPED 77

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(p2_readers_share),
        TEST(p2_waits_end),
        TEST(p2_upgrade_among_python_readers),
        TEST(p2_release_upon_crash),
        TEST(p2_hammering_together),
    };
    const char *missing = peer_missing();

    if (missing != NULL) {
        printf("skipped: %s\n", missing);
        return EXIT_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
