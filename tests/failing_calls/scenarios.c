/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 5000, IMPATIENCE_MS = 2, PAUSE_NS = 1000000 };

/* ------------------------------------------------------------------------ preparations -- */

static void make_lock(scene *s)
{
    assert_int_equal(fasteners_ipc_lock_create(&s->lock, s->path, &s->options), FASTENERS_OK);
}

static void make_lock_below_missing_directories(scene *s)
{
    (void)snprintf(s->path, sizeof(s->path), "%s/new/newer/lock", s->directory);
    make_lock(s);
}

static void make_lock_with_mode(scene *s)
{
    s->options.mode = 0640;
    make_lock(s);
}

static void make_used_lock(scene *s)
{
    make_lock(s);
    assert_int_equal(fasteners_ipc_lock_acquire(s->lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(s->lock), FASTENERS_OK);
}

static void make_held_lock(scene *s)
{
    make_lock(s);
    assert_int_equal(fasteners_ipc_lock_acquire(s->lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    s->writes = true;
}

static void make_fair_lock(scene *s)
{
    s->options.fair = true;
    make_used_lock(s);
}

static void make_recording_lock(scene *s)
{
    s->options.record_owner = true;
    make_used_lock(s);
}

static void make_held_recording_lock(scene *s)
{
    s->options.record_owner = true;
    make_held_lock(s);
}

static void make_held_unlinking_lock(scene *s)
{
    s->options.unlink_on_release = true;
    make_held_lock(s);
}

static void replace_the_file(scene *s)
{
    char name[600];

    make_used_lock(s);
    (void)snprintf(name, sizeof(name), "%s.new", s->path);
    FILE *file = fopen(name, "we");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(name, s->path), 0);
}

static void take_by_other(scene *s)
{
    assert_int_equal(fasteners_ipc_lock_create(&s->other, s->path, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire(s->other, FASTENERS_NO_WAIT), FASTENERS_OK);
}

static void make_contended_lock(scene *s)
{
    make_lock(s);
    take_by_other(s);
}

static void make_rwlock(scene *s)
{
    assert_int_equal(fasteners_ipc_rwlock_create(&s->rwlock, s->path, &s->options), FASTENERS_OK);
}

static void make_polite_rwlock(scene *s)
{
    s->options.preference = FASTENERS_PREFER_WRITERS;
    make_rwlock(s);
}

static void make_contended_rwlock(scene *s)
{
    make_polite_rwlock(s);
    take_by_other(s);
}

static void make_read_rwlock(scene *s)
{
    make_rwlock(s);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(s->rwlock, FASTENERS_NO_WAIT), FASTENERS_OK);
    s->reads = true;
}

static void make_written_rwlock(scene *s)
{
    s->options.record_owner = true;
    make_rwlock(s);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write(s->rwlock, FASTENERS_NO_WAIT),
                     FASTENERS_OK);
    s->writes = true;
}

/* ----------------------------------------------------------------------------- actions -- */

static void acquire(scene *s)
{
    s->status = fasteners_ipc_lock_acquire(s->lock, FASTENERS_NO_WAIT);
}

static void acquire_impatiently(scene *s)
{
    s->status = fasteners_ipc_lock_acquire(s->lock, IMPATIENCE_MS);
}

static void *acquire_patiently(void *argument)
{
    scene *s = argument;

    s->status = fasteners_ipc_lock_acquire(s->lock, PATIENCE_MS);
    /* Another thread cannot give it back. */
    if (s->status == FASTENERS_OK && fasteners_ipc_lock_release(s->lock) != FASTENERS_OK)
        (void)fasteners_ipc_lock_release(s->lock);
    return NULL;
}

/* Whether the thread stands in the kernel's queue by then, polls or has failed, is all the same. */
static void acquire_after_a_wait(scene *s)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    pthread_t waiter;

    if (pthread_create(&waiter, NULL, acquire_patiently, s) != 0) {
        s->status = FASTENERS_OS_ERROR; /* this very call was to fail */
        return;
    }
    nanosleep(&pause, NULL);
    while (fasteners_ipc_lock_release(s->other) != FASTENERS_OK &&
           fasteners_ipc_lock_is_held(s->other))
        continue;
    assert_int_equal(pthread_join(waiter, NULL), 0);
}

static void release(scene *s)
{
    s->status = fasteners_ipc_lock_release(s->lock);
}

static void check(scene *s)
{
    s->status = fasteners_ipc_lock_check(s->lock);
}

static void ask_for_the_holder(scene *s)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;

    s->status = fasteners_ipc_lock_holder(s->lock, &holder);
}

static void probe(scene *s)
{
    s->status = fasteners_ipc_probe(s->directory, NULL);
}

static void read_lock(scene *s)
{
    s->status = fasteners_ipc_rwlock_acquire_read(s->rwlock, FASTENERS_NO_WAIT);
}

static void read_impatiently(scene *s)
{
    s->status = fasteners_ipc_rwlock_acquire_read(s->rwlock, IMPATIENCE_MS);
}

static void write_lock(scene *s)
{
    s->status = fasteners_ipc_rwlock_acquire_write(s->rwlock, FASTENERS_NO_WAIT);
}

static void upgrade(scene *s)
{
    s->status = fasteners_ipc_rwlock_upgrade(s->rwlock, IMPATIENCE_MS);
}

static void downgrade(scene *s)
{
    s->status = fasteners_ipc_rwlock_downgrade(s->rwlock);
}

static void release_read(scene *s)
{
    s->status = fasteners_ipc_rwlock_release_read(s->rwlock);
}

static void release_write(scene *s)
{
    s->status = fasteners_ipc_rwlock_release_write(s->rwlock);
}

/* ------------------------------------------------------------------ what is held after -- */

static const char *what_it_got(const scene *s, const char *got)
{
    if (s->status == FASTENERS_OK)
        return got;
    return s->writes ? "w" : s->reads ? "r" : "";
}

static const char *nothing(const scene *s)
{
    (void)s;
    return "";
}

static const char *write_if_ok(const scene *s)
{
    return what_it_got(s, "w");
}

static const char *read_if_ok(const scene *s)
{
    return what_it_got(s, "r");
}

static const char *as_before(const scene *s)
{
    return s->writes ? "w" : s->reads ? "r" : "";
}

/* A descriptor that seems to be gone took the lock with it. */
static const char *nothing_if_released(const scene *s)
{
    return s->status == FASTENERS_LOST ? "" : what_it_got(s, "");
}

const scenario scenarios[] = {
    {"acquire", make_lock, acquire, write_if_ok},
    {"acquire below missing directories", make_lock_below_missing_directories, acquire,
     write_if_ok},
    {"acquire with a mode", make_lock_with_mode, acquire, write_if_ok},
    {"acquire again", make_used_lock, acquire, write_if_ok},
    {"acquire fairly", make_fair_lock, acquire, write_if_ok},
    {"acquire on record", make_recording_lock, acquire, write_if_ok},
    {"acquire a replaced file", replace_the_file, acquire, write_if_ok},
    {"acquire in vain", make_contended_lock, acquire_impatiently, nothing},
    {"acquire after a wait", make_contended_lock, acquire_after_a_wait, nothing},
    {"release", make_held_lock, release, nothing_if_released},
    {"release on record", make_held_recording_lock, release, nothing_if_released},
    {"release and unlink", make_held_unlinking_lock, release, nothing_if_released},
    {"check", make_held_lock, check, as_before},
    {"holder", make_contended_lock, ask_for_the_holder, nothing},
    {"probe", make_lock, probe, nothing},
    {"read", make_rwlock, read_lock, read_if_ok},
    {"read politely", make_polite_rwlock, read_lock, read_if_ok},
    {"read in vain", make_contended_rwlock, read_impatiently, nothing},
    {"write", make_rwlock, write_lock, write_if_ok},
    {"write politely", make_polite_rwlock, write_lock, write_if_ok},
    {"upgrade", make_read_rwlock, upgrade, write_if_ok},
    {"downgrade", make_written_rwlock, downgrade, read_if_ok},
    {"release a read", make_read_rwlock, release_read, nothing_if_released},
    {"release a write", make_written_rwlock, release_write, nothing_if_released},
};

const size_t scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);
