/* SPDX-License-Identifier: Apache-2.0 */

/* The same in C++, where the types are told apart by more than warnings. */

#include <fasteners.h>

#ifndef MISTAKE
#define MISTAKE 0
#endif

int good(fasteners_ipc_lock *lock, fasteners_ipc_rwlock *rwlock, fasteners_rw_lock *threads);
int mistaken(fasteners_ipc_lock *lock, fasteners_ipc_rwlock *rwlock, fasteners_rw_lock *threads);

int good(fasteners_ipc_lock *lock, fasteners_ipc_rwlock *rwlock, fasteners_rw_lock *threads)
{
    FASTENERS_IPC_GUARD(ipc, lock, 10);
    FASTENERS_IPC_READ_GUARD(reader, rwlock, FASTENERS_FOREVER);
    if (ipc.status != FASTENERS_OK || reader.status != FASTENERS_OK)
        return 1;
    for (int i = 0; i < 3; i++) {
        FASTENERS_RW_READ_GUARD(inner, threads, FASTENERS_NO_WAIT);
        if (inner.status == FASTENERS_BUSY)
            continue;
        FASTENERS_RW_WRITE_GUARD(innermost, threads, i);
        if (innermost.status != FASTENERS_OK)
            goto out;
    }
out:
    return fasteners_ipc_guard_release(&ipc) == FASTENERS_OK ? 0 : 3;
}

int mistaken(fasteners_ipc_lock *lock, fasteners_ipc_rwlock *rwlock, fasteners_rw_lock *threads)
{
    FASTENERS_IPC_READ_GUARD(reader, rwlock, 10);
    FASTENERS_RW_WRITE_GUARD(thread_writer, threads, 10);
    if (lock == nullptr || reader.status != FASTENERS_OK || thread_writer.status != FASTENERS_OK)
        return 1;

#if MISTAKE == 1 /* cannot convert|no matching function */
    FASTENERS_IPC_GUARD(of_another_object, rwlock, 10);
    return of_another_object.status != FASTENERS_OK;
#endif
#if MISTAKE == 2 /* cannot convert|no matching function */
    return fasteners_ipc_write_guard_release(&reader) != FASTENERS_OK;
#endif
#if MISTAKE == 3 /* cannot convert|no matching function */
    return fasteners_rw_read_guard_release(&thread_writer) != FASTENERS_OK;
#endif
#if MISTAKE == 4 /* conversion|no viable|no known conversion */
    fasteners_rw_read_guard copied = thread_writer;
    return copied.status != FASTENERS_OK;
#endif
#if MISTAKE == 5 /* jump to label|cannot jump */
    if (lock == nullptr)
        goto out;
    FASTENERS_IPC_GUARD(jumped_over, lock, 10);
    if (jumped_over.status != FASTENERS_OK)
        return 2;
out:
#endif
    return 0;
}
