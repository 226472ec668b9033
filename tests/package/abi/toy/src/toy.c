/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "ipc_rwlock.h"

fasteners_status fasteners_ipc_rwlock_create(fasteners_ipc_rwlock **lock,
                                             const fasteners_ipc_options *options)
{
    *lock = calloc(1, sizeof(**lock));
    return *lock != NULL && options->first == 0 ? FASTENERS_OK : FASTENERS_BUSY;
}

#ifdef PARAMETER_CHANGED
void fasteners_ipc_rwlock_destroy(int lock)
{
    (void)lock;
}
#else
void fasteners_ipc_rwlock_destroy(fasteners_ipc_rwlock *lock)
{
    free(lock);
}
#endif

#ifndef FUNCTION_REMOVED
void fasteners_rw_lock_destroy(fasteners_rw_lock *lock)
{
    lock->word = 0;
}
#endif

#ifdef FUNCTION_ADDED
int fasteners_rw_lock_added(const fasteners_rw_lock *lock)
{
    return lock->word != 0;
}
#endif
