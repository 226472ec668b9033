/* SPDX-License-Identifier: Apache-2.0 */
#ifndef P10_KINDS_H
#define P10_KINDS_H

/* The ways to wait, and what tests of waiting have in common. */

#include "acquirer.h"
#include "process_test.h"

typedef enum wait_kind { PLAIN, FAIR, POLLING, WAIT_KINDS } wait_kind;

static inline fasteners_ipc_lock *lock_of_kind(const char *path, wait_kind kind)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.fair = kind == FAIR;
    options.delay_ms = kind == POLLING ? 1 : 0;
    options.max_delay_ms = 7;
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
    return lock;
}

/* One that polls once a day. */
static inline fasteners_ipc_lock *sleepy_lock(const char *path)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.delay_ms = 24 * 3600 * 1000;
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
    return lock;
}

/* Another process that holds the lock. */
static inline child *holding_agent(const char *path)
{
    child *agent = agent_start();

    agent_expect(agent, "FASTENERS_OK", "create l %s", path);
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    return agent;
}

static inline int64_t timed_out_after(fasteners_ipc_lock *lock, int64_t timeout_ms)
{
    int64_t begin = test_now();

    assert_int_equal(fasteners_ipc_lock_acquire(lock, timeout_ms), FASTENERS_TIMED_OUT);
    return test_now() - begin;
}

#endif
