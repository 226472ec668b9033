/* SPDX-License-Identifier: Apache-2.0 */
#include "hold_table.h"

#include "asymmetric.h"

/* Before the slot: whoever finds `others` zero does not look at the further slots. */
static void prepare(fst_record *record, fst_hold hold)
{
    if (hold.slot != &record->slot[0])
        atomic_store_explicit(&record->others, record->others + 1, memory_order_relaxed);
    *hold.extra = 0;
}

void fst_hold_publish(fst_record *record, fst_hold hold, uintptr_t value)
{
    prepare(record, hold);
    atomic_exchange(hold.slot, value);
}

void fst_hold_note(fst_record *record, fst_hold hold, uintptr_t value)
{
    prepare(record, hold);
    atomic_store_explicit(hold.slot, value, memory_order_relaxed);
}

void fst_hold_retract(fst_record *record, fst_hold hold)
{
    fst_light_store_slot(hold.slot, 0);
    if (hold.slot != &record->slot[0])
        atomic_store_explicit(&record->others, record->others - 1, memory_order_release);
}

static bool is_hold_of(const _Atomic uintptr_t *slot, uintptr_t lock)
{
    return (atomic_load_explicit(slot, memory_order_relaxed) & ~FST_COUNTED) == lock;
}

static fst_hold find(fst_record *record, uintptr_t lock)
{
    for (int i = 0; i < FST_SLOTS; i++)
        if (is_hold_of(&record->slot[i], lock))
            return (fst_hold){&record->slot[i], &record->extra[i]};
    for (fst_more_slots *more = record->more; more != NULL; more = more->next)
        for (int i = 0; i < FST_MORE_SLOTS; i++)
            if (is_hold_of(&more->slot[i], lock))
                return (fst_hold){&more->slot[i], &more->extra[i]};
    return (fst_hold){NULL, NULL};
}

fst_hold fst_hold_find(fst_record *record, const void *lock)
{
    return find(record, (uintptr_t)lock);
}

fst_hold fst_hold_place(fst_record *record)
{
    fst_more_slots *rest = record->more;
    fst_hold place = find(record, 0);

    if (place.slot != NULL)
        return place;
    fst_more_slots *more = fst_os_alloc(sizeof(*more));
    if (more == NULL)
        return place;
    more->next = rest;
    record->more = more;
    return (fst_hold){&more->slot[0], &more->extra[0]};
}

bool fst_further_slots_name(const fst_record *record, const void *lock)
{
    for (int i = 1; i < FST_SLOTS; i++)
        if (atomic_load(&record->slot[i]) == (uintptr_t)lock)
            return true;
    for (fst_more_slots *more = record->more; more != NULL; more = more->next)
        for (int i = 0; i < FST_MORE_SLOTS; i++)
            if (atomic_load(&more->slot[i]) == (uintptr_t)lock)
                return true;
    return false;
}

static uint32_t call_for(fst_record *record, fst_hold hold, fst_hold_function *function)
{
    if (*hold.slot == 0)
        return 0;
    function(record, hold);
    return 1;
}

uint32_t fst_hold_each(fst_record *record, fst_hold_function *function)
{
    uint32_t called = 0;

    for (int i = 0; i < FST_SLOTS; i++)
        called += call_for(record, (fst_hold){&record->slot[i], &record->extra[i]}, function);
    for (fst_more_slots *more = record->more; more != NULL; more = more->next)
        for (int i = 0; i < FST_MORE_SLOTS; i++)
            called += call_for(record, (fst_hold){&more->slot[i], &more->extra[i]}, function);
    return called;
}

uint32_t fst_record_announce(fst_record *blocker)
{
    uint32_t seq = atomic_load(&blocker->seq);

    atomic_store(&blocker->wanted, 1);
    fst_heavy_barrier();
    return seq;
}

void fst_record_wake(fst_record *record)
{
    const _Atomic uint32_t *seq = &record->seq;

    /* In this order, see "Sleeping" in the header. */
    atomic_store(&record->wanted, 0);
    atomic_fetch_add(&record->seq, 1);
    fst_os_unpark(seq);
}
