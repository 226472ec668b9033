/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_EMULATOR_H
#define TESTS_SUPPORT_EMULATOR_H

#include <stdbool.h>

/*
 * Tests for another processor run in an emulator, and what they start must be started by it:
 * FASTENERS_TEST_EMULATOR holds its command, words separated by blanks.
 */

/*
 * A copy of the argument vector, with the emulator in front of each word that is a program of the
 * tests: one that begins with TEST_BIN_DIR. `prefix`: words that come before all, or NULL.
 */
char **test_command(const char *prefix, const char *const *argv);
void test_command_free(char **command);

/* Whether this program runs in an emulator: for what it cannot do. */
bool test_is_emulated(void);

#endif
