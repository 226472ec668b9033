/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_INTEROP_PYTHON_PEER_H
#define TESTS_INTEROP_PYTHON_PEER_H

/*
 * How the tests talk to python_peer.py, which has one lock named "l". What goes wrong fails the
 * test.
 */

#include <stdbool.h>

#include "spawn.h"

/* How Python takes the lock: its two classes, one of them in two ways. */
typedef enum python_kind { PYTHON_LOCK, PYTHON_WRITE, PYTHON_READ, PYTHON_KINDS } python_kind;

/* Why there can be no peer, or NULL if there can. */
const char *peer_missing(void);

/* A Python process with a lock of that kind on the path. */
child *peer_start(const char *path, python_kind kind);

/*
 * One acquire, which must give that result: 0 tries once, -1 waits for ever. Returns the seconds it
 * took.
 */
double peer_acquire(child *peer, python_kind kind, const char *seconds, bool expected);

/* Begins one and returns when Python waits. peer_finish_acquire tells the result. */
void peer_begin_acquire(child *peer, python_kind kind, const char *seconds);
bool peer_finish_acquire(child *peer);

void peer_release(child *peer, python_kind kind);

/* Has it count in the witness under the lock, and sees to it that it did and was alone. */
void peer_begin_hammer(child *peer, python_kind kind, const char *witness, long rounds);

/* The same with the record of rw_record.h, reading and writing in turn. */
void peer_begin_rw_hammer(child *peer, const char *record, long rounds);

void peer_finish_hammer(child *peer, long rounds);

#endif
