/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the hot path leaves: every call from its beginning, with all its cases.
 */

#include "annotate.h"
#include "at_fork.h"
#include "rw_fibers.h"
#include "rw_lock.h"

/* The answer to arguments that mean nothing. */
static bool is_valid(const fst_rw *lock, int64_t timeout_ms)
{
    return lock != NULL && fst_timeout_is_valid(timeout_ms);
}

static fasteners_status begin(fst_rw_call *call, fst_rw *lock, int64_t timeout_ms, int64_t deadline)
{
    fasteners_status status;

    fst_at_fork_check();
    fst_note_used(lock);
    *call = (fst_rw_call){.lock = lock, .wait.timeout_ms = timeout_ms, .wait.deadline = deadline};
    call->me = fst_record_self(&status);
    return status;
}

static void set_busy(const fst_rw_call *call, bool busy)
{
    atomic_store_explicit(&call->me->busy_on, busy ? (uintptr_t)call->lock : 0,
                          memory_order_relaxed);
}

/* Fibers know no absolute time. */
static int64_t time_left_ms(int64_t timeout_ms, int64_t deadline)
{
    return timeout_ms > 0 && deadline != 0 ? fst_ms_until(deadline) : timeout_ms;
}

/* ------------------------------------------------------------------------------- read -- */

static fasteners_status enter_read(fst_rw_call *call, fst_hold place)
{
    bool past_pend = (fst_rw_flags(call->lock) & FST_READERS_FIRST) != 0;

    fst_rw_bury(call);
    if (fst_rw_try_read(call->lock, call->me, place, past_pend))
        return FASTENERS_OK;
    if (call->wait.timeout_ms == FASTENERS_NO_WAIT)
        return FASTENERS_BUSY;
    return fst_rw_wait_read(call, place);
}

static fasteners_status acquire_first_read(fst_rw_call *call)
{
    fst_hold place = fst_hold_place(call->me);
    fasteners_status status = FASTENERS_OK;

    if (place.slot == NULL)
        return FASTENERS_NO_MEMORY;
    set_busy(call, true);
    if (fst_rw_is_mine(call->lock, call->me)) {
        fst_rw_read_as_writer(call->lock, call->me, place);
    } else {
        status = enter_read(call, place);
        if (status == FASTENERS_OK)
            fst_note_read_acquired(call->lock);
    }
    set_busy(call, false);
    fst_rw_tell(call);
    return status;
}

fasteners_status fst_rw_acquire_read_by(fst_rw *lock, int64_t timeout_ms, int64_t deadline)
{
    fst_rw_call call;

    if (!is_valid(lock, timeout_ms))
        return FASTENERS_INVALID;
    if (fst_rw_fibers(lock) != NULL)
        return fst_fibers_acquire(fst_rw_fibers(lock), FST_READER_WAITS,
                                  time_left_ms(timeout_ms, deadline));
    fasteners_status status = begin(&call, lock, timeout_ms, deadline);
    if (status != FASTENERS_OK)
        return status;
    fst_hold hold = fst_hold_find(call.me, lock);
    if (hold.slot == NULL)
        return acquire_first_read(&call);
    ++*hold.extra;
    return FASTENERS_OK;
}

fasteners_status fst_rw_acquire_read_long(fst_rw *lock, int64_t timeout_ms)
{
    return fst_rw_acquire_read_by(lock, timeout_ms, 0);
}

fasteners_status fst_rw_release_read_long(fst_rw *lock)
{
    fst_record *me;
    fst_hold hold;

    if (lock == NULL)
        return FASTENERS_INVALID;
    if (fst_rw_fibers(lock) != NULL)
        return fst_fibers_release_read(fst_rw_fibers(lock));
    fst_at_fork_check();
    me = fst_record_if_any();
    if (me == NULL || (hold = fst_hold_find(me, lock)).slot == NULL)
        return FASTENERS_NOT_OWNER;
    if (*hold.extra > 0)
        --*hold.extra;
    else
        fst_rw_leave_read(lock, me, hold);
    return FASTENERS_OK;
}

/* ------------------------------------------------------------------------------ write -- */

/* A try does not end a bias for nothing. */
static bool is_hopeless(const fst_rw_call *call)
{
    uint64_t word = fst_rw_word(call->lock);

    return call->wait.timeout_ms == FASTENERS_NO_WAIT && (word & FST_WRITER) == 0 &&
           (word & FST_MODES) != 0 && fst_is_read(call->lock, call->me);
}

static fasteners_status take_word(fst_rw_call *call, bool robbed, uint64_t *before)
{
    fst_rw_bury(call);
    if (is_hopeless(call))
        return FASTENERS_BUSY;
    if (!robbed && fst_rw_take_word(call->lock, call->me, 0, 0, false, before))
        return FASTENERS_OK;
    if (call->wait.timeout_ms == FASTENERS_NO_WAIT)
        return FASTENERS_BUSY;
    return fst_rw_wait_write(call, robbed, before);
}

/* The caller has the word: waits for the slots. LOST: an upgrading reader has the word now. */
static fasteners_status drain(fst_rw_call *call, uint64_t before)
{
    fasteners_status status = fst_rw_drain(call, before, 0);

    if (status == FASTENERS_OK) {
        fst_rw_become_writer(call->lock, call->me, before);
    } else if (status != FASTENERS_LOST) {
        fst_rw_pass_on(call->lock, call->me, false);
    } else {
        /* That reader owes now what we owed. Those who sleep on our record look again. */
        if (call->me->owes == (uintptr_t)call->lock)
            call->me->owes = 0;
        fst_record_wake(call->me);
    }
    return status;
}

/* taken: the caller has the word already. before: what the word was then. */
static fasteners_status enter_write(fst_rw_call *call, bool taken, uint64_t before)
{
    fasteners_status status = taken ? FASTENERS_OK : take_word(call, false, &before);

    while (status == FASTENERS_OK) {
        status = drain(call, before);
        if (status != FASTENERS_LOST)
            return status;
        status = take_word(call, true, &before);
    }
    return status;
}

static fasteners_status acquire_first_write(fst_rw_call *call, bool taken)
{
    set_busy(call, true);
    call->me->pending_write = true;
    fasteners_status status = enter_write(call, taken, FST_FENCED);
    call->me->pending_write = false;
    set_busy(call, false);
    if (status == FASTENERS_OK)
        fst_note_write_acquired(call->lock);
    fst_rw_tell(call);
    return status;
}

fasteners_status fst_rw_acquire_write_by(fst_rw *lock, int64_t timeout_ms, int64_t deadline)
{
    fst_rw_call call;

    if (!is_valid(lock, timeout_ms))
        return FASTENERS_INVALID;
    if (fst_rw_fibers(lock) != NULL)
        return fst_fibers_acquire(fst_rw_fibers(lock), FST_WRITER_WAITS,
                                  time_left_ms(timeout_ms, deadline));
    fasteners_status status = begin(&call, lock, timeout_ms, deadline);
    if (status != FASTENERS_OK)
        return status;
    if (fst_rw_is_mine(lock, call.me)) {
        atomic_store_explicit(&lock->depth, lock->depth + 1, memory_order_relaxed);
        return FASTENERS_OK;
    }
    if (fst_hold_find(call.me, lock).slot != NULL)
        return FASTENERS_WOULD_DEADLOCK;
    return acquire_first_write(&call, false);
}

fasteners_status fst_rw_acquire_write_long(fst_rw *lock, int64_t timeout_ms)
{
    return fst_rw_acquire_write_by(lock, timeout_ms, 0);
}

fasteners_status fst_rw_acquire_write_taken(fst_rw *lock, fst_record *me, int64_t timeout_ms)
{
    fst_rw_call call = {.lock = lock, .me = me, .wait.timeout_ms = timeout_ms};

    fst_at_fork_check();
    return acquire_first_write(&call, true);
}

fasteners_status fst_rw_release_write_long(fst_rw *lock)
{
    fst_record *me;

    if (lock == NULL)
        return FASTENERS_INVALID;
    if (fst_rw_fibers(lock) != NULL)
        return fst_fibers_release_write(fst_rw_fibers(lock));
    fst_at_fork_check();
    me = fst_record_if_any();
    if (me == NULL || !fst_rw_is_mine(lock, me))
        return FASTENERS_NOT_OWNER;
    uint32_t depth = atomic_load_explicit(&lock->depth, memory_order_relaxed);
    if (depth > 0) {
        atomic_store_explicit(&lock->depth, depth - 1, memory_order_relaxed);
        return FASTENERS_OK;
    }
    fst_note_write_released(lock);
    atomic_store_explicit(&me->busy_on, (uintptr_t)lock, memory_order_relaxed);
    fst_rw_pass_on(lock, me, true);
    return FASTENERS_OK;
}
