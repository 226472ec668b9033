/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Leaving, when there is more to do than to store: somebody is queued, or sleeps until the count is
 * down, or the owner has ended.
 *
 * T9 all along: once the lock may be free, it may be gone. So either nothing of it is touched any
 * more, or the mutex is held and somebody is queued, who must pass through the mutex before he
 * returns. busy_on (for fork) is cleared before that point.
 */

#include "annotate.h"
#include "asymmetric.h"
#include "registry.h"
#include "rw_lock.h"
#include "rw_tuning.h"

/* ------------------------------------------------------------------------ the writer -- */

/* What the word is to be. A read hold of the writer that is counted is in it once. */
static uint64_t take_free_word(fst_rw *lock)
{
    uint16_t value = atomic_load_explicit(&lock->free_word, memory_order_relaxed);

    atomic_store_explicit(&lock->free_word, value & FST_MODES, memory_order_relaxed);
    return value;
}

static void let_go(fst_rw *lock, fst_record *me, uint64_t value)
{
    atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
    atomic_store_explicit(&lock->reads, 0, memory_order_relaxed);
    if (atomic_load_explicit(&me->owes, memory_order_relaxed) == (uintptr_t)lock)
        atomic_store_explicit(&me->owes, 0, memory_order_relaxed);
    atomic_store_explicit(&me->busy_on, 0, memory_order_relaxed);
    fst_light_store_word(&lock->word, value);
}

/* Not how long it has waited in all: the last of many would be handed a lock while it sleeps. */
static bool is_old_head(const fst_waiter *head)
{
    return head != NULL && fst_head_age(head) >= fst_rw_tuning.hand_over_ns;
}

static bool is_due(const fst_rw *lock, uint32_t flags)
{
    return (flags & (FST_HAND_OVER | FST_NOT_DEFAULT)) != 0 ||
           is_old_head(fst_queue_head(&lock->queue));
}

/* Somebody is queued: makes him the next, and the lock his if it is time. Returns PEND then. */
static uint64_t choose_next_locked(fst_rw *lock, uint32_t flags, fst_wake_ups *wake_ups)
{
    bool due = is_due(lock, flags);

    if ((flags & FST_NOT_DEFAULT) != 0)
        fst_queue_readers_first(&lock->queue);
    if (due || (flags & FST_PROMOTE) != 0)
        fst_waiter_tell(fst_queue_first(&lock->queue), FST_HEAD, wake_ups);
    return due ? FST_PEND : 0;
}

/* The flags that end with the hold. */
static uint32_t flags_of_hold(const fst_rw *lock, bool wrote)
{
    uint32_t news = (fst_rw_flags(lock) & FST_UNHEARD) != 0 ? FST_UNHEARD : FST_ABANDONED;

    return FST_PROMOTE | FST_HAND_OVER | FST_TAKE_COUNT | (wrote ? news : 0u);
}

static void pass_on_to_queue(fst_rw *lock, fst_record *me, bool wrote)
{
    fst_wake_ups wake_ups = {.count = 0};
    uint32_t done = flags_of_hold(lock, wrote);

    fst_mutex_lock(&lock->mutex);
    uint64_t value = take_free_word(lock);
    uint32_t flags = atomic_fetch_and(&lock->flags, ~done);
    if (fst_queue_first(&lock->queue) == NULL) {
        fst_mutex_unlock(&lock->mutex);
        let_go(lock, me, value);
    } else {
        value |= choose_next_locked(lock, flags, &wake_ups);
        let_go(lock, me, value);
        fst_mutex_unlock(&lock->mutex);
    }
    fst_wake_ups_send(&wake_ups);
}

/* See fst_rw_needs_a_look, which has counted. */
static bool is_look_due(const fst_rw *lock, uint32_t flags)
{
    if (flags == FST_QUEUED)
        return lock->releases % FST_RELEASES_PER_LOOK == 0;
    return (flags & ~(uint32_t)FST_NOT_DEFAULT) != 0;
}

void fst_rw_pass_on(fst_rw *lock, fst_record *me, bool wrote)
{
    if (is_look_due(lock, fst_rw_flags(lock)))
        pass_on_to_queue(lock, me, wrote);
    else
        let_go(lock, me, atomic_load_explicit(&lock->free_word, memory_order_relaxed));
    fst_record_wake_if_wanted(me);
}

/*
 * While its thread lives, PROMOTE says the same as owes. For a second lock the head of the queue is
 * woken, and sleeps on our record.
 */
void fst_rw_owe_locked(fst_rw *lock, fst_record *me, fst_wake_ups *wake_ups)
{
    uintptr_t owes = atomic_load_explicit(&me->owes, memory_order_relaxed);

    atomic_fetch_and(&lock->flags, ~(uint32_t)(FST_PROMOTE | FST_HAND_OVER));
    if (fst_queue_first(&lock->queue) == NULL) {
        atomic_fetch_and(&lock->flags, ~(uint32_t)FST_QUEUED);
    } else if (owes == 0) {
        atomic_store_explicit(&me->owes, (uintptr_t)lock, memory_order_relaxed);
        atomic_fetch_or(&lock->flags, FST_PROMOTE);
    } else {
        fst_waiter_tell(fst_queue_first(&lock->queue), FST_HEAD, wake_ups);
    }
}

/* --------------------------------------------------------------------- counted readers -- */

/* Somebody is queued, and waits for the count. */
static void uncount_locked(fst_rw *lock, fst_wake_ups *wake_ups)
{
    fst_waiter *head = fst_queue_first(&lock->queue);
    uint64_t kept = head->kind == FST_UPGRADER_WAITS ? 1 : 0;

    if (atomic_fetch_sub(&lock->word, FST_ONE) / FST_ONE - 1 <= kept)
        fst_waiter_tell(head, FST_HEAD, wake_ups);
}

/* False: PEND is set. */
static bool uncount_unnoticed(fst_rw *lock)
{
    uint64_t word = fst_rw_word(lock);

    while ((word & FST_PEND) == 0)
        if (atomic_compare_exchange_strong(&lock->word, &word, word - FST_ONE))
            return true;
    return false;
}

static void uncount(fst_rw *lock, fst_record *me)
{
    fst_wake_ups wake_ups = {.count = 0};

    fst_registry_begin_leaving(me);
    while (!uncount_unnoticed(lock)) {
        /*
         * The mutex may be held for long. A fork meanwhile finds the lock by busy_on, and by those
         * who are queued.
         */
        fst_registry_end_leaving(me);
        fst_mutex_lock(&lock->mutex);
        /* PEND comes and goes under the mutex only. */
        bool pend = (fst_rw_word(lock) & FST_PEND) != 0;
        if (pend)
            uncount_locked(lock, &wake_ups);
        if (pend)
            atomic_store_explicit(&me->busy_on, 0, memory_order_relaxed);
        fst_mutex_unlock(&lock->mutex);
        fst_wake_ups_send(&wake_ups);
        if (pend)
            return;
        fst_registry_begin_leaving(me);
    }
    atomic_store_explicit(&me->busy_on, 0, memory_order_relaxed);
    fst_registry_end_leaving(me);
}

void fst_rw_leave_read(fst_rw *lock, fst_record *me, fst_hold hold)
{
    bool counted = (atomic_load_explicit(hold.slot, memory_order_relaxed) & FST_COUNTED) != 0;

    fst_note_read_released(lock);
    *hold.extra = 0;
    if (!counted) {
        fst_hold_retract(me, hold);
        fst_record_wake_if_wanted(me);
        return;
    }
    atomic_store_explicit(&me->busy_on, (uintptr_t)lock, memory_order_relaxed);
    fst_hold_retract(me, hold);
    if (fst_rw_is_mine(lock, me))
        atomic_store_explicit(&lock->free_word, lock->free_word & FST_MODES, memory_order_relaxed);
    else
        uncount(lock, me);
    atomic_store_explicit(&me->busy_on, 0, memory_order_relaxed);
}

/* -------------------------------------------------------------- an owner that has ended -- */

static bool is_ownerless(uint64_t word)
{
    return (word & FST_WRITER) != 0 && !fst_record_is_alive(word);
}

/* Whether the thread was the writer. */
static bool bury_locked(fst_rw *lock, fst_wake_ups *wake_ups)
{
    uint64_t word = fst_rw_word(lock);

    if (!is_ownerless(word))
        return false;
    fst_note_buried(lock, fst_record_of(word));
    /* If not, the thread (in a fork) was only about to be the writer, or not any more. */
    bool wrote = fst_rw_is_owned_by(lock, word);
    if (wrote)
        atomic_fetch_or(&lock->flags, FST_ABANDONED);
    else if ((fst_rw_flags(lock) & FST_NOT_DEFAULT) == 0)
        lock->free_word |= FST_FENCED; /* it may not have come to that, see fst_rw_take_word */
    atomic_store_explicit(&lock->depth, 0, memory_order_relaxed);
    atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
    atomic_fetch_and(&lock->flags, ~(uint32_t)(FST_PROMOTE | FST_HAND_OVER | FST_TAKE_COUNT));
    uint64_t value = take_free_word(lock);
    if (fst_queue_first(&lock->queue) != NULL)
        value |= choose_next_locked(lock, FST_HAND_OVER | fst_rw_flags(lock), wake_ups);
    atomic_store(&lock->word, value);
    return wrote;
}

void fst_rw_bury(fst_rw_call *call)
{
    fst_rw *lock = call->lock;
    fst_wake_ups wake_ups = {.count = 0};

    if (!is_ownerless(fst_rw_word(lock)))
        return;
    fst_mutex_lock(&lock->mutex);
    if (bury_locked(lock, &wake_ups) && lock->settings != NULL) {
        call->abandoned++;
        call->settings = *lock->settings;
    }
    fst_mutex_unlock(&lock->mutex);
    fst_wake_ups_send(&wake_ups);
}
