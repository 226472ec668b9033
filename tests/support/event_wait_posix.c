/* SPDX-License-Identifier: Apache-2.0 */
#include "event_wait.h"

#include <poll.h>

int count_waits_over(fasteners_ipc_wait *const *waits, int count, bool *over, int timeout_ms)
{
    struct pollfd all[EVENT_WAITS];
    int ready;

    for (int i = 0; i < count; i++)
        all[i] =
            (struct pollfd){.fd = (int)fasteners_ipc_wait_descriptor(waits[i]), .events = POLLIN};
    do {
        ready = poll(all, (nfds_t)count, timeout_ms);
    } while (ready < 0);
    for (int i = 0; i < count; i++)
        over[i] = (all[i].revents & POLLIN) != 0;
    return ready;
}
