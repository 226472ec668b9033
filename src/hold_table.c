/* SPDX-License-Identifier: Apache-2.0 */
#include "hold_table.h"

#include "asymmetric.h"

void fst_hold_publish(fst_record *record, fst_hold hold, uintptr_t value)
{
    /* Before the slot: whoever finds `others` zero does not look at the further slots. */
    if (hold.slot != &record->slot[0])
        atomic_store_explicit(&record->others, record->others + 1, memory_order_relaxed);
    *hold.extra = 0;
    atomic_exchange(hold.slot, value);
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

static bool more_slots_name(const fst_record *record, uintptr_t lock)
{
    for (int i = 1; i < FST_SLOTS; i++)
        if (atomic_load(&record->slot[i]) == lock)
            return true;
    for (fst_more_slots *more = record->more; more != NULL; more = more->next)
        for (int i = 0; i < FST_MORE_SLOTS; i++)
            if (atomic_load(&more->slot[i]) == lock)
                return true;
    return false;
}

bool fst_record_reads(const fst_record *record, const void *lock)
{
    return atomic_load(&record->slot[0]) == (uintptr_t)lock ||
           (atomic_load(&record->others) != 0 && more_slots_name(record, (uintptr_t)lock));
}

void fst_hold_each(fst_record *record, void (*function)(fst_record *record, fst_hold hold))
{
    for (int i = 0; i < FST_SLOTS; i++)
        if (record->slot[i] != 0)
            function(record, (fst_hold){&record->slot[i], &record->extra[i]});
    for (fst_more_slots *more = record->more; more != NULL; more = more->next)
        for (int i = 0; i < FST_MORE_SLOTS; i++)
            if (more->slot[i] != 0)
                function(record, (fst_hold){&more->slot[i], &more->extra[i]});
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
