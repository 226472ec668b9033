/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GUARDED_H
#define GUARDED_H

/*
 * Something that a lock guards, with an invariant: whoever writes is alone, whoever reads sees no
 * writer, and what is guarded is never seen half changed. Threads of a test call these functions
 * and assert nothing: what goes wrong is counted, and the main thread looks at the counts.
 */

#include <fasteners/rw_lock.h>

#include <stdatomic.h>

typedef struct guarded {
    fasteners_rw_lock lock;
    _Atomic int readers, writers;
    long first, second; /* equal; plain, for ThreadSanitizer */
} guarded;

void guarded_init(guarded *thing, const fasteners_rw_lock_options *options);

/* Under the lock: checks what a reader may rely on. */
void look(guarded *thing);
/* Under the lock: what a writer does. */
void change(guarded *thing);
/* What a thread leaves behind that ended in the midst of a change; and what makes it good. */
void change_by_half(guarded *thing);
void make_good(guarded *thing);

/* Counts a violation unless it holds. */
void check(bool holds);
/* Counts an unexpected status unless they are equal. */
void expect(fasteners_status status, fasteners_status expected);
/* Whether an acquire with that time-out succeeded; it may have failed in one way only. */
bool entered(fasteners_status status, int64_t timeout_ms);

/* Whether none of that has happened. */
bool nothing_went_wrong(void);

/* For the main thread. */
void assert_nothing_went_wrong(void);
/* Nobody holds the lock or waits for it any more. Ends it. */
void assert_free(guarded *thing);

/* A number below `below`, by a generator of the caller's. */
unsigned draw(unsigned *seed, unsigned below);

#endif
