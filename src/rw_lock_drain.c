/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A writer that has taken the word of a lock with slots looks through all records, and waits for
 * those that name the lock. Nobody enters meanwhile, so each record is done with once it was seen
 * empty; a reader that publishes its slot later sees the word and withdraws.
 *
 * While it waits for a reader the writer marks the word with DRAIN: that reader may want to
 * upgrade, and they would wait for each other. So the reader may take a marked word away
 * (rw_lock_convert.c). Removing the mark tells whether that happened. If the process forks here:
 * rw_lock_end.c.
 */

#include "asymmetric.h"
#include "rw_lock.h"
#include "rw_tuning.h"

/* How often a try looks at a slot: it may belong to a reader that is about to withdraw. */
enum { LOOKS_OF_A_TRY = 100 };

static bool must_wait(const fst_rw_call *call, const fst_record *reader, uint64_t word)
{
    return fst_record_reads(reader, call->lock) && fst_rw_word(call->lock) == word;
}

static bool outlast(const fst_rw_call *call, const fst_record *reader, uint64_t word)
{
    uint32_t looks = fst_rw_tuning.drain_spins;

    if (call->wait.timeout_ms == FASTENERS_NO_WAIT)
        looks = LOOKS_OF_A_TRY;
    for (uint32_t i = 0; i < looks; i++) {
        if (!must_wait(call, reader, word))
            return true;
        fst_os_pause();
    }
    return false;
}

/* Sleeps on the reader's record (5, 6). waits_for: so that whoever takes the word can wake us. */
static fasteners_status sleep_until_gone(fst_rw_call *call, fst_record *reader, uint64_t word)
{
    while (must_wait(call, reader, word)) {
        fasteners_status status = fst_wait_status(&call->wait);
        if (status != FASTENERS_OK)
            return status;
        atomic_store(&call->me->waits_for, reader);
        uint32_t seq = fst_record_announce(reader);
        if (must_wait(call, reader, word))
            fst_os_park(&reader->seq, seq, fst_wait_deadline(&call->wait));
    }
    return fst_rw_word(call->lock) == word ? FASTENERS_OK : FASTENERS_LOST;
}

static fasteners_status wait_for_all(fst_rw_call *call, uint64_t *word)
{
    uint32_t count = fst_record_count();
    fasteners_status status = FASTENERS_OK;

    for (uint32_t i = 0; i < count && status == FASTENERS_OK; i++) {
        fst_record *reader = fst_record_at(i);
        if (reader == call->me || !fst_record_reads(reader, call->lock))
            continue;
        if ((*word & (FST_UPGRADE | FST_DRAIN)) == 0) {
            *word |= FST_DRAIN;
            atomic_store(&call->lock->word, *word);
        }
        status =
            outlast(call, reader, *word) ? FASTENERS_OK : sleep_until_gone(call, reader, *word);
    }
    return status;
}

fasteners_status fst_rw_drain(fst_rw_call *call, uint64_t before, uint64_t marks)
{
    uint64_t self = call->me->self;
    uint64_t word = self | marks;

    if ((before & FST_MODES) == 0)
        return FASTENERS_OK;
    if ((before & FST_BIASED) != 0)
        fst_heavy_barrier();
    fasteners_status status = wait_for_all(call, &word);
    /* It tells since when the lock was biased, and from now on how often it was read. */
    if (status != FASTENERS_OK && (before & FST_BIASED) != 0)
        atomic_store_explicit(&call->lock->quiet, 0, memory_order_relaxed);
    if ((word & FST_DRAIN) != 0 && !atomic_compare_exchange_strong(&call->lock->word, &word, self))
        return FASTENERS_LOST;
    return status;
}
