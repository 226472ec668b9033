/* SPDX-License-Identifier: Apache-2.0
 *
 * Model A: slots and modes. Readers publish their hold in a slot of their own record; a writer
 * takes the word, revokes the bias and drains the slots. Under x86-TSO with explicit store buffers.
 * Waiting is not modelled (see park.pml and queue.pml): who cannot have the lock turns back and may
 * try again, and who waits in a drain may give up at any moment.
 *
 * THREADS threads do for ever what they like: read, write, read while writing (and release either
 * first: that is a downgrade), upgrade, end while holding the lock for writing.
 *
 * Checked: no reader beside another's write, no two writers, and "word 0 means freeval 0". A write
 * lasts until its release has reached memory, not only the buffer.
 *
 * Switches   THREADS=2 or 3
 *            READERS=n   n of the threads never ask for the write lock (they may upgrade)
 *            CENTRAL     central readers hold for a while, not only long enough to turn the mode
 *            TICK        fenced -> biased
 *            REREAD      a writer may read
 *            UPGRADE     readers may upgrade: DRAIN, UPG, the steal and the seal
 *            DEATH       a thread may end while it owns the word
 *            SEAL_BY_LOAD  the seal is a plain load, which leaves DRAIN in the word
 *            OTHERS      readers use a slot that scans look at only if `others` is not 0
 * Seeded bugs: the names that begin with M (the design's numbers) or BUG.
 */
#ifndef THREADS
#define THREADS 2
#endif
#ifndef READERS
#define READERS 0
#endif

/* The word: flags, and above them the number of central readers or, with WR, the owner. */
#define WR     1
#define BIASED 2
#define FENCED 4
#define UPG    8
#define DRAIN  16
#define ONE    32
#define LOW(w)   ((w) & (ONE - 1))
#define COUNT(w) ((w) / ONE)
#define MODE(w)  ((w) & (BIASED | FENCED))
#define SELF     (me * ONE + WR)
#define OWNER(w) ((w) / ONE)

byte word;
/* Touched by the owner of the word only, so never seen half-way: */
byte freeval;
byte own;               /* 0, or 1 + who may release: set when the drain is complete */
bit slot[THREADS];
#ifdef OTHERS
bit others[THREADS];
#endif
#ifdef DEATH
bit dead[THREADS];      /* the record's `self` is no longer what the word says */
#define OWNER_DEAD(w) (((w) & WR) && OWNER(w) != me && dead[OWNER(w)])
#endif

/* Who is inside, for the assertions. */
#define NOBODY 15
byte writer = NOBODY;
byte readers;

/* ---- Store buffers: what a thread stored and others do not see yet, oldest first ---- */

#ifndef DEPTH
#define DEPTH 3
#endif
/* An entry is where to plus what. */
#define TO_SLOT   0
#define TO_OTHERS 2
#define TO_DEAD   4
#define TO_WORD   128

typedef buffer { byte n; byte entry[DEPTH] };
buffer buf[THREADS];

inline flush(t)
{
    if
    :: buf[t].entry[0] >= TO_WORD ->
        word = buf[t].entry[0] - TO_WORD;
        if
        :: writer == t && !(word & WR) -> writer = NOBODY
        :: else
        fi
#ifdef OTHERS
    :: buf[t].entry[0] == TO_OTHERS -> others[t] = 0
    :: buf[t].entry[0] == TO_OTHERS + 1 -> others[t] = 1
#endif
    :: buf[t].entry[0] == TO_SLOT -> slot[t] = 0
    :: buf[t].entry[0] == TO_SLOT + 1 -> slot[t] = 1
#ifdef DEATH
    :: buf[t].entry[0] == TO_DEAD -> dead[t] = 1; writer = (writer == t -> NOBODY : writer)
#endif
    fi;
    buf[t].entry[0] = buf[t].entry[1];
#if DEPTH > 2
    buf[t].entry[1] = buf[t].entry[2];
#endif
    buf[t].entry[DEPTH - 1] = 0;
    buf[t].n--
}

inline drain_buffer(t)
{
    do
    :: buf[t].n > 0 -> flush(t)
    :: else -> break
    od
}

/* A plain store. It waits while the buffer is full. */
inline put(what)
{
    buf[me].entry[buf[me].n] = (what);
    buf[me].n++
}

inline store(what)
{
    d_step { buf[me].n < DEPTH -> put(what) }
}

/* A plain load of the word: the thread's own latest store, if that is still in its buffer. */
#define FORWARDS(k) (buf[me].n > k && buf[me].entry[k] >= TO_WORD)
#define FORWARDED(k) (buf[me].entry[k] - TO_WORD)
#if DEPTH > 2
#define WORD_SEEN (FORWARDS(2) -> FORWARDED(2) : \
    (FORWARDS(1) -> FORWARDED(1) : (FORWARDS(0) -> FORWARDED(0) : word)))
#else
#define WORD_SEEN (FORWARDS(1) -> FORWARDED(1) : (FORWARDS(0) -> FORWARDED(0) : word))
#endif

inline load_word()
{
    d_step { w = WORD_SEEN }
}

/* A locked compare-and-exchange of the word; `ok` tells whether it took place. */
inline exchange_word(expected, new)
{
    drain_buffer(me);
    ok = (word == (expected));
    word = (ok -> (new) : word)
}

inline cmpxchg(expected, new)
{
    d_step { exchange_word(expected, new) }
}

/* membarrier(2): a barrier by the caller first, then by each processor at some time of the call. */
inline membarrier()
{
    d_step { drain_buffer(me) };
    i = 0;
    do
    :: d_step { i < THREADS -> drain_buffer(i); i++ }
    :: i == THREADS -> break
    od;
    i = 0
}

active proctype memory()
{
end:
    do
    :: d_step { buf[0].n > 0 -> flush(0) }
    :: d_step { buf[1].n > 0 -> flush(1) }
#if THREADS > 2
    :: d_step { buf[2].n > 0 -> flush(2) }
#endif
    od
}

/* ---- Inside: each is part of the step that lets in or out ---- */

inline enter_read()
{
    assert(writer == NOBODY || writer == me);
    readers = readers | (1 << me);
    w = 0
}

inline enter_write()
{
    assert(writer == NOBODY);
    assert((readers & ~(1 << me)) == 0);
    writer = me;
    own = me + 1;
    w = 0
}

inline starts_writing()
{
    d_step { enter_write(); met = 0; upgrading = 0 }
}

#define LEAVE_READ readers = readers & ~(1 << me)

/* ---- The slot ---- */

inline publish_plain()
{
#ifdef OTHERS
    store(TO_OTHERS + 1);
#endif
    store(TO_SLOT + 1)
}

inline publish_fenced()
{
#ifdef M3
    publish_plain()
#else
#if defined(OTHERS) && !defined(BUG_OTHERS_LATE)
    store(TO_OTHERS + 1);
#endif
    d_step { drain_buffer(me); slot[me] = 1 }   /* exchange */
#ifdef BUG_OTHERS_LATE
    store(TO_OTHERS + 1)
#endif
#endif
}

/* Also the end of a read section, if there was one. */
inline clear_slot()
{
    d_step { buf[me].n < DEPTH -> put(TO_SLOT); LEAVE_READ; reading = 0; w = 0 };
#ifdef OTHERS
    store(TO_OTHERS)
#endif
}

/* The last look at the word decides whether a published slot is a hold: ok. */
inline recheck(accepted)
{
    d_step {
        w = WORD_SEEN;
        ok = (accepted);
        if
        :: ok -> enter_read(); reading = 1; ok = 0
        :: else
        fi
    }
}

/* ---- A thread ---- */

proctype thread(byte me)
{
    byte w;             /* the word as last read; 0 when no longer of interest */
    byte i;
    bit ok;
    bit met;            /* the scan met a slot and set DRAIN: the word can be stolen from now on */
    bit reading;        /* has a visible read hold */
    bit upgrading;

idle:
    if
    :: goto read
    :: me >= READERS -> goto write
    fi;

    /* -- rdlock -- */
read:
    load_word();
    if
    :: LOW(w) == BIASED ->
        publish_plain();
#if defined(M4)
        recheck(LOW(w) == BIASED || LOW(w) == FENCED);
#elif defined(BUG_RECHECK_WRITER_ONLY)
        recheck(!(w & WR));
#else
        recheck(LOW(w) == BIASED);
#endif
        if
        :: reading -> goto has_read
        :: else -> clear_slot(); goto idle
        fi
    :: LOW(w) == FENCED ->
        publish_fenced();
#ifdef BUG_RECHECK_WRITER_ONLY
        recheck(!(w & WR));
#else
        recheck(LOW(w) == FENCED || LOW(w) == BIASED);
#endif
        if
        :: reading -> goto has_read
        :: else -> clear_slot(); goto idle
        fi
    :: LOW(w) == 0 && COUNT(w) < 2 ->
#ifdef CENTRAL
        if
        :: d_step {
            exchange_word(w, w + ONE);
            if
            :: ok -> enter_read()
            :: else
            fi
        }
        :: d_step {                                 /* the 8th read in a row */
            exchange_word(w, w + ONE + FENCED);
            if
            :: ok -> enter_read()
            :: else
            fi
        }
        fi;
        if
        :: ok -> ok = 0; goto has_read_centrally
        :: else -> w = 0; goto idle
        fi
#else
        cmpxchg(w, w + FENCED);                     /* such a read, and its end */
        d_step { w = 0; ok = 0 };
        goto idle
#endif
#ifdef DEATH
    :: OWNER_DEAD(w) -> cmpxchg(w, FENCED); d_step { w = 0; ok = 0 }; goto idle
#endif
    :: else -> w = 0; goto idle
    fi;

has_read:
    if
    :: clear_slot(); goto idle
#ifdef TICK
    :: d_step {
            LOW(WORD_SEEN) == FENCED ->
            w = WORD_SEEN;
            exchange_word(w, w - FENCED + BIASED);
            w = 0; ok = 0
        };
        goto has_read
#endif
#ifdef UPGRADE
    :: goto upgrade
#endif
    fi;

has_read_centrally:
    if
    :: d_step { drain_buffer(me); word = word - ONE; LEAVE_READ }; goto idle     /* fetch_sub */
#ifdef UPGRADE
    :: goto upgrade_central
#endif
    fi;

    /* -- wrlock -- */
write:
    load_word();
    if
    :: w == 0 ->
        d_step {
            exchange_word(0, SELF);
            if
            :: ok -> assert(freeval == 0); enter_write()
            :: else
            fi
        };
        if
        :: ok -> ok = 0; goto has_write
        :: else -> goto idle
        fi
    :: w == FENCED || w == BIASED ->
#ifdef BUG_SCAN_FIRST
        if
        :: w == BIASED -> membarrier()
        :: else
        fi;
        i = 0;
        do
        :: i == me -> i++
        :: i < THREADS && i != me -> slot[i] == 0; i++
        :: i == THREADS -> i = 0; break
        od;
#endif
        cmpxchg(w, SELF);
        if
        :: ok -> ok = 0
        :: else -> w = 0; goto idle
        fi;
#ifdef BUG_SCAN_FIRST
        goto drained;
#endif
#ifdef BUG_OWN_EARLY
        own = me + 1;
#endif
#ifndef BUG_FREEVAL_LATE
        freeval = FENCED;           /* now, since a drain that gives up stores it */
#endif
#ifdef BUG_DRAIN_EARLY
        store(TO_WORD + SELF + DRAIN);
        met = 1;
#endif
#ifndef M1
        if
        :: w == BIASED -> membarrier()
        :: else
        fi
#endif
#ifdef DEATH
    :: OWNER_DEAD(w) ->
        cmpxchg(w, SELF);
        if
        :: ok -> ok = 0; freeval = FENCED
        :: else -> w = 0; goto idle
        fi;
        membarrier()
#endif
    :: else -> w = 0; goto idle
    fi;

    /* -- the scan: until no record but the own names the lock -- */
scan:
    w = 0;
    i = 0;
    do
    :: i == me -> i++
    :: i < THREADS && i != me ->
        if
#ifdef OTHERS
        :: others[i] == 0 -> i++
        :: others[i] == 1 ->
            if
            :: slot[i] == 0 -> i++
            :: slot[i] == 1 && !met && !upgrading -> goto meets
            :: goto gives_up
            fi
#else
        :: slot[i] == 0 -> i++
        :: slot[i] == 1 && !met && !upgrading -> goto meets
        :: goto gives_up
#endif
        fi
    :: i == THREADS -> i = 0; break
    od;
#if defined(UPGRADE) && !defined(BUG_NO_SEAL)
    if
    :: met ->                       /* seal: the word may have been stolen */
#ifdef SEAL_BY_LOAD
        d_step { w = WORD_SEEN; ok = (w == SELF + DRAIN); w = 0 };
#else
        cmpxchg(SELF + DRAIN, SELF);
#endif
        met = 0;
        if
        :: ok -> ok = 0
        :: else -> goto idle
        fi
    :: else
    fi;
#endif
    goto drained;

meets:
    i = 0;
    met = 1;
#ifdef UPGRADE
    store(TO_WORD + SELF + DRAIN);  /* still the only one to store to the word */
#endif
    goto scan;

gives_up:
    i = 0;
#ifdef BUG_OWN_EARLY
    own = 0;
#endif
#if defined(UPGRADE) && !defined(BUG_PLAIN_TIMEOUT)
    if
    :: met -> cmpxchg(SELF + DRAIN, freeval); d_step { met = 0; ok = 0 }; goto idle
    :: else
    fi;
#endif
    store(TO_WORD + freeval);
    met = 0;
    if
    :: upgrading -> upgrading = 0; goto has_read
    :: else -> goto idle
    fi;

drained:
    starts_writing();
    if                              /* the mode after this write */
    :: freeval = FENCED
    :: freeval = BIASED
    :: !reading -> freeval = 0
    fi;

has_write:
    assert(own == me + 1);
    if
    :: d_step { buf[me].n < DEPTH -> own = 0; put(TO_WORD + freeval) };
        if
        :: reading -> goto has_read
        :: else -> goto idle
        fi
#ifdef DEATH
    :: goto dies
#endif
#ifdef REREAD
    :: !reading -> goto reads_too
#endif
    :: reading -> clear_slot(); goto has_write
    fi;

#ifdef REREAD
reads_too:
    publish_plain();
    d_step { readers = readers | (1 << me); reading = 1 };
#ifndef M12
    freeval = (freeval == 0 -> FENCED : freeval);
#endif
    goto has_write;
#endif

#ifdef UPGRADE
    /* -- upgrade of a visible hold -- */
upgrade:
    load_word();
    if
    :: (w & UPG) -> w = 0; goto has_read                /* WOULD_DEADLOCK */
    :: (w & WR) && !(w & UPG) ->
        if
        :: (w & DRAIN) -> cmpxchg(w, SELF + UPG)        /* the steal */
#ifdef BUG_STEAL_ANY
        :: !(w & DRAIN) -> cmpxchg(w, SELF + UPG)
#else
        :: else                                         /* DRAIN is to come */
#endif
        fi;
        w = 0;
        if
        :: ok -> ok = 0; upgrading = 1; freeval = FENCED; goto scan
        :: else -> goto has_read
        fi
    :: !(w & (WR | UPG)) && COUNT(w) > 0 ->
        cmpxchg(w, w + UPG);
        if
        :: ok -> ok = 0; goto upgrade_waits
        :: else -> w = 0; goto has_read
        fi
    :: !(w & (WR | UPG)) && COUNT(w) == 0
    fi;

upgrade_takes:
    cmpxchg(w, SELF + UPG);
    if
    :: ok -> ok = 0; upgrading = 1; freeval = FENCED
    :: else -> w = 0; goto has_read
    fi;
#ifndef BUG_UPGRADE_NO_BARRIER
    if
    :: MODE(w) == BIASED -> membarrier()
    :: else
    fi;
#endif
    goto scan;

    /* UPG stands in the word, which is ours once the central readers have gone. */
upgrade_waits:
    if
    :: d_step { COUNT(word) == 0 -> w = word }; goto upgrade_takes
    :: d_step { drain_buffer(me); word = word & ~UPG; w = 0 }; goto has_read    /* gives up */
    fi;

    /* -- upgrade of a central hold: first it becomes a visible one -- */
upgrade_central:
    publish_fenced();
turn_visible:
    load_word();
    if
    :: (w & UPG) ->                                     /* WOULD_DEADLOCK; and the read ends */
        clear_slot();
        d_step { drain_buffer(me); word = word - ONE };
        goto idle
    :: else ->
        cmpxchg(w, w - ONE + UPG + (MODE(w) -> 0 : FENCED))
    fi;
    w = 0;
    if
    :: ok -> ok = 0; reading = 1; goto upgrade_waits
    :: else -> goto turn_visible
    fi;
#endif

#ifdef DEATH
    /* -- the thread ends while it owns the word; its read hold is given back -- */
dies:
    if
    :: reading -> clear_slot()
    :: else
    fi;
    store(TO_DEAD);
#endif
    w = 0
}

init {
    atomic {
        run thread(0);
        run thread(1);
#if THREADS > 2
        run thread(2);
#endif
    }
}
