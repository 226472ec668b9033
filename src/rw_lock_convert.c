/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Upgrade and downgrade.
 *
 * An upgrading reader and a writer wait for each other's word and slot: so the reader may take the
 * word from a writer that is draining (mark DRAIN), and puts its own there with the mark UPGRADE.
 * The writer notices when it removes its mark, and queues in front. A second upgrader sees UPGRADE,
 * or the first one at the front of the queue: the two would wait for each other's read holds.
 *
 * The read hold stays as it is until the upgrade has succeeded. While the upgrader has the word, a
 * counted hold is counted in free_word.
 */

#include "annotate.h"
#include "at_fork.h"
#include "rw_fibers.h"
#include "rw_lock.h"
#include "rw_tuning.h"

enum { YIELDS = 100 };

static bool is_counted(fst_hold hold)
{
    return (atomic_load_explicit(hold.slot, memory_order_relaxed) & FST_COUNTED) != 0;
}

static void count_in_free_word(fst_rw *lock, bool counted)
{
    uint16_t free_word = lock->free_word & FST_MODES;

    if (!counted) {
        lock->free_word = free_word;
        return;
    }
    lock->free_word = free_word | FST_ONE;
    atomic_fetch_or(&lock->flags, FST_TAKE_COUNT);
}

/* ------------------------------------------------------------------------- downgrade -- */

static fasteners_status downgrade(fst_rw *lock, fst_record *me)
{
    fst_hold hold = fst_hold_find(me, lock);

    if (hold.slot != NULL) {
        ++*hold.extra;
    } else {
        hold = fst_hold_place(me);
        if (hold.slot == NULL)
            return FASTENERS_NO_MEMORY;
        fst_rw_read_as_writer(lock, me, hold);
    }
    return fst_rw_release_write_long(lock);
}

fasteners_status fasteners_rw_lock_downgrade(fasteners_rw_lock *opaque)
{
    fst_rw *lock = fst_rw_of(opaque);

    if (lock == NULL)
        return FASTENERS_INVALID;
    if (fst_rw_fibers(lock) != NULL)
        return fst_fibers_downgrade(fst_rw_fibers(lock));
    fst_at_fork_check();
    fst_record *me = fst_record_if_any();
    if (me == NULL || !fst_rw_is_mine(lock, me))
        return FASTENERS_NOT_OWNER;
    return downgrade(lock, me);
}

/* --------------------------------------------------------------------------- upgrade -- */

/* The caller is a visible reader, so whoever has the word is waiting for it, or about to. */
static fasteners_status rob_writer_locked(const fst_rw_call *call, uint64_t word, uint64_t *before)
{
    if ((word & FST_UPGRADE) != 0)
        return FASTENERS_WOULD_DEADLOCK;
    if ((word & FST_DRAIN) == 0 ||
        !atomic_compare_exchange_strong(&call->lock->word, &word, call->me->self | FST_UPGRADE))
        return FASTENERS_LOST;
    /* The writer has made the barrier, if one was needed. */
    *before = FST_FENCED;
    return FASTENERS_OK;
}

static bool somebody_upgrades_locked(const fst_rw *lock)
{
    const fst_waiter *front = fst_queue_first(&lock->queue);

    return front != NULL && front->kind == FST_UPGRADER_WAITS;
}

/* One try. BUSY: counted readers are in. LOST: a writer comes or goes, look again. */
static fasteners_status try_locked(const fst_rw_call *call, uint64_t word, uint64_t counted,
                                   uint64_t *before)
{
    if ((word & FST_WRITER) != 0)
        return rob_writer_locked(call, word, before);
    if (somebody_upgrades_locked(call->lock))
        return FASTENERS_WOULD_DEADLOCK;
    if (fst_rw_take_word(call->lock, call->me, counted, FST_UPGRADE, true, before))
        return FASTENERS_OK;
    return (fst_rw_word(call->lock) & FST_WRITER) != 0 ? FASTENERS_LOST : FASTENERS_BUSY;
}

/* Those who sleep on the record of the robbed writer; and that one, to queue before others do. */
static void wake_after_robbing(fst_record *robbed)
{
    fst_record *blocker = atomic_load(&robbed->waits_for);

    fst_record_wake(robbed);
    if (blocker != NULL)
        fst_record_wake(blocker);
}

static fasteners_status try_upgrade(fst_rw_call *call, uint64_t counted, uint64_t *before)
{
    fst_rw *lock = call->lock;
    fst_wake_ups wake_ups = {.count = 0};

    fst_mutex_lock(&lock->mutex);
    uint64_t word = fst_rw_word(lock);
    fasteners_status status = try_locked(call, word, counted, before);
    if (status == FASTENERS_OK)
        fst_rw_owe_locked(lock, call->me, &wake_ups);
    fst_mutex_unlock(&lock->mutex);
    fst_wake_ups_send(&wake_ups);
    if (status == FASTENERS_OK && (word & FST_WRITER) != 0)
        wake_after_robbing(fst_record_of(word));
    return status;
}

/*
 * A writer has the word and is about to mark it, or to be gone. It may have been interrupted, and
 * get no processor as long as this thread keeps asking for it.
 */
static void rest(fst_rw_call *call, int tries)
{
    if (tries < YIELDS)
        fst_os_yield();
    else
        fst_wait_sleep(&call->wait, fst_os_now() + fst_rw_tuning.nap_ns);
}

static fasteners_status take_word(fst_rw_call *call, uint64_t counted, uint64_t *before)
{
    for (int i = 0;; i++) {
        fst_rw_bury(call);
        fasteners_status status = try_upgrade(call, counted, before);
        if (status == FASTENERS_BUSY && call->wait.timeout_ms != FASTENERS_NO_WAIT)
            status = fst_rw_wait_upgrade(call, counted, before);
        if (status != FASTENERS_LOST)
            return status;
        status = call->wait.timeout_ms == FASTENERS_NO_WAIT && i < YIELDS
                     ? FASTENERS_OK
                     : fst_wait_status(&call->wait);
        if (status != FASTENERS_OK)
            return status;
        rest(call, i);
    }
}

static void drop_one_level(const fst_rw_call *call, fst_hold hold)
{
    fst_rw *lock = call->lock;
    bool counted = is_counted(hold);

    if (*hold.extra == 0) {
        fst_hold_retract(call->me, hold);
        fst_record_wake_if_wanted(call->me);
        count_in_free_word(lock, false);
        return;
    }
    --*hold.extra;
    if (!counted)
        lock->free_word |= (lock->free_word & FST_MODES) == 0 ? FST_FENCED : 0;
    count_in_free_word(lock, counted);
}

static fasteners_status upgrade_first(fst_rw_call *call, fst_hold hold)
{
    uint64_t before = 0;
    fasteners_status status = take_word(call, is_counted(hold) ? 1 : 0, &before);

    if (status != FASTENERS_OK)
        return status;
    count_in_free_word(call->lock, is_counted(hold));
    status = fst_rw_drain(call, before, FST_UPGRADE);
    if (status != FASTENERS_OK) {
        fst_rw_pass_on(call->lock, call->me, false);
        return status;
    }
    atomic_store(&call->lock->word, call->me->self);
    fst_rw_become_writer(call->lock, call->me, before);
    drop_one_level(call, hold);
    fst_note_write_acquired(call->lock);
    return FASTENERS_OK;
}

static fasteners_status upgrade(fst_rw_call *call, fst_hold hold)
{
    fst_rw *lock = call->lock;

    if (fst_rw_is_mine(lock, call->me)) {
        lock->depth++;
        return fst_rw_release_read_long(lock);
    }
    call->me->busy_on = (uintptr_t)lock;
    call->me->pending_write = true;
    fasteners_status status = upgrade_first(call, hold);
    call->me->pending_write = false;
    call->me->busy_on = 0;
    fst_rw_tell(call);
    return status;
}

fasteners_status fasteners_rw_lock_upgrade(fasteners_rw_lock *opaque, int64_t timeout_ms)
{
    fst_rw_call call = {.lock = fst_rw_of(opaque), .wait.timeout_ms = timeout_ms};
    fst_hold hold;

    if (call.lock == NULL || !fst_timeout_is_valid(timeout_ms))
        return FASTENERS_INVALID;
    if (fst_rw_fibers(call.lock) != NULL)
        return fst_fibers_acquire(fst_rw_fibers(call.lock), FST_UPGRADER_WAITS, timeout_ms);
    fst_at_fork_check();
    call.me = fst_record_if_any();
    if (call.me == NULL || (hold = fst_hold_find(call.me, call.lock)).slot == NULL)
        return FASTENERS_NOT_OWNER;
    return upgrade(&call, hold);
}
