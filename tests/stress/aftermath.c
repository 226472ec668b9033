/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "aftermath.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <fasteners.h>

#include "monitor.h"

static bool is_gone(const char *name)
{
    return access(name, F_OK) != 0 && errno == ENOENT;
}

static bool is_ok(const char *name, const char *call, fasteners_status status)
{
    if (status != FASTENERS_OK)
        printf("everybody is dead, but %s of %s: %s\n", call, name, fasteners_status_name(status));
    return status == FASTENERS_OK;
}

static void note_grant(const identity *me, int path, const fasteners_ipc_lock *lock)
{
    if (class_of(path) == RECORDED)
        monitor_grant(me, path, fasteners_ipc_lock_generation(lock),
                      fasteners_ipc_lock_was_abandoned(lock));
}

static bool release(const identity *me, int path, fasteners_ipc_lock *lock, const char *name)
{
    uint64_t generation = class_of(path) == RECORDED ? monitor_release(me, path) : 0;

    if (!is_ok(name, "release", fasteners_ipc_lock_release(lock)))
        return false;
    if (generation != 0)
        monitor_released(me, path, generation);
    if (class_of(path) != REMOVED || is_gone(name))
        return true;
    printf("%s was not removed on release\n", name);
    return false;
}

static bool lock_and_release(arena *in, int path, fasteners_ipc_lock *lock, const char *name)
{
    const identity me = {.arena = in};

    if (!is_ok(name, "acquire", fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT)))
        return false;
    note_grant(&me, path, lock);
    return release(&me, path, lock, name);
}

bool aftermath_is_right(arena *in, int path)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;
    char name[PATH_LENGTH];

    options.fair = true;
    options.record_owner = class_of(path) == RECORDED;
    options.unlink_on_release = class_of(path) == REMOVED;
    arena_lock_path(in, path, name);
    bool right = is_ok(name, "create", fasteners_ipc_lock_create(&lock, name, &options)) &&
                 lock_and_release(in, path, lock, name);
    fasteners_ipc_lock_destroy(lock);
    return right;
}
