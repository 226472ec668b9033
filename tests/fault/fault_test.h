/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAULT_TEST_H
#define FAULT_TEST_H

/*
 * What the tests of the lock logic upon the fake platform share: a handle on one path, a log that
 * is kept, actions for the script.
 */

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include <fasteners.h>

#include "fake_platform.h"

/* The numbers are the fake system's: any will do where the real one does not know the name. */
#ifndef ESTALE
#define ESTALE 116
#endif

#define PATH "/lock"
#define FOREIGN_PID 4711

static const fst_range LOCK_BYTE = {.first = 0, .length = 1};
static const fst_range GATE_BYTE = {.first = 1, .length = 1};
static const fst_range INTENT_BYTE = {.first = 2, .length = 1};
/* What a program locks that locks the whole file, as far as we look. */
static const fst_range ALL_BYTES = {.first = 0, .length = 16};

int fault_set_up(void **state);
/* Nothing may be left: no memory, no open file, no request, no lock. */
int fault_tear_down(void **state);

#define fault_test(function)                                                                       \
    cmocka_unit_test_setup_teardown(function, fault_set_up, fault_tear_down)

/* ----------------------------------------------------------------------- handles -- */

/* Default options, with a log that is kept. */
fasteners_ipc_options kept_log(void);

/* With kept_log() if options is NULL. */
fasteners_ipc_lock *make_lock(const fasteners_ipc_options *options);

/*
 * Asserts the status, and that the lock is held (by the handle, and in the file) exactly when it is
 * OK.
 */
void expect_acquire(fasteners_ipc_lock *lock, int64_t timeout_ms, fasteners_status expected);
void expect_release(fasteners_ipc_lock *lock, fasteners_status expected);
/* The same for readers and writers; each is checked to be held as it says, by thread and file. */
fasteners_ipc_rwlock *make_rwlock(const fasteners_ipc_options *options);
void expect_read(fasteners_ipc_rwlock *lock, int64_t timeout_ms, fasteners_status expected);
void expect_write(fasteners_ipc_rwlock *lock, int64_t timeout_ms, fasteners_status expected);
void expect_upgrade(fasteners_ipc_rwlock *lock, int64_t timeout_ms, fasteners_status expected);
void expect_downgrade(fasteners_ipc_rwlock *lock, fasteners_status expected);
void expect_unread(fasteners_ipc_rwlock *lock, fasteners_status expected);
void expect_unwrite(fasteners_ipc_rwlock *lock, fasteners_status expected);
/* The calling thread holds it so, and the file is locked accordingly. */
void expect_held(const fasteners_ipc_rwlock *lock, bool reads, bool writes);

/* Acquires without a wait, releases, destroys. */
void use_and_destroy(fasteners_ipc_lock *lock);

/* --------------------------------------------------------------------------- log -- */

unsigned log_lines(fasteners_log_level level);
/* Whether a line of this level contains all three; NULL fits always. */
bool log_has(fasteners_log_level level, const char *a, const char *b, const char *c);
void log_clear(void);

/* ----------------------------------------------------------------------- actions -- */

/* The foreign process FOREIGN_PID has or gives back the lock. */
void foreign_takes_lock(void *unused);
void foreign_takes_gate(void *unused);
void foreign_reads(void *unused);
void foreign_releases(void *unused);

/* What becomes of the file at PATH. */
void file_is_deleted(void *unused);
void file_is_replaced(void *unused);
void file_is_renamed_away(void *unused);

/* The argument is the handle. */
void handle_is_cancelled(void *lock);
void rwlock_is_cancelled(void *lock);

void clock_goes_on_1_ms(void *unused);

#endif
