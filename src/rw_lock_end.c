/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What becomes of holds whose thread is gone: it ended (T7), or the process forked and it exists in
 * the parent alone (T8).
 *
 * A write hold needs nothing here: the token in the word names nobody any more, which the next
 * comer finds, or who sleeps on the record (fst_rw_bury).
 */

#include "rw_lock.h"

static void tell(const fst_rw_settings *settings, const char *message)
{
    if (settings->log != NULL)
        settings->log(settings->log_user, FASTENERS_LOG_WARNING, message);
}

void fst_rw_tell(const fst_rw_call *call)
{
    for (uint32_t i = 0; i < call->abandoned; i++)
        tell(&call->settings, "a thread ended while it held the lock for writing");
}

static fst_rw *lock_of(uintptr_t slot)
{
    return (fst_rw *)(slot & ~FST_COUNTED);
}

/* --------------------------------------------------------------------- a thread's end -- */

static void give_back(fst_record *record, fst_hold hold)
{
    fst_rw *lock = lock_of(*hold.slot);
    const fst_rw_settings *settings = lock->settings;
    fst_rw_settings copy = settings != NULL ? *settings : (fst_rw_settings){0};

    fst_rw_leave_read(lock, record, hold);
    tell(&copy, "a thread ended while it held the lock for reading");
}

void fst_rw_give_back_reads(fst_record *record)
{
    /* Again for what the log took meanwhile, and kept. */
    while (fst_hold_each(record, give_back) > 0)
        continue;
}

/* The head wakes up, and sleeps on the record, which wakes it when the thread has ended. */
void fst_rw_pay(fst_record *record)
{
    fst_rw *lock = (fst_rw *)record->owes;
    fst_wake_ups wake_ups = {.count = 0};

    if (lock == NULL)
        return;
    record->owes = 0;
    record->busy_on = (uintptr_t)lock;
    fst_mutex_lock(&lock->mutex);
    atomic_fetch_and(&lock->flags, ~(uint32_t)FST_PROMOTE);
    if (fst_queue_first(&lock->queue) != NULL)
        fst_waiter_tell(fst_queue_first(&lock->queue), FST_HEAD, &wake_ups);
    fst_mutex_unlock(&lock->mutex);
    record->busy_on = 0;
    fst_wake_ups_send(&wake_ups);
}

/* --------------------------------------------------------------- the child of a fork -- */

static uint64_t counted_hold_of(fst_record *survivor, const fst_rw *lock)
{
    fst_hold hold = {NULL, NULL};

    if (survivor != NULL)
        hold = fst_hold_find(survivor, lock);
    return hold.slot != NULL && (*hold.slot & FST_COUNTED) != 0 ? FST_ONE : 0;
}

/*
 * The count is made anew rather than diminished: a vanished thread may have been anywhere between
 * counting itself and noting it.
 */
static void repair(fst_rw *lock, fst_record *survivor)
{
    uint64_t word = lock->word;
    bool written = (word & FST_WRITER) != 0;

    fst_mutex_reset(&lock->mutex);
    lock->queue.last = NULL;
    lock->flags &= ~(uint32_t)(FST_QUEUED | FST_PROMOTE | FST_HAND_OVER);
    if (survivor != NULL && survivor->owes == (uintptr_t)lock)
        survivor->owes = 0;
    if (written && fst_record_is_alive(word))
        return;
    if (written) {
        lock->free_word &= FST_MODES;
        return;
    }
    lock->word = (word & FST_MODES) | counted_hold_of(survivor, lock);
}

static void empty(fst_record *record, fst_hold hold)
{
    (void)record;
    *hold.slot = 0;
    *hold.extra = 0;
}

void fst_rw_repair_all_of(fst_record *ended, fst_record *survivor)
{
    for (int i = 0; i < FST_SLOTS; i++)
        if (ended->slot[i] != 0)
            repair(lock_of(ended->slot[i]), survivor);
    for (fst_more_slots *more = ended->more; more != NULL; more = more->next)
        for (int i = 0; i < FST_MORE_SLOTS; i++)
            if (more->slot[i] != 0)
                repair(lock_of(more->slot[i]), survivor);
    if (ended->busy_on != 0)
        repair(lock_of(ended->busy_on), survivor);
    fst_hold_each(ended, empty);
    ended->others = 0;
    ended->busy_on = 0;
    ended->owes = 0;
    ended->waits_for = NULL;
    ended->leaving = false;
    ended->pending_write = false;
}
