/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's commands that call the library, one call each. */

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fasteners.h>

#include "agent_command.h"
#include "agent_locks.h"
#include "patience.h"
#include "proc_info.h"

#define MAX_LOCKS 64

typedef struct named_lock {
    char id[32];
    fasteners_ipc_lock *lock;
    _Atomic long sleeps;
    _Atomic long log_lines;
    char last_log[512];
} named_lock;

static named_lock locks[MAX_LOCKS];

static named_lock *find(const char *id)
{
    for (named_lock *entry = locks; entry < locks + MAX_LOCKS; entry++)
        if (strcmp(entry->id, id) == 0)
            return entry;
    return NULL;
}

fasteners_ipc_lock *agent_lock_named(const char *id, agent_reply *reply)
{
    named_lock *entry = find(id);

    if (entry == NULL)
        agent_say(reply, "no such lock: %s", id);
    return entry != NULL ? entry->lock : NULL;
}

static void say_status(agent_reply *reply, fasteners_status status)
{
    agent_say(reply, "%s", fasteners_status_name(status));
}

/* ---------------------------------------------------------------------------- create -- */

static void counting_sleep(void *user, int64_t ms)
{
    named_lock *entry = user;

    entry->sleeps++;
    test_pause_ms(ms);
}

static void keeping_log(void *user, fasteners_log_level level, const char *message)
{
    named_lock *entry = user;

    entry->log_lines++;
    snprintf(entry->last_log, sizeof(entry->last_log), "%d %s", (int)level, message);
}

/* "mode=0660": the number, if the word starts so. */
static bool number_after(const char *word, const char *key, int64_t *number)
{
    size_t length = strlen(key);

    if (strncmp(word, key, length) != 0)
        return false;
    *number = agent_number_of(word + length);
    return true;
}

static bool set_flag(fasteners_ipc_options *options, const char *word, named_lock *entry)
{
    if (strcmp(word, "fair") == 0) {
        options->fair = true;
    } else if (strcmp(word, "unlink") == 0) {
        options->unlink_on_release = true;
    } else if (strcmp(word, "record") == 0) {
        options->record_owner = true;
    } else if (strcmp(word, "follow") == 0) {
        options->follow_symlinks = true;
    } else if (strcmp(word, "sleep") == 0) {
        options->sleep = counting_sleep;
        options->sleep_user = entry;
    } else if (strcmp(word, "log") == 0) {
        options->log = keeping_log;
        options->log_user = entry;
    } else {
        return false;
    }
    return true;
}

static bool set_option(fasteners_ipc_options *options, const char *word, named_lock *entry)
{
    int64_t number;

    if (number_after(word, "mode=", &number))
        options->mode = (uint32_t)number;
    else if (number_after(word, "delay=", &number))
        options->delay_ms = number;
    else if (number_after(word, "max_delay=", &number))
        options->max_delay_ms = number;
    else
        return set_flag(options, word, entry);
    return true;
}

/* "fd:7" is a descriptor of the agent's, which the lock adopts. */
static fasteners_status create(fasteners_ipc_lock **lock, const char *place,
                               const fasteners_ipc_options *options)
{
    int64_t descriptor;

    return number_after(place, "fd:", &descriptor)
               ? fasteners_ipc_lock_create_from_fd(lock, (intptr_t)descriptor, options)
               : fasteners_ipc_lock_create(lock, place, options);
}

static void run_create(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    named_lock *entry = find(words->word[1]);
    fasteners_status status;

    if (entry == NULL)
        entry = find("");
    if (entry == NULL || entry->lock != NULL) {
        agent_say(reply, "that lock exists, or too many do");
        return;
    }
    for (int i = 3; i < words->count; i++)
        if (!set_option(&options, words->word[i], entry)) {
            agent_say(reply, "no such option: %s", words->word[i]);
            return;
        }
    status = create(&entry->lock, words->word[2], &options);
    if (status == FASTENERS_OK)
        snprintf(entry->id, sizeof(entry->id), "%s", words->word[1]);
    say_status(reply, status);
}

static void run_destroy(const agent_words *words, agent_reply *reply)
{
    named_lock *entry = find(words->word[1]);

    if (agent_lock_named(words->word[1], reply) == NULL)
        return;
    fasteners_ipc_lock_destroy(entry->lock);
    entry->lock = NULL;
    entry->id[0] = '\0';
    agent_say(reply, "OK");
}

/* ----------------------------------------------------------------------------- calls -- */

static void run_acquire(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_lock *lock = agent_lock_named(words->word[1], reply);
    int64_t start = test_now();
    fasteners_status status;

    if (lock == NULL)
        return;
    note_call_begins(fasteners_ipc_lock_path(lock));
    status = fasteners_ipc_lock_acquire(lock, agent_number_of(words->word[2]));
    note_call_ends(fasteners_ipc_lock_path(lock));
    agent_say(reply, "%s %" PRId64, fasteners_status_name(status), test_now() - start);
}

static void run_release(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_lock *lock = agent_lock_named(words->word[1], reply);

    if (lock != NULL)
        say_status(reply, fasteners_ipc_lock_release(lock));
}

static void run_check(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_lock *lock = agent_lock_named(words->word[1], reply);

    if (lock != NULL)
        say_status(reply, fasteners_ipc_lock_check(lock));
}

static void run_cancel(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_lock *lock = agent_lock_named(words->word[1], reply);

    if (lock == NULL)
        return;
    fasteners_ipc_lock_cancel(lock);
    agent_say(reply, "OK");
}

static void run_is_held(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_lock *lock = agent_lock_named(words->word[1], reply);

    if (lock != NULL)
        agent_say(reply, "%d", fasteners_ipc_lock_is_held(lock));
}

static void run_exists(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_lock *lock = agent_lock_named(words->word[1], reply);

    if (lock != NULL)
        agent_say(reply, "%d", fasteners_ipc_lock_exists(lock));
}

static void run_os_error(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_lock *lock = agent_lock_named(words->word[1], reply);

    if (lock != NULL)
        agent_say(reply, "%d", fasteners_ipc_lock_os_error(lock));
}

static void run_path(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_lock *lock = agent_lock_named(words->word[1], reply);

    if (lock != NULL)
        agent_say(reply, "%s", fasteners_ipc_lock_path(lock));
}

static void run_holder(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_lock *lock = agent_lock_named(words->word[1], reply);
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    fasteners_status status;

    if (lock == NULL)
        return;
    status = fasteners_ipc_lock_holder(lock, &holder);
    agent_say(reply, "%s %" PRId64 " %s %s", fasteners_status_name(status), holder.pid,
              holder.shared ? "shared" : "exclusive", holder.program);
}

static void run_was_abandoned(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_lock *lock = agent_lock_named(words->word[1], reply);

    if (lock != NULL)
        agent_say(reply, "%d", fasteners_ipc_lock_was_abandoned(lock));
}

static void run_generation(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_lock *lock = agent_lock_named(words->word[1], reply);

    if (lock != NULL)
        agent_say(reply, "%" PRIu64, fasteners_ipc_lock_generation(lock));
}

static void run_sleeps(const agent_words *words, agent_reply *reply)
{
    if (agent_lock_named(words->word[1], reply) != NULL)
        agent_say(reply, "%ld", find(words->word[1])->sleeps);
}

static void run_last_log(const agent_words *words, agent_reply *reply)
{
    const named_lock *entry = find(words->word[1]);

    if (agent_lock_named(words->word[1], reply) != NULL)
        agent_say(reply, "%ld %s", entry->log_lines, entry->last_log);
}

const agent_command agent_lock_commands[] = {
    {"create", 2, run_create},
    {"destroy", 1, run_destroy},
    {"was_abandoned", 1, run_was_abandoned},
    {"generation", 1, run_generation},
    {"acquire", 2, run_acquire},
    {"release", 1, run_release},
    {"cancel", 1, run_cancel},
    {"is_held", 1, run_is_held},
    {"exists", 1, run_exists},
    {"check", 1, run_check},
    {"os_error", 1, run_os_error},
    {"path", 1, run_path},
    {"holder", 1, run_holder},
    {"sleeps", 1, run_sleeps},
    {"last_log", 1, run_last_log},
    {NULL, 0, NULL},
};
