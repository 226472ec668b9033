/* SPDX-License-Identifier: Apache-2.0 */

/* What a fiber does with a lock: acquire, upgrade, release, downgrade. See rw_fibers.h. */

#include "annotate.h"
#include "rw_fibers.h"
#include "rw_tuning.h"

/* What an acquire carries along; on the fiber's stack. */
typedef struct call {
    fst_fibers *lock;
    void *fiber;
    fst_wait wait;
    fst_fiber_waiter entry;
} call;

static void *begin(const fst_fibers *lock)
{
    fst_at_fork_check();
    return lock->hooks.current(lock->hooks.user);
}

/*
 * The threads' variables that this asks for are looked up anew, be the fiber where it may: it is
 * not to be part of a function that waits.
 */
FST_COLD static void note_acquired(const fst_fibers *lock, fst_waiter_kind kind)
{
    if (kind == FST_READER_WAITS)
        fst_note_read_acquired(lock);
    else
        fst_note_write_acquired(lock);
}

/* ---------------------------------------------------------------------------- waiting -- */

/* What is left of the time, for a fiber that was woken for nothing; 0: nothing. */
static int64_t ms_left(fst_wait *wait)
{
    int64_t deadline = fst_wait_deadline(wait), now = fst_os_now();

    if (deadline == FST_NEVER)
        return FASTENERS_FOREVER;
    return now >= deadline ? 0 : (deadline - now - 1) / FST_NS_PER_MS + 1;
}

static bool is_told(const call *self)
{
    return atomic_load_explicit(&self->entry.told, memory_order_acquire);
}

static fasteners_status suspend(const call *self, int64_t timeout_ms)
{
    const fst_fiber_hooks *hooks = &self->lock->hooks;

    return hooks->wait(hooks->user, self->fiber, timeout_ms);
}

/* OK: it has the lock, and was woken. Otherwise it is to give up, if it has not got the lock. */
static fasteners_status wait_until_told(call *self)
{
    int64_t left = self->wait.timeout_ms;

    for (;;) {
        fasteners_status status = suspend(self, left);
        if (status != FASTENERS_OK || is_told(self))
            return status;
        left = ms_left(&self->wait);
        if (left == 0)
            return FASTENERS_TIMED_OUT;
    }
}

/* False: it was given the lock meanwhile. */
static bool leave_queue(call *self)
{
    fst_fibers *lock = self->lock;
    fst_fiber_wakes wakes = fst_fiber_no_wakes(lock);

    fst_mutex_lock(&lock->mutex);
    bool waited = self->entry.waiter.role == FST_WAITING;
    if (waited)
        fst_fibers_leave_queue_locked(lock, &self->entry, &wakes);
    fst_mutex_unlock(&lock->mutex);
    fst_fibers_send(&wakes);
    return waited;
}

/*
 * It has the lock, and its wake is under way. It must have come before the fiber goes on: else it
 * might find another wait of this fiber, or the fiber gone. A hook that refuses to wait is asked
 * again: who is to wake runs in another thread then.
 */
static void use_up_wake(const call *self)
{
    while (suspend(self, FASTENERS_FOREVER) != FASTENERS_OK || !is_told(self))
        fst_os_yield();
}

static fasteners_status wait_queued(call *self)
{
    fasteners_status status = wait_until_told(self);

    if (status == FASTENERS_OK)
        return FASTENERS_OK;
    if (leave_queue(self))
        return status;
    use_up_wake(self);
    return FASTENERS_OK;
}

/* -------------------------------------------------------------------------- acquiring -- */

/* The fiber holds the lock already. BUSY: not in a way that helps; it is an upgrader. */
static fasteners_status nest_locked(fst_fibers *lock, fst_fiber_hold *hold, fst_waiter_kind kind)
{
    if (kind == FST_UPGRADER_WAITS && hold->reads == 0)
        return FASTENERS_NOT_OWNER;
    if (kind != FST_READER_WAITS && hold->writes == 0)
        return kind == FST_UPGRADER_WAITS ? FASTENERS_BUSY : FASTENERS_WOULD_DEADLOCK;
    fst_fibers_enter_locked(lock, hold, kind);
    return FASTENERS_OK;
}

static bool somebody_upgrades_locked(const fst_fibers *lock)
{
    const fst_waiter *first = fst_queue_first(&lock->queue);

    return first != NULL && first->kind == FST_UPGRADER_WAITS;
}

/* One try with this hold, or place. BUSY: it is queued, unless it does not wait. */
static fasteners_status try_locked(call *self, fst_fiber_hold *hold)
{
    fst_fibers *lock = self->lock;
    fst_waiter *waiter = &self->entry.waiter;

    if (waiter->kind == FST_UPGRADER_WAITS && somebody_upgrades_locked(lock))
        return FASTENERS_WOULD_DEADLOCK;
    if (fst_fibers_is_open_locked(lock, waiter->kind)) {
        fst_fibers_enter_locked(lock, hold, waiter->kind);
        return FASTENERS_OK;
    }
    if (self->wait.timeout_ms == FASTENERS_NO_WAIT) {
        if (waiter->kind != FST_UPGRADER_WAITS)
            fst_fibers_give_place_locked(lock, hold);
        return FASTENERS_BUSY;
    }
    self->entry.hold = hold;
    waiter->since = fst_os_now();
    (void)fst_wait_deadline(&self->wait);
    fst_note_waits(&self->entry);
    if (waiter->kind == FST_UPGRADER_WAITS)
        fst_queue_add_first(&lock->queue, waiter);
    else
        fst_queue_add(&lock->queue, waiter, waiter->since - fst_rw_tuning.respect_ns);
    return FASTENERS_BUSY;
}

/* Memory is not asked for under the mutex: a fork takes that, and may have the memory's before. */
static fst_fiber_hold *make_place(fst_fibers *lock, void *fiber)
{
    fst_mutex_unlock(&lock->mutex);
    fst_fiber_hold *place = fst_os_alloc(sizeof(*place));
    if (place != NULL)
        place->fiber = fiber;
    fst_mutex_lock(&lock->mutex);
    return place;
}

static fasteners_status enter_locked(call *self)
{
    fst_fibers *lock = self->lock;
    fst_fiber_hold *hold = fst_fibers_find_locked(lock, self->fiber);

    if (hold != NULL) {
        fasteners_status status = nest_locked(lock, hold, self->entry.waiter.kind);
        return status == FASTENERS_BUSY ? try_locked(self, hold) : status;
    }
    if (self->entry.waiter.kind == FST_UPGRADER_WAITS)
        return FASTENERS_NOT_OWNER;
    hold = fst_fibers_take_place_locked(lock, self->fiber);
    if (hold == NULL)
        hold = make_place(lock, self->fiber);
    return hold != NULL ? try_locked(self, hold) : FASTENERS_NO_MEMORY;
}

fasteners_status fst_fibers_acquire(fst_fibers *lock, fst_waiter_kind kind, int64_t timeout_ms)
{
    call self = {.lock = lock, .wait.timeout_ms = timeout_ms, .entry.waiter.kind = kind};

    self.fiber = begin(lock);
    if (self.fiber == NULL)
        return FASTENERS_INVALID;
    fst_note_private(&self, sizeof(self));
    fst_mutex_lock(&lock->mutex);
    fasteners_status status = enter_locked(&self);
    fst_mutex_unlock(&lock->mutex);
    if (status == FASTENERS_BUSY && timeout_ms != FASTENERS_NO_WAIT)
        status = wait_queued(&self);
    if (status == FASTENERS_OK)
        note_acquired(lock, kind);
    return status;
}

/* -------------------------------------------------------------------------- releasing -- */

fasteners_status fst_fibers_release_read(fst_fibers *lock)
{
    const void *fiber = begin(lock);
    fst_fiber_wakes wakes = fst_fiber_no_wakes(lock);

    fst_mutex_lock(&lock->mutex);
    fst_fiber_hold *hold = fst_fibers_find_locked(lock, fiber);
    bool reads = hold != NULL && hold->reads > 0;
    if (reads) {
        if (hold->reads == 1)
            fst_note_read_released(lock);
        fst_fibers_drop_read_locked(lock, hold);
        fst_fibers_settle_locked(lock, hold, false, &wakes);
    }
    fst_mutex_unlock(&lock->mutex);
    fst_fibers_send(&wakes);
    return reads ? FASTENERS_OK : FASTENERS_NOT_OWNER;
}

static void drop_write_locked(fst_fibers *lock, fst_fiber_hold *hold, fst_fiber_wakes *wakes)
{
    bool last = hold->writes == 1;

    if (last) {
        fst_note_write_released(lock);
        lock->abandoned = lock->abandoned && lock->unheard;
        lock->unheard = false;
    }
    fst_fibers_drop_write_locked(lock, hold);
    fst_fibers_settle_locked(lock, hold, last, wakes);
}

/* downgrades: to a read hold. */
static fasteners_status leave_write(fst_fibers *lock, bool downgrades)
{
    const void *fiber = begin(lock);
    fst_fiber_wakes wakes = fst_fiber_no_wakes(lock);

    fst_mutex_lock(&lock->mutex);
    fst_fiber_hold *hold = fst_fibers_find_locked(lock, fiber);
    bool writes = hold != NULL && hold->writes > 0;
    if (writes && downgrades)
        fst_fibers_enter_locked(lock, hold, FST_READER_WAITS);
    if (writes)
        drop_write_locked(lock, hold, &wakes);
    fst_mutex_unlock(&lock->mutex);
    fst_fibers_send(&wakes);
    return writes ? FASTENERS_OK : FASTENERS_NOT_OWNER;
}

fasteners_status fst_fibers_release_write(fst_fibers *lock)
{
    return leave_write(lock, false);
}

fasteners_status fst_fibers_downgrade(fst_fibers *lock)
{
    return leave_write(lock, true);
}
