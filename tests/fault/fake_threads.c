/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_internal.h"

/* What rw_lock wants of a system beside all that: here, as little as the contract allows. */

void fst_os_pause(void)
{
}

fasteners_status fst_os_at_thread_end(void *argument, int *os_error)
{
    (void)argument;
    (void)os_error;
    return FASTENERS_OK;
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

void fst_os_note_private(const void *memory, size_t size)
{
    (void)memory;
    (void)size;
}

bool fst_os_heavy_barrier_ready(void)
{
    return false;
}

void fst_os_heavy_barrier(void)
{
}
