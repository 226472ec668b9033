/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/locked_call.h>

#include "compiler.h"

#include <stddef.h>

/* What a call needs to know of the kind of lock. */
typedef struct lock_kind {
    fasteners_status (*acquire)(void *lock, int64_t timeout_ms);
    fasteners_status (*release)(void *lock);
} lock_kind;

/* Released when the stack is unwound. */
struct hold {
    const lock_kind *kind;
    void *lock; /* NULL: nothing is held, or the release is not ours any more */
};

static void end_hold(struct hold *self)
{
    if (self->lock != NULL)
        (void)self->kind->release(self->lock);
}

static fasteners_status call_under(const lock_kind *kind, void *lock, int64_t timeout_ms,
                                   fasteners_call_fn function, void *argument, fasteners_call *call)
{
    fasteners_call unwanted;
    FST_CLEANUP(end_hold) struct hold hold = {.kind = kind, .lock = NULL};

    if (call == NULL)
        call = &unwanted;
    call->called = false;
    if (function == NULL)
        return FASTENERS_INVALID;

    fasteners_status status = kind->acquire(lock, timeout_ms);
    if (status != FASTENERS_OK)
        return status;
    hold.lock = lock;
    call->called = true;
    call->result = function(argument);

    /* Not tried a second time: who is told that the release failed finds the lock held. */
    hold.lock = NULL;
    return kind->release(lock);
}

/* ------------------------------------------------------------------- the kinds of lock -- */

static fasteners_status acquire_ipc_lock(void *lock, int64_t timeout_ms)
{
    return fasteners_ipc_lock_acquire(lock, timeout_ms);
}

static fasteners_status release_ipc_lock(void *lock)
{
    return fasteners_ipc_lock_release(lock);
}

static fasteners_status acquire_ipc_read(void *lock, int64_t timeout_ms)
{
    return fasteners_ipc_rwlock_acquire_read(lock, timeout_ms);
}

static fasteners_status release_ipc_read(void *lock)
{
    return fasteners_ipc_rwlock_release_read(lock);
}

static fasteners_status acquire_ipc_write(void *lock, int64_t timeout_ms)
{
    return fasteners_ipc_rwlock_acquire_write(lock, timeout_ms);
}

static fasteners_status release_ipc_write(void *lock)
{
    return fasteners_ipc_rwlock_release_write(lock);
}

static fasteners_status acquire_rw_read(void *lock, int64_t timeout_ms)
{
    return fasteners_rw_lock_acquire_read(lock, timeout_ms);
}

static fasteners_status release_rw_read(void *lock)
{
    return fasteners_rw_lock_release_read(lock);
}

static fasteners_status acquire_rw_write(void *lock, int64_t timeout_ms)
{
    return fasteners_rw_lock_acquire_write(lock, timeout_ms);
}

static fasteners_status release_rw_write(void *lock)
{
    return fasteners_rw_lock_release_write(lock);
}

static const lock_kind ipc_lock = {acquire_ipc_lock, release_ipc_lock};
static const lock_kind ipc_read = {acquire_ipc_read, release_ipc_read};
static const lock_kind ipc_write = {acquire_ipc_write, release_ipc_write};
static const lock_kind rw_read = {acquire_rw_read, release_rw_read};
static const lock_kind rw_write = {acquire_rw_write, release_rw_write};

/* -------------------------------------------------------------------- a lock in hand -- */

fasteners_status fasteners_ipc_lock_call(fasteners_ipc_lock *lock, int64_t timeout_ms,
                                         fasteners_call_fn function, void *argument,
                                         fasteners_call *call)
{
    return call_under(&ipc_lock, lock, timeout_ms, function, argument, call);
}

fasteners_status fasteners_ipc_rwlock_call_read(fasteners_ipc_rwlock *lock, int64_t timeout_ms,
                                                fasteners_call_fn function, void *argument,
                                                fasteners_call *call)
{
    return call_under(&ipc_read, lock, timeout_ms, function, argument, call);
}

fasteners_status fasteners_ipc_rwlock_call_write(fasteners_ipc_rwlock *lock, int64_t timeout_ms,
                                                 fasteners_call_fn function, void *argument,
                                                 fasteners_call *call)
{
    return call_under(&ipc_write, lock, timeout_ms, function, argument, call);
}

fasteners_status fasteners_rw_lock_call_read(fasteners_rw_lock *lock, int64_t timeout_ms,
                                             fasteners_call_fn function, void *argument,
                                             fasteners_call *call)
{
    return call_under(&rw_read, lock, timeout_ms, function, argument, call);
}

fasteners_status fasteners_rw_lock_call_write(fasteners_rw_lock *lock, int64_t timeout_ms,
                                              fasteners_call_fn function, void *argument,
                                              fasteners_call *call)
{
    return call_under(&rw_write, lock, timeout_ms, function, argument, call);
}

/* ---------------------------------------------------------------- a lock by its path -- */

static void destroy_ipc_lock(fasteners_ipc_lock **lock)
{
    fasteners_ipc_lock_destroy(*lock);
}

static void destroy_ipc_rwlock(fasteners_ipc_rwlock **lock)
{
    fasteners_ipc_rwlock_destroy(*lock);
}

static void not_called(fasteners_call *call)
{
    if (call != NULL)
        call->called = false;
}

fasteners_status fasteners_ipc_locked(const char *path, const fasteners_ipc_options *options,
                                      int64_t timeout_ms, fasteners_call_fn function,
                                      void *argument, fasteners_call *call)
{
    FST_CLEANUP(destroy_ipc_lock) fasteners_ipc_lock *lock = NULL;
    fasteners_status status = fasteners_ipc_lock_create(&lock, path, options);

    not_called(call);
    return status == FASTENERS_OK
               ? call_under(&ipc_lock, lock, timeout_ms, function, argument, call)
               : status;
}

static fasteners_status rwlocked(const lock_kind *kind, const char *path,
                                 const fasteners_ipc_options *options, int64_t timeout_ms,
                                 fasteners_call_fn function, void *argument, fasteners_call *call)
{
    FST_CLEANUP(destroy_ipc_rwlock) fasteners_ipc_rwlock *lock = NULL;
    fasteners_status status = fasteners_ipc_rwlock_create(&lock, path, options);

    not_called(call);
    return status == FASTENERS_OK ? call_under(kind, lock, timeout_ms, function, argument, call)
                                  : status;
}

fasteners_status fasteners_ipc_read_locked(const char *path, const fasteners_ipc_options *options,
                                           int64_t timeout_ms, fasteners_call_fn function,
                                           void *argument, fasteners_call *call)
{
    return rwlocked(&ipc_read, path, options, timeout_ms, function, argument, call);
}

fasteners_status fasteners_ipc_write_locked(const char *path, const fasteners_ipc_options *options,
                                            int64_t timeout_ms, fasteners_call_fn function,
                                            void *argument, fasteners_call *call)
{
    return rwlocked(&ipc_write, path, options, timeout_ms, function, argument, call);
}
