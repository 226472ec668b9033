/* SPDX-License-Identifier: Apache-2.0
 *
 * Model C: the queue. Head, PEND, HAND_OVER, PROMOTE, LET_GO, giving up at any moment, the end of a
 * thread that owns the word, upgrade with DRAIN, UPGRADE and the steal, downgrade. Follows the
 * functions of rw_lock_wait.c, rw_lock_release.c, rw_lock_drain.c, rw_lock_convert.c, whose names
 * stand at the labels. Default preference.
 *
 * Memory is sequentially consistent here: slots.pml and park.pml are about the orderings. FENCED
 * stands for both modes with slots. Sleeping on a record is one step with the last look at the
 * reason, since park.pml shows that it amounts to that; a wake-up after a release is a step of its
 * own and can be forgotten. Spins and naps are left out: they end by themselves.
 *
 * Each thread asks for the lock once, gets it or gives up, releases it and ends.
 *
 * Checked: exclusion; nobody is left behind, though nobody else arrives (an invalid end state
 * otherwise); at the end the lock is as it was at the beginning; PEND implies a head; a queue has a
 * head, or a writer who owes it one; only the head takes the lock out of the queue; no writer is
 * queued before another, but for one that was robbed.
 *
 * Switches   THREADS  how many
 *            KINDS    what a thread may do: the sum of READ 1, WRITE 2, UPGRADE 4, DOWNGRADE 8;
 *                     KINDS0, KINDS1, ... for one thread
 *            TIMED    the threads that may give up, as a mask; who gives up decides at the start
 *            DEATH    the threads that may end while they own the word, as a mask
 *            FIXED_MODE  readers and writers do not change the mode, which is CENTRAL or FENCED
 *            HANGS_ONLY  no assertions about the queue: is somebody left behind by its bugs?
 * Seeded bugs: the names that begin with M or BUG.
 */
#ifndef THREADS
#define THREADS 3
#endif
#ifndef KINDS
#define KINDS 3
#endif
#ifndef KINDS0
#define KINDS0 KINDS
#endif
#ifndef KINDS1
#define KINDS1 KINDS
#endif
#ifndef KINDS2
#define KINDS2 KINDS
#endif
#ifndef KINDS3
#define KINDS3 KINDS
#endif
#ifndef TIMED
#define TIMED 0
#endif
#ifndef DEATH
#define DEATH 0
#endif
#define READ      1
#define WRITE     2
#define UPGRADE   4
#define DOWNGRADE 8
#define MAY_UPGRADE ((KINDS0 | KINDS1 | KINDS2 | KINDS3) & UPGRADE)

/* The word: flags, and above them the number of counted readers or, with WRITER, who that is. */
#define WRITER  1
#define FENCED  2
#define PEND    4
#define DRAIN   8       /* marks in a writer's token */
#define UPG     16
#define ONE     32
#define COUNT(w) ((w) / ONE)
#define OWNER(w) ((w) / ONE)
#define SELF     (me * ONE + WRITER)
#define BIT(t)   (1 << (t))

#ifdef FIXED_MODE
byte word = FIXED_MODE;
byte free_word = FIXED_MODE;
#else
byte word;
byte free_word;         /* what a release stores: the mode, and the writer's counted read hold */
#endif
byte slots;             /* the threads whose slot names the lock */
byte counted;           /* the threads whose note says that they are counted */

#define QUEUED    1
#define HAND_OVER 2
#define PROMOTE   4
byte flags;
bit mutex;
byte q[THREADS];        /* the queue, q[0] in front; unused places are 0 */
byte length;

#define A_READER   0    /* what a member of the queue waits for */
#define A_WRITER   1
#define AN_UPGRADER 2
byte kind[THREADS];

#define OUT     0       /* its role */
#define WAITING 1
#define HEAD    2
#define LET_GO  3
byte role[THREADS];
byte signals;           /* the threads that have been told to look again */

byte parked[THREADS];   /* 0, or 1 + the thread on whose record this one sleeps */
byte owes;              /* the threads that have noted that they owe the queue a head */
byte dead;              /* the threads whose generation is over */

/* Who is inside, for the assertions. */
#define NOBODY 15
byte writer = NOBODY;
byte readers;

/* ---- Small steps ---- */

inline cmpxchg(expected, new)
{
    d_step {
        ok = (word == (expected));
        word = (ok -> (new) : word)
    }
}

/* fst_record_wake_if_wanted of this record, or of another one. */
inline wake_sleepers_of(t)
{
    d_step {
        parked[0] = (parked[0] == t + 1 -> 0 : parked[0]);
        parked[1] = (parked[1] == t + 1 -> 0 : parked[1]);
#if THREADS > 2
        parked[2] = (parked[2] == t + 1 -> 0 : parked[2]);
#endif
#if THREADS > 3
        parked[3] = (parked[3] == t + 1 -> 0 : parked[3]);
#endif
    }
}

inline tell(t, r)
{
    role[t] = r;
    signals = signals | BIT(t)
}

inline lock_mutex()
{
    d_step { !mutex -> mutex = 1 }
}

#define HAS_HEAD (length > 0 && role[q[0]] == HEAD)

inline unlock_mutex()
{
    d_step {
#ifndef HANGS_ONLY
        assert(length == 0 || HAS_HEAD || ((flags & PROMOTE) && (word & WRITER)));
        assert((word & WRITER) || !(word & PEND) || HAS_HEAD);
        assert((flags & QUEUED) || length == 0);
#endif
        mutex = 0
    }
}

/* Takes place k out of the queue; within a d_step, as all that follow. */
inline remove(k)
{
    i = k;
    do
    :: i + 1 < length -> q[i] = q[i + 1]; i++
    :: else -> break
    od;
    length--;
    q[length] = 0;
    i = 0
}

inline insert(k)
{
    i = length;
    do
    :: i > k -> q[i] = q[i - 1]; i--
    :: else -> break
    od;
    q[k] = me;
    length++;
    i = 0;
    flags = flags | QUEUED
}

inline note_empty()
{
    flags = (length == 0 -> flags & ~(QUEUED | HAND_OVER) : flags)
}

/* With PROMOTE the writer makes a head when it releases. */
inline find_head()
{
    if
    :: length > 0 && !HAS_HEAD && !(flags & PROMOTE) -> tell(q[0], HEAD)
    :: else
    fi
}

inline owe()
{
    flags = flags & ~(PROMOTE | HAND_OVER);
    if
    :: length == 0 -> flags = flags & ~QUEUED
    :: length > 0 && !to_another -> owes = owes | BIT(me); flags = flags | PROMOTE
    :: length > 0 && to_another -> tell(q[0], HEAD)
    fi
}

inline enter_read()
{
    assert(writer == NOBODY);
    readers = readers | BIT(me)
}

inline enter_write()
{
    assert(writer == NOBODY);
    assert((readers & ~BIT(me)) == 0);
    writer = me
}

/* Counted readers that may stay: the upgrading thread itself. */
#define KEPT ((upgrading && (counted & BIT(me))) -> 1 : 0)
#define TOO_MANY(w) (kind[me] != A_READER && COUNT(w) > KEPT)
#define IS_OPEN(w) (!((w) & WRITER) && (!((w) & PEND) || past_pend))

/* ---- A thread ---- */

proctype thread(byte me; byte kinds)
{
    byte w;             /* the word as last read; 0 when no longer of interest */
    byte before;        /* what the word was when this thread took it */
    byte i;
    byte todo;          /* slots that the drain has not seen empty yet */
    byte to_do;         /* READ to DOWNGRADE, what this thread is after */
    bit ok;
    bit past_pend;
    bit timed;          /* gives up some time if it has to wait */
    bit met;            /* has set DRAIN: the word can be stolen */
    bit robbed;
    bit upgrading;
    bit to_another;     /* owes another lock's queue, so it cannot owe this one's */

    if
    :: kinds & READ -> to_do = READ
    :: kinds & WRITE -> to_do = WRITE; kind[me] = A_WRITER
    :: kinds & UPGRADE -> to_do = UPGRADE
    :: kinds & DOWNGRADE -> to_do = DOWNGRADE; kind[me] = A_WRITER
    fi;
    if
    :: TIMED & BIT(me) -> timed = 1
    :: true
    fi;
#ifdef TWO_LOCKS
    if
    :: to_another = 1
    :: true
    fi;
#endif

#if DEATH
newcomer:
    w = word;
    if
    :: (w & WRITER) && (dead & BIT(OWNER(w))) -> goto bury
    :: else
    fi;
#endif

    /* -- one try: fst_rw_try_read, fst_rw_take_word -- */
try:
    w = word;
    ok = 0;
    if
    :: !IS_OPEN(w) || TOO_MANY(w) -> goto cannot_enter
    :: else
    fi;
    if
    :: kind[me] != A_READER ->
        cmpxchg(w, SELF + (upgrading -> UPG : 0));
        if
        :: ok -> before = w; goto has_word
        :: else -> goto try
        fi
    :: kind[me] == A_READER && (w & FENCED) ->
        slots = slots | BIT(me);                /* try_visibly */
        d_step {
            w = word;
#ifdef BUG_RECHECK_WRITER_ONLY
            ok = IS_OPEN(w);
#else
            ok = IS_OPEN(w) && (w & FENCED);
#endif
            if
            :: ok -> enter_read()
            :: else -> slots = slots & ~BIT(me)
            fi;
            w = 0
        };
        if
        :: ok -> goto has_read
        :: else -> wake_sleepers_of(me); goto try
        fi
    :: kind[me] == A_READER && !(w & FENCED) ->
        d_step {
            ok = (word == w);
            if
            :: ok -> word = word + ONE; counted = counted | BIT(me); enter_read()
            :: else
            fi;
            w = 0
        };
        if
        :: !ok -> goto try
#ifndef FIXED_MODE
        :: ok -> d_step { word = (word & (PEND | FENCED | WRITER) -> word : word + FENCED) };
            goto has_read                       /* note_counted_read */
#endif
        :: ok -> goto has_read
        fi
    fi;

cannot_enter:
    w = 0;
    if
    :: role[me] == HEAD -> unlock_mutex(); goto give_up_or_sleep    /* enter_as_head */
#if MAY_UPGRADE
    :: upgrading && role[me] == OUT -> goto cannot_take
#endif
    :: else -> goto enqueue
    fi;

has_read:
    ok = 0;
    if
    :: role[me] == HEAD -> goto head_reads
    :: else -> goto reads
    fi;

has_word:
    { d_step {
        w = 0; ok = 0;
        free_word = (before & FENCED -> FENCED : free_word)
    }};
    if
    :: role[me] == HEAD -> goto head_writes
#if MAY_UPGRADE
    :: upgrading && role[me] == OUT -> goto upgrader_has_word
#endif
    :: else -> goto drain
    fi;

    /* -- queueing: enqueue, enqueue_again -- */
enqueue:
    lock_mutex();
#if MAY_UPGRADE && !defined(BUG_SECOND_UPGRADER)
    if
    :: upgrading && length > 0 && kind[q[0]] == AN_UPGRADER ->
        unlock_mutex();
        goto upgrade_failed                     /* WOULD_DEADLOCK */
    :: else
    fi;
#endif
    if
    :: role[me] == LET_GO -> todo = (HAS_HEAD -> 1 : 0)
    :: robbed || upgrading ->
        d_step {                                /* fst_queue_add_first */
            if
            :: length > 0 && kind[q[0]] == AN_UPGRADER -> todo = 1
            :: length > 0 && role[q[0]] == HEAD && kind[q[0]] != AN_UPGRADER ->
                role[q[0]] = WAITING;
                todo = 0
            :: else -> todo = 0
            fi
        }
    :: else ->
        todo = length;
        do                                      /* a writer: ahead of young readers */
        :: todo > 0 && kind[me] == A_WRITER && role[q[todo - 1]] == WAITING &&
#ifndef BUG_NOT_FIFO
            kind[q[todo - 1]] == A_READER ->
#else
            true ->
#endif
            todo--
        :: break
        od
    fi;
    { d_step {
        assert(kind[me] != A_WRITER || robbed || todo == length || kind[q[todo]] == A_READER);
#ifdef M8
        role[me] = (role[me] == OUT -> WAITING : role[me]);
#else
        role[me] = WAITING;
#endif
        insert(todo);
        todo = 0;
        if
        :: robbed || upgrading ->
            if
            :: !HAS_HEAD -> tell(q[0], HEAD)
            :: else
            fi
        :: else -> find_head()
        fi;
        robbed = 0
    }};
    if
    :: role[me] == HEAD && kind[me] != A_READER -> goto set_pend
    :: else
    fi;
enqueued:
    unlock_mutex();

    /* -- wait_queued -- */
wait_queued:
    past_pend = 0;
    if
    :: role[me] == HEAD ->
        w = word;
        if
        :: !(w & WRITER) && !TOO_MANY(w) ->
            lock_mutex();                       /* enter_as_head */
            if
            :: role[me] == HEAD -> past_pend = 1; goto try
            :: else -> unlock_mutex()
            fi
        :: else
        fi
    :: role[me] == LET_GO ->
        lock_mutex();
        unlock_mutex();
        goto try_let_go
    :: role[me] == WAITING
    fi;
give_up_or_sleep:
    w = 0;
    past_pend = 0;
    if
#if MAY_UPGRADE
    :: upgrading && (word & WRITER) -> robbed = 1; goto give_up     /* LOST */
#endif
    :: timed -> goto give_up
    :: role[me] == HEAD -> goto sleep_as_head
    :: role[me] != HEAD -> goto sleep_on_signal
    fi;

try_let_go:
    goto try;

sleep_on_signal:
    if
    :: d_step { signals & BIT(me) -> signals = signals & ~BIT(me) }
    :: timed
    fi;
    goto wait_queued;

sleep_as_head:
    w = word;
    if
    :: !(w & WRITER) ->
        if
        :: TOO_MANY(w)
        :: else -> goto wait_queued
        fi
    :: w & WRITER ->
#if DEATH
        if
        :: dead & BIT(OWNER(w)) -> goto bury
        :: else
        fi;
#endif
#if MAY_UPGRADE && !defined(BUG_UPGRADER_PARKS)
        if
        :: upgrading -> goto wait_queued        /* the writer may wait for this thread's slot */
        :: else
        fi;
#endif
        flags = flags | HAND_OVER;
        d_step {                                /* sleep_on_writer */
            parked[me] = ((word & WRITER) && OWNER(word) == OWNER(w) && !(dead & BIT(OWNER(w)))
                -> OWNER(w) + 1 : 0);
            w = 0
        };
        if
        :: parked[me] == 0
        :: timed -> parked[me] = 0
        fi;
        goto wait_queued
    fi;
    w = 0;
    lock_mutex();                               /* sleep_until_counted_down */
    if
    :: role[me] == HEAD -> goto set_pend
    :: else -> unlock_mutex(); goto sleep_on_signal
    fi;

    /* set_pend_locked: from enqueue, or from sleep_until_counted_down */
set_pend:
    w = word;
    if
    :: !(w & WRITER) && TOO_MANY(w) ->
        cmpxchg(w, w | PEND);
        w = 0;
        if
        :: !ok -> goto set_pend
        :: else -> ok = 0
        fi;
        unlock_mutex();
        if
        :: timed -> goto give_up
        :: true
        fi;
        w = word;
        if
        :: !(w & WRITER) && TOO_MANY(w) ->
            w = 0;
            goto sleep_on_signal
        :: else -> goto wait_queued
        fi
    :: else -> w = 0; goto enqueued
    fi;

    /* -- give_up -- */
give_up:
    past_pend = 0;
    lock_mutex();
    if
    :: role[me] == LET_GO
    :: role[me] == WAITING ->
        { d_step {
            i = 0;
            do
            :: q[i] != me -> i++
            :: else -> break
            od;
            todo = i;
            remove(todo);
            todo = 0;
            note_empty()
        }}
    :: role[me] == HEAD ->
        d_step {
            assert(q[0] == me);
            remove(0);
            note_empty();
            flags = flags & ~HAND_OVER;
#ifndef M7
            find_head()
#endif
        };
#ifndef M6
        if
        :: length == 0 && (word & PEND) -> word = word & ~PEND
        :: else
        fi
#endif
    fi;
    { d_step { role[me] = OUT; signals = signals & ~BIT(me) } };
    unlock_mutex();
    goto gave_up;

    /* -- leaving the queue with the lock: enter_as_head -- */
head_writes:
    { d_step {
        assert(q[0] == me);
        remove(0);
        role[me] = OUT;
        signals = signals & ~BIT(me);
        past_pend = 0;
        owe()
    }};
    unlock_mutex();
    if
#if MAY_UPGRADE
    :: upgrading -> goto upgrader_drains
#endif
    :: else -> goto drain
    fi;

head_reads:
#ifdef BUG_PEND_FIRST
    d_step {
        assert(length < 2 || kind[q[1]] == A_READER || !(word & PEND));
        word = word & ~PEND
    };
#endif
    { d_step {
        assert(q[0] == me);
        remove(0);
        role[me] = OUT;
        signals = signals & ~BIT(me);
        past_pend = 0;
        flags = flags & ~HAND_OVER;
        do                                      /* admit_readers_locked */
        :: length > 0 && kind[q[0]] == A_READER -> tell(q[0], LET_GO); remove(0)
        :: else -> break
        od;
        note_empty();
        find_head()
    }};
    word = word & ~PEND;                        /* last; a token does not have this bit */
    unlock_mutex();

    /* -- reading -- */
reads:
    { d_step { role[me] = OUT; signals = signals & ~BIT(me); past_pend = 0 } };
#if MAY_UPGRADE
    if
    :: to_do == UPGRADE -> to_do = READ; goto upgrade
    :: else
    fi;
#endif

    /* -- fst_rw_leave_read -- */
release_read:
    if
    :: slots & BIT(me) ->
        d_step { slots = slots & ~BIT(me); readers = readers & ~BIT(me) };
#ifndef M10
        wake_sleepers_of(me)
#endif
    :: counted & BIT(me) ->
        d_step { readers = readers & ~BIT(me); counted = counted & ~BIT(me) };
        if
        :: d_step { !(word & PEND) -> word = word - ONE }   /* uncount_unnoticed */
        :: word & PEND ->
            lock_mutex();
            if
            :: word & PEND ->
                d_step {                        /* uncount_locked */
                    word = word - ONE;
#ifndef BUG_UPGRADER_NOT_TOLD
                    if
                    :: COUNT(word) <= (kind[q[0]] == AN_UPGRADER -> 1 : 0) -> tell(q[0], HEAD)
                    :: else
                    fi
#else
                    if
                    :: COUNT(word) == 0 -> tell(q[0], HEAD)
                    :: else
                    fi
#endif
                }
            :: else -> word = word - ONE
            fi;
            unlock_mutex()
        fi
    fi;
    goto done;

    /* -- fst_rw_drain, by a writer or an upgrader -- */
drain:
    if
    :: !(before & FENCED) -> goto drained
    :: else -> todo = BIT(THREADS) - 1 - BIT(me)
    fi;
    do
    :: d_step { (todo & slots) == 0 -> todo = 0 }; break
    :: d_step { (todo & slots) != 0 -> todo = todo & slots };
        if
        :: MAY_UPGRADE && !met && !upgrading -> d_step { word = word + DRAIN; met = 1 }
        :: else
        fi;
        if
        :: todo & 1 -> i = 0
        :: todo & 2 -> i = 1
#if THREADS > 2
        :: todo & 4 -> i = 2
#endif
#if THREADS > 3
        :: todo & 8 -> i = 3
#endif
        fi;
        d_step {                                /* sleep_for */
            parked[me] = ((slots & BIT(i)) && OWNER(word) == me -> i + 1 : 0);
            i = 0
        };
        if
        :: parked[me] == 0
        :: timed -> parked[me] = 0; todo = 0; goto drain_gives_up
        fi;
        if
        :: !(word & WRITER) || OWNER(word) != me -> todo = 0; break     /* LOST */
        :: else
        fi
    od;
    if
    :: met ->
        met = 0;
        cmpxchg(SELF + DRAIN, SELF);
        if
        :: ok -> ok = 0
        :: else -> goto lost
        fi
    :: else
    fi;
drained:
    { d_step {
        enter_write();
        word = SELF;
#ifndef FIXED_MODE
        free_word = free_word & (ONE | (before & FENCED));
#endif
        before = 0
    }};
#ifndef FIXED_MODE
    if
    :: free_word = free_word & ONE              /* mode_after_write */
    :: true
    fi;
#endif
    if
#if MAY_UPGRADE
    :: upgrading -> goto has_upgraded
#endif
    :: else -> goto writes
    fi;

drain_gives_up:
    before = 0;
    if
    :: met ->
        met = 0;
        cmpxchg(SELF + DRAIN, SELF);
        if
        :: ok -> ok = 0
        :: else -> goto lost
        fi
    :: else
    fi;
    goto pass_on;

    /* an upgrading reader has the word, and owes what this thread owed */
lost:
    { d_step { before = 0; ok = 0; owes = owes & ~BIT(me); robbed = 1 } };
    wake_sleepers_of(me);
    goto enqueue;

    /* -- writing -- */
writes:
    if
    :: to_do == DOWNGRADE ->
        to_do = READ;
        d_step {
            slots = slots | BIT(me);
            readers = readers | BIT(me);
            free_word = FENCED
        }
    :: else
    fi;
#if DEATH
    if
    :: (DEATH & BIT(me)) && !(slots & BIT(me)) -> goto dies
    :: true
    fi;
#endif

    /* -- fst_rw_pass_on, after a write or a drain that did not come to its end -- */
pass_on:
    w = flags;
    if
    :: w == 0 || w == QUEUED ->
        d_step {
            writer = (writer == me -> NOBODY : writer);
            word = free_word;
            free_word = free_word & FENCED;
            w = 0
        };
        goto passed_on
    :: w != 0                                   /* QUEUED alone: now and then */
    fi;
    w = 0;
    lock_mutex();                               /* pass_on_to_queue */
    { d_step {
        todo = flags;
        flags = flags & ~(PROMOTE | HAND_OVER)
    }};
    if
    :: length == 0 ->
        todo = 0;
        unlock_mutex();
        d_step {
            writer = (writer == me -> NOBODY : writer);
            owes = owes & ~BIT(me);
            word = free_word;
            free_word = free_word & FENCED
        };
        goto passed_on
    :: else
    fi;
    if
    :: before = PEND                            /* it is time for the head */
    :: !(todo & HAND_OVER)
    fi;
#ifndef M11
    if
    :: before || (todo & PROMOTE) -> d_step { tell(q[0], HEAD); todo = 0 }
    :: else -> todo = 0
    fi;
#else
    todo = 0;
#endif
    { d_step {
        writer = (writer == me -> NOBODY : writer);
        owes = owes & ~BIT(me);
        word = free_word + before;
        free_word = free_word & FENCED;
        before = 0
    }};
    unlock_mutex();
passed_on:
    wake_sleepers_of(me);
#if MAY_UPGRADE
    if
    :: upgrading -> goto upgrade_failed
    :: else
    fi;
#endif
    if
    :: (slots & BIT(me)) || (counted & BIT(me)) -> goto reads
    :: else -> goto done
    fi;

#if MAY_UPGRADE
    /* -- upgrade: take_word -- */
upgrade:
    { d_step { upgrading = 1; kind[me] = AN_UPGRADER } };
upgrade_again:
    lock_mutex();                               /* try_upgrade, try_locked */
    w = word;
    if
    :: w & WRITER ->
        if
#ifndef BUG_NO_STEAL
        :: (w & DRAIN) && !(w & UPG) -> cmpxchg(w, SELF + UPG)      /* rob_writer_locked */
#endif
        :: else
        fi;
        if
        :: ok ->
            d_step { ok = 0; before = FENCED; i = OWNER(w); w = 0 };
            d_step { todo = i; i = 0; owe() };
            unlock_mutex();
            wake_sleepers_of(todo);             /* who slept because of the robbed one */
            todo = 0;
            goto upgrader_drains
        :: else -> unlock_mutex()
        fi;
#ifndef BUG_SECOND_UPGRADER
        if
        :: w & UPG -> w = 0; goto upgrade_failed                    /* WOULD_DEADLOCK */
        :: else
        fi;
#endif
        d_step { word != w -> w = 0 };          /* LOST: yields until something happens */
        goto upgrade_again
#ifndef BUG_SECOND_UPGRADER
    :: !(w & WRITER) && length > 0 && kind[q[0]] == AN_UPGRADER ->
        w = 0;
        unlock_mutex();
        goto upgrade_failed                     /* WOULD_DEADLOCK */
#endif
    :: else
    fi;
    past_pend = 1;
    goto try;
cannot_take:
    past_pend = 0;
    unlock_mutex();
    if
    :: word & WRITER -> goto upgrade_again      /* LOST */
    :: else -> goto enqueue                     /* BUSY */
    fi;
upgrader_has_word:
    past_pend = 0;
    d_step { owe() };
    unlock_mutex();
upgrader_drains:
    free_word = (free_word & FENCED) + (counted & BIT(me) -> ONE : 0);
    goto drain;

has_upgraded:
    { d_step {                                  /* drop_one_level */
        upgrading = 0;
        kind[me] = A_READER;
        free_word = free_word & FENCED;
        counted = counted & ~BIT(me);
        slots = slots & ~BIT(me);
        readers = readers & ~BIT(me)
    }};
    wake_sleepers_of(me);
    goto writes;

upgrade_failed:
    { d_step { upgrading = 0; kind[me] = A_READER; robbed = 0 } };
    goto release_read;
#endif

gave_up:
#if MAY_UPGRADE
    if
    :: upgrading && robbed -> robbed = 0; goto upgrade_again
    :: upgrading && !robbed -> goto upgrade_failed
    :: else
    fi;
#endif
    robbed = 0;
    goto done;

#if DEATH
    /* -- the thread ends as the owner of the word -- */
dies:
#ifndef BUG_DEBT_DIES
    if
    :: owes & BIT(me) ->
        lock_mutex();
        d_step {
            owes = owes & ~BIT(me);
            flags = flags & ~PROMOTE;
            if                                  /* also a head that waits for the count */
#ifdef BUG_HEAD_NOT_TOLD
            :: length > 0 && !HAS_HEAD -> tell(q[0], HEAD)
#else
            :: length > 0 -> tell(q[0], HEAD)
#endif
            :: else
            fi
        };
        unlock_mutex()
    :: else
    fi;
#endif
    { d_step { writer = NOBODY; dead = dead | BIT(me) } };
    wake_sleepers_of(me);
    goto done;

    /* -- fst_rw_bury -- */
bury:
    w = 0;
    lock_mutex();
    w = word;
    if
    :: (w & WRITER) && (dead & BIT(OWNER(w))) ->
        d_step {
            flags = flags & ~(PROMOTE | HAND_OVER);
            if
            :: length > 0 -> tell(q[0], HEAD)
            :: else
            fi
        };
        d_step {
            word = free_word + (length > 0 -> PEND : 0);
            free_word = free_word & FENCED
        }
    :: else
    fi;
    w = 0;
    unlock_mutex();
    if
    :: role[me] == OUT -> goto newcomer
    :: else -> goto wait_queued
    fi;
#endif

done:
    { d_step {
        assert(role[me] == OUT || role[me] == LET_GO);
        w = 0; ok = 0; to_do = 0; timed = 0; met = 0; robbed = 0; upgrading = 0; to_another = 0;
        past_pend = 0; before = 0;
        role[me] = OUT;
        kind[me] = A_READER;
        signals = signals & ~BIT(me)
    }}
}

init {
    atomic {
        run thread(0, KINDS0);
        run thread(1, KINDS1);
#if THREADS > 2
        run thread(2, KINDS2);
#endif
#if THREADS > 3
        run thread(3, KINDS3);
#endif
    }
    _nr_pr == 1;                                /* all have come to their end */
#ifndef HANGS_ONLY
    assert(length == 0 && slots == 0 && counted == 0 && owes == 0);
    assert((word & ~FENCED) == 0 || ((word & WRITER) && (dead & BIT(OWNER(word)))));
    assert(!(flags & (QUEUED | HAND_OVER)))
#endif
}
