/* SPDX-License-Identifier: Apache-2.0 */
#include "rw_calls.h"

int rw_call_begin(const void *lock)
{
    return !lock;
}

int rw_call_end(const void *lock)
{
    return !lock;
}
