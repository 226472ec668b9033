/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_OPEN_FILES_H
#define FST_OPEN_FILES_H

/*
 * The lock files that this process has open, whatever handle they belong to. The table answers:
 *   - does this thread hold that file through another handle? (it would wait for itself);
 *   - what must a forked child close?
 *   - where several open files have their locks in common (a pool), since locks belong to the
 *     process, or since they are one open file of the program's: may this one have the lock among
 *     them (the kernel would grant it to all), and may this descriptor be closed now (the kernel
 *     would drop the lock of all)?
 *
 * Opening and closing are transitions that a fork waits for: between open(2) and the entry in the
 * table a child would inherit a descriptor that nobody knows, and keep the parent's lock alive with
 * it. A fork waits for one second at most, lest an open that hangs (a dead file server) hangs the
 * fork too.
 *
 * The mutex of the table guards next, link, id (against readers other than the owner of the
 * handle's turn), and all that is for reservations. It is held for short loops over the table;
 * across a system call only where an orphan is closed, which has to come before the next
 * reservation, and where it is asked whether two descriptors are one open file.
 */

#include "platform.h"
#include "report.h"
#include "wait.h"

/* Holds a file: the members of its group. No thread has this number. */
#define FST_GROUP UINT64_MAX

typedef struct fst_open_file {
    fst_os_file os;
    fst_file_id id;
    bool is_open;    /* os and id are valid, and it is in the table */
    bool is_adopted; /* it is the program's descriptor: never closed by us */
    bool is_proven;  /* see lock_proof.h */

    /*
     * Another file of ours has got the same descriptor: the program had closed it behind our back.
     */
    _Atomic bool stolen;

    /*
     * The thread that holds the lock through this file; 0 = none, FST_GROUP = those that `group`
     * names.
     */
    _Atomic uint64_t holder;
    _Atomic bool shared;         /* it holds it for reading; meant only if there is a holder */
    struct fst_ipc_holds *group; /* who may hold it together; NULL: nobody. Set once, before use */

    struct fst_open_file *next, **link;

    /*
     * Files of one id and one pool have their locks in common, as far as the kernel is concerned:
     * all of the process where locks belong to it; adopted descriptors that are one open file. 0:
     * this file has none in common with others, and nothing of the following is used.
     */
    uint64_t pool;
    bool reserved;             /* has, or is about to ask for, the pool's lock on the file */
    fst_lock_mode reserved_as; /* ... in this mode. Also what is waited for */
    bool raises;               /* wants to make a shared reservation exclusive, or has */
    fst_wait *waiting;         /* waits for the reservation ... */
    uint64_t ticket;           /* ... in this order */
    bool passes;               /* ... but not for those who wait too */
    struct fst_orphan *orphan; /* where the descriptor goes if it cannot be closed yet */
} fst_open_file;

/*
 * Opens what is at the path and enters it into the table. Status of fst_os_file_open, and
 * NO_MEMORY.
 */
fasteners_status fst_open_files_open(fst_open_file *file, const char *path, fst_access access,
                                     bool follow_symlinks, int *os_error);

/*
 * Creates the file and enters it. BUSY: there is something; the other statuses of
 * fst_os_file_create.
 */
fasteners_status fst_open_files_create(fst_open_file *file, const char *path, uint32_t mode,
                                       bool follow_symlinks, int *os_error);

/*
 * Enters a descriptor of the program's. NOT_SUPPORTED: another one of the same file was adopted
 * before, and the system does not tell whether both are one open file.
 */
fasteners_status fst_open_files_adopt(fst_open_file *file, const fst_adopted *adopted,
                                      int *os_error);

/* The pool it would be in if it were entered; 0: one of its own, or the system does not tell. */
uint64_t fst_open_files_pool_of(const fst_adopted *adopted);

/*
 * Takes it out of the table and closes it, or sees to it that it is closed as soon as that does no
 * harm.
 */
void fst_open_files_close(fst_open_file *file, fst_report *report);

/* How a thread holds a file. */
typedef enum fst_held { FST_NOT_HELD, FST_HELD_SHARED, FST_HELD_EXCLUSIVE } fst_held;

/*
 * How `thread` holds the file through any handle of this process, but for this one open file (NULL:
 * no exception). Takes the mutexes of groups: not to be called with one of them.
 */
fst_held fst_open_files_held_by(fst_file_id id, uint64_t thread, const fst_open_file *except);

/* How threads of this process hold the file through this pool; exclusive if one of them does so. */
fst_held fst_open_files_held(fst_file_id id, uint64_t pool);

/*
 * Reserves the pool's lock on the file for this open file; the kernel may be asked only after that.
 * Without a pool there is nothing to reserve: OK.
 * Shared reservations of several files go together once the first of them has the lock (share).
 * try_reserve: BUSY if another one has it.
 * reserve: waits, first come first served. OK, TIMED_OUT, CANCELLED, or BUSY when `until` has come:
 * it keeps its place then, and must be called again or the file closed.
 * passes: does not wait for those who wait too (a reader, where readers go first).
 */
fasteners_status fst_open_files_try_reserve(fst_open_file *file, fst_lock_mode mode, bool passes);
fasteners_status fst_open_files_reserve(fst_open_file *file, fst_lock_mode mode, bool passes,
                                        fst_wait *wait, int64_t until);

/*
 * Whether another file of the pool waits for its reservation to write, or is about to raise:
 * the kernel does not know of that.
 */
bool fst_open_files_writer_waits(const fst_open_file *file);

/* After the lock was given back, or was not got. */
void fst_open_files_unreserve(fst_open_file *file, fst_report *report);

/*
 * Before a shared lock is given back. True: others of the pool rely on the same lock of the
 * kernel, which is to stay; the reservation is given back already. False: unlock, then unreserve.
 */
bool fst_open_files_leave(fst_open_file *file);

/*
 * From shared to exclusive. announce: WOULD_DEADLOCK if another file of the pool is at it. After
 * that raise: OK, or BUSY while others of the pool read.
 * share: this file has the lock, shared: be it new, or after announce, raise, or an exclusive one.
 */
fasteners_status fst_open_files_announce(fst_open_file *file);
fasteners_status fst_open_files_raise(fst_open_file *file);
void fst_open_files_share(fst_open_file *file);

void fst_open_files_fork_prepare(void);
void fst_open_files_fork_parent(void);
void fst_open_files_fork_child(void);

#endif
