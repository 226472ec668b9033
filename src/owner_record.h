/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_OWNER_RECORD_H
#define FST_OWNER_RECORD_H

/*
 * The record of the exclusive owner in the lock file (P16, option record_owner): who holds it since
 * when, whether it was given back, and the number of the grant. It tells; it never decides: who
 * owns the lock is the system's to say.
 *
 * The file is text, for people who look into it:
 *
 *     byte 0     a line that says what it is
 *     byte 64    record A, one line of 256 bytes
 *     byte 320   record B
 *
 * Bytes 0 to 2 are those that are locked, and stay out of what others read. Each write goes to the
 * record that is not the latest, with the next sequence number and a checksum. So whatever is cut
 * off, or written by half, because the writer died or the file was truncated, the latest complete
 * record still counts.
 *
 *     the owner dies                          the next owner finds
 *     before the record says "held"           "released": not abandoned; nothing was begun
 *     while it holds                          "held": abandoned
 *     before the record says "released"       "held": abandoned
 *     after that                              "released"
 *
 * A file that holds anything else is left alone. Written by the exclusive owner only; `fst_owner`
 * belongs to the thread that has the turn of the handle, but for what is atomic.
 */

#include "platform.h"

typedef struct fst_owner_record {
    bool is_held;
    uint64_t generation; /* of the grant; 0: there is no record */
    uint64_t sequence;   /* of the write */
    int64_t since_ms;    /* of the grant, since 1970 */
    fst_process process;
} fst_owner_record;

/* What a handle knows. Zero at first, and after a fork. */
typedef struct fst_owner {
    bool knows_itself;
    fst_process process;
    fst_owner_record before;     /* what it found */
    fst_owner_record record;     /* what it wrote when it got the lock */
    _Atomic uint64_t generation; /* of the present hold; 0: there is none */
    _Atomic bool abandoned;      /* the owner before did not give it back */
    bool unheard;                /* the hold reaches no caller, who could hear of that */
} fst_owner;

/* The bytes of a record, and back. decode: false if they are not a whole record. */
enum { FST_OWNER_LINE = 256 };
void fst_owner_encode(const fst_owner_record *record, char line[FST_OWNER_LINE]);
bool fst_owner_decode(const char line[FST_OWNER_LINE], fst_owner_record *record);

/*
 * The latest record, generation 0 if there is none. INVALID: the file holds something else. Any
 * status of fst_os_file_read.
 */
fasteners_status fst_owner_read(fst_os_file file, fst_owner_record *record, int *os_error);

/*
 * The caller has become the exclusive owner. INVALID: the file holds something else, and was left
 * alone. Any status of fst_os_file_read and fst_os_file_write. On failure the caller is not to keep
 * the lock; the latest record still counts.
 */
fasteners_status fst_owner_begin(fst_owner *owner, fst_os_file file, int *os_error);

/*
 * It is about to give the lock back. On failure the next owner takes it for abandoned; and if the
 * hold is unheard and the owner before had died, for that is still to be told to somebody. resume:
 * it could not be given back after all.
 */
fasteners_status fst_owner_end(fst_owner *owner, fst_os_file file, int *os_error);
fasteners_status fst_owner_resume(fst_owner *owner, fst_os_file file, int *os_error);

/* Whether the next owner is to hear what this one would have heard. */
bool fst_owner_keeps_news(const fst_owner *owner);

/* The caller has a shared lock, so whoever is on record as the owner has died. */
void fst_owner_look(fst_owner *owner, fst_os_file file);

/*
 * Adds what the record tells of an exclusive holder whom the system reported, if it is his: the
 * process is the reported one; or nobody was, and it exists, or cannot be seen from here.
 */
void fst_owner_describe(fst_os_file file, fasteners_holder *holder);

/* There is no hold any more. */
void fst_owner_clear(fst_owner *owner);

#endif
