/* SPDX-License-Identifier: Apache-2.0 */
#include "registry.h"

#include "annotate.h"
#include "asymmetric.h"
#include "at_fork.h"
#include "mutex.h"
#include "rw_lock.h"
#include "rw_tuning.h"

/*
 * All records, in blocks that double in size and never move, so that looking through them takes no
 * lock. A record's index stands in its thread's token.
 */
enum { FIRST_BLOCK = 32, BLOCKS = 18 };

static fst_record first_block[FIRST_BLOCK];
static fst_record *_Atomic blocks[BLOCKS] = {first_block};
static _Atomic uint32_t count;

/*
 * Guards growth, the free list and `started`. These are atomic for the sake of a forked child,
 * whose parent may have had a thread in the middle of a change.
 */
static fst_mutex mutex;
static _Atomic uint32_t first_free;
static _Atomic bool started;
static _Atomic uint32_t forking; /* 1: a fork waits for those who are leaving a lock */

_Atomic bool fst_asymmetric;

FST_THREAD_VARIABLE fst_record *fst_hot_record;
static FST_THREAD_VARIABLE fst_record *own_record;

/* Block b > 0 begins at index FIRST_BLOCK << (b - 1) and has as many records. */
fst_record *fst_record_at(uint32_t index)
{
    uint32_t block = 0, start = 0;

    if (index >= FIRST_BLOCK) {
        block = (uint32_t)(31 - __builtin_clz(index / FIRST_BLOCK)) + 1;
        start = (uint32_t)FIRST_BLOCK << (block - 1);
    }
    return atomic_load_explicit(&blocks[block], memory_order_acquire) + (index - start);
}

uint32_t fst_record_count(void)
{
    return atomic_load(&count);
}

fst_record *fst_record_of(uint64_t token)
{
    return fst_record_at((uint32_t)token >> FST_TOKEN_INDEX_SHIFT);
}

bool fst_record_is_alive(uint64_t token)
{
    return atomic_load(&fst_record_of(token)->self) == fst_token_of(token);
}

/* Block by block, since a writer of a fenced lock does this every time. */
bool fst_is_read(const void *lock, const fst_record *me)
{
    uint32_t left = fst_record_count(), size = FIRST_BLOCK;

    for (int block = 0; left > 0; block++) {
        const fst_record *record = atomic_load_explicit(&blocks[block], memory_order_acquire);
        const fst_record *end = record + (left < size ? left : size);
        left -= (uint32_t)(end - record);
        size = (uint32_t)FIRST_BLOCK << block;
        for (; record < end; record++)
            if (FST_UNLIKELY(fst_record_reads(record, lock)) && record != me)
                return true;
    }
    return false;
}

/* ---------------------------------------------------------------- a thread's beginning -- */

static fst_record *new_block(uint32_t size)
{
    size_t line = _Alignof(fst_record);
    void *memory = fst_os_alloc(size * sizeof(fst_record) + line);

    return (fst_record *)(((uintptr_t)memory + line - 1) / line * line);
}

/* Room for the record with that index, which is the next one. */
static bool grow_locked(uint32_t index)
{
    if (index < FIRST_BLOCK || (index & (index - 1)) != 0)
        return true;
    uint32_t block = (uint32_t)(31 - __builtin_clz(index / FIRST_BLOCK)) + 1;
    if (block >= BLOCKS)
        return false;
    if (blocks[block] == NULL)
        blocks[block] = new_block(index);
    return blocks[block] != NULL;
}

static fst_record *take_record_locked(void)
{
    uint32_t index = count;
    fst_record *record;

    if (first_free != 0) {
        record = fst_record_at(first_free - 1);
        first_free = record->next_free;
    } else {
        if (!grow_locked(index))
            return NULL;
        record = fst_record_at(index);
        record->self = (uint64_t)1 << FST_TOKEN_GENERATION_SHIFT |
                       (uint64_t)index << FST_TOKEN_INDEX_SHIFT | FST_TOKEN_BIT;
        atomic_store(&count, index + 1);
    }
    return record;
}

static void give_record_locked(fst_record *record)
{
    record->next_free = first_free;
    first_free = ((uint32_t)record->self >> FST_TOKEN_INDEX_SHIFT) + 1;
}

static void note_variables(void)
{
    fst_note_private(first_block, sizeof(first_block));
    fst_note_private(blocks, sizeof(blocks));
    fst_note_private(&count, sizeof(count));
    fst_note_private(&first_free, sizeof(first_free));
    fst_note_private(&started, sizeof(started));
    fst_note_private(&fst_asymmetric, sizeof(fst_asymmetric));
    fst_note_private(&forking, sizeof(forking));
}

static fasteners_status start_locked(void)
{
    int ignored;

    if (started)
        return FASTENERS_OK;
    note_variables();
    fasteners_status status = fst_at_fork_hook(&ignored);
    if (status == FASTENERS_OK) {
        fst_asymmetric = !fst_rw_tuning.symmetric && fst_os_heavy_barrier_ready();
        started = true;
    }
    return status;
}

static fasteners_status begin(fst_record **record)
{
    int ignored;

    fst_mutex_lock(&mutex);
    fasteners_status status = start_locked();
    *record = status == FASTENERS_OK ? take_record_locked() : NULL;
    fst_mutex_unlock(&mutex);
    if (*record == NULL)
        return status != FASTENERS_OK ? status : FASTENERS_NO_MEMORY;
    status = fst_os_at_thread_end(*record, &ignored);
    if (status != FASTENERS_OK) {
        fst_mutex_lock(&mutex);
        give_record_locked(*record);
        fst_mutex_unlock(&mutex);
    }
    return status;
}

static bool may_be_hot(void)
{
    return fst_is_asymmetric() && (fst_rw_tuning.watched || !fst_os_checker_watches());
}

fst_record *fst_record_self(fasteners_status *status)
{
    fst_record *record = own_record;

    *status = FASTENERS_OK;
    if (record != NULL)
        return record;
    *status = begin(&record);
    if (*status != FASTENERS_OK)
        return NULL;
    own_record = record;
    fst_hot_record = may_be_hot() ? record : NULL;
    return record;
}

fst_record *fst_record_if_any(void)
{
    return own_record;
}

/* ---------------------------------------------------------------------- a thread's end -- */

/* From here on the thread's token names nobody: what it held for writing is without an owner. */
static void retire(fst_record *record)
{
    fst_note_ended(record);
    atomic_store(&record->self, record->self + ((uint64_t)1 << FST_TOKEN_GENERATION_SHIFT));
}

void fst_thread_ended(void *argument)
{
    fst_record *record = argument;

    fst_at_fork_check();
    fst_hot_record = NULL;
    fst_rw_give_back_reads(record);
    /* Before the write hold is given up: until then the lock stays where it is. */
    fst_rw_pay(record);
    own_record = NULL;
    retire(record);
    fst_record_wake(record);
    fst_mutex_lock(&mutex);
    give_record_locked(record);
    fst_mutex_unlock(&mutex);
}

/* -------------------------------------------------------------------------------- fork -- */

/* The thread that is forking; it does not wait for itself. */
static FST_THREAD_VARIABLE bool forks;

/* How long a thread gives others the processor before it sleeps instead, and for how long then. */
enum { YIELDS = 100 };
static const int64_t NAP_NS = 50000;

/*
 * The same game as a reader and a writer play: leaving, then a look at forking / forking, then a
 * look at leaving.
 */
void fst_registry_begin_leaving(fst_record *me)
{
    atomic_store(&me->leaving, true);
    while (atomic_load(&forking) != 0 && !forks) {
        atomic_store(&me->leaving, false);
        fst_os_park(&forking, 1, FST_NEVER);
        atomic_store(&me->leaving, true);
    }
}

static void wait_until_left(const fst_record *record)
{
    for (int i = 0; atomic_load(&record->leaving); i++) {
        if (i < YIELDS)
            fst_os_yield();
        else
            fst_os_park(&forking, 1, fst_os_now() + NAP_NS);
    }
}

void fst_registry_fork_prepare(void)
{
    forks = true;
    atomic_store(&forking, 1);
    for (uint32_t i = 0; i < fst_record_count(); i++)
        if (fst_record_at(i) != own_record)
            wait_until_left(fst_record_at(i));
}

static void end_forking(void)
{
    forks = false;
    atomic_store(&forking, 0);
}

void fst_registry_fork_parent(void)
{
    const _Atomic uint32_t *word = &forking;

    end_forking();
    fst_os_unpark(word);
}

/* The child has one thread, so nothing here can race, and nobody sleeps. */
void fst_registry_fork_child(void)
{
    fst_record *survivor = own_record;

    fst_mutex_reset(&mutex);
    end_forking();
    first_free = 0;
    for (uint32_t i = 0; i < count; i++)
        if (fst_record_at(i) != survivor)
            retire(fst_record_at(i));
    /* The locks are repaired when all records tell who is alive, and before any is emptied. */
    for (uint32_t i = 0; i < count; i++)
        if (fst_record_at(i) != survivor)
            fst_rw_repair_all_of(fst_record_at(i), survivor);
    for (uint32_t i = count; i-- > 0;)
        if (fst_record_at(i) != survivor)
            give_record_locked(fst_record_at(i));
}
