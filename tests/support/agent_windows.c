/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's commands about the system, as far as Windows has the same:
 *   pid | tid | chdir PATH | counts
 *   open PATH ro|rw | close HANDLE | dup HANDLE
 *   lock HANDLE any shared|exclusive|unlock FIRST LENGTH    by LockFileEx
 */

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "agent_command.h"
#include "proc_info.h"

void agent_prepare(void)
{
    _setmode(0, _O_BINARY);
    _setmode(1, _O_BINARY);
}

/* It ends with the test, whose job it belongs to: see spawn_windows.c. */
void agent_end_after(unsigned seconds)
{
    (void)seconds;
}

static void say(agent_reply *reply, BOOL success)
{
    if (success)
        agent_say(reply, "OK");
    else
        agent_say(reply, "ERROR %lu", GetLastError());
}

static HANDLE handle_of(const char *word)
{
    return (HANDLE)(intptr_t)agent_number_of(word);
}

static void run_pid(const agent_words *words, agent_reply *reply)
{
    (void)words;
    agent_say(reply, "%lu", GetCurrentProcessId());
}

static void run_tid(const agent_words *words, agent_reply *reply)
{
    (void)words;
    agent_say(reply, "%lu", GetCurrentThreadId());
}

static void run_chdir(const agent_words *words, agent_reply *reply)
{
    say(reply, SetCurrentDirectoryA(words->word[1]));
}

static void run_counts(const agent_words *words, agent_reply *reply)
{
    long self = (long)GetCurrentProcessId();

    (void)words;
    agent_say(reply, "%d %d", count_descriptors(self), count_threads(self));
}

static void run_open(const agent_words *words, agent_reply *reply)
{
    bool writes = strcmp(words->word[2], "rw") == 0;
    HANDLE file = CreateFileA(words->word[1], GENERIC_READ | (writes ? GENERIC_WRITE : 0),
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              writes ? OPEN_ALWAYS : OPEN_EXISTING, 0, NULL);

    if (file == INVALID_HANDLE_VALUE)
        say(reply, FALSE);
    else
        agent_say(reply, "%lld", (long long)(intptr_t)file);
}

static void run_close(const agent_words *words, agent_reply *reply)
{
    say(reply, CloseHandle(handle_of(words->word[1])));
}

static void run_dup(const agent_words *words, agent_reply *reply)
{
    HANDLE self = GetCurrentProcess(), copy;

    if (DuplicateHandle(self, handle_of(words->word[1]), self, &copy, 0, FALSE,
                        DUPLICATE_SAME_ACCESS))
        agent_say(reply, "%lld", (long long)(intptr_t)copy);
    else
        say(reply, FALSE);
}

static void run_lock(const agent_words *words, agent_reply *reply)
{
    HANDLE file = handle_of(words->word[1]);
    OVERLAPPED place = {0};
    DWORD length = (DWORD)agent_number_of(words->word[5]);
    DWORD flags = LOCKFILE_FAIL_IMMEDIATELY;

    place.Offset = (DWORD)agent_number_of(words->word[4]);
    if (strcmp(words->word[3], "exclusive") == 0)
        flags |= LOCKFILE_EXCLUSIVE_LOCK;
    say(reply, strcmp(words->word[3], "unlock") == 0
                   ? UnlockFileEx(file, 0, length, 0, &place)
                   : LockFileEx(file, flags, 0, length, 0, &place));
}

const agent_command agent_file_commands[] = {
    {"open", 2, run_open},   {"close", 1, run_close},   {"dup", 1, run_dup}, {"lock", 5, run_lock},
    {"chdir", 1, run_chdir}, {"counts", 0, run_counts}, {NULL, 0, NULL},
};

const agent_command agent_process_commands[] = {
    {"pid", 0, run_pid},
    {"tid", 0, run_tid},
    {NULL, 0, NULL},
};
