/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_LOCK_FILE_H
#define FST_LOCK_FILE_H

/*
 * A lock on the file that a path names: opened at first use, locked, checked against the path, and
 * opened again when the path names another file. The objects of the API see no descriptor, only
 * this.
 *
 * Bytes of the file: 0 is the lock, shared or exclusive; 1 the gate of those who want to be served
 * in turn; 2 the intent of a reader to upgrade. The file may be empty: locks reach beyond its end.
 *
 * Gate: who asks for fairness takes the gate before the lock and drops it as soon as it has the
 * lock. So one of them waits for the lock at a time, all others queue at the gate, and who releases
 * and comes back at once finds the gate taken and queues too. A gated reader looks whether somebody
 * is at the gate, or upgrades, and only then queues there for a moment; so it lets waiting writers
 * go first. A thread that reads already, through whatever handle, does not look: they wait for it.
 *
 * Upgrade: who has the intent waits for the other readers; who finds it taken gives up, since each
 * would wait for the other. A program that locks the whole file for reading is in the way of the
 * intent too, but does not disturb a shared request for it: so the two are told apart.
 *
 * Only the thread whose turn it is to work on the file may call these functions, but for is_held
 * and what says so. If the process dies at any line, the system closes the file and with it goes
 * whatever was locked.
 */

#include "holders.h"
#include "lock_wait.h"
#include "owner_record.h"

typedef struct fst_lock_file {
    const fst_settings *settings; /* set once, as is gated */
    bool gated;                   /* queues at the gate */
    bool read_only;               /* the open file is good for shared locks alone ... */
    bool reopen;                  /* ... and somebody wanted more: the next one opens it anew */
    bool is_inherited; /* an adopted descriptor in a forked child: its locks are the parent's too */
    fst_open_file file;
    fst_owner owner; /* with record_owner */
} fst_lock_file;

/* Gives back the descriptor, and with it a lock if there is one. */
void fst_lock_file_close(fst_lock_file *lock, fst_report *report);

/*
 * OK: `thread`, or its group if the file has one and the mode is shared, holds the lock on the file
 * that the path names. BUSY, or why it cannot be.
 */
fasteners_status fst_lock_file_try(fst_lock_file *lock, fst_lock_mode mode, uint64_t thread,
                                   fst_report *report);

/*
 * The same, waiting. TIMED_OUT, CANCELLED, WOULD_DEADLOCK besides. LOST: the wait was for one file
 * alone, and the path does not name that any more.
 */
fasteners_status fst_lock_file_wait(fst_lock_file *lock, fst_lock_mode mode, fst_wait *wait,
                                    fst_report *report);

/*
 * Which file it would be, created if it is not there yet. A guess: until it is locked, the path may
 * come to name another one. Locks nothing, and leaves nothing open. Statuses of try, but for BUSY;
 * LOST: others create and remove it in step with us. From any thread.
 */
fasteners_status fst_lock_file_identify(const fst_settings *settings, fst_file_id *id,
                                        fst_report *report);

/* Gives the lock back. On failure it is still held. */
fasteners_status fst_lock_file_release(fst_lock_file *lock, fst_report *report);

/*
 * By the exclusive owner, before it releases: no caller has seen this hold. If the owner before had
 * died, the next one is told so. Ends with the hold.
 */
void fst_lock_file_set_unheard(fst_lock_file *lock, bool unheard);

/*
 * From shared to exclusive, in two steps, so that the caller can see to the other members of his
 * group in between. announce: WOULD_DEADLOCK if another reader of the file is about to upgrade.
 * raise, after that: OK: `wait->thread` holds it exclusively. If it fails, or is not called,
 * withdraw must follow: then all is as before. Each waits as `wait` says: BUSY, TIMED_OUT,
 * CANCELLED. LOST: the path does not name the file any more. NO_PERMISSION: the file can only be
 * read.
 */
fasteners_status fst_lock_file_announce(fst_lock_file *lock, fst_wait *wait, fst_report *report);
fasteners_status fst_lock_file_raise(fst_lock_file *lock, fst_wait *wait, fst_report *report);
void fst_lock_file_withdraw(fst_lock_file *lock);

/* From exclusive to shared, without letting go. On failure it is still held exclusively. */
fasteners_status fst_lock_file_lower(fst_lock_file *lock, fst_report *report);

/*
 * Whether somebody is at the gate, or upgrades. By any thread of a group that holds the lock; what
 * cannot be looked at is free.
 */
bool fst_lock_file_gate_is_taken(fst_lock_file *lock);

/* The process is another one, after a fork; what was open is closed. */
void fst_lock_file_reset(fst_lock_file *lock);

/* OK or LOST for a held lock. By whoever holds it. */
fasteners_status fst_lock_file_check(const fst_lock_file *lock, fst_report *report);

/* With record_owner, for a held lock, from any thread. */
bool fst_lock_file_was_abandoned(const fst_lock_file *lock);
uint64_t fst_lock_file_generation(const fst_lock_file *lock);

/* Whether `thread`, or (0) any thread, holds the lock through this file. From any thread. */
bool fst_lock_file_is_held(const fst_lock_file *lock, uint64_t thread);

/*
 * The file that the path, or an adopted descriptor, names at this moment. Statuses of
 * fst_os_path_id; LOST: the descriptor is closed. From any thread.
 */
fasteners_status fst_lock_file_find(const fst_settings *settings, fst_file_id *id);

/* Whether there is such a file, or the adopted descriptor is open. From any thread. */
bool fst_lock_file_exists(const fst_settings *settings);

/* How `thread` holds the file that the path names, through any handle. From any thread. */
fst_held fst_lock_file_path_held_by(const fst_settings *settings, uint64_t thread);

/* Who holds the lock on what the path names. From any thread. */
fasteners_status fst_lock_file_holders(const fst_settings *settings, fst_holders *holders,
                                       fst_report *report);

#endif
