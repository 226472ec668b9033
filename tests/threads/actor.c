/* SPDX-License-Identifier: Apache-2.0 */
#include "actor.h"

#include <time.h>

#include "../support/patience.h"
#include "hooked.h"
#include "rw_lock.h"

int act(fasteners_rw_lock *lock, actor_call call, int64_t timeout_ms)
{
    switch (call) {
    case ACQUIRE_READ:
        return (int)fasteners_rw_lock_acquire_read(lock, timeout_ms);
    case ACQUIRE_WRITE:
        return (int)fasteners_rw_lock_acquire_write(lock, timeout_ms);
    case RELEASE_READ:
        return (int)fasteners_rw_lock_release_read(lock);
    case RELEASE_WRITE:
        return (int)fasteners_rw_lock_release_write(lock);
    case UPGRADE:
        return (int)fasteners_rw_lock_upgrade(lock, timeout_ms);
    case DOWNGRADE:
        return (int)fasteners_rw_lock_downgrade(lock);
    case IS_READER:
        return fasteners_rw_lock_is_reader(lock);
    case IS_WRITER:
        return fasteners_rw_lock_is_writer(lock, false);
    case HAS_PENDING_WRITERS:
        return fasteners_rw_lock_has_pending_writers(lock);
    case DESTROY:
        return (int)fasteners_rw_lock_destroy(lock);
    case END:
        break;
    }
    return FASTENERS_OK;
}

static actor_call next_call(actor *self)
{
    pthread_mutex_lock(&self->mutex);
    while (!self->has_call)
        pthread_cond_wait(&self->changed, &self->mutex);
    self->has_call = false;
    pthread_mutex_unlock(&self->mutex);
    return self->call;
}

static void *body(void *argument)
{
    actor *self = argument;
    actor_call call;

    do {
        call = next_call(self);
        int result = act(self->lock, call, self->timeout_ms);
        pthread_mutex_lock(&self->mutex);
        self->result = result;
        pthread_cond_broadcast(&self->changed);
        pthread_mutex_unlock(&self->mutex);
    } while (call != END);
    return NULL;
}

void actor_start(actor *self)
{
    pthread_mutex_init(&self->mutex, NULL);
    pthread_cond_init(&self->changed, NULL);
    self->has_call = false;
    pthread_create(&self->thread, NULL, body, self);
}

void actor_begin(actor *self, fasteners_rw_lock *lock, actor_call call, int64_t timeout_ms)
{
    pthread_mutex_lock(&self->mutex);
    self->lock = lock;
    self->call = call;
    self->timeout_ms = timeout_ms;
    self->result = NOT_YET;
    self->has_call = true;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->mutex);
}

int actor_finish(actor *self)
{
    struct timespec until;
    int error = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(test_patience_ms() / 1000);
    pthread_mutex_lock(&self->mutex);
    while (self->result == NOT_YET && error == 0)
        error = pthread_cond_timedwait(&self->changed, &self->mutex, &until);
    int result = self->result;
    pthread_mutex_unlock(&self->mutex);
    return result;
}

int actor_do(actor *self, fasteners_rw_lock *lock, actor_call call, int64_t timeout_ms)
{
    actor_begin(self, lock, call, timeout_ms);
    return actor_finish(self);
}

bool actor_is_waiting(actor *self)
{
    pthread_mutex_lock(&self->mutex);
    bool waiting = self->result == NOT_YET;
    pthread_mutex_unlock(&self->mutex);
    return waiting;
}

void actor_end(actor *self)
{
    actor_begin(self, NULL, END, 0);
    pthread_join(self->thread, NULL);
    pthread_mutex_destroy(&self->mutex);
    pthread_cond_destroy(&self->changed);
}

int waiters_of(fasteners_rw_lock *opaque)
{
    fst_rw *lock = fst_rw_of(opaque);
    int count = (fst_rw_word(lock) & FST_WRITER) != 0 &&
                (fst_rw_word(lock) & (FST_DRAIN | FST_UPGRADE)) != 0;

    fst_mutex_lock(mutex_of(opaque));
    const fst_waiter *last = queue_of(opaque)->last, *member = last;
    while (member != NULL) {
        count++;
        member = member->next != last ? member->next : NULL;
    }
    fst_mutex_unlock(mutex_of(opaque));
    return count;
}

bool has_upgrader(fasteners_rw_lock *opaque)
{
    fst_rw *lock = fst_rw_of(opaque);
    uint64_t word = fst_rw_word(lock);

    fst_mutex_lock(mutex_of(opaque));
    const fst_waiter *first = fst_queue_first(queue_of(opaque));
    bool queued = first != NULL && first->kind == FST_UPGRADER_WAITS;
    fst_mutex_unlock(mutex_of(opaque));
    return queued || ((word & FST_WRITER) != 0 && (word & FST_UPGRADE) != 0);
}

typedef struct crowd {
    fasteners_rw_lock *lock;
    int size;
} crowd;

static bool has_gathered(void *argument)
{
    const crowd *self = argument;

    return waiters_of(self->lock) == self->size;
}

bool wait_for_waiters(fasteners_rw_lock *lock, int count)
{
    crowd wanted = {.lock = lock, .size = count};

    return test_wait_until(has_gathered, &wanted);
}

static bool one_has_finished(void *argument)
{
    actor *const *self = argument;

    while (*self != NULL)
        if (!actor_is_waiting(*self++))
            return true;
    return false;
}

actor *actor_first(actor *const *actors)
{
    if (!test_wait_until(one_has_finished, (void *)(uintptr_t)actors))
        return NULL;
    while (actor_is_waiting(*actors))
        actors++;
    return *actors;
}
