/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_RW_RECORD_H
#define TESTS_SUPPORT_RW_RECORD_H

/*
 * An independent witness of reading and writing, in memory that processes share: counts who is
 * inside, and notes who meets whom.
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct rw_record rw_record;

/* Opens, or makes, the record in the file at `path`. NULL: it failed. */
rw_record *rw_record_open(const char *path);
void rw_record_close(rw_record *of);

void rw_record_begin_read(rw_record *of);
void rw_record_end_read(rw_record *of);
void rw_record_begin_write(rw_record *of);
void rw_record_end_write(rw_record *of);

/* A reader that has become the writer, and back. Nobody else may have written in between. */
void rw_record_upgrade(rw_record *of);
void rw_record_downgrade(rw_record *of);

/* How often a writer was not alone, or a reader met one. */
long rw_record_violations(const rw_record *of);

/* How many read at once, at most. */
long rw_record_most_readers(const rw_record *of);

/* Writes so far. Read and written without any atomicity, as a second witness. */
int64_t rw_record_writes(const rw_record *of);

#endif
