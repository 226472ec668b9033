/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PROCESS_PROCESS_TEST_H
#define TESTS_PROCESS_PROCESS_TEST_H

/* What every test of several processes includes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fasteners.h>

#include "agent_client.h"
#include "emulator.h"
#include "patience.h"
#include "proc_info.h"
#include "temp_dir.h"
#include "unwinding.h"
#include "witness.h"

/* A test with a directory of its own; its agents are ended with it. */
#define PROCESS_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, temp_dir_setup, temp_dir_teardown)

/* Fails unless somebody waits for a fair lock, or to write where writers go first. */
#ifdef _WIN32
#define expect_one_at_the_gate(path) assert_true(wait_until_gate_is_taken(path))
#else
#define expect_one_at_the_gate(path) expect_queued(path, 1)
#endif

/* At the begin of a test where a file is deleted that is open: under Wine 8 its name stays. */
#define NEEDS_DELETED_NAMES_TO_GO()                                                                \
    do {                                                                                           \
        if (is_wine())                                                                             \
            skip();                                                                                \
    } while (0)

/* At the begin of a test of waits that the system queues: under Wine 8 they poll, and say so. */
#define NEEDS_QUEUED_WAITS()                                                                       \
    do {                                                                                           \
        if (is_wine())                                                                             \
            skip();                                                                                \
    } while (0)

/*
 * At the begin of a test where a thread ends by pthread_exit: with musl, and on Windows, no block
 * is left in an orderly way then.
 */
#define NEEDS_ENDS_THAT_UNWIND()                                                                   \
    do {                                                                                           \
        if (!test_threads_unwind())                                                                \
            skip();                                                                                \
    } while (0)

/* At the begin of a test with agent_fork. */
#ifdef _WIN32
#define NEEDS_FORK() skip()
#else
#define NEEDS_FORK() ((void)0)
#endif

/* At the begin of a test of upgrades, which Windows does not have. */
#ifdef _WIN32
#define NEEDS_UPGRADE() skip()
#else
#define NEEDS_UPGRADE() ((void)0)
#endif

/*
 * At the begin of a test that needs to know the kernel's queue, or relies on its order: Windows
 * does not show it, and Wine has none.
 */
#ifdef _WIN32
#define NEEDS_THE_QUEUE() skip()
#else
#define NEEDS_THE_QUEUE() ((void)0)
#endif

#define RUN_PROCESS_TESTS(tests) cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL)

#endif
