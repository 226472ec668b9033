/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STRESS_HANDLES_H
#define TESTS_STRESS_HANDLES_H

/*
 * A handle of either object for one path, with options at random. While a thread gives up a handle
 * of its own, others may be about to cancel its waits: `exists` is for these two.
 */

#include <pthread.h>

#include <fasteners.h>

#include "arena.h"

typedef struct handle {
    int path;
    bool is_rw;
    fasteners_ipc_lock *lock; /* one of the two, or none */
    fasteners_ipc_rwlock *rwlock;
    pthread_mutex_t exists;
    _Atomic uint32_t cancels_begun, cancels_ended;
} handle;

/* What is asked of a handle; of a mere lock, everything is EXCLUSIVELY. */
typedef enum manner { EXCLUSIVELY, FOR_READING, FOR_WRITING } manner;

void handle_init(handle *h, int path);

fasteners_status handle_create(handle *h, const arena *in, dice *by);
void handle_destroy(handle *h);
bool handle_is_there(const handle *h);

fasteners_status handle_acquire(handle *h, manner how, int64_t timeout_ms);
fasteners_status handle_release(handle *h, manner how);
fasteners_status handle_check(handle *h);
fasteners_status handle_holders(handle *h, fasteners_holder *holders, size_t limit, size_t *count);
bool handle_is_held(const handle *h);
bool handle_was_abandoned(const handle *h);
uint64_t handle_generation(const handle *h);
int handle_os_error(const handle *h);

/* Of any thread's handle. */
void handle_cancel(handle *h);

#endif
