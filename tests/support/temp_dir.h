/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_TEMP_DIR_H
#define TESTS_SUPPORT_TEMP_DIR_H

/*
 * A directory of its own for each test, removed afterwards with all that is in it.
 *
 *     cmocka_unit_test_setup_teardown(p1_two_processes, temp_dir_setup, temp_dir_teardown)
 *
 * and in the test:
 *
 *     const char *path = temp_path(state, "lock");
 */

/* Where temporary files go. */
const char *temp_root(void);

/*
 * Makes an empty directory, mode 0700, and returns its absolute path, to be freed. NULL: it failed.
 */
char *temp_dir_make(void);

/* Removes the directory and what is in it, whatever the permissions. Does not free the path. */
void temp_dir_remove(const char *directory);

/* cmocka's fixture functions. The teardown also ends all children, be the test good or bad. */
int temp_dir_setup(void **state);
int temp_dir_teardown(void **state);

/* The test's directory. */
const char *temp_dir_path(void **state);

/* "DIRECTORY/name", as the system writes it. Lives as long as the test. */
const char *temp_path(void **state, const char *name);

#endif
