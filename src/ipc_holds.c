/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc_holds.h"

#include "wait.h"

fst_ipc_hold *fst_ipc_holds_find_locked(fst_ipc_holds *holds, uint64_t thread)
{
    for (fst_ipc_holds_block *block = &holds->first; block != NULL; block = block->next)
        for (int i = 0; i < FST_IPC_HOLDS_BLOCK; i++)
            if (block->hold[i].thread == thread)
                return &block->hold[i];
    return NULL;
}

static fst_ipc_holds_block *last_block(fst_ipc_holds *holds)
{
    fst_ipc_holds_block *block = &holds->first;

    while (block->next != NULL)
        block = block->next;
    return block;
}

fst_ipc_hold *fst_ipc_holds_add_locked(fst_ipc_holds *holds, uint64_t thread)
{
    fst_ipc_hold *hold;

    while ((hold = fst_ipc_holds_find_locked(holds, 0)) == NULL) {
        fst_mutex_unlock(&holds->mutex);
        fst_ipc_holds_block *more = fst_os_alloc(sizeof(*more));
        fst_mutex_lock(&holds->mutex);
        if (more == NULL)
            return NULL;
        last_block(holds)->next = more;
    }
    *hold = (fst_ipc_hold){.thread = thread};
    return hold;
}

bool fst_ipc_holds_in_group(fst_ipc_holds *holds, uint64_t thread)
{
    fst_mutex_lock(&holds->mutex);
    const fst_ipc_hold *hold = fst_ipc_holds_find_locked(holds, thread);
    bool is_in = hold != NULL && hold->reads != 0 && !hold->by_writing;
    fst_mutex_unlock(&holds->mutex);
    return is_in;
}

/* All fibers of the thread that forked go on in the child. */
static bool is_being_made(const fst_ipc_hold *hold, uint64_t thread)
{
    return (hold->thread == thread || (hold->thread & FST_FIBER) != 0) && hold->reads == 0 &&
           hold->writes == 0;
}

void fst_ipc_holds_reset(fst_ipc_holds *holds)
{
    uint64_t me = fst_os_thread_id();

    for (fst_ipc_holds_block *block = &holds->first; block != NULL; block = block->next)
        for (int i = 0; i < FST_IPC_HOLDS_BLOCK; i++)
            if (!is_being_made(&block->hold[i], me))
                fst_ipc_holds_remove_locked(&block->hold[i]);
    fst_mutex_reset(&holds->mutex);
}

void fst_ipc_holds_free(fst_ipc_holds *holds)
{
    fst_ipc_holds_block *block = holds->first.next;

    while (block != NULL) {
        fst_ipc_holds_block *next = block->next;
        fst_os_free(block);
        block = next;
    }
}
