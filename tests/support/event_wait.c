/* SPDX-License-Identifier: Apache-2.0 */
#include "event_wait.h"

#include "patience.h"

bool wait_is_over_within(fasteners_ipc_wait *wait, int timeout_ms)
{
    bool is_over;

    return count_waits_over(&wait, 1, &is_over, timeout_ms) == 1;
}

bool wait_gets_over(fasteners_ipc_wait *wait)
{
    return wait_is_over_within(wait, (int)test_patience_ms());
}
