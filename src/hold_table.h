/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_HOLD_TABLE_H
#define FST_HOLD_TABLE_H

/*
 * What each thread holds: a record per thread, with a slot per lock that it holds for reading.
 *
 * A slot is 0, or the address of a lock: a read hold that is visible (a writer looks through all
 * records and waits for those slots that name its lock), or the address plus FST_COUNTED: a note
 * for the thread itself, of a hold that is counted in the lock. So a slot tells who owns what, and
 * makes nested reads cheap.
 *
 * Only its thread writes to a record, but for `wanted`, `seq` and the free list. Other threads read
 * slots, `others`, `more`, `self`. In a forked child its one thread writes to all.
 *
 * Records are never freed: they are used again for later threads. So whoever sleeps until a thread
 * does something sleeps on that thread's record, and the thread that wakes him touches only memory
 * of its own. A lock's memory may be gone by then.
 */

#include "compiler.h"
#include "platform.h"

enum { FST_SLOTS = 4, FST_MORE_SLOTS = 12 };

/* In the low bits of a slot, which are zero in a lock's address. */
#define FST_COUNTED ((uintptr_t)1)

/* Slots beyond the fourth. Never taken away from a record once it has them. */
typedef struct fst_more_slots {
    _Atomic uintptr_t slot[FST_MORE_SLOTS];
    uint32_t extra[FST_MORE_SLOTS];
    struct fst_more_slots *_Atomic next;
} fst_more_slots;

typedef struct fst_record {
    /* The first cache line (on 64-bit systems): all that an uncontended call looks at. */
    _Atomic uintptr_t slot[FST_SLOTS];
    uint32_t extra[FST_SLOTS]; /* levels of a hold beyond the first */
    _Atomic uint32_t wanted;   /* somebody sleeps, or is about to, until this thread lets go */
    _Atomic uint32_t others;   /* slots in use beside slot[0] */
    _Atomic uint64_t self;     /* the token of this thread, see FST_TOKEN_... */

    _Atomic uint32_t seq; /* changes at each wake-up; slept on */
    uint32_t fenced_reads;
    _Atomic uint32_t next_free; /* index + 1; guarded by the mutex of the registry */
    _Atomic bool pending_write;
    _Atomic uintptr_t busy_on; /* the lock whose inside this thread may be changing; for fork */
    _Atomic bool leaving;      /* between letting go of a lock and clearing busy_on; for fork */
    _Atomic uintptr_t owes;    /* a lock this thread writes, whose queue sleeps until it releases */
    struct fst_record *_Atomic waits_for; /* a writer that drains: on whose record it sleeps */
    fst_more_slots *_Atomic more;
} __attribute__((aligned(128))) fst_record;

/*
 * A token names a thread as long as it lives, and nobody after that: bit 0 is set, from bit 8 the
 * record's index, from bit 32 its generation, which changes when the thread ends. Bits 1 to 7 are
 * free for the user of the token.
 */
enum {
    FST_TOKEN_BIT = 1,
    FST_TOKEN_MARKS = 0xfe,
    FST_TOKEN_INDEX_SHIFT = 8,
    FST_TOKEN_GENERATION_SHIFT = 32
};

/*
 * The calling thread's record if hot paths may use it, else NULL: before the thread's first use,
 * and for good where an uncontended call must take the long way (no heavy barrier).
 */
extern FST_THREAD_VARIABLE fst_record *fst_hot_record;

/*
 * The calling thread's record; the one place to change for another notion of "thread". Made at the
 * first call. NULL: NO_MEMORY or OS_ERROR in *status.
 */
fst_record *fst_record_self(fasteners_status *status);

/* The same if the thread has one already, else NULL. */
fst_record *fst_record_if_any(void);

/* Without marks. */
static inline uint64_t fst_token_of(uint64_t word)
{
    return word & ~(uint64_t)FST_TOKEN_MARKS;
}

/* The record that the token names, and whether its thread is still alive. */
fst_record *fst_record_of(uint64_t token);
bool fst_record_is_alive(uint64_t token);

/* Records ever made; those with a smaller index can be had. */
uint32_t fst_record_count(void);
fst_record *fst_record_at(uint32_t index);

/* ------------------------------------------------------------------------- holds -- */

/* A place for a hold. slot NULL: none. */
typedef struct fst_hold {
    _Atomic uintptr_t *slot;
    uint32_t *extra;
} fst_hold;

/* The thread's read hold of the lock. */
fst_hold fst_hold_find(fst_record *record, const void *lock);

/* An empty place. None: memory ran out. */
fst_hold fst_hold_place(fst_record *record);

/*
 * Fills the place. Sequentially consistent: whoever looks at the slot after changing the lock's
 * word either sees this or is seen by the caller's next load of the word.
 */
void fst_hold_publish(fst_record *record, fst_hold hold, uintptr_t value);

/* Fills the place with what is for the thread itself: a hold that is counted. */
void fst_hold_note(fst_record *record, fst_hold hold, uintptr_t value);

/* Empties the place (release), to be followed by a look at `wanted`. */
void fst_hold_retract(fst_record *record, fst_hold hold);

/* Whether the record's thread has a visible read hold of the lock (acquire). */
bool fst_further_slots_name(const fst_record *record, const void *lock);

static inline bool fst_record_reads(const fst_record *record, const void *lock)
{
    return atomic_load(&record->slot[0]) == (uintptr_t)lock ||
           (atomic_load(&record->others) != 0 && fst_further_slots_name(record, lock));
}

/* Whether any thread but `me` has, which may be NULL (acquire). */
bool fst_is_read(const void *lock, const fst_record *me);

/* Calls the function for every slot in use; so many were. */
typedef void fst_hold_function(fst_record *record, fst_hold hold);
uint32_t fst_hold_each(fst_record *record, fst_hold_function *function);

/* ----------------------------------------------------------------------- sleeping -- */

/*
 * Sleeping until another thread lets go of something:
 *
 *     uint32_t seq = fst_record_announce(blocker);
 *     if (the reason to wait is still there)
 *         fst_os_park(&blocker->seq, seq, deadline);
 *
 * against: let go (fst_light_store_...), then fst_record_wake_if_wanted. If the sleeper still saw
 * the reason, the blocker sees `wanted`. One `wanted` for all sleepers: a sleeper whose
 * announcement is swallowed by the wake-up of another has read `seq` before, so its park returns at
 * once.
 */
uint32_t fst_record_announce(fst_record *blocker);
FST_COLD void fst_record_wake(fst_record *record);

static inline void fst_record_wake_if_wanted(fst_record *record)
{
    if (atomic_load(&record->wanted) != 0)
        fst_record_wake(record);
}

#endif
