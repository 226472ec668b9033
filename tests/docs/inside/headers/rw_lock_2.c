/* SPDX-License-Identifier: Apache-2.0 */
/* A scheduler whose clock moves when somebody waits: there is nobody to run meanwhile. */
#include "app.h"

typedef struct fiber {
    bool woken;
} fiber;

typedef struct scheduler {
    fiber *running;
    int64_t now_ms;
} scheduler;

static scheduler fibers;

static int64_t now_ms(void)
{
    return fibers.now_ms;
}

static void run_others_until(scheduler *user, int64_t end)
{
    user->now_ms = end;
}

static void make_runnable(scheduler *user, fiber *sleeper)
{
    user->running = sleeper;
}

void *current(void *user);
fasteners_status wait(void *user, void *who, int64_t timeout_ms);
void wake(void *user, void *who);

#include "block.inc"

int main(void)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;
    fasteners_rw_lock lock;
    fiber one = {false}, two = {false};

    options.current = current;
    options.wait = wait;
    options.wake = wake;
    options.hooks_user = &fibers;
    if (fasteners_rw_lock_init(&lock, &options) != FASTENERS_OK)
        return 1;
    fibers.running = &one;
    fasteners_status first = fasteners_rw_lock_acquire_write(&lock, 10);
    fibers.running = &two;
    fasteners_status second = fasteners_rw_lock_acquire_write(&lock, 10);
    wake(&fibers, &one);
    if (wait(&fibers, &one, 10) != FASTENERS_OK || current(&fibers) != &one)
        return 1;
    (void)fasteners_rw_lock_release_write(&lock);
    return first == FASTENERS_OK && second == FASTENERS_TIMED_OUT && fibers.now_ms == 10 ? 0 : 1;
}
