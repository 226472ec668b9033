/* SPDX-License-Identifier: Apache-2.0 */
#include "open_files_parts.h"

#include "ipc_holds.h"

/* A descriptor that must stay open until nobody in this process has the lock on its file. */
typedef struct fst_orphan {
    struct fst_orphan *next;
    fst_os_file os;
    fst_file_id id;
} fst_orphan;

static const int64_t FORK_PATIENCE_NS = FST_NS_PER_S;

/* What was closed behind our back and is another file of ours by now. */
static const fst_os_file NO_FILE = {.handle = -1};

fst_mutex fst_open_files_mutex;
fst_open_file *fst_open_files_first;
static fst_orphan *orphans; /* on systems whose locks belong to the process */

/*
 * The gate between a fork and the files that are being opened or closed. Both are changed under
 * the mutex, but for the lowering of `transitions`, which a fork sleeps on without the mutex.
 */
static _Atomic uint32_t transitions; /* files being opened or closed */
static _Atomic uint32_t forking;     /* 1: no further one may begin */

void fst_open_files_begin_transition(void)
{
    fst_mutex_lock(&fst_open_files_mutex);
    while (atomic_load(&forking) != 0) {
        fst_mutex_unlock(&fst_open_files_mutex);
        fst_os_park(&forking, 1, FST_NEVER);
        fst_mutex_lock(&fst_open_files_mutex);
    }
    atomic_fetch_add(&transitions, 1);
    fst_mutex_unlock(&fst_open_files_mutex);
}

void fst_open_files_end_transition(void)
{
    atomic_fetch_sub(&transitions, 1);
    if (atomic_load(&forking) != 0)
        fst_os_unpark(&transitions);
}

static void set_forking(uint32_t value)
{
    fst_mutex_lock(&fst_open_files_mutex);
    atomic_store(&forking, value);
    fst_mutex_unlock(&fst_open_files_mutex);
}

void fst_open_files_fork_prepare(void)
{
    int64_t deadline = fst_os_now() + FORK_PATIENCE_NS;
    uint32_t count;

    set_forking(1);
    while ((count = atomic_load(&transitions)) != 0)
        if (!fst_os_park(&transitions, count, deadline))
            break;
    fst_mutex_lock(&fst_open_files_mutex);
}

void fst_open_files_fork_parent(void)
{
    fst_mutex_unlock(&fst_open_files_mutex);
    set_forking(0);
    fst_os_unpark(&forking);
}

/*
 * A number that the program closed behind our back may be a stranger's file by now: not ours to
 * close.
 */
static fasteners_status close_if_ours(fst_os_file os, fst_file_id id, int *os_error)
{
    fst_file_id found;
    fasteners_status status = fst_os_file_id(os, &found, os_error);

    if (status == FASTENERS_LOST || (status == FASTENERS_OK && !fst_file_id_equal(found, id)))
        return FASTENERS_OK;
    return fst_os_file_close(os, os_error);
}

/* Before it is closed: a descriptor that is not ours is not touched. */
static void let_go_if_stolen(fst_open_file *file)
{
    if (atomic_load_explicit(&file->stolen, memory_order_relaxed))
        file->os = NO_FILE;
}

static void forget(fst_open_file *file)
{
    int ignored;

    let_go_if_stolen(file);
    if (!file->is_adopted)
        close_if_ours(file->os, file->id, &ignored);
    atomic_store_explicit(&file->holder, 0, memory_order_relaxed);
    file->is_open = false;
    file->reserved = false;
    file->raises = false;
    file->waiting = NULL;
    fst_os_free(file->orphan);
    file->orphan = NULL;
}

void fst_open_files_fork_child(void)
{
    fst_open_file *file = fst_open_files_first;
    fst_orphan *orphan = orphans;
    int ignored;

    while (file != NULL) {
        fst_open_file *next = file->next;
        forget(file);
        file = next;
    }
    while (orphan != NULL) {
        fst_orphan *next = orphan->next;
        close_if_ours(orphan->os, orphan->id, &ignored);
        fst_os_free(orphan);
        orphan = next;
    }
    fst_open_files_first = NULL;
    orphans = NULL;
    atomic_store(&transitions, 0);
    atomic_store(&forking, 0);
    fst_mutex_reset(&fst_open_files_mutex);
}

static bool is_given_twice(const fst_open_file *file, const fst_open_file *newcomer)
{
    return file->is_adopted && newcomer->is_adopted && fst_file_id_equal(file->id, newcomer->id);
}

/*
 * A descriptor that is new to us cannot be an old one of ours, unless that one was closed by
 * others. The program may have given us its own twice.
 */
static void disown_locked(const fst_open_file *newcomer)
{
    intptr_t handle = newcomer->os.handle;

    for (fst_open_file *file = fst_open_files_first; file != NULL; file = file->next)
        if (file->os.handle == handle && !is_given_twice(file, newcomer))
            atomic_store_explicit(&file->stolen, true, memory_order_relaxed);
    for (fst_orphan *orphan = orphans; orphan != NULL; orphan = orphan->next)
        if (orphan->os.handle == handle)
            orphan->os = NO_FILE;
}

void fst_open_files_enter_locked(fst_open_file *file)
{
    disown_locked(file);
    atomic_store_explicit(&file->stolen, false, memory_order_relaxed);
    file->is_open = true;
    file->is_proven = false;
    file->next = fst_open_files_first;
    file->link = &fst_open_files_first;
    if (fst_open_files_first != NULL)
        fst_open_files_first->link = &file->next;
    fst_open_files_first = file;
}

static void enter(fst_open_file *file, fst_orphan *orphan)
{
    fst_mutex_lock(&fst_open_files_mutex);
    file->is_adopted = false;
    file->pool = fst_os_locks_per_process() ? FST_PROCESS_POOL : 0;
    file->orphan = orphan;
    fst_open_files_enter_locked(file);
    fst_mutex_unlock(&fst_open_files_mutex);
}

void fst_open_files_wake_locked(fst_file_id id)
{
    for (const fst_open_file *file = fst_open_files_first; file != NULL; file = file->next)
        if (file->waiting != NULL && fst_file_id_equal(file->id, id))
            fst_wait_send(file->waiting, FST_SIGNAL_WAKE);
}

static void leave_locked(fst_open_file *file)
{
    *file->link = file->next;
    if (file->next != NULL)
        file->next->link = file->link;
    file->is_open = false;
    file->reserved = false;
    file->raises = false;
    file->waiting = NULL;
    fst_open_files_wake_locked(file->id);
}

/* What opens or creates the file; which of them, the caller knows. */
typedef struct opening {
    const char *path;
    fst_access access;
    bool creates;
    uint32_t mode;
    bool follow_symlinks;
} opening;

static fasteners_status perform(const opening *how, fst_open_file *file, int *os_error)
{
    if (how->creates)
        return fst_os_file_create(how->path, how->mode, how->follow_symlinks, &file->os, &file->id,
                                  os_error);
    return fst_os_file_open(how->path, how->access, how->follow_symlinks, &file->os, &file->id,
                            os_error);
}

static fasteners_status perform_and_enter(const opening *how, fst_open_file *file, int *os_error)
{
    fst_orphan *orphan = fst_os_alloc(sizeof(*orphan));

    if (orphan == NULL) {
        *os_error = 0;
        return FASTENERS_NO_MEMORY;
    }
    fst_open_files_begin_transition();
    fasteners_status status = perform(how, file, os_error);
    if (status == FASTENERS_OK)
        enter(file, orphan);
    fst_open_files_end_transition();
    if (status != FASTENERS_OK)
        fst_os_free(orphan);
    return status;
}

fasteners_status fst_open_files_open(fst_open_file *file, const char *path, fst_access access,
                                     bool follow_symlinks, int *os_error)
{
    const opening how = {.path = path, .access = access, .follow_symlinks = follow_symlinks};

    return perform_and_enter(&how, file, os_error);
}

fasteners_status fst_open_files_create(fst_open_file *file, const char *path, uint32_t mode,
                                       bool follow_symlinks, int *os_error)
{
    const opening how = {
        .path = path, .creates = true, .mode = mode, .follow_symlinks = follow_symlinks};

    return perform_and_enter(&how, file, os_error);
}

static bool is_reserved_locked(fst_file_id id)
{
    for (const fst_open_file *file = fst_open_files_first; file != NULL; file = file->next)
        if (file->reserved && fst_file_id_equal(file->id, id))
            return true;
    return false;
}

static void close_and_tell(fst_os_file os, fst_file_id id, fst_report *report)
{
    int os_error = 0;

    if (close_if_ours(os, id, &os_error) == FASTENERS_OK)
        return;
    report->close_failed = true;
    report->close_error = os_error;
}

void fst_open_files_reap_locked(fst_file_id id, fst_report *report)
{
    fst_orphan **link = &orphans;

    if (is_reserved_locked(id))
        return;
    while (*link != NULL) {
        fst_orphan *orphan = *link;
        if (!fst_file_id_equal(orphan->id, id)) {
            link = &orphan->next;
            continue;
        }
        *link = orphan->next;
        close_and_tell(orphan->os, orphan->id, report);
        fst_os_free(orphan);
    }
}

static void make_orphan_locked(fst_open_file *file, fst_report *report)
{
    *file->orphan = (fst_orphan){.next = orphans, .os = file->os, .id = file->id};
    orphans = file->orphan;
    file->orphan = NULL;
    fst_open_files_reap_locked(file->id, report);
}

/* Under the mutex where closing drops locks: the next reservation must not come in between. */
static void part_with_locked(fst_open_file *file, fst_report *report)
{
    leave_locked(file);
    let_go_if_stolen(file);
    if (file->pool == FST_PROCESS_POOL && !file->is_adopted)
        make_orphan_locked(file, report);
}

void fst_open_files_close(fst_open_file *file, fst_report *report)
{
    fst_open_files_begin_transition();
    fst_mutex_lock(&fst_open_files_mutex);
    part_with_locked(file, report);
    fst_mutex_unlock(&fst_open_files_mutex);
    if (file->pool == 0) {
        close_and_tell(file->os, file->id, report);
        fst_os_free(file->orphan);
        file->orphan = NULL;
    }
    fst_open_files_end_transition();
}

static fst_held how_held_by(fst_open_file *file, uint64_t thread)
{
    uint64_t holder = atomic_load(&file->holder);

    if (holder == FST_GROUP)
        return fst_ipc_holds_in_group(file->group, thread) ? FST_HELD_SHARED : FST_NOT_HELD;
    if (holder != thread)
        return FST_NOT_HELD;
    return atomic_load(&file->shared) ? FST_HELD_SHARED : FST_HELD_EXCLUSIVE;
}

fst_held fst_open_files_held_by(fst_file_id id, uint64_t thread, const fst_open_file *except)
{
    fst_held held = FST_NOT_HELD;

    fst_mutex_lock(&fst_open_files_mutex);
    for (fst_open_file *file = fst_open_files_first; file != NULL && held != FST_HELD_EXCLUSIVE;
         file = file->next) {
        fst_held here = FST_NOT_HELD;
        if (file != except && fst_file_id_equal(file->id, id))
            here = how_held_by(file, thread);
        held = here > held ? here : held;
    }
    fst_mutex_unlock(&fst_open_files_mutex);
    return held;
}

fst_held fst_open_files_held(fst_file_id id, uint64_t pool)
{
    fst_held held = FST_NOT_HELD;

    fst_mutex_lock(&fst_open_files_mutex);
    for (const fst_open_file *file = fst_open_files_first;
         file != NULL && held != FST_HELD_EXCLUSIVE; file = file->next)
        if (fst_file_id_equal(file->id, id) && file->pool == pool &&
            atomic_load(&file->holder) != 0)
            held = atomic_load(&file->shared) ? FST_HELD_SHARED : FST_HELD_EXCLUSIVE;
    fst_mutex_unlock(&fst_open_files_mutex);
    return held;
}
