/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_ACQUIRER_H
#define TESTS_SUPPORT_ACQUIRER_H

/*
 * A second thread of the test that acquires a lock and writes down what became of it. It asserts
 * nothing: the test's thread does, after acquirer_end.
 *
 *     acquirer *waiter = acquirer_start(lock, FASTENERS_FOREVER);
 *     assert_true(acquirer_waits(waiter));
 *     ... release what it waits for ...
 *     assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_OK);
 *
 * If it gets the lock it holds it until it is told to let go (acquirer_end does), and releases it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <fasteners.h>

/* What acquirer_end returns for a thread that did not come back in time. It is left alone then. */
#define ACQUIRER_HUNG ((fasteners_status)(-1))

typedef struct acquirer acquirer;

typedef struct acquirer_result {
    fasteners_status acquired;
    fasteners_status released; /* meant only if acquired is FASTENERS_OK */
    int64_t waited_ns;         /* how long the call of acquire took */
} acquirer_result;

/* Starts the thread. Ends the program if there is no thread to be had. */
acquirer *acquirer_start(fasteners_ipc_lock *lock, int64_t timeout_ms);

/* Waits until it sleeps within acquire. False: it does not. */
bool acquirer_waits(acquirer *of);

/* Whether acquire has returned. */
bool acquirer_has_returned(const acquirer *of);

/*
 * Waits until acquire has returned and tells what; the lock stays held. ACQUIRER_HUNG: it has not.
 */
fasteners_status acquirer_status(acquirer *of);

/*
 * Waits until acquire has returned, has the lock released if it was got, ends the thread and
 * forgets it. Returns acquire's status; *result is filled in unless NULL.
 */
fasteners_status acquirer_end(acquirer *of, acquirer_result *result);

#endif
