/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PROCESS_P10_RACE_H
#define TESTS_PROCESS_P10_RACE_H

/*
 * What test_p10_races.c and p10_race_partner.c say to each other, through a socket that keeps
 * messages whole: a question, a race_question; its answer, a race_answer.
 *
 * The partner is the other process: it holds the lock that is waited for, and it looks with its own
 * eyes whether the lock is held. It uses the kernel alone, not the library.
 */

#include <stdint.h>

typedef enum race_verb {
    RACE_TAKE,    /* nothing must be locked; lock what the partner is to hold */
    RACE_RELEASE, /* after delay_ns unlock everything. There is no answer */
    RACE_IS_HELD, /* the lock, byte 0, must be held by the test */
    RACE_IS_FREE  /* nothing must be locked */
} race_verb;

typedef struct race_question {
    int64_t verb; /* as wide as the other, so that no byte is left undefined */
    int64_t delay_ns;
} race_question;

typedef enum race_answer { RACE_AS_IT_MUST_BE, RACE_WRONG, RACE_FAILED } race_answer;

/* Sleeps for most of the time and spins for the rest: as exact as it gets. */
void race_wait_until(int64_t when_ns);

#endif
