/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory, processes, and what is left of platform.h. */

enum { FIRST_PID = 1000 };

static unsigned memory_blocks;
static int64_t pid = FIRST_PID;
static bool fork_unseen;
static bool child_was_repaired;
static void (*before_fork)(void);
static void (*after_fork_in_parent)(void);
static void (*after_fork_in_child)(void);

void fake_reset(void)
{
    fake_time_reset();
    fake_calls_reset();
    fake_locks_reset();
    fake_files_reset();
    fake_events_reset();
    memory_blocks = 0;
    pid = FIRST_PID;
    fork_unseen = false;
}

/* ---------------------------------------------------------------------------- memory -- */

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);

    if (memory == NULL)
        abort();
    memory_blocks++;
    return memory;
}

void *fst_os_alloc(size_t size)
{
    return fake_call(FAKE_ALLOC, NULL, NULL) ? NULL : allocate(size);
}

void fst_os_free(void *memory)
{
    if (memory != NULL)
        memory_blocks--;
    free(memory);
}

unsigned fake_memory_blocks(void)
{
    return memory_blocks;
}

void fake_forget_memory_block(void)
{
    memory_blocks--;
}

fasteners_status fst_os_absolute_path(const char *path, char **absolute, int *os_error)
{
    fasteners_status status;
    const char *prefix = path[0] == '/' ? "" : "/cwd/";

    if (fake_call(FAKE_ABSOLUTE_PATH, &status, os_error))
        return status;
    size_t size = strlen(prefix) + strlen(path) + 1;
    *absolute = allocate(size);
    (void)snprintf(*absolute, size, "%s%s", prefix, path);
    return FASTENERS_OK;
}

void fst_os_error_text(int os_error, char *text, size_t size)
{
    (void)snprintf(text, size, "error %d", os_error);
}

/* ------------------------------------------------------------------------- processes -- */

int64_t fake_pid(void)
{
    return pid;
}

void fst_os_describe_self(fasteners_holder *holder)
{
    holder->pid = pid;
    (void)snprintf(holder->program, sizeof(holder->program), "self");
}

void fst_os_describe_process(fst_process *process)
{
    *process = (fst_process){.pid = pid,
                             .pid_space = 4026531836,
                             .start = 1370943,
                             .boot = "cad271a2-fbc3-43d7-b62a-b07768e12976",
                             .host = "fake host"};
}

bool fst_os_process_exists(const fst_process *process)
{
    return process->pid == pid;
}

int64_t fst_os_wall_clock_ms(void)
{
    return fake_elapsed_ms() + FAKE_WALL_CLOCK_MS;
}

/* Registered once in a process, so these outlive fake_reset. */
fasteners_status fst_os_at_fork(void (*prepare)(void), void (*parent)(void), void (*child)(void),
                                int *os_error)
{
    fasteners_status status;

    if (fake_call(FAKE_AT_FORK, &status, os_error))
        return status;
    if (before_fork != NULL)
        fake_violation("at_fork", "called twice");
    before_fork = prepare;
    after_fork_in_parent = parent;
    after_fork_in_child = child;
    return FASTENERS_OK;
}

void fst_os_fork_prepare(void)
{
}

void fst_os_fork_parent(void)
{
}

void fst_os_fork_child(void)
{
    fork_unseen = false;
    child_was_repaired = true;
}

bool fst_os_fork_unseen(void)
{
    return fork_unseen;
}

static void become_child(void)
{
    fake_threads_vanish();
    fake_locks_fork();
    fake_files_fork();
    pid++;
}

void fake_fork_as_parent(void)
{
    before_fork();
    after_fork_in_parent();
}

void fake_fork_as_child(void)
{
    child_was_repaired = false;
    before_fork();
    become_child();
    after_fork_in_child();
    if (!child_was_repaired)
        fake_violation("the child function", "did not call fst_os_fork_child");
}

void fake_clone_as_child(void)
{
    become_child();
    fork_unseen = true;
}

void fake_parent_exits(void)
{
    fake_locks_parent_exits(pid - 1);
    fake_files_parent_exits();
}
