/* SPDX-License-Identifier: Apache-2.0
 *
 * Model C: the queue. Head, PEND, HAND_OVER, PROMOTE, LET_GO, GRANTED, giving up at any moment, the
 * end of a thread that owns the word, upgrade with DRAIN, UPGRADE and the robbery, downgrade, fork,
 * the other preferences. It follows the code function by function:
 *
 *   rw_lock_modes.c    fst_rw_try_read: try, count, publish (try_visibly). fst_rw_take_word:
 *                      take_word. fst_rw_read_as_writer: read_as_writer. fst_rw_become_writer
 *   rw_lock_wait.c     enqueue, enqueue_again, enqueued_locked: enqueue. find_head_locked:
 *                      find_head. set_pend_locked: set_pend. enter_queued, wait_queued:
 *                      wait_queued. enter_as_head. entered_as_reader_locked, admit_readers_locked:
 *                      head_reads, let_readers_go, grant_readers. note_empty_locked: note_empty.
 *                      reason_to_give_up: cannot_enter. sleep_queued, sleep_as_head, nap,
 *                      sleep_until_counted_down: sleep_queued. ask_for_the_lock, sleep_on_writer:
 *                      sleep_behind_writer. give_up, leave_queue_locked: give_up
 *   rw_lock_release.c  fst_rw_pass_on, pass_on_to_queue, choose_next_locked: pass_on. let_go.
 *                      fst_rw_owe_locked: owe. fst_rw_leave_read, uncount: reads, uncount.
 *                      bury_locked: bury
 *   rw_lock_drain.c    fst_rw_drain, sleep_until_gone: drain, drain_gives_up, drained
 *   rw_lock_long.c     drain, take_word of a robbed writer: lost
 *   rw_lock_convert.c  take_word, try_upgrade, try_locked, rob_writer_locked: upgrade.
 *                      wake_after_robbing: robs. count_in_free_word: keep_count. drop_one_level
 *   rw_lock_end.c      fst_rw_pay, fst_rw_give_back_reads: dies. repair: forks
 *   registry.c         retire: retires. fst_registry_fork_child: forks
 *   wait_queue.c       fst_queue_add, _add_first, _add_again: enqueue, step_ahead, insert.
 *                      fst_queue_remove: remove. fst_queue_readers_first: readers_first.
 *                      fst_waiter_tell: tell
 *
 * Memory is sequentially consistent here: slots.pml and park.pml are about the orderings. FENCED
 * stands for both modes with slots. A step is one access to what others touch without the mutex:
 * the word, the flags, a role, a slot; with it goes what only the mutex's or the word's owner
 * touches. A load and the compare-and-swap that relies on it are one step. The word is read as
 * often as the code reads it wherever two reads lead to one decision.
 *
 * What is left out, or made coarser, and why nothing is lost:
 *   - Sleeping on a record is one step with the last look at the reason: park.pml shows that it
 *     amounts to that. A wake-up after a release is a step of its own and can be forgotten; there
 *     is none if nobody sleeps on the record when the release is done, since nobody can begin to.
 *     Wake-ups without a reason are left out: whoever wakes up looks again.
 *   - A drain sees all slots in one step: one that is filled later belongs to a reader that
 *     withdraws. slots.pml looks at one after the other.
 *   - DRAIN is set only if there are threads that may upgrade: nobody else minds it.
 *   - Spins end by themselves, a try is an acquire that gives up at once. A nap is left with what
 *     it does: it takes the signal away.
 *   - What depends on the clock, on counters or on a hammered lock may go either way.
 *   - A fork repairs the lock always. Whether the code finds it (busy_on, `leaving`) is not asked.
 *
 * Checked: exclusion; nobody is left behind, though nobody else arrives (an invalid end state
 * otherwise); at the end the lock is as it was at the beginning; PEND implies a head; a queue has a
 * head, or a writer who owes it one; only the head takes the lock out of the queue; no writer is
 * queued before another, but for one that was robbed; a robbed writer does not sleep on; nobody
 * touches the lock when all have let go and one has returned, since it may be freed then (T9); a
 * thread that owes a head takes the long way when it releases.
 *
 * Switches   THREADS  how many
 *            ROUNDS   how often each asks for the lock
 *            KINDS    what a thread may do: the sum of READ 1, WRITE 2, UPGRADE 4, DOWNGRADE 8,
 *                     NESTED 16 (upgrade, and a level of reading stays); KINDS0, KINDS1, ... for
 *                     one thread
 *            TIMED    the threads that may give up, as a mask; who gives up decides at the start
 *            DEATH    the threads that may end while they own the word, as a mask
 *            FORK     a thread that is not in a call may fork: the others vanish, it goes on
 *            TWO_LOCKS  a thread may owe another lock's queue a head
 *            READERS_FIRST, PHASE_FAIR  these preferences
 *            HANGS_ONLY  no assertions about the queue: is somebody left behind by its bugs?
 * Seeded bugs: the names that begin with M or BUG.
 */
#ifndef THREADS
#define THREADS 3
#endif
#ifndef ROUNDS
#define ROUNDS 1
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
#ifdef FORK
#undef ROUNDS
#define ROUNDS 2        /* the second one is for the survivor */
#define FIRST_ROUND 1
#else
#define FIRST_ROUND 0
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
#define NESTED    16
#define ALL_KINDS (KINDS0 | KINDS1 | KINDS2 | KINDS3)
#define MAY_UPGRADE (ALL_KINDS & (UPGRADE | NESTED))

#if defined(READERS_FIRST) || defined(PHASE_FAIR)
#define NOT_DEFAULT
#define IS_FAIR true
#else
#define IS_FAIR false
#endif
#ifdef READERS_FIRST
#define PASSES_PEND (role[me] == HEAD || kind[me] == A_READER)
#else
#define PASSES_PEND (role[me] == HEAD)
#endif
#ifdef TWO_LOCKS
#define OWES_ELSEWHERE owes_elsewhere
#else
#define OWES_ELSEWHERE false
#endif

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
#define ALL      (BIT(THREADS) - 1)

byte word;
byte free_word;         /* what a release stores: the mode, and the writer's counted read hold */
byte slots;             /* the threads whose slot names the lock */
byte counted;           /* the threads whose note says that they are counted */

#define QUEUED     1
#define HAND_OVER  2
#define PROMOTE    4
#define TAKE_COUNT 8
byte flags;
bit mutex;
byte q[THREADS];        /* the queue, q[0] in front; unused places are 0 */
byte length;

#define A_READER   0    /* what a member of the queue waits for */
#define A_WRITER   1
#define AN_UPGRADER 2
byte kind[THREADS];
#define KIND_FOR(what) ((what) == WRITE || (what) == DOWNGRADE -> A_WRITER : A_READER)

#define OUT     0       /* its role */
#define WAITING 1
#define HEAD    2
#define LET_GO  3
#define GRANTED 4
byte role[THREADS];
byte signals;           /* the threads that have been told to look again */

byte parked[THREADS];   /* 0, or 1 + the thread on whose record this one sleeps */
byte owes;              /* the threads that have noted that they owe the queue a head */
byte dead;              /* the threads whose generation is over */
#ifdef FORK
byte forked;            /* 0, or 1 + the thread that has forked */
byte noted;             /* owner: 0, or 1 + the thread that holds for writing */
#endif

/* Who is inside, for the assertions. */
#define NOBODY 15
byte writer = NOBODY;
byte readers;
byte finished;          /* the threads that have let go for the last time */
byte returned;          /* and those that have returned, too, or are gone */
bit freed;

/*
 * Of one step. No choice is left open while one of them is used: spin does not restore them when it
 * goes back to the choice.
 */
hidden byte i, j, k, n;

/* ---- Small steps ---- */

#define HAS_HEAD (length > 0 && role[q[0]] == HEAD)
#define HAS_UPGRADER (length > 0 && kind[q[0]] == AN_UPGRADER)
#ifdef BUG_SECOND_UPGRADER
#define IS_SECOND_UPGRADER false
#define IS_UPGRADING false
#else
#define IS_SECOND_UPGRADER HAS_UPGRADER
#define IS_UPGRADING (word & UPG)
#endif
#ifdef BUG_NO_STEAL
#define CAN_ROB false
#else
#define CAN_ROB (word & DRAIN)
#endif
#define READS_TOO ((slots | counted) & BIT(me))

/* Counted readers that may stay: the upgrading thread itself. */
#define KEPT (kind[me] == AN_UPGRADER && (counted & BIT(me)) -> 1 : 0)
#define TOO_MANY(w) (kind[me] != A_READER && COUNT(w) > KEPT)
#define IS_OPEN(w) (!((w) & WRITER) && (!((w) & PEND) || PASSES_PEND))
#ifdef BUG_NO_RECHECK
#define FINDS_OPEN true
#else
#define FINDS_OPEN (IS_OPEN(word) && (word & FENCED))
#endif
#define SEEMS_FREE(w) (!((w) & WRITER) && !TOO_MANY(w))

#define IS_DEAD(w) (((w) & WRITER) && (dead & BIT(OWNER(w))))
#if THREADS == 2
#define SLEEPS_ON(t) (parked[0] == (t) + 1 || parked[1] == (t) + 1)
#elif THREADS == 3
#define SLEEPS_ON(t) (parked[0] == (t) + 1 || parked[1] == (t) + 1 || parked[2] == (t) + 1)
#else
#define SLEEPS_ON(t) \
    (parked[0] == (t) + 1 || parked[1] == (t) + 1 || parked[2] == (t) + 1 || parked[3] == (t) + 1)
#endif

/*
 * fst_record_wake_if_wanted of this record, or of another one. Only if somebody sleeps there: what
 * made it a reason to sleep is gone already, so nobody can begin to.
 */
inline wake_sleepers_of(t)
{
    if
    :: d_step { SLEEPS_ON(t) -> wake_all(t) }
    :: !SLEEPS_ON(t)
    fi
}

inline wake_all(t)
{
    i = 0;
    do
    :: i < THREADS -> parked[i] = (parked[i] == t + 1 -> 0 : parked[i]); i++
    :: else -> break
    od;
    i = 0
}

/* The robbed writer, whose number is in `todo`, in its drain. */
#define ROBBED_SLEEPS (parked[todo] != 0 && role[todo] == OUT)

inline tell(t, r)
{
    role[t] = r;
    signals = signals | BIT(t)
}

/* A section that is one step need not hold it. */
inline lock_mutex()
{
    !mutex -> assert(!freed)
}

inline check_queue()
{
#ifdef HANGS_ONLY
    skip
#else
    assert(length == 0 || HAS_HEAD || ((flags & PROMOTE) && (word & WRITER)));
    assert((word & WRITER) || !(word & PEND) || HAS_HEAD);
    assert((flags & QUEUED) || length == 0)
#endif
}

inline unlock_mutex()
{
    assert(!freed);
    check_queue();
    mutex = 0
}

/* Takes a place out of the queue. */
inline remove(at)
{
    j = at;
    do
    :: j + 1 < length -> q[j] = q[j + 1]; j++
    :: else -> break
    od;
    length--;
    q[length] = 0
}

/* Puts a thread at a place of it. */
inline insert(t, at)
{
    j = 0;
    do
    :: j < length -> assert(q[j] != t); j++
    :: else -> break
    od;
    do
    :: j > at -> q[j] = q[j - 1]; j--
    :: else -> break
    od;
    q[at] = t;
    length++
}

/* fst_queue_add_first, the place of it. */
inline step_ahead(at)
{
    if
#ifndef BUG_AHEAD_OF_UPGRADER
    :: HAS_UPGRADER -> at = 1
    :: !HAS_UPGRADER && HAS_HEAD -> role[q[0]] = WAITING; at = 0
#else
    :: HAS_HEAD -> role[q[0]] = WAITING; at = 0
#endif
    :: else -> at = 0
    fi
}

inline note_empty()
{
    flags = (length == 0 -> flags & ~(QUEUED | HAND_OVER) : flags)
}

/* Those who are not the default: a reader goes first; a reader that enters brings all others in. */
#ifdef NOT_DEFAULT
inline readers_first()
{
    n = 0;
    do
    :: n < length && kind[q[n]] != A_READER -> n++
    :: else -> break
    od;
    if
    :: n > 0 && n < length && kind[q[0]] == A_WRITER ->
        i = q[n];
        remove(n);
        role[q[0]] = WAITING;
        insert(i, 0)
    :: else
    fi
}

inline grant_readers()
{
    n = 0;
    do
    :: n < length && kind[q[n]] != A_READER -> n++
    :: n < length && kind[q[n]] == A_READER ->
        enter_read(q[n]);
        counted = counted | BIT(q[n]);
        word = word + ONE;
        tell(q[n], GRANTED);
        remove(n)
    :: else -> break
    od
}
#else
inline readers_first()
{
    skip
}

inline let_readers_go()
{
    do
    :: length > 0 && kind[q[0]] == A_READER -> tell(q[0], LET_GO); remove(0)
    :: else -> break
    od
}
#endif

/* With PROMOTE the writer makes a head when it releases. */
inline find_head()
{
    if
    :: length > 0 && !HAS_HEAD && !(flags & PROMOTE) -> tell(q[0], HEAD)
    :: else
    fi
}

inline leave_queue()
{
    assert(q[0] == me && role[me] == HEAD);
    remove(0);
    role[me] = OUT;
    signals = signals & ~BIT(me);
    flags = flags & ~HAND_OVER
}

/* fst_rw_owe_locked */
inline owe()
{
    flags = flags & ~(PROMOTE | HAND_OVER);
    if
    :: length == 0 -> flags = flags & ~QUEUED
    :: length > 0 && !OWES_ELSEWHERE -> owes = owes | BIT(me); flags = flags | PROMOTE
    :: length > 0 && OWES_ELSEWHERE ->
#ifdef BUG_OWES_TWO
        flags = flags | PROMOTE
#else
        tell(q[0], HEAD)
#endif
    fi
}

/* The thread will not wait any more: from here on it is all the same whether it may give up. */
inline need_not_wait()
{
    timed = (ROUNDS == 1 -> 0 : timed)
}

inline enter_read(t)
{
    assert(writer == NOBODY);
    readers = readers | BIT(t)
}

inline enter_write()
{
    assert(writer == NOBODY);
    assert((readers & ~BIT(me)) == 0);
    writer = me;
    need_not_wait()
}

inline enter_read_myself()
{
    enter_read(me);
    if
    :: to_do == READ -> need_not_wait()
    :: else
    fi
}

/* Counts a reader in. */
inline count()
{
    enter_read_myself();
    counted = counted | BIT(me);
    word = word + ONE
}

/* set_pend_locked */
inline set_pend()
{
    word = (!(word & WRITER) && TOO_MANY(word) -> word | PEND : word)
}

/* fst_rw_take_word. From now on the slots in `todo` are waited for. */
inline take_word()
{
    assert((word & FENCED) || (free_word == 0 && (readers & slots) == 0));
    todo = (word & FENCED -> ALL & ~BIT(me) : 0);
    fenced = ((word & FENCED) > 0);
    word = SELF + (kind[me] == AN_UPGRADER -> UPG : 0);
#ifndef FORK
    note_mode()
#endif
}

/* What a release stores until the slots have been seen empty. */
inline note_mode()
{
    free_word = (fenced -> FENCED : free_word);
    if
    :: kind[me] == AN_UPGRADER -> keep_count()          /* count_in_free_word */
    :: else
    fi
}

inline keep_count()
{
    if
    :: counted & BIT(me) -> free_word = (free_word & FENCED) + ONE; flags = flags | TAKE_COUNT
    :: else
    fi
}

/* The thread's last hold has gone: the lock may be freed if it was the last one of all. */
inline finish()
{
    finished = (round + 1 == ROUNDS && !READS_TOO -> finished | BIT(me) : finished)
}

/* let_go, with what the caller stores to the word. */
inline let_go(value)
{
    writer = (writer == me -> NOBODY : writer);
    owes = owes & ~BIT(me);
    word = value;
    free_word = free_word & FENCED;
    assert((word & FENCED) || (readers & slots) == 0);
    finish()
}

/* let_go clears `owner` first. That matters only if the process forks. */
#ifdef FORK
#define FORGET_OWNER noted = 0;
#else
#define FORGET_OWNER
#endif

/* What a thread is after. */
inline choose(kinds, what)
{
    if
    :: kinds & READ -> what = READ
    :: kinds & WRITE -> what = WRITE
    :: kinds & UPGRADE -> what = UPGRADE
    :: kinds & DOWNGRADE -> what = DOWNGRADE
    :: kinds & NESTED -> what = NESTED
    fi
}

/* fst_rw_become_writer, and what comes after it. The word has no mark any more. */
inline become_writer()
{
    met = 0;
    enter_write();
    word = SELF;
    free_word = (fenced -> FENCED : 0);
    fenced = 0;
#ifdef FORK
    noted = me + 1;
#endif
    if
    :: free_word = 0                            /* mode_after_write */
    :: free_word -> true
    fi;
    if
    :: kind[me] == AN_UPGRADER -> d_step { drop_one_level() }; goto has_dropped_level
    :: kind[me] != AN_UPGRADER && to_do == DOWNGRADE -> d_step { read_as_writer() }
    :: kind[me] != AN_UPGRADER && to_do != DOWNGRADE
    fi;
    goto pass_on
}

inline drop_one_level()
{
    kind[me] = A_READER;
    if
    :: to_do == NESTED ->
        keep_count();
        free_word = (slots & BIT(me) -> free_word | FENCED : free_word)
    :: else ->
        free_word = free_word & FENCED;
        counted = counted & ~BIT(me);
        slots = slots & ~BIT(me);
        readers = readers & ~BIT(me)
    fi;
    to_do = READ
}

/* fst_rw_read_as_writer, for a downgrade. */
inline read_as_writer()
{
    to_do = READ;
    readers = readers | BIT(me);
#ifdef NOT_DEFAULT
    counted = counted | BIT(me);
    free_word = free_word | ONE;
    flags = flags | TAKE_COUNT
#else
    slots = slots | BIT(me);
    free_word = FENCED
#endif
}

/* The word has been let go of, and those who sleep on the record have been woken. */
inline go_on()
{
    if
    :: kind[me] == AN_UPGRADER -> goto upgrade_failed
    :: kind[me] != AN_UPGRADER && READS_TOO -> kind[me] = A_READER; goto reads
    :: kind[me] != AN_UPGRADER && !READS_TOO -> come_back()
    fi
}

inline wake_and_go_on()
{
    if
    :: SLEEPS_ON(me) -> goto wakes
    :: else -> go_on()
    fi
}

/* The call returns, and the thread makes another one, or has made its last one. */
inline come_back()
{
    timed = (timed -> 1 : 0);
    kind[me] = A_READER;
    to_do = 0;
#ifdef TWO_LOCKS
    owes_elsewhere = 0;
#endif
    round++;
    if
    :: round < ROUNDS && !(dead & BIT(me)) ->
        choose(kinds, to_do);
        kind[me] = KIND_FOR(to_do);
        goto arrive
    :: else ->
        round = 0;
        timed = 0;
        returned = returned | BIT(me);
        freed = (finished == ALL);
        goto end_of_thread
    fi
}

/* ---- A thread ---- */

proctype thread(byte me; byte kinds; byte to_do; byte timed)
{
    byte todo;          /* slots that the drain has not seen empty yet */
    byte round = FIRST_ROUND;
    bit fenced;         /* the lock was, when this thread took the word */
    bit met;            /* has set DRAIN: the word can be robbed */
    bit robbed;         /* an upgrader: found a writer */
    byte blocker;       /* a robber: 0, or 1 + the thread on whose record the robbed one sleeps */
    bit due;            /* the release is for the head of the queue */
    byte place;         /* where it goes in the queue */
    byte left;          /* counted readers that are still in */
#ifdef TWO_LOCKS
    bit owes_elsewhere;
#endif

#ifdef FORK
    {
    skip;
#endif
arrive:
#ifdef FORK
    if
    :: !forked -> goto forks
    :: true
    fi;
#endif
#ifdef TWO_LOCKS
    if
    :: owes_elsewhere = 1
    :: true
    fi;
#endif

    /* -- one try: fst_rw_bury, then fst_rw_try_read or fst_rw_take_word; a head has the mutex -- */
try:
    atomic {
        if
        :: IS_DEAD(word) && role[me] == OUT -> goto bury
        :: (!IS_OPEN(word) || TOO_MANY(word)) && role[me] == HEAD ->
            unlock_mutex();
            goto cannot_enter
        :: (!IS_OPEN(word) || TOO_MANY(word)) && role[me] != HEAD -> goto enqueue
        :: IS_OPEN(word) && !TOO_MANY(word) && kind[me] == A_WRITER -> take_word(); goto has_word
        :: IS_OPEN(word) && kind[me] == A_READER && (word & FENCED) -> goto publish
        :: IS_OPEN(word) && kind[me] == A_READER && !(word & FENCED) -> count()
        fi
    };
    atomic {
        if                                      /* fst_rw_note_counted_read, after some reads */
#ifndef NOT_DEFAULT
        :: !(word & (PEND | FENCED)) -> word = word | FENCED
#endif
        :: true
        fi;
        if
        :: role[me] == HEAD -> goto head_reads
        :: else -> goto reads
        fi
    };
publish:                                        /* try_visibly */
    slots = slots | BIT(me);
    atomic {
        if
        :: FINDS_OPEN && role[me] == HEAD -> enter_read_myself(); goto head_reads
        :: FINDS_OPEN && role[me] != HEAD -> enter_read_myself(); goto reads
        :: else -> slots = slots & ~BIT(me)
        fi;
        if
        :: SLEEPS_ON(me)
        :: else -> goto try
        fi
    };
#ifndef M10
    { d_step { wake_all(me) } };
#endif
    goto try;

has_word:
#ifdef FORK
    { d_step { note_mode() } };
#endif
    goto drain;

    /* -- enqueue, enqueue_again -- */
enqueue:
    atomic {
        lock_mutex();
        if
        :: kind[me] == AN_UPGRADER && IS_SECOND_UPGRADER ->
            goto upgrade_failed                 /* WOULD_DEADLOCK */
        :: kind[me] == AN_UPGRADER && !IS_SECOND_UPGRADER -> step_ahead(place)
        :: kind[me] != AN_UPGRADER && robbed -> step_ahead(place)
        :: role[me] == LET_GO ->                /* behind readers that have waited longer */
            place = (HAS_HEAD -> 1 : 0);
            do
            :: place < length && kind[q[place]] == A_READER -> place++
            :: break
            od
        :: kind[me] != AN_UPGRADER && !robbed && role[me] == OUT ->
            place = length;                     /* a writer: ahead of young readers */
            do
            :: place > 0 && kind[me] == A_WRITER && role[q[place - 1]] == WAITING &&
#ifndef BUG_NOT_FIFO
                kind[q[place - 1]] == A_READER ->
#else
                true ->
#endif
                place--
            :: break
            od
        fi;
        { d_step {
            assert(kind[me] != A_WRITER || robbed || place == length || kind[q[place]] == A_READER);
            insert(me, place);
            place = 0;
#ifdef M8
            role[me] = (role[me] == OUT -> WAITING : role[me]);
#else
            role[me] = WAITING;
#endif
            flags = flags | QUEUED;             /* enqueued_locked */
            if
            :: (kind[me] == AN_UPGRADER || robbed) && !HAS_HEAD -> tell(q[0], HEAD)
            :: else -> find_head()
            fi;
            robbed = 0
        }};
        if
        :: role[me] == HEAD && kind[me] != A_READER -> mutex = 1
        :: else -> check_queue(); goto wait_queued
        fi
    };
    atomic { set_pend(); unlock_mutex() };

    /* -- wait_queued, enter_queued -- */
wait_queued:
    atomic {
        if
        :: role[me] == HEAD && SEEMS_FREE(word) -> goto enter_as_head
        :: role[me] == HEAD && !SEEMS_FREE(word)
        :: role[me] == LET_GO && !mutex -> assert(!freed); goto try     /* enter_by_itself */
        :: role[me] == GRANTED && !mutex -> assert(!freed); goto reads  /* enter_counted */
        :: role[me] == WAITING
        fi;
        if
        :: timed || kind[me] == AN_UPGRADER -> goto cannot_enter
        :: else -> goto sleep_queued
        fi
    };
enter_as_head:
    atomic {
        lock_mutex();
        if
        :: role[me] != HEAD || !SEEMS_FREE(word) -> goto cannot_enter
        :: role[me] == HEAD && SEEMS_FREE(word) && kind[me] == A_READER -> mutex = 1; goto try
        :: role[me] == HEAD && SEEMS_FREE(word) && kind[me] != A_READER ->
            { d_step { take_word(); leave_queue(); owe(); check_queue() } };
            goto has_word
        fi
    };

    /* A reader has entered as the head, and has the mutex: entered_as_reader_locked. */
head_reads:
    atomic {
#ifdef NOT_DEFAULT
        { d_step { leave_queue(); grant_readers(); note_empty(); find_head() } };
        word = (length > 0 -> word | PEND : word & ~PEND);
        mutex = 0;
        goto reads
#else
        leave_queue();
        if
        :: length > 0 && kind[q[0]] == A_READER ->
            d_step { let_readers_go(); note_empty(); find_head() }
        :: d_step { note_empty(); find_head() } /* nobody, or the lock is hammered */
        fi
#endif
    };
#ifdef BUG_PEND_LATE
    unlock_mutex();
    word = word & ~PEND;
#else
    atomic { word = word & ~PEND; unlock_mutex() };     /* a token does not have this bit */
#endif
    goto reads;

    /* -- reason_to_give_up, sleep_queued -- */
cannot_enter:
    atomic {
        if
        :: kind[me] == AN_UPGRADER && (word & WRITER) -> robbed = 1; goto give_up       /* LOST */
        :: timed && !(kind[me] == AN_UPGRADER && (word & WRITER)) -> goto give_up
        :: timed != 2 && !(kind[me] == AN_UPGRADER && (word & WRITER))
        fi
    };
sleep_queued:
    atomic {                                    /* sleep_as_head, nap */
        if
        :: role[me] != HEAD -> goto sleep_on_signal
        :: role[me] == HEAD && kind[me] != AN_UPGRADER && (signals & BIT(me)) ->
            signals = signals & ~BIT(me);
            goto wait_queued
        :: role[me] == HEAD && IS_DEAD(word) -> goto bury
        :: role[me] == HEAD && (word & WRITER) && !IS_DEAD(word) ->
#ifndef BUG_UPGRADER_SLEEPS
            if
            :: kind[me] == AN_UPGRADER -> goto wait_queued
            :: else -> goto sleep_behind_writer
            fi
#else
            goto sleep_behind_writer
#endif
        :: role[me] == HEAD && !(word & WRITER) && kind[me] == A_READER -> goto wait_queued
        :: role[me] == HEAD && !(word & WRITER) && kind[me] != A_READER
        fi
    };

    /* -- sleep_until_counted_down -- */
    atomic {
        lock_mutex();
        if
        :: role[me] != HEAD -> goto sleep_on_signal
        :: role[me] == HEAD && !(word & WRITER) && TOO_MANY(word) ->
            set_pend();
            check_queue();
            goto sleep_on_signal
#ifdef BUG_SLEEP_WITHOUT_PEND
        :: role[me] == HEAD && ((word & WRITER) || !TOO_MANY(word)) -> goto sleep_on_signal
#else
        :: role[me] == HEAD && ((word & WRITER) || !TOO_MANY(word)) -> goto wait_queued
#endif
        fi
    };

sleep_on_signal:
    if
    :: d_step { signals & BIT(me) -> signals = signals & ~BIT(me) }
    :: timed == 1 -> timed = 2
    fi;
    goto wait_queued;

sleep_behind_writer:                            /* ask_for_the_lock, or watch only */
    if
    :: flags = flags | HAND_OVER;
        if
        :: flags = flags & ~HAND_OVER           /* a young head gives up asking */
        :: true
        fi
    :: true
    fi;
    atomic {                                    /* sleep_on_writer */
        if
        :: (word & WRITER) && !IS_DEAD(word) -> parked[me] = OWNER(word) + 1
        :: else -> goto wait_queued
        fi
    };
    if
    :: parked[me] == 0
    :: d_step { timed == 1 -> timed = 2; parked[me] = 0 }
    fi;
    goto wait_queued;

    /* -- give_up -- */
give_up:
    atomic {
        lock_mutex();
        if
        :: role[me] == LET_GO -> goto gave_up
        :: role[me] == GRANTED -> goto reads
        :: role[me] == WAITING ->
            { d_step {
                k = 0;
                do
                :: q[k] != me -> k++
                :: else -> break
                od;
                remove(k);
                note_empty();
                check_queue()
            }};
            goto gave_up
        :: role[me] == HEAD ->
            { d_step {
                leave_queue();
                note_empty();
#ifndef M7
                find_head();
#endif
                mutex = 1
            }}
        fi
    };
    atomic {
#ifndef M6
        word = (length == 0 -> word & ~PEND : word);
#endif
        unlock_mutex()
    };
gave_up:
    atomic {
        role[me] = OUT;
        signals = signals & ~BIT(me);
        if
        :: kind[me] == AN_UPGRADER && robbed -> robbed = 0; goto upgrade_lost
        :: kind[me] == AN_UPGRADER && !robbed -> goto upgrade_failed
        :: kind[me] != AN_UPGRADER -> finish(); come_back()
        fi
    };

    /* -- reading -- */
reads:
#ifdef FORK
    if
    :: !forked -> goto forks
    :: true
    fi;
#endif
    atomic {
        role[me] = OUT;
        signals = signals & ~BIT(me);
        if
        :: to_do == UPGRADE || to_do == NESTED -> kind[me] = AN_UPGRADER; goto upgrade
        :: else
        fi;

    /* -- fst_rw_leave_read -- */
        if
        :: (counted & BIT(me)) && (word & PEND) -> goto uncount
        :: (counted & BIT(me)) && !(word & PEND) ->     /* uncount_unnoticed */
            counted = counted & ~BIT(me);
            readers = readers & ~BIT(me);
            word = word - ONE;
            finish();
            come_back()
        :: slots & BIT(me) ->
            slots = slots & ~BIT(me);
            readers = readers & ~BIT(me);
            finish();
            wake_and_go_on()
        fi
    };
uncount:
    atomic {                                    /* uncount, uncount_locked */
        lock_mutex();
        if
        :: !(word & PEND) -> goto reads
        :: else ->
            mutex = 1;
            counted = counted & ~BIT(me);
            readers = readers & ~BIT(me);
            word = word - ONE;
            left = COUNT(word);
#ifndef HANGS_ONLY
            assert(HAS_HEAD);
#endif
            finish()
        fi
    };
    atomic {
        if
#ifdef BUG_UNCOUNT_SILENT
        :: true
#elif defined(BUG_UPGRADER_NOT_TOLD)
        :: left == 0 -> tell(q[0], HEAD)
        :: else
#else
        :: left <= (HAS_UPGRADER -> 1 : 0) -> tell(q[0], HEAD)
        :: else
#endif
        fi;
        left = 0;
        unlock_mutex();
        come_back()
    };

    /* -- fst_rw_drain -- */
drain:
    atomic {
        if
        :: met && (!(word & WRITER) || OWNER(word) != me) -> goto lost
        :: else
        fi;
        todo = todo & slots;
        if
        :: todo == 0 && met -> goto drained
        :: todo == 0 && !met -> become_writer()
        :: todo != 0
        fi;
        if
        :: MAY_UPGRADE && !met && kind[me] != AN_UPGRADER -> word = word + DRAIN; met = 1
        :: else
        fi
    };
    atomic {                                    /* sleep_until_gone */
        if
        :: met && (!(word & WRITER) || OWNER(word) != me) -> goto drain
        :: else
        fi;
        if
        :: (todo & slots) && timed -> goto drain_gives_up
        :: (todo & slots & 1) && timed != 2 -> parked[me] = 1
        :: (todo & slots & 2) && timed != 2 -> parked[me] = 2
#if THREADS > 2
        :: (todo & slots & 4) && timed != 2 -> parked[me] = 3
#endif
#if THREADS > 3
        :: (todo & slots & 8) && timed != 2 -> parked[me] = 4
#endif
        :: (todo & slots) == 0 -> goto drain
        fi
    };
    if
    :: parked[me] == 0
    :: d_step { timed == 1 -> timed = 2; parked[me] = 0 }
    fi;
    goto drain;

drain_gives_up:
    atomic {
        todo = 0;
        fenced = 0;
        if
        :: met && word != SELF + DRAIN -> goto lost
        :: else -> met = 0; word = (kind[me] == AN_UPGRADER -> word : SELF); goto pass_on
        fi
    };

    /* An upgrading reader has the word, and owes what this thread owed. */
lost:
    atomic {
        met = 0;
        todo = 0;
        fenced = 0;
#ifndef BUG_ROBBED_OWES
        owes = owes & ~BIT(me);
#endif
        robbed = 1;
        if
        :: SLEEPS_ON(me)
        :: else -> goto robbed_again
        fi
    };
#ifndef BUG_ROBBED_SILENT
    { d_step { wake_all(me) } };
#endif
robbed_again:
    if                                          /* take_word */
    :: IS_DEAD(word) -> goto bury
    :: else -> goto enqueue
    fi;

drained:
    atomic {
        if
        :: word != SELF + DRAIN -> goto lost
        :: word == SELF + DRAIN -> become_writer()
        fi
    };
has_dropped_level:
    wake_sleepers_of(me);

    /* -- writing; then fst_rw_pass_on, also after a drain that did not come to its end -- */
pass_on:
    if
#if DEATH
    :: writer == me && (DEATH & BIT(me)) -> goto dies
#endif
#ifdef FORK
    :: writer == me && !forked -> goto forks
#endif
    :: flags == 0
#ifndef NOT_DEFAULT
    :: flags == QUEUED
#endif
    :: flags != 0 || dead -> goto pass_on_to_queue      /* also: now and then; ABANDONED */
    fi;
    FORGET_OWNER
    atomic {
        assert(COUNT(free_word) == 0 && !(owes & BIT(me)));
        let_go(free_word);
        wake_and_go_on()
    };
pass_on_to_queue:
    atomic {
        lock_mutex();
        if
#ifndef BUG_UNLOCK_LATE
        :: length == 0 ->
            flags = flags & ~(PROMOTE | HAND_OVER | TAKE_COUNT);
            goto queue_is_empty
#endif
        :: else
        fi;
        mutex = 1;
        if                                      /* is_due */
        :: length > 0 && ((flags & HAND_OVER) || IS_FAIR || HAS_HEAD) -> due = 1
        :: length == 0 || !((flags & HAND_OVER) || IS_FAIR)
        fi;
        { d_step {
            readers_first();
            if
#ifdef M11
            :: length > 0 && due -> tell(q[0], HEAD)
#else
            :: length > 0 && (due || (flags & PROMOTE)) -> tell(q[0], HEAD)
#endif
            :: else
            fi;
            flags = flags & ~(PROMOTE | HAND_OVER | TAKE_COUNT)
        }}
    };
    FORGET_OWNER
    { d_step { let_go(free_word + (due -> PEND : 0)); due = 0 } };
    atomic { unlock_mutex(); wake_and_go_on() };
queue_is_empty:
    FORGET_OWNER
    atomic { let_go(free_word); wake_and_go_on() };
wakes:
    atomic { wake_all(me); go_on() };

    /* -- upgrade: take_word, try_upgrade, try_locked -- */
upgrade:
    atomic {
        lock_mutex();
        if
        :: IS_DEAD(word) -> goto bury
        :: (word & WRITER) && !IS_DEAD(word) ->
            if
            :: IS_UPGRADING -> goto upgrade_failed                  /* WOULD_DEADLOCK */
            :: CAN_ROB ->                                           /* rob_writer_locked */
                { d_step {
                    todo = OWNER(word);
                    blocker = (role[todo] == OUT -> parked[todo] : 0);
                    assert(free_word == FENCED);
                    fenced = 1;
                    word = SELF + UPG;
                    keep_count();
                    owe();
                    check_queue()
                }};
                goto robs
            :: else -> goto upgrade_lost
            fi
        :: !(word & WRITER) && IS_SECOND_UPGRADER -> goto upgrade_failed
        :: !(word & WRITER) && !IS_SECOND_UPGRADER && TOO_MANY(word) ->
            goto enqueue                                            /* BUSY */
        :: !(word & WRITER) && !IS_SECOND_UPGRADER && !TOO_MANY(word) ->
            { d_step { take_word(); owe(); check_queue() } };
            goto has_word
        fi
    };
upgrade_lost:                                   /* yields until something has happened */
    if
    :: !(word & WRITER) || IS_DEAD(word) -> goto upgrade
    :: CAN_ROB -> goto upgrade
    :: IS_UPGRADING -> goto upgrade
    :: timed -> goto upgrade_failed
    fi;
robs:                                           /* wake_after_robbing */
#ifndef BUG_ROBBER_SILENT
    wake_sleepers_of(todo);
    if
    :: blocker -> wake_sleepers_of((blocker - 1))
    :: else
    fi;
#endif
    { d_step {
#ifndef HANGS_ONLY
        assert(!ROBBED_SLEEPS);
#endif
        blocker = 0;
        todo = ALL & ~BIT(me)
    }};
    goto drain;

upgrade_failed:
    { d_step { kind[me] = A_READER; robbed = 0; to_do = READ } };
    goto reads;

#if DEATH
    /* -- the thread ends as the owner of the word: fst_thread_ended -- */
dies:
#ifdef BUG_PAY_LATE
    { d_step { writer = NOBODY; dead = dead | BIT(me) } };
    wake_sleepers_of(me);
#endif
#ifndef BUG_DEBT_DIES
    atomic {                                    /* fst_rw_pay */
        if
        :: !(owes & BIT(me)) -> goto retires
        :: else
        fi;
        lock_mutex();
        assert((word & WRITER) && OWNER(word) == me);
        owes = owes & ~BIT(me);
        flags = flags & ~PROMOTE;
        if                                      /* also a head that waits for the count */
#ifdef BUG_HEAD_NOT_TOLD
        :: length > 0 && !HAS_HEAD -> tell(q[0], HEAD)
#else
        :: length > 0 -> tell(q[0], HEAD)
#endif
        :: else
        fi;
        check_queue()
    };
#endif
retires:
    atomic {
        if                                      /* fst_rw_give_back_reads */
        :: counted & BIT(me) -> free_word = free_word & FENCED
        :: else
        fi;
        counted = counted & ~BIT(me);
        slots = slots & ~BIT(me);
        readers = readers & ~BIT(me);
        writer = NOBODY;
        dead = dead | BIT(me);
        finished = finished | BIT(me)
    };
    wake_sleepers_of(me);
    atomic { come_back() };
#endif

    /* -- fst_rw_bury -- */
bury:
    atomic {
        lock_mutex();
        if
        :: IS_DEAD(word) ->
            flags = flags & ~(PROMOTE | HAND_OVER | TAKE_COUNT);
#if defined(FORK) && !defined(NOT_DEFAULT) && !defined(BUG_BURIED_AS_IT_IS)
            free_word = (noted == OWNER(word) + 1 -> free_word : free_word | FENCED);
            noted = 0;
#endif
            { d_step {
                readers_first();
                word = free_word;
                free_word = free_word & FENCED;
                if
                :: length > 0 -> tell(q[0], HEAD); word = word | PEND
                :: else
                fi;
                check_queue()
            }}
        :: else
        fi;
        if
        :: role[me] != OUT -> goto wait_queued
        :: role[me] == OUT && kind[me] == AN_UPGRADER -> goto upgrade
        :: role[me] == OUT && kind[me] != AN_UPGRADER && robbed -> goto enqueue
        :: role[me] == OUT && kind[me] != AN_UPGRADER && !robbed -> goto try
        fi
    };

#ifdef FORK
    /* -- fst_registry_fork_child -- */
forks:
    { d_step {
        forked = me + 1;
        dead = ALL & ~BIT(me);
        slots = slots & BIT(me);
        counted = counted & BIT(me);
        mutex = 0;                              /* repair */
        owes = 0;
        length = 0;
        flags = flags & ~(QUEUED | PROMOTE | HAND_OVER);
        if
        :: IS_DEAD(word) -> free_word = free_word & FENCED
        :: (word & WRITER) && !IS_DEAD(word)
        :: !(word & WRITER) -> word = (word & FENCED) + (counted -> ONE : 0)
        fi;
        readers = readers & BIT(me);
        writer = (writer == me -> me : NOBODY);
        finished = ALL & ~BIT(me);
        returned = finished;
        i = 0;
        do
        :: i < THREADS ->
            role[i] = OUT; kind[i] = A_READER; parked[i] = 0; q[i] = 0; i++
        :: else -> break
        od;
        signals = 0;
        round = 0
    }};
    if
    :: writer == me -> goto pass_on
    :: writer != me && READS_TOO -> to_do = READ; goto reads
    :: writer != me && READS_TOO -> kind[me] = AN_UPGRADER; goto upgrade
    :: writer != me && !READS_TOO -> atomic { come_back() }
    fi;
#endif

end_of_thread:
    false
#ifdef FORK
    }
    unless { forked && forked != me + 1 }
#endif
}

/*
 * Threads that may do the same are interchangeable: one that wants more (a greater number) is one
 * that comes later.
 */
byte kinds_before, first_before, first, timed_before, timed, same;

inline begin(t, kinds)
{
    same = (kinds == kinds_before && ((TIMED ^ (TIMED << 1) | DEATH ^ (DEATH << 1)) & BIT(t)) == 0);
    choose(kinds, first);
    if
    :: same && first < first_before -> first = first_before
    :: else
    fi;
    if
    :: TIMED & BIT(t) -> timed = 1
    :: !(same && first == first_before && timed_before) -> timed = 0
    fi;
    kind[t] = KIND_FOR(first);
    run thread(t, kinds, first, timed);
    kinds_before = kinds;
    first_before = first;
    timed_before = timed
}

init {
    atomic {
#ifndef NOT_DEFAULT
        if
        :: word = FENCED; free_word = FENCED
        :: true
        fi;
#endif
        begin(0, KINDS0);
        begin(1, KINDS1);
#if THREADS > 2
        begin(2, KINDS2);
#endif
#if THREADS > 3
        begin(3, KINDS3);
#endif
        { d_step {
            kinds_before = 0; first_before = 0; first = 0; timed_before = 0; timed = 0; same = 0
        }}
    };
    returned == ALL;                            /* all have come to their end */
#ifndef HANGS_ONLY
    assert(length == 0 && slots == 0 && counted == 0 && (owes & ~dead) == 0);
    assert((word & ~FENCED) == 0 || IS_DEAD(word));
    assert(!(flags & (QUEUED | HAND_OVER | PROMOTE)))
#endif
}
