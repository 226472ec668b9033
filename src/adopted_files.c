/* SPDX-License-Identifier: Apache-2.0 */
#include "open_files_parts.h"

/*
 * Descriptors of the program's. Several of them, as made by dup(2), can be one open file, which has
 * its locks in common, and so can the two lock files of an ipc_rwlock: they are one pool.
 */

static uint64_t last_pool = FST_PROCESS_POOL; /* guarded by the mutex of the table */

static bool is_candidate(const fst_open_file *file, const fst_adopted *adopted)
{
    return file->is_adopted && fst_file_id_equal(file->id, adopted->id) &&
           !atomic_load_explicit(&file->stolen, memory_order_relaxed);
}

/* *pool: that of the same open file; 0 if there is none. */
static fasteners_status find_pool_locked(const fst_adopted *adopted, uint64_t *pool, int *os_error)
{
    bool same = false;

    *pool = 0;
    for (const fst_open_file *file = fst_open_files_first; file != NULL; file = file->next) {
        if (!is_candidate(file, adopted))
            continue;
        fasteners_status status = fst_os_file_is_same(file->os, adopted->os, &same, os_error);
        if (status != FASTENERS_OK)
            return status;
        if (same)
            *pool = file->pool;
    }
    return FASTENERS_OK;
}

static fasteners_status adopt_locked(fst_open_file *file, const fst_adopted *adopted, int *os_error)
{
    uint64_t pool = FST_PROCESS_POOL;
    fasteners_status status = FASTENERS_OK;

    if (!fst_os_locks_per_process())
        status = find_pool_locked(adopted, &pool, os_error);
    if (status != FASTENERS_OK)
        return status;
    file->pool = pool != 0 ? pool : ++last_pool;
    file->is_adopted = true;
    file->os = adopted->os;
    file->id = adopted->id;
    fst_open_files_enter_locked(file);
    return FASTENERS_OK;
}

fasteners_status fst_open_files_adopt(fst_open_file *file, const fst_adopted *adopted,
                                      int *os_error)
{
    fst_open_files_begin_transition();
    fst_mutex_lock(&fst_open_files_mutex);
    fasteners_status status = adopt_locked(file, adopted, os_error);
    fst_mutex_unlock(&fst_open_files_mutex);
    fst_open_files_end_transition();
    return status;
}

uint64_t fst_open_files_pool_of(const fst_adopted *adopted)
{
    uint64_t pool = FST_PROCESS_POOL;
    int ignored;

    if (fst_os_locks_per_process())
        return pool;
    fst_mutex_lock(&fst_open_files_mutex);
    if (find_pool_locked(adopted, &pool, &ignored) != FASTENERS_OK)
        pool = 0;
    fst_mutex_unlock(&fst_open_files_mutex);
    return pool;
}
