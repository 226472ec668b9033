/* SPDX-License-Identifier: Apache-2.0 */
#include "at_fork.h"

#include "open_files.h"
#include "registry.h"

static fst_mutex mutex; /* guards all below; held during a fork */
static fst_fork_member *members;
static bool hooked;
static bool forking; /* between prepare and what follows it, in the parent and in the child */

/* In a raw clone two new threads may meet at their first call: one repairs, the other waits. */
static _Atomic bool repairing;

static void reset_all(void)
{
    fst_open_files_fork_child();
    fst_registry_fork_child();
    for (fst_fork_member *member = members; member != NULL; member = member->next)
        member->reset(member);
    forking = false;
    fst_mutex_reset(&mutex);
    fst_os_fork_child();
}

/* The fork may be the first that a raw clone calls. */
static void prepare(void)
{
    fst_at_fork_check();
    fst_mutex_lock(&mutex);
    fst_open_files_fork_prepare();
    fst_registry_fork_prepare();
    fst_os_fork_prepare();
    for (const fst_fork_member *member = members; member != NULL; member = member->next)
        if (member->mutex != NULL)
            fst_mutex_lock(member->mutex);
    forking = true;
}

static void parent(void)
{
    forking = false;
    for (const fst_fork_member *member = members; member != NULL; member = member->next)
        if (member->mutex != NULL)
            fst_mutex_unlock(member->mutex);
    fst_os_fork_parent();
    fst_registry_fork_parent();
    fst_open_files_fork_parent();
    fst_mutex_unlock(&mutex);
}

/* Another library's handler may have used a lock before us: then it is done already. */
static void child(void)
{
    if (forking)
        reset_all();
}

void fst_at_fork_repair(void)
{
    if (atomic_exchange(&repairing, true)) {
        while (fst_os_fork_unseen())
            fst_os_yield();
        return;
    }
    reset_all();
    atomic_store(&repairing, false);
}

static fasteners_status hook_locked(int *os_error)
{
    if (hooked)
        return FASTENERS_OK;
    fasteners_status status = fst_os_at_fork(prepare, parent, child, os_error);
    hooked = status == FASTENERS_OK;
    return status;
}

fasteners_status fst_at_fork_hook(int *os_error)
{
    fst_mutex_lock(&mutex);
    fasteners_status status = hook_locked(os_error);
    fst_mutex_unlock(&mutex);
    return status;
}

/*
 * Handlers that are registered first run last before a fork and first after it: so the program's
 * own handlers can use locks. A failure is reported by the first handle, which tries again.
 */
void fst_at_load(void)
{
    int ignored;

    (void)fst_at_fork_hook(&ignored);
}

fasteners_status fst_at_fork_add(fst_fork_member *member, void (*reset)(fst_fork_member *member),
                                 int *os_error)
{
    fst_mutex_lock(&mutex);
    fasteners_status status = hook_locked(os_error);
    if (status == FASTENERS_OK) {
        member->reset = reset;
        member->next = members;
        member->link = &members;
        if (members != NULL)
            members->link = &member->next;
        members = member;
    }
    fst_mutex_unlock(&mutex);
    return status;
}

void fst_at_fork_remove(fst_fork_member *member)
{
    fst_mutex_lock(&mutex);
    *member->link = member->next;
    if (member->next != NULL)
        member->next->link = member->link;
    fst_mutex_unlock(&mutex);
}
