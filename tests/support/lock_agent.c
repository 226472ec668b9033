/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock agent: a program that a test starts to play another process. It reads one command a line
 * from standard input and answers each with one line.
 *
 *   pid                                 its process id
 *   tid                                 the calling thread's
 *   exit [STATUS]                       ends; so does the end of the input
 *
 * Locks, named by an ID of the test's choice (agent_locks.c)
 *   create ID PATH [OPTION]...          fair, unlink, record, follow, mode=0660, delay=MS,
 *                                       max_delay=MS, sleep (a sleep function that counts), log
 *                                       (keeps the last log line)
 *                                       PATH fd:7: the agent's descriptor, adopted
 *   acquire ID MS                       STATUS and the time it took in ns
 *   release ID | destroy ID | cancel ID
 *   is_held ID | exists ID | was_abandoned ID    0 or 1
 *   generation ID                       the number of the hold
 *   check ID | os_error ID | path ID
 *   holder ID                           STATUS, pid, "shared" or "exclusive", program
 *   sleeps ID                           calls of the counting sleep function
 *   last_log ID                         how many log lines, then the last one
 *
 * Reader-writer locks, by names of their own (agent_rwlocks.c)
 *   rw_create ID PATH [writers] [fair] [record] [delay=MS]
 *   read ID MS | write ID MS | upgrade ID MS    STATUS and the time it took in ns
 *   unread ID | unwrite ID | downgrade ID
 *   rw_check ID | rw_cancel ID | rw_destroy ID
 *   rw_holds ID                         of the calling thread: "none", "read", "write", "both"
 *   rw_is_held ID                       0 or 1
 *   rw_holder ID                        STATUS, pid, "shared" or "exclusive"
 *   rw_hammer ID RECORD ROUNDS READS    STATUS, rounds done: READS reads for each write, some of
 *                                       them by upgrade; see rw_record.h
 *
 * Many acquires in a row (agent_stress.c)
 *   hammer ID COUNTER WITNESS ROUNDS    STATUS, rounds done, exclusion violations seen; see
 *   stress_file.h churn ID ROUNDS MS                  acquire with that time-out, and release:
 *   grants, time-outs, others race_cancel ID ROUNDS               cancels again and again
 *
 * Threads 1..15 beside the main one (agent_workers.c)
 *   thread N COMMAND...                 runs it there and answers when it is done
 *   start N COMMAND...                  "started"; it runs while the agent serves on
 *   result N                            waits for that command: its answer
 *   peek N                              "running" or "done"
 *   wait_asleep N                       waits until the thread sleeps and goes on sleeping: OK
 *   wait_waiting N                      the same, or until it has slept several times, as who polls
 *
 * Files and descriptors, without the library (agent_files.c)
 *   open PATH ro|rw | close FD | dup FD
 *   lock FD ofd|classic shared|exclusive|unlock FIRST LENGTH [wait]    OK, or ERROR and the errno
 *   lockf FD lock|tlock|test|ulock LENGTH
 *   flock FD shared|exclusive|unlock
 *   chdir PATH | umask OCTAL | user UID GID | limit_files N
 *   counts                              open descriptors, threads
 *   descriptors                         what each open descriptor names
 *
 * Processes and signals (agent_processes.c)
 *   fork COMMANDS REPLIES               forks; the child serves on through these two FIFOs: the
 *   child's pid clone COMMANDS REPLIES              the same by a raw clone: no atfork handler runs
 *   exec                                replaces itself by a fresh agent: OK
 *   exec_descriptors                    what a program started from here inherits, as for
 *                                       descriptors
 *   handle SIGNAL                       counts that signal from now on, without SA_RESTART
 *   handled                             how many came
 *   kill_thread N SIGNAL                sends the signal to a worker
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent_command.h"

/* An agent that nobody talks to any more ends: a test may have died without ending its agents. */
#define ALONE_SECONDS 300

static int exit_status_wanted = -1;

void agent_say(agent_reply *reply, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reply->text, sizeof(reply->text), format, arguments);
    va_end(arguments);
}

void agent_say_result(agent_reply *reply, bool success, const char *call)
{
    if (success)
        agent_say(reply, "OK");
    else
        agent_say(reply, "ERROR %d %s: %s", errno, call, strerror(errno));
}

void agent_add(agent_reply *reply, const char *word)
{
    size_t length = strlen(reply->text);

    snprintf(reply->text + length, sizeof(reply->text) - length, "%s%s", length > 0 ? " " : "",
             word);
}

int64_t agent_number_of(const char *word)
{
    return (int64_t)strtoll(word, NULL, word[0] == '0' ? 8 : 10);
}

void agent_finish(int exit_status)
{
    exit_status_wanted = exit_status;
}

/* ------------------------------------------------------------------------- commands -- */

static void run_exit(const agent_words *words, agent_reply *reply)
{
    agent_say(reply, "OK");
    agent_finish(words->count > 1 ? (int)agent_number_of(words->word[1]) : 0);
}

static const agent_command own_commands[] = {
    {"exit", 0, run_exit},
    {NULL, 0, NULL},
};

static const agent_command *const all_commands[] = {
    own_commands,          agent_lock_commands,    agent_rwlock_commands, agent_stress_commands,
    agent_worker_commands, agent_process_commands, agent_file_commands,
};

static const agent_command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof(all_commands) / sizeof(all_commands[0]); i++)
        for (const agent_command *command = all_commands[i]; command->name != NULL; command++)
            if (strcmp(command->name, name) == 0)
                return command;
    return NULL;
}

void agent_run_line(char *line, agent_reply *reply)
{
    agent_words words = {0};
    const agent_command *command;
    char *rest = line;
    char *word;

    while (words.count < AGENT_WORDS && (word = strtok_r(rest, " ", &rest)) != NULL)
        words.word[words.count++] = word;
    command = words.count > 0 ? find_command(words.word[0]) : NULL;
    if (command == NULL)
        agent_say(reply, "no such command: %s", words.count > 0 ? words.word[0] : "");
    else if (words.count - 1 < command->arguments)
        agent_say(reply, "%s: too few arguments", command->name);
    else
        command->run(&words, reply);
}

/* ------------------------------------------------------------------------- the loop -- */

/*
 * Descriptors 0 and 1 without stdio: a fork may put others in their place, and what stdio had
 * buffered would be served twice.
 */
static bool read_line(char *line, size_t size)
{
    size_t length = 0;

    while (length + 1 < size) {
        ssize_t got = read(STDIN_FILENO, line + length, 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        if (line[length] == '\n')
            break;
        length++;
    }
    line[length] = '\0';
    return true;
}

static void write_line(agent_reply *reply)
{
    size_t length = strlen(reply->text);
    const char *text = reply->text;

    reply->text[length++] = '\n'; /* in the place of the final 0 */
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, text, (unsigned)length);

        if (written < 0 && errno != EINTR)
            return;
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
}

int main(int argc, char **argv)
{
    static char line[AGENT_LINE];
    static agent_reply reply;

    agent_prepare();
    /* "lock_agent COMMAND": runs that one first, as if it had been read. */
    if (argc > 1) {
        snprintf(line, sizeof(line), "%s", argv[1]);
        agent_run_line(line, &reply);
        write_line(&reply);
    }
    while (exit_status_wanted < 0) {
        agent_end_after(ALONE_SECONDS);
        if (!read_line(line, sizeof(line)))
            break;
        agent_run_line(line, &reply);
        write_line(&reply);
    }
    return exit_status_wanted < 0 ? 0 : exit_status_wanted;
}
