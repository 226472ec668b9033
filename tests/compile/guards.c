/* SPDX-License-Identifier: Apache-2.0 */

/* G5: good uses of guards, and mistakes: see mistakes.sh. */

#include <fasteners.h>

#ifndef MISTAKE
#define MISTAKE 0
#endif

int good(fasteners_ipc_lock *lock, fasteners_ipc_rwlock *rwlock, fasteners_rw_lock *threads);
int mistaken(fasteners_ipc_lock *lock, fasteners_ipc_rwlock *rwlock, fasteners_rw_lock *threads);

/* Several in a block, nested blocks, every way out: no warning, of shadowing, jumps or disuse. */
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
        if (inner.status != FASTENERS_OK)
            break;
        {
            FASTENERS_RW_WRITE_GUARD(innermost, threads, i);
            if (innermost.status != FASTENERS_OK)
                goto out;
        }
    }
    if (lock != NULL) {
        FASTENERS_IPC_WRITE_GUARD(writer, rwlock, 10);
        return writer.status == FASTENERS_OK ? 0 : 2;
    }
out:
    return fasteners_ipc_guard_release(&ipc) == FASTENERS_OK ? 0 : 3;
}

int mistaken(fasteners_ipc_lock *lock, fasteners_ipc_rwlock *rwlock, fasteners_rw_lock *threads)
{
    FASTENERS_IPC_GUARD(ipc, lock, 10);
    FASTENERS_IPC_READ_GUARD(reader, rwlock, 10);
    FASTENERS_IPC_WRITE_GUARD(writer, rwlock, 10);
    FASTENERS_RW_READ_GUARD(thread_reader, threads, 10);
    FASTENERS_RW_WRITE_GUARD(thread_writer, threads, 10);
    if (ipc.status != FASTENERS_OK || reader.status != FASTENERS_OK ||
        writer.status != FASTENERS_OK || thread_reader.status != FASTENERS_OK ||
        thread_writer.status != FASTENERS_OK)
        return 1;

#if MISTAKE == 1 /* incompatible */
    FASTENERS_IPC_GUARD(of_another_object, rwlock, 10);
    return of_another_object.status != FASTENERS_OK;
#endif
#if MISTAKE == 2 /* incompatible */
    FASTENERS_RW_READ_GUARD(of_another_object, rwlock, 10);
    return of_another_object.status != FASTENERS_OK;
#endif
#if MISTAKE == 3 /* incompatible */
    return fasteners_ipc_write_guard_release(&reader) != FASTENERS_OK;
#endif
#if MISTAKE == 4 /* incompatible */
    return fasteners_rw_read_guard_release(&thread_writer) != FASTENERS_OK;
#endif
#if MISTAKE == 5 /* incompatible */
    return fasteners_ipc_guard_release(&writer) != FASTENERS_OK;
#endif
#if MISTAKE == 6 /* incompatible */
    writer = reader;
#endif
#if MISTAKE == 7 /* incompatible */
    thread_reader = thread_writer;
#endif
#if MISTAKE == 8 /* incompatible */
    return fasteners_ipc_guard_release(lock) != FASTENERS_OK;
#endif
#if MISTAKE == 9 /* incompatible */
    return fasteners_ipc_lock_release(&ipc) != FASTENERS_OK;
#endif
#if MISTAKE == 10 /* unused|ignoring return value */
    fasteners_ipc_guard_acquire(lock, 10);
#endif
#if MISTAKE == 11 /* clang: unused variable 'never_looked_at' */
    FASTENERS_IPC_GUARD(never_looked_at, lock, 10);
#endif
#if MISTAKE == 12 /* jump skips|cannot jump */
    if (lock == NULL)
        goto out;
    FASTENERS_IPC_GUARD(jumped_over, lock, 10);
    if (jumped_over.status != FASTENERS_OK)
        return 2;
out:
#endif
#if MISTAKE == 13 /* unused|ignoring return value */
    fasteners_ipc_lock_call(lock, 10, NULL, NULL, NULL);
#endif
    return 0;
}
