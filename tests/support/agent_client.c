/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_client.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "proc_info.h"

#ifdef _WIN32
#include "spawn.h"
#else
#include "spawn_posix.h"
#endif

static char command[CHILD_LINE];
static char reply[CHILD_LINE];

static void fail_at(const char *file, int line, const char *wanted)
{
    print_error("command: %s\nreply:   %s\n", command, reply);
    if (wanted != NULL)
        print_error("wanted:  %s\n", wanted);
    _fail(file, line);
}

static void ask(const char *file, int line, child *agent, const char *format, va_list arguments)
{
    vsnprintf(command, sizeof(command), format, arguments);
    if (!child_ask(agent, command, reply, sizeof(reply)))
        fail_at(file, line, NULL);
}

static void compare(const char *file, int line, const char *expected)
{
    size_t length = strchr(expected, ' ') != NULL ? strlen(reply) : strcspn(reply, " ");

    if (strlen(expected) != length || strncmp(reply, expected, length) != 0)
        fail_at(file, line, expected);
}

child *agent_start_at(const char *file, int line)
{
    const char *const argv[] = {LOCK_AGENT, NULL};
    child *agent = child_start(argv);

    snprintf(command, sizeof(command), "%s", LOCK_AGENT);
    snprintf(reply, sizeof(reply), "(it could not be started)");
    /* One answer shows that it runs. */
    if (agent == NULL || !child_ask(agent, "pid", reply, sizeof(reply)))
        fail_at(file, line, NULL);
    return agent;
}

void agent_expect_at(const char *file, int line, child *agent, const char *expected,
                     const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    ask(file, line, agent, format, arguments);
    va_end(arguments);
    compare(file, line, expected);
}

child *agent_with_lock_at(const char *file, int line, const char *path, const char *options)
{
    child *agent = agent_start_at(file, line);

    agent_expect_at(file, line, agent, "FASTENERS_OK", "create l %s %s", path, options);
    return agent;
}

const char *agent_ask_at(const char *file, int line, child *agent, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    ask(file, line, agent, format, arguments);
    va_end(arguments);
    return reply;
}

int64_t agent_number_at(const char *file, int line, child *agent, const char *format, ...)
{
    va_list arguments;
    char *end;
    int64_t number;

    va_start(arguments, format);
    ask(file, line, agent, format, arguments);
    va_end(arguments);
    number = (int64_t)strtoll(reply, &end, 10);
    if (end == reply)
        fail_at(file, line, "a number");
    return number;
}

int64_t agent_elapsed_at(const char *file, int line, child *agent, const char *expected,
                         const char *format, ...)
{
    va_list arguments;
    const char *blank;

    va_start(arguments, format);
    ask(file, line, agent, format, arguments);
    va_end(arguments);
    compare(file, line, expected);
    blank = strchr(reply, ' ');
    return blank != NULL ? (int64_t)strtoll(blank, NULL, 10) : -1;
}

#ifndef _WIN32
child *agent_fork_at(const char *file, int line, child *parent, const char *how,
                     const char *directory)
{
    static int forks;
    char commands[4096];
    char replies[4096];
    child *forked = NULL;
    int64_t pid;

    forks++;
    snprintf(commands, sizeof(commands), "%s/commands-%d", directory, forks);
    snprintf(replies, sizeof(replies), "%s/replies-%d", directory, forks);
    if (mkfifo(commands, 0600) == 0 && mkfifo(replies, 0600) == 0)
        forked = child_attach(commands, replies);
    if (forked == NULL) {
        print_error("no FIFOs in %s\n", directory);
        _fail(file, line);
    }
    pid = agent_number_at(file, line, parent, "%s %s %s", how, commands, replies);
    /* The child's own answer to the fork. Afterwards it is known to have both FIFOs open. */
    snprintf(command, sizeof(command), "%s, in the child", how);
    if (!child_reply(forked, reply, sizeof(reply)) || strtoll(reply, NULL, 10) != pid)
        fail_at(file, line, "the child's pid");
    child_attached(forked, (long)pid);
    return forked;
}
#endif

void agent_stop_at(const char *file, int line, child *agent)
{
    int status;

    agent_expect_at(file, line, agent, "OK", "exit");
    status = child_wait(agent);
    if (status != 0) {
        print_error("the agent ended with %d\n", status);
        _fail(file, line);
    }
    child_end(agent);
}

void agent_murder_at(const char *file, int line, child *agent)
{
    int status;

    child_kill(agent, SIGKILL);
    status = child_wait(agent);
    if (status == CHILD_HUNG) {
        print_error("the agent cannot be killed\n");
        _fail(file, line);
    }
    child_end(agent);
}

void expect_queued_at(const char *file, int line, const char *path, int n)
{
    if (wait_until_queued(path, n))
        return;
    print_error("%d of %d requests are queued on %s\n", locks_on(path).queued, n, path);
    _fail(file, line);
}
