/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_RW_SEATS_H
#define TESTS_SUPPORT_RW_SEATS_H

/*
 * A witness of reading and writing for processes that may be killed inside. Each thread has a seat,
 * in memory shared with forked processes, that says what it is doing.
 *
 * A seat that is found taken may be that of a dead one, whose lock the kernel has freed. But the
 * dead do not move. So whoever meets another one stays until that one moves, which is a violation,
 * or its seat is cleared by the one who knows it dead, which is none.
 */

#include <stdbool.h>
#include <stdint.h>

enum { RW_SEATS = 64 };

typedef enum rw_doing { RW_NOTHING, RW_READING, RW_WRITING } rw_doing;

typedef struct rw_seats rw_seats;

/* All empty; shared with the processes that are forked later. NULL: no memory. */
rw_seats *rw_seats_make(void);
void rw_seats_free(rw_seats *of);

/* What the owner of the seat does from now on, and whether those it meets allow for it. */
void rw_seats_do(rw_seats *of, int seat, rw_doing what);

/* The owner is dead. */
void rw_seats_clear(rw_seats *of, int seat);

/* How often the seat's owners have moved so far. */
uint32_t rw_seats_moves(const rw_seats *of, int seat);

/* How many writings have begun. */
int64_t rw_seats_writings(const rw_seats *of);

long rw_seats_violations(const rw_seats *of);

#endif
