/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SPAWN_H
#define TESTS_SUPPORT_SPAWN_H

/*
 * Programs that a test starts and talks to, one line of text at a time, through pipes on
 * their standard input and output. Nothing here knows fork: spawn_posix.c is one implementation,
 * another system adds its own.
 *
 * No function hangs: what does not happen within test_patience_ms() is a failure. None asserts
 * either; agent_client.h does that for the lock agent.
 *
 * FASTENERS_TEST_CHILD_PREFIX, words separated by blanks, is put before the command of every child:
 *     FASTENERS_TEST_CHILD_PREFIX="valgrind -q --error-exitcode=99" ctest
 * Programs of the tests are started by the emulator that this one runs in, if any: emulator.h.
 *
 * All functions are for the test's main thread.
 */

#include <stdbool.h>
#include <stddef.h>

/* Room for the longest reply line, its end included. */
#define CHILD_LINE 16384

#ifdef _WIN32
#define SIGKILL 9 /* signal.h lacks it */
#endif

/* What child_wait returns for a child that did not end in time (it was killed then). */
#define CHILD_HUNG (-1000)

typedef struct child child;

/* Starts the program argv[0], a path; argv ends with NULL. NULL: it could not be started. */
child *child_start(const char *const *argv);

/* Sends one line; the line feed is added. False: the child is gone. */
bool child_send(child *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Receives one line, without its line feed. False: the child has ended or stayed silent; the reply
 * then says which, in words.
 */
bool child_reply(child *from, char *reply, size_t size);

/* child_send of a ready line, and child_reply. */
bool child_ask(child *whom, const char *line, char *reply, size_t size);

/* The child's process id. Under FASTENERS_TEST_CHILD_PREFIX that of the program that runs it. */
long child_pid(const child *of);

/* Closes the child's standard input; a child that serves requests ends then. */
void child_close_input(child *of);

/* Sends a signal. A system without signals ends the process, whatever the number. */
void child_kill(child *whom, int signal_number);

/*
 * Waits for the child's end: its exit status, or minus the number of the signal that killed it, or
 * CHILD_HUNG. May be called again. Does not close the child's input.
 */
int child_wait(child *of);

/* Kills the child if it is still there, waits for its end and forgets it. NULL is fine. */
void child_end(child *of);

/* child_end for all: for the teardown of a test that may have failed half-way. */
void child_end_all(void);

#endif
