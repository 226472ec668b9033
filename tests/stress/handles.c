/* SPDX-License-Identifier: Apache-2.0 */
#include "handles.h"

void handle_init(handle *h, int path)
{
    *h = (handle){.path = path};
    pthread_mutex_init(&h->exists, NULL);
}

static fasteners_ipc_options some_options(path_class class, dice *by)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    options.fair = one_in(by, 3);
    options.mode = one_in(by, 4) ? 0666 : 0;
    options.record_owner = class == RECORDED;
    options.unlink_on_release = class == REMOVED;
    if (one_in(by, 8)) {
        options.delay_ms = 1;
        options.max_delay_ms = 3;
    }
    return options;
}

static uint32_t some_preference(dice *by)
{
    static const uint32_t preferences[] = {0, FASTENERS_PREFER_READERS, FASTENERS_PREFER_WRITERS,
                                           FASTENERS_PREFER_WRITERS};

    return preferences[throw_dice(by, 4)];
}

fasteners_status handle_create(handle *h, const arena *in, dice *by)
{
    fasteners_ipc_options options = some_options(class_of(h->path), by);
    char name[PATH_LENGTH];
    fasteners_status status;

    arena_lock_path(in, h->path, name);
    h->is_rw = throw_dice(by, 3) != 0;
    if (h->is_rw)
        options.preference = some_preference(by);
    pthread_mutex_lock(&h->exists);
    if (h->is_rw)
        status = fasteners_ipc_rwlock_create(&h->rwlock, name, &options);
    else
        status = fasteners_ipc_lock_create(&h->lock, name, &options);
    pthread_mutex_unlock(&h->exists);
    return status;
}

void handle_destroy(handle *h)
{
    pthread_mutex_lock(&h->exists);
    fasteners_ipc_lock_destroy(h->lock);
    fasteners_ipc_rwlock_destroy(h->rwlock);
    h->lock = NULL;
    h->rwlock = NULL;
    pthread_mutex_unlock(&h->exists);
}

bool handle_is_there(const handle *h)
{
    return h->lock != NULL || h->rwlock != NULL;
}

fasteners_status handle_acquire(handle *h, manner how, int64_t timeout_ms)
{
    if (!h->is_rw)
        return fasteners_ipc_lock_acquire(h->lock, timeout_ms);
    return how == FOR_READING ? fasteners_ipc_rwlock_acquire_read(h->rwlock, timeout_ms)
                              : fasteners_ipc_rwlock_acquire_write(h->rwlock, timeout_ms);
}

fasteners_status handle_release(handle *h, manner how)
{
    if (!h->is_rw)
        return fasteners_ipc_lock_release(h->lock);
    return how == FOR_READING ? fasteners_ipc_rwlock_release_read(h->rwlock)
                              : fasteners_ipc_rwlock_release_write(h->rwlock);
}

fasteners_status handle_check(handle *h)
{
    return h->is_rw ? fasteners_ipc_rwlock_check(h->rwlock) : fasteners_ipc_lock_check(h->lock);
}

fasteners_status handle_holders(handle *h, fasteners_holder *holders, size_t limit, size_t *count)
{
    return h->is_rw ? fasteners_ipc_rwlock_holders(h->rwlock, holders, limit, count)
                    : fasteners_ipc_lock_holders(h->lock, holders, limit, count);
}

bool handle_is_held(const handle *h)
{
    return h->is_rw ? fasteners_ipc_rwlock_is_held(h->rwlock) : fasteners_ipc_lock_is_held(h->lock);
}

bool handle_was_abandoned(const handle *h)
{
    return h->is_rw ? fasteners_ipc_rwlock_was_abandoned(h->rwlock)
                    : fasteners_ipc_lock_was_abandoned(h->lock);
}

uint64_t handle_generation(const handle *h)
{
    return h->is_rw ? fasteners_ipc_rwlock_generation(h->rwlock)
                    : fasteners_ipc_lock_generation(h->lock);
}

int handle_os_error(const handle *h)
{
    return h->is_rw ? fasteners_ipc_rwlock_os_error(h->rwlock)
                    : fasteners_ipc_lock_os_error(h->lock);
}

void handle_cancel(handle *h)
{
    pthread_mutex_lock(&h->exists);
    atomic_fetch_add(&h->cancels_begun, 1);
    fasteners_ipc_lock_cancel(h->lock);
    fasteners_ipc_rwlock_cancel(h->rwlock);
    atomic_fetch_add(&h->cancels_ended, 1);
    pthread_mutex_unlock(&h->exists);
}
