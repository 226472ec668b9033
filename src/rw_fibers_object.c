/* SPDX-License-Identifier: Apache-2.0 */

/* Making and ending a lock for fibers, what it can be asked, and fibers that end. */

#include "annotate.h"
#include "rw_fibers.h"

/* ------------------------------------------------------------------- create, destroy -- */

bool fst_fibers_are_asked_for(const fasteners_rw_lock_options *options)
{
    return options->current != NULL || options->wait != NULL || options->wake != NULL;
}

/*
 * The mutex was taken for the fork. All else is as it was, in the child as in the parent: the
 * fibers, and what schedules them, were copied too.
 */
static void reset_after_fork(fst_fork_member *member)
{
    fst_mutex_reset(member->mutex);
}

fasteners_status fst_fibers_create(const fasteners_rw_lock_options *options, fst_fibers **lock)
{
    int ignored;

    if (options->current == NULL || options->wait == NULL || options->wake == NULL)
        return FASTENERS_INVALID;
    fst_fibers *made = fst_os_alloc(sizeof(*made));
    if (made == NULL)
        return FASTENERS_NO_MEMORY;
    made->hooks =
        (fst_fiber_hooks){options->current, options->wait, options->wake, options->hooks_user};
    made->log = options->log;
    made->log_user = options->log_user;
    made->preference = options->preference;
    made->fork.mutex = &made->mutex;
    fasteners_status status = fst_at_fork_add(&made->fork, reset_after_fork, &ignored);
    if (status != FASTENERS_OK)
        fst_os_free(made);
    else
        *lock = made;
    return status;
}

bool fst_fibers_are_in(fst_fibers *lock)
{
    return fst_fibers_owner(lock) != FASTENERS_OWNER_NONE;
}

void fst_fibers_destroy(fst_fibers *lock)
{
    fst_at_fork_remove(&lock->fork);
    while (lock->spare != NULL) {
        fst_fiber_hold *spare = lock->spare;
        lock->spare = spare->next;
        fst_os_free(spare);
    }
    fst_os_free(lock);
}

/* -------------------------------------------------------------------------- questions -- */

/* What the calling fiber holds: a copy; nothing if there is no such fiber. */
static fst_fiber_hold hold_of_caller(fst_fibers *lock, bool *waits_to_write)
{
    fst_fiber_hold copy = {0};

    fst_at_fork_check();
    const void *fiber = lock->hooks.current(lock->hooks.user);
    fst_mutex_lock(&lock->mutex);
    const fst_fiber_hold *hold = fst_fibers_find_locked(lock, fiber);
    const fst_fiber_waiter *waiter = fst_fibers_find_waiter_locked(lock, fiber);
    if (hold != NULL)
        copy = *hold;
    *waits_to_write = waiter != NULL && waiter->waiter.kind != FST_READER_WAITS;
    fst_mutex_unlock(&lock->mutex);
    return copy;
}

bool fst_fibers_is_reader(fst_fibers *lock)
{
    bool ignored;

    return hold_of_caller(lock, &ignored).reads > 0;
}

bool fst_fibers_is_writer(fst_fibers *lock, bool check_pending)
{
    bool pending;

    return hold_of_caller(lock, &pending).writes > 0 || (check_pending && pending);
}

bool fst_fibers_has_pending_writers(fst_fibers *lock)
{
    fst_at_fork_check();
    fst_mutex_lock(&lock->mutex);
    bool pending = fst_queue_has_writer(&lock->queue);
    fst_mutex_unlock(&lock->mutex);
    return pending;
}

fasteners_rw_owner fst_fibers_owner(fst_fibers *lock)
{
    fasteners_rw_owner owner = FASTENERS_OWNER_NONE;

    fst_at_fork_check();
    fst_mutex_lock(&lock->mutex);
    if (lock->writer != NULL)
        owner = FASTENERS_OWNER_WRITER;
    else if (lock->readers > 0)
        owner = FASTENERS_OWNER_READER;
    fst_mutex_unlock(&lock->mutex);
    return owner;
}

bool fst_fibers_was_abandoned(fst_fibers *lock)
{
    fst_at_fork_check();
    fst_mutex_lock(&lock->mutex);
    bool abandoned = lock->abandoned;
    fst_mutex_unlock(&lock->mutex);
    return abandoned;
}

void fst_fibers_set_unheard(fst_fibers *lock, bool unheard)
{
    fst_mutex_lock(&lock->mutex);
    lock->unheard = unheard;
    fst_mutex_unlock(&lock->mutex);
}

/* ---------------------------------------------------------------------- fibers that end -- */

/* Where the fiber was, and what was found of it. */
typedef struct ended {
    const void *fiber;
    bool waited, read, wrote;
    fasteners_log_fn log; /* the lock's: it may be gone when it is told */
    void *log_user;
} ended;

static void give_back_locked(fst_fibers *lock, ended *it, fst_fiber_wakes *wakes)
{
    fst_fiber_waiter *waiter = fst_fibers_find_waiter_locked(lock, it->fiber);
    fst_fiber_hold *hold = fst_fibers_find_locked(lock, it->fiber);

    it->waited = waiter != NULL;
    if (waiter != NULL)
        fst_fibers_leave_queue_locked(lock, waiter, wakes);
    if (hold == NULL)
        return;
    it->read = hold->reads > 0;
    it->wrote = hold->writes > 0;
    while (hold->reads > 0)
        fst_fibers_drop_read_locked(lock, hold);
    while (hold->writes > 0)
        fst_fibers_drop_write_locked(lock, hold);
    lock->abandoned |= it->wrote;
    /* What the fiber did goes before what the next ones do, as far as the caller has seen it. */
    if (it->wrote)
        fst_note_write_released(lock);
    if (it->read)
        fst_note_read_released(lock);
    fst_fibers_settle_locked(lock, hold, it->wrote, wakes);
}

static void tell(const ended *it)
{
    if (it->log == NULL)
        return;
    if (it->read)
        it->log(it->log_user, FASTENERS_LOG_WARNING,
                "a fiber ended while it held the lock for reading");
    if (it->wrote)
        it->log(it->log_user, FASTENERS_LOG_WARNING,
                "a fiber ended while it held the lock for writing");
}

fasteners_status fst_fibers_abandon(fst_fibers *lock, void *fiber)
{
    ended it = {.fiber = fiber, .log = lock->log, .log_user = lock->log_user};
    fst_fiber_wakes wakes = fst_fiber_no_wakes(lock);

    fst_at_fork_check();
    fst_mutex_lock(&lock->mutex);
    give_back_locked(lock, &it, &wakes);
    fst_mutex_unlock(&lock->mutex);
    fst_fibers_send(&wakes);
    tell(&it);
    return it.waited || it.read || it.wrote ? FASTENERS_OK : FASTENERS_NOT_OWNER;
}
