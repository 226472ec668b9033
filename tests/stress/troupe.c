/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "troupe.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "emulator.h"
#include "monitor.h"

enum { WORDS = 32, WORD = 2 * PATH_LENGTH };

/* Not in the environment of a shell's command line: arguments of its own. */
typedef struct command {
    char text[WORDS][WORD];
    char *words[WORDS + 1];
    int count;
} command;

static void add(command *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(command *to, const char *format, ...)
{
    va_list arguments;

    if (to->count == WORDS)
        abort();
    va_start(arguments, format);
    vsnprintf(to->text[to->count], WORD, format, arguments);
    va_end(arguments);
    to->words[to->count] = to->text[to->count];
    to->words[++to->count] = NULL;
}

static void add_place(command *to, const char *name, size_t number)
{
    add(to, "%s=%zu", name, number);
}

/* Not those whose file is removed on release: Python's locks do not look whether it was. */
static void add_names(command *to, const arena *in)
{
    char names[WORD] = "names";
    const char *before = "=";

    for (int path = 0; path < in->paths; path++) {
        char name[PATH_LENGTH];
        size_t length = strlen(names);
        if (class_of(path) == REMOVED)
            continue;
        arena_lock_path(in, path, name);
        snprintf(names + length, sizeof(names) - length, "%s%d,%s", before, path,
                 strrchr(name, '/') + 1);
        before = ":";
    }
    add(to, "%s", names);
}

static void describe_arena(command *to, const arena *in, int worker)
{
    size_t mine = offsetof(arena, worker) + (size_t)worker * sizeof(worker_state);

    add_place(to, "size", sizeof(arena));
    add_place(to, "stop", offsetof(arena, stop));
    add_place(to, "slots", offsetof(arena, path) + offsetof(path_state, slots));
    add_place(to, "epoch", offsetof(arena, path) + offsetof(path_state, epoch));
    add_place(to, "path_size", sizeof(path_state));
    add_place(to, "life", offsetof(arena, worker) + offsetof(worker_state, life));
    add_place(to, "doomed", offsetof(arena, worker) + offsetof(worker_state, doomed));
    add_place(to, "worker_size", sizeof(worker_state));
    add_place(to, "statuses",
              mine + offsetof(worker_state, seats) + offsetof(seat_state, statuses));
    add_place(to, "max_seats", MAX_SEATS);
    add_place(to, "handles", HANDLES);
    add_place(to, "workers", (size_t)in->workers);
    add_place(to, "seats", 2 * (size_t)in->threads);
    add_place(to, "worker", (size_t)worker);
    add_place(to, "incarnation", (size_t)(atomic_load(&in->worker[worker].life) / 2));
}

static void python_command(command *to, const arena *in, int worker)
{
    char file[PATH_LENGTH];
    uint64_t life = atomic_load(&in->worker[worker].life);
    dice seed = dice_for(in->seed, (uint64_t)worker, life / 2, 0);

    arena_file(in->directory, file);
    add(to, "%s", PYTHON);
    add(to, "%s", TORTURE_PEER);
    add(to, "%s", file);
    describe_arena(to, in, worker);
    add(to, "seed=%" PRIu64, throw_dice(&seed, UINT32_MAX));
    add_names(to, in);
}

static void worker_command(command *to, const arena *in, int worker)
{
    add(to, TEST_BIN_DIR "/torture");
    add(to, "--worker");
    add(to, "%d", worker);
    add(to, "%s", in->directory);
}

/* The supervisor's death is theirs. */
static _Noreturn void become(char *const *words)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(words[0], words);
    perror(words[0]);
    _exit(1);
}

bool troupe_start(arena *in, troupe_member *member)
{
    static command what;

    what.count = 0;
    if (member->is_python)
        python_command(&what, in, member->index);
    else
        worker_command(&what, in, member->index);
    char **words = test_command(NULL, (const char *const *)what.words);
    pid_t pid = fork();
    if (pid == 0)
        become(words);
    test_command_free(words);
    member->pid = pid > 0 ? pid : 0;
    return pid > 0;
}

void troupe_kill(arena *in, const troupe_member *member)
{
    atomic_store(&in->worker[member->index].doomed, 1);
    kill((pid_t)member->pid, SIGKILL);
}

/* In this order, see monitor.h. */
void troupe_bury(arena *in, troupe_member *member)
{
    worker_state *state = &in->worker[member->index];

    monitor_forget_upgrades(in, member->index);
    for (int path = 0; path < in->paths; path++)
        for (int seat = 0; seat < MAX_SEATS; seat++)
            for (int which = 0; which < HANDLES; which++)
                atomic_store(&in->path[path].slots[member->index][seat][which], 0);
    atomic_store(&state->life, (atomic_load(&state->life) / 2 + 1) * 2);
    atomic_store(&state->doomed, 0);
    member->pid = 0;
}
