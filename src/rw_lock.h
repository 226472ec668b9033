/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_RW_LOCK_H
#define FST_RW_LOCK_H

/*
 * The inside of fasteners_rw_lock.
 *
 * The word. If bit WRITER is set, the word is the token of the thread that writes, or is about to,
 * perhaps with marks; and only that thread may store to it. That is why a writer releases by a
 * plain store. (A thread that waits for readers, and has marked the word with DRAIN, may lose it to
 * a reader that upgrades; so until it is the writer it takes the mark away by compare-and-swap.)
 * Otherwise the word tells how readers enter (the mode), and counts those who are counted:
 *
 *   central  (no mode bit)  a reader adds itself to the count. For locks that are hardly read.
 *   FENCED                  a reader publishes itself in a slot of its own record by one locked
 *                           instruction, then looks at the word again. A writer takes the word,
 *                           then looks at all slots. For locks with reads and writes.
 *   BIASED                  a reader does the same by a plain store. A writer takes the word, makes
 *                           a heavy barrier (asymmetric.h), then looks at all slots. For locks that
 *                           are hardly written.
 *
 * PEND: somebody in the queue is to have the lock next, nobody else may take it. (A reader that
 * upgrades may; and with FASTENERS_PREFER_READERS readers.)
 *
 * A lock for fibers has the word FOR_FIBERS all its life, with which no hot path knows what to do.
 * All else of it is in rw_fibers.h, and nothing of what follows holds for it.
 *
 * Invariants
 *   - word == 0: no slot names the lock visibly, and free_word is 0. Therefore compare-and-swap
 *     from 0 to the token is a complete write acquire.
 *   - PEND is set: the queue has a head, which is awake or will be woken.
 *   - The queue is not empty: it has a head; or the word has a writer, and PROMOTE is set.
 *   - The members of the queue take the lock under the mutex only, and pass through the mutex
 *     before they return. So whoever lets go of the lock under the mutex, with somebody queued, may
 *     touch the mutex afterwards, though the lock may be freed as soon as it is free.
 *
 * What pairs with what
 *   1. BIASED: slot store, word load of the reader / word CAS, heavy barrier, slot loads of the
 *      writer.
 *   2. FENCED: slot exchange, word load / word CAS, slot loads: all sequentially consistent.
 *   3. Release of a slot (release store) / slot load of the writer (acquire): its section follows
 *      ours.
 *   4. Write release (release store of the word) / the next acquire's load of it. What changes the
 *      word in between are read-modify-writes, which continue the release. free_word, writes,
 *      reads, depth follow this order.
 *   5. Store of word or slot, load of `wanted` / store of `wanted`, heavy barrier, load of word or
 *      slot.
 *   6. wanted = 0 before seq + 1 of the waker / load of seq before wanted = 1 of the sleeper.
 *   7. others + 1 before the slot is filled, others - 1 after it is emptied / load of others before
 *      the slots.
 *   8. A lock becomes central only by a writer that has seen all slots empty: the first invariant.
 */

#include <fasteners/rw_lock.h>

#include "hold_table.h"
#include "mutex.h"
#include "wait.h"
#include "wait_queue.h"

/* The word. */
#define FST_WRITER ((uint64_t)FST_TOKEN_BIT)
#define FST_BIASED ((uint64_t)0x02)
#define FST_FENCED ((uint64_t)0x04)
#define FST_PEND ((uint64_t)0x08)
#define FST_FOR_FIBERS ((uint64_t)0x40)
#define FST_ONE ((uint64_t)0x100) /* one counted reader */
#define FST_MODES (FST_BIASED | FST_FENCED)

/* Marks in the token of a writer. */
#define FST_DRAIN ((uint64_t)0x10)   /* waits for a reader, who may take the word to upgrade */
#define FST_UPGRADE ((uint64_t)0x20) /* is a reader that upgrades, and waits for the others */

/* flags. Changed by read-modify-write, but for their first store by init. */
enum {
    FST_QUEUED = 0x01,     /* the queue is not empty */
    FST_PROMOTE = 0x02,    /* the queue has no head: the writer makes one when it releases */
    FST_HAND_OVER = 0x04,  /* the head of the queue asks for the lock: release for it */
    FST_ABANDONED = 0x08,  /* a writer's thread has ended */
    FST_TAKE_COUNT = 0x10, /* the writer reads too, counted in free_word */
    FST_READERS_FIRST = 0x20,
    FST_PHASE_FAIR = 0x40,
    FST_UNHEARD = 0x80, /* the write hold reaches no caller: ABANDONED is for the next one */
    FST_NOT_DEFAULT = FST_READERS_FIRST | FST_PHASE_FAIR
};

typedef struct fst_rw_settings {
    fasteners_log_fn log;
    void *log_user;
} fst_rw_settings;

typedef struct FST_MAY_ALIAS fst_rw {
    _Atomic uint64_t word;
    _Atomic uint32_t depth; /* write levels beyond the first; the writer's */
    _Atomic uint32_t flags;
    _Atomic uint64_t owner;        /* the writer's token; exact for that thread alone */
    _Atomic uint16_t free_word;    /* what a release stores to the word; the writer's */
    _Atomic uint16_t reads;        /* counted reads since the last write */
    _Atomic uint32_t last_arrival; /* when somebody last had to wait, in nanoseconds */
    fst_wait_queue queue;          /* guarded by mutex */
    union {                        /* never changes */
        fst_rw_settings *settings; /* NULL: none */
        struct fst_fibers *fibers; /* of a lock for fibers */
    };
    fst_mutex mutex;
    _Atomic uint32_t releases; /* while somebody is queued; the writer's */
    _Atomic uint32_t quiet;    /* FENCED: reads since the last write. BIASED: since when, in us */
    _Atomic uint16_t writes;   /* FENCED: a score, up by 1 with a write, down with reads */
    _Atomic uint8_t haste;     /* a score of arrivals that follow each other quickly */
    _Atomic uint8_t doubt;     /* so often is quiet_reads doubled before the next bias */
} fst_rw;

_Static_assert(sizeof(fst_rw) <= sizeof(fasteners_rw_lock), "the lock has 64 bytes");
_Static_assert(((FST_MODES | FST_PEND | FST_DRAIN | FST_UPGRADE) & ~(uint64_t)FST_TOKEN_MARKS) == 0,
               "marks leave the token as it is");

static inline fst_rw *fst_rw_of(const fasteners_rw_lock *lock)
{
    return (fst_rw *)(uintptr_t)lock;
}

static inline uint64_t fst_rw_word(const fst_rw *lock)
{
    return atomic_load(&lock->word);
}

/* The inside of a lock for fibers, else NULL. */
static inline struct fst_fibers *fst_rw_fibers(const fst_rw *lock)
{
    if (FST_LIKELY(atomic_load_explicit(&lock->word, memory_order_relaxed) != FST_FOR_FIBERS))
        return NULL;
    return lock->fibers;
}

static inline uint32_t fst_rw_flags(const fst_rw *lock)
{
    return atomic_load_explicit(&lock->flags, memory_order_relaxed);
}

/* Whether the thread whose token is the word has become the writer. */
static inline bool fst_rw_is_owned_by(const fst_rw *lock, uint64_t word)
{
    return atomic_load_explicit(&lock->owner, memory_order_relaxed) == fst_token_of(word);
}

static inline bool fst_rw_is_mine(const fst_rw *lock, const fst_record *me)
{
    return atomic_load_explicit(&lock->owner, memory_order_relaxed) ==
           atomic_load_explicit(&me->self, memory_order_relaxed);
}

static inline uint32_t fst_rw_depth(const fst_rw *lock)
{
    return atomic_load_explicit(&lock->depth, memory_order_relaxed);
}

/* Whether a release has to do more than to store the word, or may have to. */
static inline bool fst_rw_is_special(const fst_rw *lock)
{
    return (fst_rw_depth(lock) | fst_rw_flags(lock)) != 0;
}

/*
 * Whether a special release must take the long way. A queue alone is no reason, since its head
 * sleeps on our record: running threads go on overtaking, within bounds. Only now and then somebody
 * must look how old the head is: it cannot do so itself if it does not get to run.
 */
enum { FST_RELEASES_PER_LOOK = 32 };

static inline bool fst_rw_needs_a_look(fst_rw *lock)
{
    if (fst_rw_depth(lock) != 0 || fst_rw_flags(lock) != FST_QUEUED)
        return true;
    uint32_t releases = atomic_load_explicit(&lock->releases, memory_order_relaxed) + 1;
    atomic_store_explicit(&lock->releases, releases, memory_order_relaxed);
    return releases % FST_RELEASES_PER_LOOK == 0;
}

/* What a call carries along. */
typedef struct fst_rw_call {
    fst_rw *lock;
    fst_record *me;
    fst_wait wait;
    uint32_t abandoned;       /* how often it found a writer that has ended */
    fst_rw_settings settings; /* the lock's, then: for fst_rw_tell */
} fst_rw_call;

/* ------------------------------------------------- rw_lock_long.c: what the hot path leaves -- */

FST_COLD fasteners_status fst_rw_acquire_read_long(fst_rw *lock, int64_t timeout_ms);
FST_COLD fasteners_status fst_rw_acquire_write_long(fst_rw *lock, int64_t timeout_ms);
/* The same, for those whose time-out has begun before: `deadline` is its end. */
fasteners_status fst_rw_acquire_read_by(fst_rw *lock, int64_t timeout_ms, int64_t deadline);
fasteners_status fst_rw_acquire_write_by(fst_rw *lock, int64_t timeout_ms, int64_t deadline);
/* The caller has taken the word of a fenced lock in which it found readers. */
FST_COLD fasteners_status fst_rw_acquire_write_taken(fst_rw *lock, fst_record *me,
                                                     int64_t timeout_ms);
FST_COLD fasteners_status fst_rw_release_read_long(fst_rw *lock);
FST_COLD fasteners_status fst_rw_release_write_long(fst_rw *lock);

/* -------------------------------------------------------------- rw_lock_modes.c: entering -- */

/*
 * Enters as a reader, if the lock lets readers in: by slot or by count, as the mode says.
 * past_pend: PEND does not keep this reader out.
 */
bool fst_rw_try_read(fst_rw *lock, fst_record *me, fst_hold place, bool past_pend);

/* Whether somebody may enter that way now. */
static inline bool fst_rw_is_open(uint64_t word, bool past_pend)
{
    return (word & FST_WRITER) == 0 && ((word & FST_PEND) == 0 || past_pend);
}

/* Enters as a reader while the caller is the writer. */
void fst_rw_read_as_writer(fst_rw *lock, fst_record *me, fst_hold place);

/*
 * The caller has counted itself, and noted that: after some reads without a write the lock becomes
 * fenced.
 */
void fst_rw_note_counted_read(fst_rw *lock);

/* How often a reader in fenced mode looks whether the lock should have another mode. */
enum { FST_READS_PER_TICK = 8 };

/*
 * After every eighth fenced read of a thread, of which it has made `reads`: may make the lock
 * biased.
 */
FST_COLD void fst_rw_tick(fst_rw *lock, uint32_t reads);

/*
 * Takes the word, if no more counted readers than `counted` are in: from now on nobody enters.
 * Stores what it was. The caller is not the writer before fst_rw_drain.
 */
bool fst_rw_take_word(fst_rw *lock, const fst_record *me, uint64_t counted, uint64_t marks,
                      bool past_pend, uint64_t *before);

/* The drained lock is the caller's. `before`: what the word was. */
void fst_rw_become_writer(fst_rw *lock, const fst_record *me, uint64_t before);

/* ---------------------------------------------------- rw_lock_drain.c: visible readers -- */

/*
 * The caller has taken the word. Waits until no slot but its own names the lock. OK. BUSY,
 * TIMED_OUT: the word is still the caller's. LOST: an upgrading reader has taken it away.
 */
fasteners_status fst_rw_drain(fst_rw_call *call, uint64_t before, uint64_t marks);

/* -------------------------------------------------------------- rw_lock_release.c: leaving -- */

/*
 * Lets go of the word, which is the caller's, and sees to those who wait. wrote: it was the writer.
 */
void fst_rw_pass_on(fst_rw *lock, fst_record *me, bool wrote);

/* The caller has taken the word while others are queued: it will wake them when it lets go. */
void fst_rw_owe_locked(fst_rw *lock, fst_record *me, fst_wake_ups *wake_ups);

/* Gives one read hold of the thread back, all levels of it. */
void fst_rw_leave_read(fst_rw *lock, fst_record *me, fst_hold hold);

/* If the thread that has the word has ended: frees the lock, and leaves word for fst_rw_tell. */
void fst_rw_bury(fst_rw_call *call);

/* --------------------------------------------------------------- rw_lock_wait.c: waiting -- */

fasteners_status fst_rw_wait_read(fst_rw_call *call, fst_hold place);

/*
 * Waits until it has taken the word. first: ahead of all others in the queue. Stores what it was.
 */
fasteners_status fst_rw_wait_write(fst_rw_call *call, bool first, uint64_t *before);

/*
 * The same for a reader that upgrades, of whom `counted` is counted. LOST: a writer has the word.
 * WOULD_DEADLOCK: another one upgrades.
 */
fasteners_status fst_rw_wait_upgrade(fst_rw_call *call, uint64_t counted, uint64_t *before);

/* ------------------------------------------------------ rw_lock_end.c: end of thread, fork -- */

/*
 * Tells the lock's log what the call has found out, as its last step: the log may use the same
 * lock, which may be gone by now.
 */
void fst_rw_tell(const fst_rw_call *call);

/*
 * By the writer, before it releases: no caller has seen this hold. If the writer before had ended,
 * the next one is told so.
 */
void fst_rw_set_unheard(fasteners_rw_lock *lock, bool unheard);

/* Gives back what the thread of this record reads. */
void fst_rw_give_back_reads(fst_record *record);

/* The calling thread ends, holding a lock that it owes a wake-up, if any: makes up for that. */
void fst_rw_pay(fst_record *record);

/*
 * In a forked child: repairs all locks that the vanished thread had to do with, and empties its
 * record.
 */
void fst_rw_repair_all_of(fst_record *ended, fst_record *survivor);

#endif
