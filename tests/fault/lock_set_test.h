/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOCK_SET_TEST_H
#define LOCK_SET_TEST_H

/* What the tests of lock sets upon the fake platform share. */

#include "fault_test.h"

/* Three files: their identities follow this order. */
#define A "/a"
#define B "/b"
#define C "/c"

typedef fasteners_lock_set_member member;

extern fasteners_rw_lock first_rw, second_rw;

int set_test_set_up(void **state);
/* Destroys the handles that the test made; nothing may be left. */
int set_test_tear_down(void **state);

#define set_test(function)                                                                         \
    cmocka_unit_test_setup_teardown(function, set_test_set_up, set_test_tear_down)

/* Handles, destroyed by tear_down. With kept_log() if there are no options. */
fasteners_ipc_lock *lock_at(const char *path);
fasteners_ipc_lock *lock_with(const char *path, const fasteners_ipc_options *options);
fasteners_ipc_rwlock *rwlock_at(const char *path);
fasteners_ipc_rwlock *rwlock_with(const char *path, const fasteners_ipc_options *options);

/* A thread lock, a reader of C, A, a writer of B. */
void make_four(member *members);

/*
 * Asserts the status and the index, and that all members are held exactly when it is OK.
 */
void expect_set(member *members, size_t count, int64_t timeout_ms, fasteners_status expected,
                size_t in_the_way);
void expect_got(member *members, size_t count, int64_t timeout_ms);
/* ... and that nothing at all is locked then. */
void expect_given_back(member *members, size_t count);
void expect_nothing_held(void);

/* FOREIGN_PID has it. */
void foreign_takes(const char *path);

#endif
