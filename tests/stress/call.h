/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STRESS_CALL_H
#define TESTS_STRESS_CALL_H

/* One call of the library, noted and counted, and what can be said of its outcome in general. */

#include "actor.h"

/* A call that is under way, and what was so when it began. */
typedef struct call {
    actor *me;
    deed what;
    int path, which;
    handle *on;
    hold *mine;
    int64_t timeout_ms, begun;
    uint64_t epoch, scarcity;
    uint32_t cancels;
    note *noted;
} call;

call call_begin(actor *me, deed what, int path, int which, int64_t timeout_ms);
void call_end(const call *of, fasteners_status status);

/* The end of an acquire or upgrade. */
void call_count(const call *of, fasteners_status status);

/* What is not right is a violation of the rule. */
void call_require(const call *of, bool right, fasteners_status status, const char *rule);

/* The limits were lowered during the call; the status may come from that. */
bool call_was_scarce(const call *of);
bool call_is_shortage(const call *of, fasteners_status status);

/* What an acquire or upgrade may answer to anybody. */
void call_judge_wait(const call *of, fasteners_status status);

/* A lock that was not got must not be had: the system is asked. See questions.c. */
void call_check_nothing_left(const call *of);

/* Whether the handle shows what the thread has. */
void call_check_state(const call *of);

#endif
