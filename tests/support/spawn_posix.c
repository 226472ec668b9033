/* SPDX-License-Identifier: Apache-2.0 */
#include "spawn_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "emulator.h"
#include "patience.h"

struct child {
    child *next;
    pid_t pid;
    int input;  /* we write, the child reads; -1 = closed */
    int output; /* the child writes, we read */
    bool attached;
    bool ended;
    int status;
    size_t filled;
    char buffer[CHILD_LINE];
};

static child *all_children;

/* ------------------------------------------------------------------------- starting -- */

static bool private_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        return false;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return true;
}

/* In the child, between fork and exec: async-signal-safe calls only. */
static void become(char **vector, int input, int output)
{
#ifdef __linux__
    /* A test that dies must not leave children that wait for a lock for ever. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    signal(SIGPIPE, SIG_DFL);
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    execvp(vector[0], vector);
    _exit(127);
}

static child *remember(pid_t pid, int input, int output)
{
    child *made = calloc(1, sizeof(*made));

    /*
     * A child may be dead when a line is sent to it: that is an error to report, no reason to die.
     */
    signal(SIGPIPE, SIG_IGN);
    made->pid = pid;
    made->input = input;
    made->output = output;
    made->next = all_children;
    all_children = made;
    return made;
}

child *child_start(const char *const *argv)
{
    int to[2];
    int from[2];
    char **vector = test_command(getenv("FASTENERS_TEST_CHILD_PREFIX"), argv);
    pid_t pid = -1;

    if (private_pipe(to)) {
        if (private_pipe(from)) {
            pid = fork();
            if (pid == 0)
                become(vector, to[0], from[1]);
            close(from[1]);
            if (pid < 0)
                close(from[0]);
        }
        close(to[0]);
        if (pid < 0)
            close(to[1]);
    }
    test_command_free(vector);
    return pid < 0 ? NULL : remember(pid, to[1], from[0]);
}

child *child_attach(const char *command_fifo, const char *reply_fifo)
{
    /* Opened for both directions so that neither side waits for the other one's open. */
    int input = open(command_fifo, O_RDWR | O_CLOEXEC);
    int output = open(reply_fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    child *made;

    if (input < 0 || output < 0)
        return NULL;
    made = remember(0, input, output);
    made->attached = true;
    return made;
}

void child_attached(child *whom, long pid)
{
    whom->pid = (pid_t)pid;
}

/* -------------------------------------------------------------------------- talking -- */

static bool write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, text, length);

        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
    return true;
}

bool child_send(child *to, const char *format, ...)
{
    char line[CHILD_LINE];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line, sizeof(line) - 1, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(line) - 1 || to->input < 0)
        return false;
    line[length] = '\n';
    return write_all(to->input, line, (size_t)length + 1);
}

/*
 * Reads what is there. False: the other side has closed. An attached child's pipe has no writer at
 * first.
 */
static bool read_more(child *from)
{
    ssize_t got =
        read(from->output, from->buffer + from->filled, sizeof(from->buffer) - from->filled);

    if (got > 0)
        from->filled += (size_t)got;
    if (got == 0 && from->attached && from->pid == 0)
        return true;
    return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

static bool take_line(child *from, char *reply, size_t size)
{
    char *end = memchr(from->buffer, '\n', from->filled);
    size_t length;

    if (end == NULL)
        return false;
    *end = '\0';
    length = (size_t)(end - from->buffer) + 1;
    snprintf(reply, size, "%s", from->buffer);
    from->filled -= length;
    memmove(from->buffer, from->buffer + length, from->filled);
    return true;
}

/* Waits for output and reads it. Why it could not, or NULL. */
static const char *receive(child *from, int64_t end)
{
    struct pollfd output = {.fd = from->output, .events = POLLIN};

    if (from->filled == sizeof(from->buffer))
        return "(the reply is too long)";
    if (test_now() > end)
        return "(no reply in time)";
    /* Short steps: a FIFO that nobody has opened yet reports nothing. */
    if (poll(&output, 1, 100) > 0 && !read_more(from))
        return "(the child has ended)";
    return NULL;
}

bool child_reply(child *from, char *reply, size_t size)
{
    int64_t end = test_now() + test_patience_ms() * 1000000;

    while (!take_line(from, reply, size)) {
        const char *trouble = receive(from, end);

        if (trouble != NULL) {
            snprintf(reply, size, "%s", trouble);
            return false;
        }
    }
    return true;
}

bool child_ask(child *whom, const char *line, char *reply, size_t size)
{
    if (!child_send(whom, "%s", line)) {
        snprintf(reply, size, "(the child has ended)");
        return false;
    }
    return child_reply(whom, reply, size);
}

long child_pid(const child *of)
{
    return (long)of->pid;
}

/* --------------------------------------------------------------------------- ending -- */

void child_close_input(child *of)
{
    if (of->input >= 0)
        close(of->input);
    of->input = -1;
}

/* Nobody else has the FIFO of an attached process open for writing: its end hangs it up. */
static bool has_hung_up(const child *of)
{
    struct pollfd output = {.fd = of->output};

    return of->pid > 0 && poll(&output, 1, 0) > 0 && (output.revents & POLLHUP) != 0;
}

void child_kill(child *whom, int signal_number)
{
    if (!whom->ended && whom->pid > 0 && !(whom->attached && has_hung_up(whom)))
        kill(whom->pid, signal_number);
}

static int status_of(int raw)
{
    return WIFSIGNALED(raw) ? -WTERMSIG(raw) : WEXITSTATUS(raw);
}

static bool has_ended(void *argument)
{
    child *of = argument;
    int raw = 0;

    if (!of->ended)
        of->ended = of->attached ? has_hung_up(of) : waitpid(of->pid, &raw, WNOHANG) == of->pid;
    if (of->ended)
        of->status = status_of(raw);
    return of->ended;
}

int child_wait(child *of)
{
    if (of->ended || test_wait_until(has_ended, of))
        return of->status;
    child_kill(of, SIGKILL);
    if (!of->attached)
        waitpid(of->pid, NULL, 0);
    of->ended = true;
    of->status = CHILD_HUNG;
    return of->status;
}

void child_end(child *of)
{
    child **link = &all_children;

    if (of == NULL)
        return;
    child_close_input(of);
    child_kill(of, SIGKILL);
    if (of->pid > 0 && !of->attached)
        child_wait(of);
    close(of->output);
    while (*link != of)
        link = &(*link)->next;
    *link = of->next;
    free(of);
}

void child_end_all(void)
{
    while (all_children != NULL)
        child_end(all_children);
}
