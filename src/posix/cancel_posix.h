/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_CANCEL_POSIX_H
#define FST_CANCEL_POSIX_H

/*
 * Around the calls that are cancellation points: the program may cancel a thread that is in the
 * library, and it must not end there with a turn taken or a table half changed.
 */

#include <pthread.h>

static inline int fst_posix_no_cancel(void)
{
    int old;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    return old;
}

static inline void fst_posix_cancel_as(int state)
{
    int unused;

    pthread_setcancelstate(state, &unused);
}

#endif
