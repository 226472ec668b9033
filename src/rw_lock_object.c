/* SPDX-License-Identifier: Apache-2.0 */

/* Making and ending a lock, and what can be asked about it. */

#include <string.h>

#include "at_fork.h"
#include "rw_fibers.h"
#include "rw_lock.h"

/* ------------------------------------------------------------------------ init, destroy -- */

/*
 * Sizes as in options.c: a longer struct is fine as long as it asks for nothing that is unknown
 * here.
 */
static bool copy_known(fasteners_rw_lock_options *ours, const fasteners_rw_lock_options *theirs)
{
    const unsigned char *bytes = (const unsigned char *)theirs;

    if (theirs->size < sizeof(theirs->size))
        return false;
    for (size_t i = sizeof(*ours); i < theirs->size; i++)
        if (bytes[i] != 0)
            return false;
    memcpy(ours, theirs, theirs->size < sizeof(*ours) ? theirs->size : sizeof(*ours));
    return ours->preference <= FASTENERS_PREFER_PHASE_FAIR;
}

static uint32_t flags_of(uint32_t preference)
{
    if (preference == FASTENERS_PREFER_READERS)
        return FST_READERS_FIRST;
    return preference == FASTENERS_PREFER_PHASE_FAIR ? FST_PHASE_FAIR : 0;
}

static fasteners_status init_for_fibers(fasteners_rw_lock *opaque,
                                        const fasteners_rw_lock_options *options)
{
    fst_fibers *fibers;
    fasteners_status status = fst_fibers_create(options, &fibers);

    if (status != FASTENERS_OK)
        return status;
    *opaque = (fasteners_rw_lock)FASTENERS_RW_LOCK_INIT;
    fst_rw_of(opaque)->fibers = fibers;
    fst_rw_of(opaque)->word = FST_FOR_FIBERS;
    return FASTENERS_OK;
}

fasteners_status fasteners_rw_lock_init(fasteners_rw_lock *opaque,
                                        const fasteners_rw_lock_options *options)
{
    fasteners_rw_lock_options known = {0};
    fst_rw_settings *settings = NULL;

    if (opaque == NULL || (options != NULL && !copy_known(&known, options)))
        return FASTENERS_INVALID;
    if (fst_fibers_are_asked_for(&known))
        return init_for_fibers(opaque, &known);
    if (known.log != NULL) {
        settings = fst_os_alloc(sizeof(*settings));
        if (settings == NULL)
            return FASTENERS_NO_MEMORY;
        *settings = (fst_rw_settings){.log = known.log, .log_user = known.log_user};
    }
    *opaque = (fasteners_rw_lock)FASTENERS_RW_LOCK_INIT;
    fst_rw_of(opaque)->settings = settings;
    fst_rw_of(opaque)->flags = flags_of(known.preference);
    return FASTENERS_OK;
}

static bool is_queued_for(fst_rw *lock)
{
    fst_mutex_lock(&lock->mutex);
    bool queued = fst_queue_first(&lock->queue) != NULL;
    fst_mutex_unlock(&lock->mutex);
    return queued;
}

/* A write acquire that does not wait, and is not undone. */
static bool take_for_good(fst_rw_call *call)
{
    fst_rw *lock = call->lock;
    uint64_t before;

    fst_rw_bury(call);
    if (is_queued_for(lock) || fst_is_read(lock, call->me) ||
        !fst_rw_take_word(lock, call->me, 0, 0, false, &before))
        return false;
    fasteners_status status = fst_rw_drain(call, before, 0);
    if (status != FASTENERS_OK && status != FASTENERS_LOST)
        fst_rw_pass_on(lock, call->me, false);
    return status == FASTENERS_OK;
}

/* In this order: the child of a fork never finds a lock whose inside is gone. */
static fasteners_status destroy_for_fibers(fasteners_rw_lock *opaque, fst_fibers *fibers)
{
    if (fst_fibers_are_in(fibers))
        return FASTENERS_BUSY;
    *opaque = (fasteners_rw_lock)FASTENERS_RW_LOCK_INIT;
    fst_fibers_destroy(fibers);
    return FASTENERS_OK;
}

fasteners_status fasteners_rw_lock_destroy(fasteners_rw_lock *opaque)
{
    fst_rw_call call = {.lock = fst_rw_of(opaque), .wait.timeout_ms = FASTENERS_NO_WAIT};
    fasteners_status status;

    if (opaque == NULL)
        return FASTENERS_INVALID;
    if (fst_rw_fibers(call.lock) != NULL)
        return destroy_for_fibers(opaque, call.lock->fibers);
    fst_at_fork_check();
    call.me = fst_record_self(&status);
    if (call.me == NULL)
        return status;
    if (fst_hold_find(call.me, call.lock).slot != NULL)
        return FASTENERS_BUSY;
    call.me->busy_on = (uintptr_t)opaque;
    bool taken = take_for_good(&call);
    if (taken) {
        /* In this order, as above. */
        fst_rw_settings *settings = call.lock->settings;
        *opaque = (fasteners_rw_lock)FASTENERS_RW_LOCK_INIT;
        fst_os_free(settings);
    }
    call.me->busy_on = 0;
    fst_rw_tell(&call);
    return taken ? FASTENERS_OK : FASTENERS_BUSY;
}

/* ----------------------------------------------------------------------------- questions -- */

bool fasteners_rw_lock_is_reader(const fasteners_rw_lock *opaque)
{
    fst_record *me = fst_record_if_any();

    if (opaque != NULL && fst_rw_fibers(fst_rw_of(opaque)) != NULL)
        return fst_fibers_is_reader(fst_rw_fibers(fst_rw_of(opaque)));
    return opaque != NULL && me != NULL && fst_hold_find(me, fst_rw_of(opaque)).slot != NULL;
}

bool fasteners_rw_lock_is_writer(const fasteners_rw_lock *opaque, bool check_pending)
{
    const fst_rw *lock = fst_rw_of(opaque);
    const fst_record *me = fst_record_if_any();

    if (lock != NULL && fst_rw_fibers(lock) != NULL)
        return fst_fibers_is_writer(fst_rw_fibers(lock), check_pending);
    if (lock == NULL || me == NULL)
        return false;
    return fst_rw_is_mine(lock, me) ||
           (check_pending && me->pending_write && me->busy_on == (uintptr_t)lock);
}

bool fasteners_rw_lock_has_pending_writers(const fasteners_rw_lock *opaque)
{
    fst_rw *lock = fst_rw_of(opaque);
    fasteners_status status;

    if (lock == NULL)
        return false;
    if (fst_rw_fibers(lock) != NULL)
        return fst_fibers_has_pending_writers(fst_rw_fibers(lock));
    fst_at_fork_check();
    uint64_t word = fst_rw_word(lock);
    if ((word & FST_WRITER) != 0 && (word & (FST_DRAIN | FST_UPGRADE)) != 0 &&
        fst_record_is_alive(word))
        return true;
    fst_record *me = fst_record_self(&status);
    if (me == NULL)
        return false;
    me->busy_on = (uintptr_t)lock;
    fst_mutex_lock(&lock->mutex);
    bool pending = fst_queue_has_writer(&lock->queue);
    fst_mutex_unlock(&lock->mutex);
    me->busy_on = 0;
    return pending;
}

fasteners_rw_owner fasteners_rw_lock_owner(const fasteners_rw_lock *opaque)
{
    const fst_rw *lock = fst_rw_of(opaque);

    if (lock == NULL)
        return FASTENERS_OWNER_NONE;
    if (fst_rw_fibers(lock) != NULL)
        return fst_fibers_owner(fst_rw_fibers(lock));
    fst_at_fork_check();
    uint64_t word = fst_rw_word(lock);
    bool taken = (word & FST_WRITER) != 0;
    /* A thread that has taken the word is the writer when the readers have gone, not before. */
    if (taken && fst_record_is_alive(word) && fst_rw_is_owned_by(lock, word))
        return FASTENERS_OWNER_WRITER;
    if (!taken && word / FST_ONE > 0)
        return FASTENERS_OWNER_READER;
    return fst_is_read(lock, NULL) ? FASTENERS_OWNER_READER : FASTENERS_OWNER_NONE;
}

bool fasteners_rw_lock_was_abandoned(const fasteners_rw_lock *opaque)
{
    const fst_rw *lock = fst_rw_of(opaque);

    if (lock != NULL && fst_rw_fibers(lock) != NULL)
        return fst_fibers_was_abandoned(fst_rw_fibers(lock));
    return lock != NULL && (fst_rw_flags(lock) & FST_ABANDONED) != 0;
}

/* Only the writer changes the flag, and its release looks at it. */
void fst_rw_set_unheard(fasteners_rw_lock *opaque, bool unheard)
{
    fst_rw *lock = fst_rw_of(opaque);

    if (fst_rw_fibers(lock) != NULL)
        fst_fibers_set_unheard(fst_rw_fibers(lock), unheard);
    else if (unheard && (fst_rw_flags(lock) & FST_ABANDONED) != 0)
        atomic_fetch_or(&lock->flags, FST_UNHEARD);
    else if ((fst_rw_flags(lock) & FST_UNHEARD) != 0)
        atomic_fetch_and(&lock->flags, ~(uint32_t)FST_UNHEARD);
}

/* -------------------------------------------------------------------------------- fibers -- */

fasteners_status fasteners_rw_lock_fiber_ended(fasteners_rw_lock *opaque, void *fiber)
{
    if (opaque == NULL || fiber == NULL || fst_rw_fibers(fst_rw_of(opaque)) == NULL)
        return FASTENERS_INVALID;
    return fst_fibers_abandon(fst_rw_fibers(fst_rw_of(opaque)), fiber);
}
