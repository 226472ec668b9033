/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's commands for reader-writer locks. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <fasteners.h>

#include "agent_command.h"
#include "patience.h"
#include "proc_info.h"
#include "rw_record.h"

#define MAX_LOCKS 16

#ifdef _WIN32
#define CANNOT_UPGRADE true
#else
#define CANNOT_UPGRADE false
#endif

typedef struct named_rwlock {
    char id[32];
    fasteners_ipc_rwlock *lock;
} named_rwlock;

static named_rwlock locks[MAX_LOCKS];

static named_rwlock *find(const char *id)
{
    for (named_rwlock *entry = locks; entry < locks + MAX_LOCKS; entry++)
        if (strcmp(entry->id, id) == 0)
            return entry;
    return NULL;
}

static fasteners_ipc_rwlock *named(const agent_words *words, agent_reply *reply)
{
    named_rwlock *entry = find(words->word[1]);

    if (entry == NULL)
        agent_say(reply, "no such lock: %s", words->word[1]);
    return entry != NULL ? entry->lock : NULL;
}

static void say_status(agent_reply *reply, fasteners_status status)
{
    agent_say(reply, "%s", fasteners_status_name(status));
}

static void run_create(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    named_rwlock *entry = find("");

    if (entry == NULL) {
        agent_say(reply, "too many locks");
        return;
    }
    for (int i = 3; i < words->count; i++) {
        if (strcmp(words->word[i], "writers") == 0)
            options.preference = FASTENERS_PREFER_WRITERS;
        options.fair |= strcmp(words->word[i], "fair") == 0;
        options.unlink_on_release |= strcmp(words->word[i], "unlink") == 0;
        options.record_owner |= strcmp(words->word[i], "record") == 0;
        if (strncmp(words->word[i], "delay=", 6) == 0)
            options.delay_ms = agent_number_of(words->word[i] + 6);
    }
    const char *place = words->word[2];
    fasteners_status status =
        strncmp(place, "fd:", 3) == 0
            ? fasteners_ipc_rwlock_create_from_fd(&entry->lock,
                                                  (intptr_t)agent_number_of(place + 3), &options)
            : fasteners_ipc_rwlock_create(&entry->lock, place, &options);
    if (status == FASTENERS_OK)
        snprintf(entry->id, sizeof(entry->id), "%s", words->word[1]);
    say_status(reply, status);
}

static void run_destroy(const agent_words *words, agent_reply *reply)
{
    named_rwlock *entry = find(words->word[1]);

    if (named(words, reply) == NULL)
        return;
    fasteners_ipc_rwlock_destroy(entry->lock);
    *entry = (named_rwlock){0};
    agent_say(reply, "OK");
}

typedef fasteners_status (*timed_call)(fasteners_ipc_rwlock *lock, int64_t timeout_ms);
typedef fasteners_status (*plain_call)(fasteners_ipc_rwlock *lock);

static void run_timed(timed_call call, const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_rwlock *lock = named(words, reply);
    int64_t start = test_now();

    if (lock == NULL)
        return;
    note_call_begins(fasteners_ipc_rwlock_path(lock));
    fasteners_status status = call(lock, agent_number_of(words->word[2]));
    note_call_ends(fasteners_ipc_rwlock_path(lock));
    agent_say(reply, "%s %" PRId64, fasteners_status_name(status), test_now() - start);
}

static void run_plain(plain_call call, const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_rwlock *lock = named(words, reply);

    if (lock != NULL)
        say_status(reply, call(lock));
}

static void run_read(const agent_words *words, agent_reply *reply)
{
    run_timed(fasteners_ipc_rwlock_acquire_read, words, reply);
}

static void run_write(const agent_words *words, agent_reply *reply)
{
    run_timed(fasteners_ipc_rwlock_acquire_write, words, reply);
}

static void run_upgrade(const agent_words *words, agent_reply *reply)
{
    run_timed(fasteners_ipc_rwlock_upgrade, words, reply);
}

static void run_unread(const agent_words *words, agent_reply *reply)
{
    run_plain(fasteners_ipc_rwlock_release_read, words, reply);
}

static void run_unwrite(const agent_words *words, agent_reply *reply)
{
    run_plain(fasteners_ipc_rwlock_release_write, words, reply);
}

static void run_downgrade(const agent_words *words, agent_reply *reply)
{
    run_plain(fasteners_ipc_rwlock_downgrade, words, reply);
}

static void run_check(const agent_words *words, agent_reply *reply)
{
    run_plain(fasteners_ipc_rwlock_check, words, reply);
}

static void run_cancel(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_rwlock *lock = named(words, reply);

    if (lock == NULL)
        return;
    fasteners_ipc_rwlock_cancel(lock);
    agent_say(reply, "OK");
}

static void run_holds(const agent_words *words, agent_reply *reply)
{
    static const char *const names[] = {"none", "read", "write", "both"};
    const fasteners_ipc_rwlock *lock = named(words, reply);

    if (lock != NULL)
        agent_say(
            reply, "%s",
            names[fasteners_ipc_rwlock_is_reader(lock) + 2 * fasteners_ipc_rwlock_is_writer(lock)]);
}

static void run_is_held(const agent_words *words, agent_reply *reply)
{
    const fasteners_ipc_rwlock *lock = named(words, reply);

    if (lock != NULL)
        agent_say(reply, "%d", fasteners_ipc_rwlock_is_held(lock));
}

static void run_holder(const agent_words *words, agent_reply *reply)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    fasteners_ipc_rwlock *lock = named(words, reply);

    if (lock == NULL)
        return;
    fasteners_status status = fasteners_ipc_rwlock_holder(lock, &holder);
    agent_say(reply, "%s %" PRId64 " %s", fasteners_status_name(status), holder.pid,
              holder.shared ? "shared" : "exclusive");
}

/* ------------------------------------------------------------------------------ hammer -- */

static fasteners_status write_once(fasteners_ipc_rwlock *lock, rw_record *seen)
{
    fasteners_status status = fasteners_ipc_rwlock_acquire_write(lock, FASTENERS_FOREVER);

    if (status != FASTENERS_OK)
        return status;
    rw_record_begin_write(seen);
    rw_record_end_write(seen);
    return fasteners_ipc_rwlock_release_write(lock);
}

/* Refused, or upgraded and back: a reader again in any case. */
static fasteners_status upgrade_and_back(fasteners_ipc_rwlock *lock, rw_record *seen)
{
    int64_t before = rw_record_writes(seen);
    fasteners_status status = fasteners_ipc_rwlock_upgrade(lock, FASTENERS_FOREVER);

    if (status == FASTENERS_WOULD_DEADLOCK || (status == FASTENERS_NOT_SUPPORTED && CANNOT_UPGRADE))
        return FASTENERS_OK;
    if (status != FASTENERS_OK)
        return status;
    if (rw_record_writes(seen) != before)
        return FASTENERS_LOST;
    rw_record_upgrade(seen);
    rw_record_downgrade(seen);
    return fasteners_ipc_rwlock_downgrade(lock);
}

static fasteners_status read_once(fasteners_ipc_rwlock *lock, rw_record *seen, bool upgrades)
{
    fasteners_status status = fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_FOREVER);

    if (status != FASTENERS_OK)
        return status;
    rw_record_begin_read(seen);
    if (upgrades)
        status = upgrade_and_back(lock, seen);
    rw_record_end_read(seen);
    fasteners_status released = fasteners_ipc_rwlock_release_read(lock);
    return status != FASTENERS_OK ? status : released;
}

static void run_hammer(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_rwlock *lock = named(words, reply);
    rw_record *seen = rw_record_open(words->word[2]);
    int64_t rounds = agent_number_of(words->word[3]);
    int64_t reads = agent_number_of(words->word[4]);
    fasteners_status status = FASTENERS_OK;
    int64_t done = 0;

    if (lock == NULL || seen == NULL)
        return;
    while (done < rounds && status == FASTENERS_OK) {
        bool writes = done % (reads + 1) == reads;
        status = writes ? write_once(lock, seen) : read_once(lock, seen, done % 7 == 3);
        done += status == FASTENERS_OK;
    }
    agent_say(reply, "%s %" PRId64, fasteners_status_name(status), done);
    rw_record_close(seen);
}

const agent_command agent_rwlock_commands[] = {
    {"rw_create", 2, run_create}, {"rw_destroy", 1, run_destroy},  {"read", 2, run_read},
    {"write", 2, run_write},      {"upgrade", 2, run_upgrade},     {"unread", 1, run_unread},
    {"unwrite", 1, run_unwrite},  {"downgrade", 1, run_downgrade}, {"rw_check", 1, run_check},
    {"rw_cancel", 1, run_cancel}, {"rw_holds", 1, run_holds},      {"rw_is_held", 1, run_is_held},
    {"rw_holder", 1, run_holder}, {"rw_hammer", 4, run_hammer},    {NULL, 0, NULL},
};
