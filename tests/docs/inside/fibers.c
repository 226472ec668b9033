/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that init a lock for fibers. There is one fiber, which never has to wait. */
#include <fasteners.h>

static int fiber;

static void *current(void *user)
{
    (void)user;
    return &fiber;
}

static fasteners_status wait_until_woken(void *user, void *who, int64_t timeout_ms)
{
    (void)user;
    (void)who;
    (void)timeout_ms;
    return FASTENERS_TIMED_OUT;
}

static void wake(void *user, void *who)
{
    (void)user;
    (void)who;
}

int main(void)
{
    fasteners_rw_lock lock;
#include "block.inc"
    if (status == FASTENERS_OK)
        status = fasteners_rw_lock_acquire_write(&lock, FASTENERS_FOREVER);
    if (status == FASTENERS_OK)
        status = fasteners_rw_lock_fiber_ended(&lock, &fiber);
    return status == FASTENERS_OK && fasteners_rw_lock_destroy(&lock) == FASTENERS_OK ? 0 : 1;
}
