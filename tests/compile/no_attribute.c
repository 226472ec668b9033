/* SPDX-License-Identifier: Apache-2.0 */

/* A compiler without the attribute `cleanup` has the functions, and no macro that does not work. */

/* The compiler's own headers know one compiler only. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#undef __GNUC__
#include <fasteners/guard.h>

#if defined(FASTENERS_IPC_GUARD) || defined(FASTENERS_IPC_READ_GUARD) ||                           \
    defined(FASTENERS_IPC_WRITE_GUARD) || defined(FASTENERS_RW_READ_GUARD) ||                      \
    defined(FASTENERS_RW_WRITE_GUARD)
#error "a guard that is never released"
#endif

int use(fasteners_ipc_lock *lock);

int use(fasteners_ipc_lock *lock)
{
    fasteners_ipc_guard guard = fasteners_ipc_guard_acquire(lock, FASTENERS_NO_WAIT);

    if (guard.status != FASTENERS_OK)
        return 1;
    return fasteners_ipc_guard_release(&guard) == FASTENERS_OK ? 0 : 2;
}
