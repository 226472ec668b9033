/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_AGENT_COMMAND_H
#define TESTS_SUPPORT_AGENT_COMMAND_H

/*
 * Inside the lock agent: one command is a list of words, its result one line of text. The commands
 * are listed and described in lock_agent.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENT_LINE 16384
#define AGENT_WORDS 32
#define AGENT_WORKERS 16

typedef struct agent_reply {
    char text[AGENT_LINE];
} agent_reply;

typedef struct agent_words {
    int count;
    char *word[AGENT_WORDS];
} agent_words;

typedef void (*agent_command_fn)(const agent_words *words, agent_reply *reply);

typedef struct agent_command {
    const char *name;
    int arguments; /* at least */
    agent_command_fn run;
} agent_command;

/* Each file of commands; the last entry's name is NULL. */
extern const agent_command agent_lock_commands[];
extern const agent_command agent_rwlock_commands[];
extern const agent_command agent_stress_commands[];
extern const agent_command agent_file_commands[];
extern const agent_command agent_process_commands[];
extern const agent_command agent_worker_commands[];

/* What the system wants done first, and: the process ends after so many seconds. */
void agent_prepare(void);
void agent_end_after(unsigned seconds);

/* Sets the reply. */
void agent_say(agent_reply *reply, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sets the reply to "OK", or to "ERROR <errno>" with the name of the failed call. */
void agent_say_result(agent_reply *reply, bool success, const char *call);

/* Adds a blank and a word to the reply. */
void agent_add(agent_reply *reply, const char *word);

/* Runs one command line, which is cut to pieces, in the calling thread. */
void agent_run_line(char *line, agent_reply *reply);

/* Ends the main loop after the present command. */
void agent_finish(int exit_status);

/* The word's number, base 10, or 8 with a leading 0. */
int64_t agent_number_of(const char *word);

/* The system's number of that worker. 0: there is none; the reply says why. */
long agent_worker_thread(const char *number, agent_reply *reply);

/* Forgets the workers: in a forked child they are gone. */
void agent_forget_workers(void);

#endif
