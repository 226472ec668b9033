/* SPDX-License-Identifier: Apache-2.0
 *
 * Model B: parking on the record of the thread that blocks you. One thread, the owner of the
 * record, holds and releases ROUNDS times; SLEEPERS threads want its hold gone. Under x86-TSO with
 * explicit store buffers. The releaser stores plainly and looks at `wanted`; the sleeper pays the
 * barrier.
 *
 * Checked: when all releases are done nobody sleeps (an invalid end state otherwise), and nobody
 * can be woken for ever in a row without a release (the state space has no cycles but those of
 * waiting: the sequence number is bounded by the rounds).
 *
 * The hold is a slot, or the word naming the owner: what counts is that a plain store by the owner
 * ends it. In each round the owner ends it in one of these ways: release; unpublish (a reader that
 * failed its last look at the word); end of the thread (once, as the last).
 *
 * Switches   SLEEPERS=n, ROUNDS=n
 *            NO_MEMBARRIER  the fall-back: release by exchange, sleep after a fence of the own
 * Seeded bugs: the names that begin with M (the design's numbers) or BUG.
 */
#ifndef SLEEPERS
#define SLEEPERS 2
#endif
#ifndef ROUNDS
#define ROUNDS 3
#endif
#define THREADS (SLEEPERS + 1)
#define OWNER 0

bit hold;               /* the reason to sleep */
bit ended;              /* the owner's generation is over, which makes every hold void */
bit wanted;
byte seq;               /* the futex */
byte asleep;            /* the threads in futex_wait */

/* ---- Store buffers: what a thread stored and others do not see yet, oldest first ---- */

#define DEPTH 3
#define TO_HOLD   2     /* an entry is where to plus what */
#define TO_WANTED 4
#define TO_ENDED  6

typedef buffer { byte n; byte entry[DEPTH] };
buffer buf[THREADS];

inline flush(t)
{
    if
    :: buf[t].entry[0] == TO_HOLD -> hold = 0
    :: buf[t].entry[0] == TO_HOLD + 1 -> hold = 1
    :: buf[t].entry[0] == TO_WANTED -> wanted = 0
    :: buf[t].entry[0] == TO_WANTED + 1 -> wanted = 1
    :: buf[t].entry[0] == TO_ENDED + 1 -> ended = 1
    fi;
    buf[t].entry[0] = buf[t].entry[1];
    buf[t].entry[1] = buf[t].entry[2];
    buf[t].entry[2] = 0;
    buf[t].n--
}

inline drain_buffer(t)
{
    do
    :: buf[t].n > 0 -> flush(t)
    :: else -> break
    od
}

inline store(what)
{
    d_step { buf[me].n < DEPTH -> buf[me].entry[buf[me].n] = (what); buf[me].n++ }
}

/* What the thread sees at a plain load of `wanted`: its own latest store comes first. */
#define FORWARDS(k) (buf[me].n > k && buf[me].entry[k] / 2 == TO_WANTED / 2)
#define FORWARDED(k) (buf[me].entry[k] & 1)
#define WANTED_SEEN (FORWARDS(2) -> FORWARDED(2) : \
    (FORWARDS(1) -> FORWARDED(1) : (FORWARDS(0) -> FORWARDED(0) : wanted)))

inline full_barrier()
{
    d_step { drain_buffer(me) }
}

/* membarrier(2): a barrier by the caller first, then by each processor at some time of the call. */
inline membarrier()
{
    full_barrier();
    i = 0;
    do
    :: d_step { i < THREADS -> drain_buffer(i); i++ }
    :: i == THREADS -> break
    od;
    i = 0
}

proctype memory(byte t)
{
end:
    do
    :: d_step { buf[t].n > 0 -> flush(t) }
    od
}

/* ---- The owner of the record ---- */

inline add_to_seq()                         /* a locked instruction: empties the buffer */
{
    d_step { drain_buffer(me); seq++ }
}

#define FUTEX_WAKE asleep = 0

inline wake()
{
#ifdef BUG_SEQ_FIRST
    add_to_seq();
    store(TO_WANTED);
#else
    store(TO_WANTED);
#ifndef M9
    add_to_seq();
#endif
#endif
    FUTEX_WAKE
}

inline look_at_wanted()
{
    d_step { seen = WANTED_SEEN };
    if
    :: seen -> seen = 0; wake()
    :: else
    fi
}

inline give_up_hold()
{
#if defined(NO_MEMBARRIER) && !defined(BUG_PLAIN_FALLBACK)
    d_step { drain_buffer(me); hold = 0 }   /* exchange */
#else
    store(TO_HOLD)
#endif
}

proctype owner(byte me)
{
    byte round;
    bit seen;

    do
    :: round < ROUNDS ->
        round++;
        if
        :: d_step { drain_buffer(me); hold = 1 }    /* by a locked instruction */
#ifndef NO_MEMBARRIER
        :: store(TO_HOLD + 1)                       /* a biased slot */
#endif
        fi;
        if
        :: give_up_hold(); look_at_wanted()
        :: give_up_hold();                          /* unpublish */
#ifndef M10
            look_at_wanted()
#endif
        :: store(TO_ENDED + 1);                     /* thread exit: generation++, wake all */
#ifndef BUG_EXIT_WITHOUT_WAKE
            wake();
#endif
            break
        fi
    :: round == ROUNDS -> break
    od;
    round = 0
}

/* ---- A sleeper: park_on(record) until the hold has gone ---- */

#define GONE (!hold || ended)

proctype sleeper(byte me)
{
    byte s, i;

    do
    :: GONE -> break
    :: !GONE ->
#ifdef BUG_SEQ_READ_LATE
        store(TO_WANTED + 1);
        s = seq;
#else
        s = seq;
        store(TO_WANTED + 1);
#endif
#ifdef NO_MEMBARRIER
        full_barrier();
#else
#ifdef M2
        full_barrier();                             /* its own barrier is not enough */
#else
        membarrier();
#endif
#endif
#ifndef BUG_NO_SECOND_LOOK
        if
        :: GONE -> break
        :: else
        fi;
#endif
        d_step { asleep = (seq == s -> asleep | (1 << me) : asleep); s = 0 };    /* futex_wait */
        !(asleep & (1 << me))
        /* a return for no reason would only begin the loop anew, and might hide a lost wake-up */
    od
}

init {
    byte t;
    atomic {
        run owner(OWNER);
        run memory(OWNER);
        t = 1;
        do
        :: t < THREADS -> run sleeper(t); run memory(t); t++
        :: else -> t = 0; break
        od
    }
}
