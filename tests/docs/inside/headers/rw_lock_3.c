/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks that are not called here. */
#include "app.h"

static int scheduler;

static void *current(void *user)
{
    return user;
}

static fasteners_status wait(void *user, void *fiber, int64_t timeout_ms)
{
    (void)user;
    (void)fiber;
    (void)timeout_ms;
    return FASTENERS_TIMED_OUT;
}

static void wake(void *user, void *fiber)
{
    (void)user;
    (void)fiber;
}

int main(void)
{
    fasteners_rw_lock lock;
    fasteners_status status;
#include "block.inc"
    return status == FASTENERS_OK && fasteners_rw_lock_destroy(&lock) == FASTENERS_OK ? 0 : 1;
}
