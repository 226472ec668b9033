/* SPDX-License-Identifier: Apache-2.0 */
#include "open_files.h"

#include "ipc_holds.h"
#include "mutex.h"

/* A descriptor that must stay open until nobody in this process has the lock on its file. */
typedef struct fst_orphan {
    struct fst_orphan *next;
    fst_os_file os;
    fst_file_id id;
} fst_orphan;

static const int64_t FORK_PATIENCE_NS = FST_NS_PER_S;

/* What was closed behind our back and is another file of ours by now. */
static const fst_os_file NO_FILE = {.handle = -1};

static fst_mutex mutex;      /* guards all below */
static fst_open_file *files; /* every open file of this process */
static fst_orphan *orphans;  /* on systems whose locks belong to the process */
static uint64_t tickets;

/*
 * The gate between a fork and the files that are being opened or closed. Both are changed under
 * the mutex, but for the lowering of `transitions`, which a fork sleeps on without the mutex.
 */
static _Atomic uint32_t transitions; /* files being opened or closed */
static _Atomic uint32_t forking;     /* 1: no further one may begin */

static void begin_transition(void)
{
    fst_mutex_lock(&mutex);
    while (atomic_load(&forking) != 0) {
        fst_mutex_unlock(&mutex);
        fst_os_park(&forking, 1, FST_NEVER);
        fst_mutex_lock(&mutex);
    }
    atomic_fetch_add(&transitions, 1);
    fst_mutex_unlock(&mutex);
}

static void end_transition(void)
{
    atomic_fetch_sub(&transitions, 1);
    if (atomic_load(&forking) != 0)
        fst_os_unpark(&transitions);
}

static void set_forking(uint32_t value)
{
    fst_mutex_lock(&mutex);
    atomic_store(&forking, value);
    fst_mutex_unlock(&mutex);
}

void fst_open_files_fork_prepare(void)
{
    int64_t deadline = fst_os_now() + FORK_PATIENCE_NS;
    uint32_t count;

    set_forking(1);
    while ((count = atomic_load(&transitions)) != 0)
        if (!fst_os_park(&transitions, count, deadline))
            break;
    fst_mutex_lock(&mutex);
}

void fst_open_files_fork_parent(void)
{
    fst_mutex_unlock(&mutex);
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
    fst_open_file *file = files;
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
    files = NULL;
    orphans = NULL;
    atomic_store(&transitions, 0);
    atomic_store(&forking, 0);
    fst_mutex_reset(&mutex);
}

/*
 * A descriptor that is new to us cannot be an old one of ours, unless that one was closed by
 * others.
 */
static void disown_locked(fst_os_file os)
{
    for (fst_open_file *file = files; file != NULL; file = file->next)
        if (file->os.handle == os.handle)
            atomic_store_explicit(&file->stolen, true, memory_order_relaxed);
    for (fst_orphan *orphan = orphans; orphan != NULL; orphan = orphan->next)
        if (orphan->os.handle == os.handle)
            orphan->os = NO_FILE;
}

static void enter(fst_open_file *file, fst_orphan *orphan)
{
    fst_mutex_lock(&mutex);
    disown_locked(file->os);
    atomic_store_explicit(&file->stolen, false, memory_order_relaxed);
    file->is_open = true;
    file->is_proven = false;
    file->orphan = orphan;
    file->next = files;
    file->link = &files;
    if (files != NULL)
        files->link = &file->next;
    files = file;
    fst_mutex_unlock(&mutex);
}

static void wake_waiting_locked(fst_file_id id)
{
    for (const fst_open_file *file = files; file != NULL; file = file->next)
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
    wake_waiting_locked(file->id);
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
    begin_transition();
    fasteners_status status = perform(how, file, os_error);
    if (status == FASTENERS_OK)
        enter(file, orphan);
    end_transition();
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
    for (const fst_open_file *file = files; file != NULL; file = file->next)
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

/* Closes the orphans of a file, unless that would drop a lock that somebody here relies on. */
static void reap_locked(fst_file_id id, fst_report *report)
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
    reap_locked(file->id, report);
}

void fst_open_files_close(fst_open_file *file, fst_report *report)
{
    bool per_process = fst_os_locks_per_process();

    begin_transition();
    fst_mutex_lock(&mutex);
    leave_locked(file);
    let_go_if_stolen(file);
    if (per_process)
        make_orphan_locked(file, report);
    fst_mutex_unlock(&mutex);
    if (!per_process) {
        close_and_tell(file->os, file->id, report);
        fst_os_free(file->orphan);
        file->orphan = NULL;
    }
    end_transition();
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

    fst_mutex_lock(&mutex);
    for (fst_open_file *file = files; file != NULL && held != FST_HELD_EXCLUSIVE;
         file = file->next) {
        fst_held here = FST_NOT_HELD;
        if (file != except && fst_file_id_equal(file->id, id))
            here = how_held_by(file, thread);
        held = here > held ? here : held;
    }
    fst_mutex_unlock(&mutex);
    return held;
}

bool fst_open_files_held(fst_file_id id)
{
    bool held = false;

    fst_mutex_lock(&mutex);
    for (const fst_open_file *file = files; file != NULL && !held; file = file->next)
        held = fst_file_id_equal(file->id, id) && atomic_load(&file->holder) != 0;
    fst_mutex_unlock(&mutex);
    return held;
}

/* --------------------------------------------------------------------- reservations -- */

/*
 * Readers go together, but only with one who has the lock: of two who ask for it, one might leave
 * it to the other, who is just giving up. And who lets writers go first does not go past one who
 * upgrades.
 */
static bool goes_with(const fst_open_file *other, const fst_open_file *file)
{
    if (other->reserved_as != FST_SHARED || file->reserved_as != FST_SHARED)
        return false;
    return !other->reserved ||
           (atomic_load(&other->holder) != 0 && (!other->raises || file->passes));
}

/*
 * For systems whose locks belong to the process. A waiting file is passed over by nobody who does
 * not say so: whoever comes later finds it in the way.
 */
static bool in_the_way_locked(const fst_open_file *other, const fst_open_file *file)
{
    if (other == file || !fst_file_id_equal(other->id, file->id) || goes_with(other, file))
        return false;
    return other->reserved ||
           (other->waiting != NULL && other->ticket < file->ticket && !file->passes);
}

static bool reserve_locked(fst_open_file *file)
{
    for (const fst_open_file *other = files; other != NULL; other = other->next)
        if (in_the_way_locked(other, file))
            return false;
    file->reserved = true;
    return true;
}

static void ask_locked(fst_open_file *file, fst_lock_mode mode, bool passes)
{
    file->ticket = ++tickets;
    file->reserved_as = mode;
    file->passes = passes;
}

fasteners_status fst_open_files_try_reserve(fst_open_file *file, fst_lock_mode mode, bool passes)
{
    if (!fst_os_locks_per_process())
        return FASTENERS_OK;
    fst_mutex_lock(&mutex);
    ask_locked(file, mode, passes);
    bool reserved = reserve_locked(file);
    fst_mutex_unlock(&mutex);
    return reserved ? FASTENERS_OK : FASTENERS_BUSY;
}

static fasteners_status wait_for_reservation_locked(fst_open_file *file, fst_wait *wait,
                                                    int64_t until)
{
    fasteners_status status = FASTENERS_OK;

    while (!reserve_locked(file) && (status = fst_wait_status(wait)) == FASTENERS_OK) {
        if (fst_os_now() >= until)
            return FASTENERS_BUSY;
        fst_mutex_unlock(&mutex);
        fst_wait_sleep(wait, until);
        fst_mutex_lock(&mutex);
    }
    return status;
}

fasteners_status fst_open_files_reserve(fst_open_file *file, fst_lock_mode mode, bool passes,
                                        fst_wait *wait, int64_t until)
{
    if (!fst_os_locks_per_process())
        return FASTENERS_OK;
    fst_mutex_lock(&mutex);
    if (file->waiting == NULL)
        ask_locked(file, mode, passes);
    file->waiting = wait;
    fasteners_status status = wait_for_reservation_locked(file, wait, until);
    if (status != FASTENERS_BUSY) {
        file->waiting = NULL;
        wake_waiting_locked(file->id);
    }
    fst_mutex_unlock(&mutex);
    return status;
}

void fst_open_files_unreserve(fst_open_file *file, fst_report *report)
{
    if (!fst_os_locks_per_process())
        return;
    fst_mutex_lock(&mutex);
    file->reserved = false;
    file->raises = false;
    wake_waiting_locked(file->id);
    reap_locked(file->id, report);
    fst_mutex_unlock(&mutex);
}

static bool another_reserves_locked(const fst_open_file *file)
{
    for (const fst_open_file *other = files; other != NULL; other = other->next)
        if (other != file && other->reserved && fst_file_id_equal(other->id, file->id))
            return true;
    return false;
}

bool fst_open_files_leave(fst_open_file *file)
{
    if (!fst_os_locks_per_process())
        return false;
    fst_mutex_lock(&mutex);
    bool stays = another_reserves_locked(file);
    if (stays) {
        file->reserved = false;
        wake_waiting_locked(file->id);
    } else {
        file->reserved_as = FST_EXCLUSIVE; /* nobody is to join what is about to go */
    }
    fst_mutex_unlock(&mutex);
    return stays;
}

static bool another_raises_locked(const fst_open_file *file)
{
    for (const fst_open_file *other = files; other != NULL; other = other->next)
        if (other != file && other->raises && fst_file_id_equal(other->id, file->id))
            return true;
    return false;
}

fasteners_status fst_open_files_announce(fst_open_file *file)
{
    if (!fst_os_locks_per_process())
        return FASTENERS_OK;
    fst_mutex_lock(&mutex);
    bool refused = another_raises_locked(file);
    file->raises = !refused;
    fst_mutex_unlock(&mutex);
    return refused ? FASTENERS_WOULD_DEADLOCK : FASTENERS_OK;
}

fasteners_status fst_open_files_raise(fst_open_file *file)
{
    if (!fst_os_locks_per_process())
        return FASTENERS_OK;
    fst_mutex_lock(&mutex);
    bool busy = another_reserves_locked(file);
    if (!busy)
        file->reserved_as = FST_EXCLUSIVE;
    fst_mutex_unlock(&mutex);
    return busy ? FASTENERS_BUSY : FASTENERS_OK;
}

void fst_open_files_share(fst_open_file *file)
{
    if (!fst_os_locks_per_process())
        return;
    fst_mutex_lock(&mutex);
    file->raises = false;
    file->reserved_as = FST_SHARED;
    wake_waiting_locked(file->id);
    fst_mutex_unlock(&mutex);
}
