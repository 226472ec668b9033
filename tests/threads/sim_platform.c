/* SPDX-License-Identifier: Apache-2.0 */

/* The system of a simulated run: as much of it as rw_lock wants. */

#include <stdlib.h>

#include "at_fork.h"
#include "platform.h"
#include "sim.h"

static _Thread_local void *at_end;

void *fst_os_alloc(size_t size)
{
    return calloc(1, size);
}

void fst_os_free(void *memory)
{
    free(memory);
}

int64_t fst_os_now(void)
{
    return sim_now();
}

uint64_t fst_os_thread_id(void)
{
    return (uint64_t)(uintptr_t)&at_end;
}

void fst_os_yield(void)
{
    sim_pause();
}

void fst_os_pause(void)
{
    sim_pause();
}

bool fst_os_park(const _Atomic uint32_t *word, uint32_t expected, int64_t deadline)
{
    return sim_park(word, expected, deadline);
}

void fst_os_unpark(const _Atomic uint32_t *word)
{
    sim_unpark(word);
}

fasteners_status fst_os_at_thread_end(void *argument, int *os_error)
{
    (void)os_error;
    at_end = argument;
    return FASTENERS_OK;
}

void sim_end_thread(void)
{
    if (at_end != NULL)
        fst_thread_ended(at_end);
    at_end = NULL;
}

bool fst_os_heavy_barrier_ready(void)
{
    return true;
}

void fst_os_heavy_barrier(void)
{
    sim_flush_all();
    sim_may_switch();
}

bool fst_os_checker_watches(void)
{
    return false;
}

void fst_os_note_acquire(const void *address)
{
    (void)address;
}

void fst_os_note_release(const void *address)
{
    (void)address;
}

void fst_os_note_private(const void *address, size_t size)
{
    (void)address;
    (void)size;
}

/* Nothing forks. */
bool fst_os_fork_unseen(void)
{
    return false;
}

void fst_at_fork_repair(void)
{
}

fasteners_status fst_at_fork_hook(int *os_error)
{
    (void)os_error;
    return FASTENERS_OK;
}

fasteners_status fst_at_fork_add(fst_fork_member *member, void (*reset)(fst_fork_member *member),
                                 int *os_error)
{
    member->reset = reset;
    (void)os_error;
    return FASTENERS_OK;
}

void fst_at_fork_remove(fst_fork_member *member)
{
    (void)member;
}
