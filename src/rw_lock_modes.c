/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How readers and writers enter, by the mode of the lock, and how the lock goes from one mode to
 * another. The modes, and what pairs with what, are explained in rw_lock.h.
 */

#include "asymmetric.h"
#include "rw_lock.h"
#include "rw_tuning.h"

/* Reads between two looks at whether the lock has been quiet, and the limit of `doubt`. */
enum { READS_PER_LOOK = 64, MAX_DOUBT = 6 };

/* What a reader's tick takes from the number of writes, if there are enough to be worth a store. */
enum { WRITES_PER_TICK = 16, FEW_WRITES = 8 };

/* A bias that ends sooner than SHORT was not worth its end, one that lasts LONG was. In us. */
enum { SHORT_BIAS = 2000, LONG_BIAS = 200000 };

/* A scan of more records than this costs as much as the counting that it saves. */
enum { FEW_RECORDS = 32 };

static uint32_t now_us(void)
{
    return (uint32_t)(fst_os_now() / 1000);
}

static bool has_modes(const fst_rw *lock)
{
    return (fst_rw_flags(lock) & FST_NOT_DEFAULT) == 0;
}

static uint64_t bias_if_possible(void)
{
    return fst_is_asymmetric() ? FST_BIASED : FST_FENCED;
}

/* ---------------------------------------------------------------------------- readers -- */

static bool try_visibly(fst_rw *lock, fst_record *me, fst_hold place, bool past_pend)
{
    /* An exchange in biased mode too: then whichever mode the second look finds will do. */
    fst_hold_publish(me, place, (uintptr_t)lock);
    uint64_t word = fst_rw_word(lock);
    if (fst_rw_is_open(word, past_pend) && (word & FST_MODES) != 0)
        return true;
    fst_hold_retract(me, place);
    fst_record_wake_if_wanted(me);
    return false;
}

/* Central locks that are read again and again go over to slots. Counted readers stay counted. */
void fst_rw_note_counted_read(fst_rw *lock)
{
    uint16_t reads = (uint16_t)(atomic_load_explicit(&lock->reads, memory_order_relaxed) + 1);

    atomic_store_explicit(&lock->reads, reads, memory_order_relaxed);
    if (reads < fst_rw_tuning.lone_reads || fst_rw_tuning.mode == FST_RW_CENTRAL ||
        !has_modes(lock))
        return;
    /* Not while somebody waits for the count: he is about to change the mode himself. */
    uint64_t word = fst_rw_word(lock);
    if ((word & (FST_PEND | FST_MODES)) == 0)
        atomic_compare_exchange_strong(&lock->word, &word, word | FST_FENCED);
}

/* Tests want a mode from the first read on. */
static uint64_t forced_mode(const fst_rw *lock)
{
    if (fst_rw_tuning.mode < FST_RW_FENCED || !has_modes(lock))
        return 0;
    return fst_rw_tuning.mode == FST_RW_BIASED ? bias_if_possible() : FST_FENCED;
}

bool fst_rw_try_read(fst_rw *lock, fst_record *me, fst_hold place, bool past_pend)
{
    uint64_t word = fst_rw_word(lock);

    while (fst_rw_is_open(word, past_pend)) {
        uint64_t mode = (word & FST_MODES) == 0 ? forced_mode(lock) : 0;
        if ((word & FST_MODES) != 0) {
            if (try_visibly(lock, me, place, past_pend)) {
                if (++me->fenced_reads % FST_READS_PER_TICK == 0)
                    fst_rw_tick(lock, me->fenced_reads);
                return true;
            }
            word = fst_rw_word(lock);
        } else if (mode != 0) {
            if (atomic_compare_exchange_strong(&lock->word, &word, word | mode))
                word |= mode;
        } else if (atomic_compare_exchange_strong(&lock->word, &word, word + FST_ONE)) {
            fst_hold_note(me, place, (uintptr_t)lock | FST_COUNTED);
            fst_rw_note_counted_read(lock);
            return true;
        }
    }
    return false;
}

void fst_rw_read_as_writer(fst_rw *lock, fst_record *me, fst_hold place)
{
    uint16_t free_word = atomic_load_explicit(&lock->free_word, memory_order_relaxed);

    if (has_modes(lock)) {
        /* The hold may outlive the write: a writer after that must look at the slots. */
        fst_hold_publish(me, place, (uintptr_t)lock);
        if ((free_word & FST_MODES) == 0)
            atomic_store_explicit(&lock->free_word, FST_FENCED, memory_order_relaxed);
    } else {
        /* Counted by the release of the write, which takes the long way because of the flag. */
        fst_hold_note(me, place, (uintptr_t)lock | FST_COUNTED);
        atomic_store_explicit(&lock->free_word, free_word | FST_ONE, memory_order_relaxed);
        atomic_fetch_or(&lock->flags, FST_TAKE_COUNT);
    }
}

/* ------------------------------------------------------------------- fenced to biased -- */

static void look_whether_quiet(fst_rw *lock)
{
    uint32_t doubt = atomic_load_explicit(&lock->doubt, memory_order_relaxed);
    uint32_t quiet = atomic_load_explicit(&lock->quiet, memory_order_relaxed) + READS_PER_LOOK;
    uint64_t word = fst_rw_word(lock);

    atomic_store_explicit(&lock->quiet, quiet, memory_order_relaxed);
    if (quiet < fst_rw_tuning.quiet_reads << doubt || (word & 0xff) != FST_FENCED)
        return;
    atomic_store_explicit(&lock->quiet, now_us(), memory_order_relaxed);
    atomic_compare_exchange_strong(&lock->word, &word, (word & ~FST_FENCED) | FST_BIASED);
}

void fst_rw_tick(fst_rw *lock, uint32_t reads)
{
    uint16_t writes = atomic_load_explicit(&lock->writes, memory_order_relaxed);

    /* Stores to the lock are kept rare: they take its cache line from everybody else. */
    if (writes >= FEW_WRITES) {
        writes = writes > WRITES_PER_TICK ? (uint16_t)(writes - WRITES_PER_TICK) : 0;
        atomic_store_explicit(&lock->writes, writes, memory_order_relaxed);
    }
    if (reads % READS_PER_LOOK == 0 && fst_is_asymmetric() && fst_rw_tuning.mode != FST_RW_FENCED &&
        (fst_rw_word(lock) & FST_BIASED) == 0)
        look_whether_quiet(lock);
}

/* ---------------------------------------------------------------------------- writers -- */

bool fst_rw_take_word(fst_rw *lock, const fst_record *me, uint64_t counted, uint64_t marks,
                      bool past_pend, uint64_t *before)
{
    uint64_t word = fst_rw_word(lock);

    while (fst_rw_is_open(word, past_pend) && word / FST_ONE <= counted) {
        if (!atomic_compare_exchange_strong(&lock->word, &word, me->self | marks))
            continue;
        /* Until the slots have been seen empty, a release must leave a mode that looks at them. */
        if ((word & FST_MODES) != 0)
            atomic_store_explicit(&lock->free_word, FST_FENCED, memory_order_relaxed);
        *before = word;
        return true;
    }
    return false;
}

/*
 * Ending a bias interrupts all threads of the process: where it came too soon, the next one comes
 * later.
 */
static void judge_bias(fst_rw *lock)
{
    uint32_t lasted = now_us() - atomic_load_explicit(&lock->quiet, memory_order_relaxed);
    uint8_t doubt = atomic_load_explicit(&lock->doubt, memory_order_relaxed);

    if (lasted < SHORT_BIAS && doubt < MAX_DOUBT)
        atomic_store_explicit(&lock->doubt, doubt + 1, memory_order_relaxed);
    else if (lasted > LONG_BIAS && doubt > 0)
        atomic_store_explicit(&lock->doubt, doubt - 1, memory_order_relaxed);
}

/* Whether the lock is hardly read, so that looking at the slots is a waste. */
static bool is_lonely(uint32_t writes)
{
    uint32_t records = fst_record_count();
    uint32_t enough = fst_rw_tuning.lone_writes;

    if (records > FEW_RECORDS)
        enough = enough * FEW_RECORDS / records + 1;
    return writes >= enough;
}

static uint64_t mode_after_write(fst_rw *lock, uint64_t before)
{
    uint32_t writes = atomic_load_explicit(&lock->writes, memory_order_relaxed) + 1u;

    if (fst_rw_tuning.mode != FST_RW_AUTOMATIC)
        return fst_rw_tuning.mode == FST_RW_CENTRAL ? 0 : forced_mode(lock);
    if ((before & FST_MODES) == 0)
        return 0;
    bool lonely = is_lonely(writes);
    atomic_store_explicit(&lock->writes, lonely ? 0 : (uint16_t)writes, memory_order_relaxed);
    return lonely ? 0 : FST_FENCED;
}

void fst_rw_become_writer(fst_rw *lock, const fst_record *me, uint64_t before)
{
    if ((before & FST_BIASED) != 0)
        judge_bias(lock);
    if ((before & FST_MODES) != 0)
        atomic_store_explicit(&lock->quiet, 0, memory_order_relaxed);
    atomic_store_explicit(&lock->free_word, (uint16_t)mode_after_write(lock, before),
                          memory_order_relaxed);
    atomic_store_explicit(&lock->owner, me->self, memory_order_relaxed);
}
