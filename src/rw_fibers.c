/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who holds a lock for fibers, who may enter, and who is next: all under its mutex, and without a
 * hook. What this is part of: rw_fibers.h.
 *
 * Invariant, whenever the mutex is free: the first of the queue may not enter; with
 * FASTENERS_PREFER_READERS no reader that waits may. So a writer that comes to a free lock finds an
 * empty queue.
 */

#include "rw_fibers.h"

#include "annotate.h"

/* ------------------------------------------------------------------------------ holds -- */

static fst_fiber_hold **bucket_of(fst_fibers *lock, const void *fiber)
{
    /* Fibers' addresses are alike in their low bits, stacks in many: the product's high bits. */
    uint64_t mixed = (uint64_t)(uintptr_t)fiber * UINT64_C(0x9e3779b97f4a7c15);

    return &lock->bucket[mixed >> (64 - FST_FIBER_BUCKETS_SHIFT)];
}

fst_fiber_hold *fst_fibers_find_locked(fst_fibers *lock, const void *fiber)
{
    fst_fiber_hold *hold = *bucket_of(lock, fiber);

    while (hold != NULL && hold->fiber != fiber)
        hold = hold->next;
    return hold;
}

fst_fiber_hold *fst_fibers_take_place_locked(fst_fibers *lock, void *fiber)
{
    fst_fiber_hold *place = lock->spare;

    if (place != NULL) {
        lock->spare = place->next;
        place->fiber = fiber;
    }
    return place;
}

void fst_fibers_give_place_locked(fst_fibers *lock, fst_fiber_hold *place)
{
    place->next = lock->spare;
    lock->spare = place;
}

static void remove_from_bucket(fst_fibers *lock, const fst_fiber_hold *hold)
{
    fst_fiber_hold **link = bucket_of(lock, hold->fiber);

    while (*link != hold)
        link = &(*link)->next;
    *link = hold->next;
}

static void add_to_bucket(fst_fibers *lock, fst_fiber_hold *hold)
{
    fst_fiber_hold **bucket = bucket_of(lock, hold->fiber);

    hold->next = *bucket;
    *bucket = hold;
}

/* --------------------------------------------------------------------------- entering -- */

static bool may_enter(const fst_fibers *lock, fst_waiter_kind kind)
{
    if (lock->writer != NULL)
        return false;
    return kind == FST_READER_WAITS || lock->readers == (kind == FST_UPGRADER_WAITS ? 1 : 0);
}

bool fst_fibers_is_open_locked(const fst_fibers *lock, fst_waiter_kind kind)
{
    bool overtakes = kind == FST_UPGRADER_WAITS ||
                     (kind == FST_READER_WAITS && lock->preference == FASTENERS_PREFER_READERS);

    return may_enter(lock, kind) && (overtakes || fst_queue_first(&lock->queue) == NULL);
}

void fst_fibers_enter_locked(fst_fibers *lock, fst_fiber_hold *hold, fst_waiter_kind kind)
{
    if (hold->reads == 0 && hold->writes == 0)
        add_to_bucket(lock, hold);
    if (kind == FST_READER_WAITS) {
        lock->readers += hold->reads++ == 0;
        return;
    }
    if (kind == FST_UPGRADER_WAITS)
        fst_fibers_drop_read_locked(lock, hold);
    hold->writes++;
    lock->writer = hold;
}

/* ---------------------------------------------------------------------------- leaving -- */

void fst_fibers_drop_read_locked(fst_fibers *lock, fst_fiber_hold *hold)
{
    lock->readers -= --hold->reads == 0;
}

void fst_fibers_drop_write_locked(fst_fibers *lock, fst_fiber_hold *hold)
{
    if (--hold->writes == 0)
        lock->writer = NULL;
}

static fst_fiber_waiter *first_of(const fst_fibers *lock)
{
    return (fst_fiber_waiter *)fst_queue_first(&lock->queue);
}

/* It has left the queue, and is the waker's until it is told. */
static void grant(fst_fibers *lock, fst_fiber_waiter *waiter, fst_fiber_wakes *wakes)
{
    fst_fibers_enter_locked(lock, waiter->hold, waiter->waiter.kind);
    atomic_store_explicit(&waiter->waiter.role, FST_GRANTED, memory_order_relaxed);
    waiter->next_to_wake = NULL;
    if (wakes->last == NULL)
        wakes->first = waiter;
    else
        wakes->last->next_to_wake = waiter;
    wakes->last = waiter;
}

/* Where readers do not stand behind writers, they all come in when one does. */
static void grant_to_all_readers(fst_fibers *lock, fst_fiber_wakes *wakes)
{
    fst_waiter *reader;

    while ((reader = fst_queue_take_reader(&lock->queue, true)) != NULL)
        grant(lock, (fst_fiber_waiter *)reader, wakes);
}

static void grant_to_next(fst_fibers *lock, bool wrote, fst_fiber_wakes *wakes)
{
    bool by_turns = lock->preference == FASTENERS_PREFER_READERS ||
                    lock->preference == FASTENERS_PREFER_PHASE_FAIR;
    fst_fiber_waiter *first;

    if (wrote && by_turns)
        fst_queue_readers_first(&lock->queue);
    while ((first = first_of(lock)) != NULL && may_enter(lock, first->waiter.kind)) {
        fst_waiter_kind kind = first->waiter.kind;
        fst_queue_remove(&lock->queue, &first->waiter);
        grant(lock, first, wakes);
        if (by_turns && kind == FST_READER_WAITS)
            grant_to_all_readers(lock, wakes);
    }
}

void fst_fibers_settle_locked(fst_fibers *lock, fst_fiber_hold *hold, bool wrote,
                              fst_fiber_wakes *wakes)
{
    if (hold->reads == 0 && hold->writes == 0) {
        remove_from_bucket(lock, hold);
        fst_fibers_give_place_locked(lock, hold);
    }
    grant_to_next(lock, wrote, wakes);
}

/* ---------------------------------------------------------------------------- waiters -- */

fst_fiber_waiter *fst_fibers_find_waiter_locked(const fst_fibers *lock, const void *fiber)
{
    fst_fiber_waiter *first = first_of(lock), *member = first;

    if (first == NULL)
        return NULL;
    do {
        if (member->hold->fiber == fiber)
            return member;
        member = (fst_fiber_waiter *)member->waiter.next;
    } while (member != first);
    return NULL;
}

void fst_fibers_leave_queue_locked(fst_fibers *lock, fst_fiber_waiter *waiter,
                                   fst_fiber_wakes *wakes)
{
    fst_queue_remove(&lock->queue, &waiter->waiter);
    if (waiter->waiter.kind != FST_UPGRADER_WAITS)
        fst_fibers_give_place_locked(lock, waiter->hold);
    grant_to_next(lock, false, wakes);
}

void fst_fibers_send(const fst_fiber_wakes *wakes)
{
    fst_fiber_waiter *waiter = wakes->first;

    while (waiter != NULL) {
        fst_fiber_waiter *next = waiter->next_to_wake;
        void *fiber = waiter->hold->fiber;
        fst_note_wakes(waiter);
        atomic_store_explicit(&waiter->told, true, memory_order_release);
        wakes->hooks.wake(wakes->hooks.user, fiber);
        waiter = next;
    }
}
