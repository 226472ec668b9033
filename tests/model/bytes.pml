/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of the lock file of a fasteners_ipc_rwlock: LOCK, GATE, INTENT (lock_file.h). A few
 * users, each with a role, use the file once or twice; the kernel grants whatever nothing is in the
 * way of, in any order.
 *
 * Checked: a writer is alone; nobody writes between a read and its upgrade, or during a downgrade;
 * an upgrade is refused only if somebody else upgrades; a reader that found a writer at the gate
 * comes after it; nobody is stuck (an invalid end state otherwise), though anybody may die or give
 * up anywhere.
 *
 * Roles      WRITER, GATED_WRITER (fair, or prefers writers), READER, GATED_READER, UPGRADER (reads,
 *            upgrades, downgrades), WHOLE_READER and WHOLE_WRITER (Python's), NESTED (a gated
 *            reader that reads again through a second handle)
 * Switches   ROLE0=role .. ROLE3=role, ROUNDS=n; DEATH: one of them may die; TIMED: any wait may be
 *            given up
 * Seeded bugs: the names that begin with BUG.
 */
#define NOBODY 0
#define WRITER 1
#define GATED_WRITER 2
#define READER 3
#define GATED_READER 4
#define UPGRADER 5
#define WHOLE_READER 6
#define WHOLE_WRITER 7
#define NESTED 8

#ifndef ROLE0
#define ROLE0 WRITER
#endif
#ifndef ROLE1
#define ROLE1 READER
#endif
#ifndef ROLE2
#define ROLE2 NOBODY
#endif
#ifndef ROLE3
#define ROLE3 NOBODY
#endif
#define USERS 4
#ifndef ROUNDS
#define ROUNDS 2
#endif

/* ---- The kernel's locks: per byte the exclusive owner + 1, and the set of shared owners. An owner
 * is an open file; the second handle of a user is another one. ---- */

#define LOCK 0
#define GATE 1
#define INTENT 2
#define BYTES 3

byte exclusive[BYTES];
byte shared[BYTES];

#define SHARABLE(b, o) (exclusive[b] == 0 || exclusive[b] == (o) + 1)
#define AVAILABLE(b, o) (SHARABLE(b, o) && (shared[b] & ~(1 << (o))) == 0)
#define HELD_BY_OTHERS(b, o) (exclusive[b] != 0 && exclusive[b] != (o) + 1)
#define ALL_SHARABLE(o) (SHARABLE(LOCK, o) && SHARABLE(GATE, o) && SHARABLE(INTENT, o))
#define ALL_AVAILABLE(o) (AVAILABLE(LOCK, o) && AVAILABLE(GATE, o) && AVAILABLE(INTENT, o))

inline drop(b, o)
{
    exclusive[b] = (exclusive[b] == (o) + 1 -> 0 : exclusive[b]);
    shared[b] = shared[b] & ~(1 << (o))
}

inline drop_all(o) { drop(LOCK, o); drop(GATE, o); drop(INTENT, o) }
inline set_shared(b, o) { drop(b, o); shared[b] = shared[b] | (1 << (o)) }
inline set_exclusive(b, o) { drop(b, o); exclusive[b] = (o) + 1 }

/* ---- What the users believe ---- */

byte reading, writing;                  /* sets of users */
byte upgrading;                         /* set: between the begin and the end of an upgrade */
byte writes;                            /* how often somebody began to write, modulo 8 */
byte departures[USERS];                 /* how often the user has left the gate */
byte dead;

#define BIT(u) (1 << (u))
#define SECOND(u) ((u) + USERS)         /* the user's second handle */

inline begin_to_read()
{
    assert((writing & ~BIT(me)) == 0);
    reading = reading | BIT(me);
    seen = writes
}

inline begin_to_write()
{
    assert((writing & ~BIT(me)) == 0 && (reading & ~BIT(me)) == 0);
    writing = writing | BIT(me);
    writes = (writes + 1) % 8
}

/* Waits for the condition and does it, or gives up. */
#ifdef TIMED
#define OR_GIVE_UP(where) :: goto where
#else
#define OR_GIVE_UP(where)
#endif

inline leave_gate(o)
{
    d_step { drop(GATE, o); departures[me]++ }
}

inline end_of_hold()
{
    d_step {
        reading = reading & ~BIT(me);
        writing = writing & ~BIT(me);
        departures[me] = departures[me] + (exclusive[GATE] == me + 1);
        drop_all(me)
    }
}

/* ---- Writers ---- */

inline write()
{
    if
    :: role == WRITER ->
        if
        :: d_step { AVAILABLE(LOCK, me) -> set_exclusive(LOCK, me); begin_to_write() }
        OR_GIVE_UP(done)
        fi
    :: role == WHOLE_WRITER ->
        if
        :: d_step { ALL_AVAILABLE(me) -> set_exclusive(LOCK, me); set_exclusive(GATE, me);
                    set_exclusive(INTENT, me); begin_to_write() }
        OR_GIVE_UP(done)
        fi
    :: role == GATED_WRITER ->
        if
        :: d_step { AVAILABLE(LOCK, me) && AVAILABLE(GATE, me) ->
                    set_exclusive(LOCK, me); set_exclusive(GATE, me); begin_to_write() };
            leave_gate(me)
        :: d_step { AVAILABLE(GATE, me) -> set_exclusive(GATE, me) };
            if
            :: d_step { AVAILABLE(LOCK, me) -> set_exclusive(LOCK, me); begin_to_write() }
            OR_GIVE_UP(give_up_at_gate)
            fi;
give_up_at_gate:
            skip;
            leave_gate(me)
        OR_GIVE_UP(done)
        fi
    fi;
    end_of_hold()
}

/* ---- Readers ---- */

inline read_lock(o)
{
    if
    :: d_step { SHARABLE(LOCK, o) -> set_shared(LOCK, o); begin_to_read() }
    OR_GIVE_UP(done)
    fi
}

inline read_past_gate(o)
{
    /* The look and what follows are two calls. */
    d_step {
        before = 0;
        if
        :: HELD_BY_OTHERS(GATE, o) -> before = exclusive[GATE]; left = departures[before - 1]
        :: else
        fi;
        busy = (HELD_BY_OTHERS(GATE, o) || HELD_BY_OTHERS(INTENT, o))
    };
#ifndef BUG_LOOK_ONLY
    if
    :: busy ->
        if
        :: d_step { SHARABLE(GATE, o) && SHARABLE(INTENT, o) ->
                    set_shared(GATE, o); set_shared(INTENT, o) };
            d_step { drop(GATE, o); drop(INTENT, o) }
        OR_GIVE_UP(done)
        fi
    :: else
    fi;
#endif
    read_lock(o);
    d_step {
        assert(before == 0 || departures[before - 1] != left || (dead & BIT(before - 1)));
        before = 0; left = 0; busy = 0
    }
}

/* ---- A reader that upgrades ---- */

inline upgrade()
{
    upgrading = upgrading | BIT(me);
#ifdef BUG_UPGRADE_AT_GATE
    d_step { AVAILABLE(GATE, me) -> set_exclusive(GATE, me) };
#endif
#ifndef BUG_NO_INTENT
    if
    :: d_step { AVAILABLE(INTENT, me) -> set_exclusive(INTENT, me) }
#ifndef BUG_QUEUES_FOR_INTENT
#ifdef BUG_WHOLE_READER_IS_UPGRADER
    :: d_step { !AVAILABLE(INTENT, me) -> assert((upgrading & ~BIT(me)) != 0) };
#else
    :: d_step { HELD_BY_OTHERS(INTENT, me) -> assert((upgrading & ~BIT(me)) != 0) };
#endif
        goto refused
#endif
    OR_GIVE_UP(refused)
    fi;
#endif
#ifdef BUG_UPGRADE_BY_UNLOCK
    drop(LOCK, me);
#endif
    if
    :: d_step { AVAILABLE(LOCK, me) -> set_exclusive(LOCK, me) };
        d_step { assert(seen == writes); begin_to_write(); seen = writes };
        d_step { drop(INTENT, me); upgrading = upgrading & ~BIT(me) };
        /* downgrade */
        writing = writing & ~BIT(me);
#ifdef BUG_DOWNGRADE_BY_UNLOCK
        drop(LOCK, me);
        d_step { SHARABLE(LOCK, me) -> set_shared(LOCK, me) };
#else
        d_step { set_shared(LOCK, me) };
#endif
        assert(seen == writes)
#ifdef TIMED
    ::  /* given up: the shared lock is still there */
#ifdef BUG_DROPS_ON_FAILURE
        drop(LOCK, me);
#endif
#ifdef BUG_KEEPS_INTENT
        upgrading = upgrading & ~BIT(me);
#else
        d_step { drop(INTENT, me); upgrading = upgrading & ~BIT(me) };
#endif
        assert(seen == writes)
#endif
    fi;
refused:
    upgrading = upgrading & ~BIT(me)
}

inline read()
{
    if
    :: role == READER -> read_lock(me)
    :: role == GATED_READER -> read_past_gate(me)
    :: role == WHOLE_READER ->
        if
        :: d_step { ALL_SHARABLE(me) -> set_shared(LOCK, me); set_shared(GATE, me);
                    set_shared(INTENT, me); begin_to_read() }
        OR_GIVE_UP(done)
        fi
    :: role == UPGRADER -> read_lock(me); upgrade()
    :: role == NESTED ->
        read_past_gate(me);
#ifdef BUG_NESTED_AT_GATE
        read_past_gate(SECOND(me));
#else
        if
        :: d_step { SHARABLE(LOCK, SECOND(me)) -> set_shared(LOCK, SECOND(me)) }
        fi;
#endif
        d_step { drop_all(SECOND(me)) }
    fi;
    assert(writing == 0);
    end_of_hold()
}

proctype user(byte me, role)
{
    byte round, seen, before, left;
    bit busy;

    {
        do
        :: round < ROUNDS ->
            round++;
            if
            :: role == WRITER || role == GATED_WRITER || role == WHOLE_WRITER -> write()
            :: else -> read()
            fi;
done:
            seen = 0; before = 0; left = 0; busy = 0
        :: round == ROUNDS -> break
        od
    } unless {
        dead & BIT(me)
    };
    round = 0; seen = 0; before = 0; left = 0; busy = 0
}

#ifdef DEATH
proctype reaper()
{
    byte u;

    select(u : 0 .. USERS - 1);
    skip;
    d_step {
        dead = BIT(u);
        reading = reading & ~BIT(u);
        writing = writing & ~BIT(u);
        upgrading = upgrading & ~BIT(u);
        drop_all(u);
        drop_all(SECOND(u));
        u = 0
    }
}
#endif

init {
    atomic {
        if :: ROLE0 != NOBODY -> run user(0, ROLE0) :: else fi;
        if :: ROLE1 != NOBODY -> run user(1, ROLE1) :: else fi;
        if :: ROLE2 != NOBODY -> run user(2, ROLE2) :: else fi;
        if :: ROLE3 != NOBODY -> run user(3, ROLE3) :: else fi;
#ifdef DEATH
        run reaper()
#endif
    }
}
