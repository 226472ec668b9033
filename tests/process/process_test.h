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
#include "witness.h"

/* A test with a directory of its own; its agents are ended with it. */
#define PROCESS_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, temp_dir_setup, temp_dir_teardown)

#define RUN_PROCESS_TESTS(tests) cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL)

#endif
