/* SPDX-License-Identifier: Apache-2.0 */
#include "spawn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "patience.h"

/* A process that was ended with this, and the number of a signal, was killed by child_kill. */
enum { KILLED = 0x0F510000 };

struct child {
    child *next;
    HANDLE process;
    DWORD pid;
    HANDLE input;  /* we write, the child reads; NULL = closed */
    HANDLE output; /* the child writes, we read */
    bool ended;
    int status;
    size_t filled;
    char buffer[CHILD_LINE];
};

static child *all_children;

/* ------------------------------------------------------------------------- starting -- */

/* Children end with this process: the last handle of the job goes with it. */
static HANDLE job_of_children(void)
{
    static HANDLE job;
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {
        .BasicLimitInformation = {.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE}};

    if (job == NULL) {
        job = CreateJobObjectW(NULL, NULL);
        SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits));
    }
    return job;
}

/* All programs of the tests lie side by side: the path's last component counts. */
static void command_line(char *line, size_t size, const char *const *argv)
{
    char own[MAX_PATH];
    const char *name = strrchr(argv[0], '/');

    GetModuleFileNameA(NULL, own, sizeof(own));
    *strrchr(own, '\\') = '\0';
    snprintf(line, size, "\"%s\\%s.exe\"", own, name != NULL ? name + 1 : argv[0]);
    for (argv++; *argv != NULL; argv++) {
        size_t length = strlen(line);
        snprintf(line + length, size - length, " \"%s\"", *argv);
    }
}

/* Our end is not inherited: others of our children would keep it open. */
static bool make_pipe(HANDLE *read, HANDLE *write, bool we_read)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited), .bInheritHandle = TRUE};

    return CreatePipe(read, write, &inherited, CHILD_LINE) &&
           SetHandleInformation(we_read ? *read : *write, HANDLE_FLAG_INHERIT, 0);
}

static bool create(const char *const *argv, HANDLE input, HANDLE output,
                   PROCESS_INFORMATION *created)
{
    char line[4096];
    STARTUPINFOA start = {.cb = sizeof(start),
                          .dwFlags = STARTF_USESTDHANDLES,
                          .hStdInput = input,
                          .hStdOutput = output,
                          .hStdError = GetStdHandle(STD_ERROR_HANDLE)};

    command_line(line, sizeof(line), argv);
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &start,
                        created)) {
        fprintf(stderr, "CreateProcess %s: error %lu\n", line, GetLastError());
        return false;
    }
    AssignProcessToJobObject(job_of_children(), created->hProcess);
    ResumeThread(created->hThread);
    CloseHandle(created->hThread);
    return true;
}

static child *remember(const PROCESS_INFORMATION *created, HANDLE input, HANDLE output)
{
    child *made = calloc(1, sizeof(*made));

    made->process = created->hProcess;
    made->pid = created->dwProcessId;
    made->input = input;
    made->output = output;
    made->next = all_children;
    all_children = made;
    return made;
}

static void close_pipe(HANDLE read, HANDLE write)
{
    CloseHandle(read);
    CloseHandle(write);
}

child *child_start(const char *const *argv)
{
    HANDLE to_read, to_write, from_read, from_write;
    PROCESS_INFORMATION created;

    if (!make_pipe(&to_read, &to_write, false))
        return NULL;
    if (!make_pipe(&from_read, &from_write, true)) {
        close_pipe(to_read, to_write);
        return NULL;
    }
    bool started = create(argv, to_read, from_write, &created);
    close_pipe(to_read, from_write);
    if (started)
        return remember(&created, to_write, from_read);
    close_pipe(to_write, from_read);
    return NULL;
}

/* -------------------------------------------------------------------------- talking -- */

bool child_send(child *to, const char *format, ...)
{
    char line[CHILD_LINE];
    va_list arguments;
    DWORD written = 0;

    va_start(arguments, format);
    int length = vsnprintf(line, sizeof(line) - 1, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(line) - 1 || to->input == NULL)
        return false;
    line[length] = '\n';
    return WriteFile(to->input, line, (DWORD)length + 1, &written, NULL) &&
           written == (DWORD)length + 1;
}

static bool take_line(child *from, char *reply, size_t size)
{
    char *end = memchr(from->buffer, '\n', from->filled);

    if (end == NULL)
        return false;
    *end = '\0';
    size_t length = (size_t)(end - from->buffer) + 1;
    snprintf(reply, size, "%s", from->buffer);
    from->filled -= length;
    memmove(from->buffer, from->buffer + length, from->filled);
    return true;
}

/* Reads what is there. Why it could not, or NULL. A pipe cannot be waited for with a time-out. */
static const char *receive(child *from, int64_t end)
{
    DWORD room = (DWORD)(sizeof(from->buffer) - from->filled);
    DWORD there = 0, got = 0;

    if (room == 0)
        return "(the reply is too long)";
    if (test_now() > end)
        return "(no reply in time)";
    if (!PeekNamedPipe(from->output, NULL, 0, NULL, &there, NULL))
        return "(the child has ended)";
    if (there == 0)
        Sleep(1);
    else if (!ReadFile(from->output, from->buffer + from->filled, room, &got, NULL))
        return "(the child has ended)";
    from->filled += got;
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
    if (of->input != NULL)
        CloseHandle(of->input);
    of->input = NULL;
}

void child_kill(child *whom, int signal_number)
{
    if (!whom->ended)
        TerminateProcess(whom->process, KILLED + (UINT)signal_number);
}

static int status_of(DWORD code)
{
    return (code & 0xFFFF0000) == KILLED ? -(int)(code - KILLED) : (int)code;
}

int child_wait(child *of)
{
    DWORD code = 0;

    if (of->ended)
        return of->status;
    of->ended = true;
    of->status = CHILD_HUNG;
    if (WaitForSingleObject(of->process, (DWORD)test_patience_ms()) == WAIT_OBJECT_0 &&
        GetExitCodeProcess(of->process, &code))
        of->status = status_of(code);
    else
        TerminateProcess(of->process, KILLED);
    return of->status;
}

void child_end(child *of)
{
    child **link = &all_children;

    if (of == NULL)
        return;
    child_close_input(of);
    child_kill(of, SIGKILL);
    child_wait(of);
    CloseHandle(of->process);
    CloseHandle(of->output);
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
