/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_ANSWER_H
#define FST_ANSWER_H

/*
 * Structs that the caller owns and the library fills in. They begin with their size, and grow at
 * their end: an older caller has a shorter one, which must reach as far as the first version's did;
 * a newer one has a longer one, of which the end is zero.
 */

#include <stddef.h>
#include <string.h>

/* How far the first version of the type reached: to the end of that member. */
#define FST_ANSWER_FIRST(type, last) (offsetof(type, last) + sizeof(((type *)NULL)->last))

static inline void fst_answer_fill(void *theirs, const void *ours, size_t our_size)
{
    size_t size;

    memcpy(&size, theirs, sizeof(size));
    memset(theirs, 0, size);
    memcpy(theirs, ours, our_size < size ? our_size : size);
    memcpy(theirs, &size, sizeof(size));
}

#endif
