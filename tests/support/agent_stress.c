/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's commands that call the library many times in a row. */

#include <inttypes.h>

#include <fasteners.h>

#include "agent_command.h"
#include "agent_locks.h"
#include "proc_info.h"
#include "witness.h"

/* Visits the witness under the lock, `rounds` times. The first failure ends it. */
static fasteners_status hammer(fasteners_ipc_lock *lock, witness *seen_by, int64_t rounds,
                               int64_t *done)
{
    for (*done = 0; *done < rounds; ++*done) {
        note_call_begins(fasteners_ipc_lock_path(lock));
        fasteners_status status = fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER);
        note_call_ends(fasteners_ipc_lock_path(lock));

        if (status != FASTENERS_OK)
            return status;
        witness_visit(seen_by);
        status = fasteners_ipc_lock_release(lock);
        if (status != FASTENERS_OK)
            return status;
    }
    return FASTENERS_OK;
}

static void run_hammer(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_lock *lock = agent_lock_named(words->word[1], reply);
    witness *seen_by = witness_open(words->word[2]);
    fasteners_status status;
    int64_t done;

    if (lock != NULL && seen_by != NULL) {
        status = hammer(lock, seen_by, agent_number_of(words->word[3]), &done);
        agent_say(reply, "%s %" PRId64, fasteners_status_name(status), done);
    } else if (lock != NULL) {
        agent_say(reply, "no witness at %s", words->word[2]);
    }
    if (seen_by != NULL)
        witness_close(seen_by);
}

static void run_churn(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_lock *lock = agent_lock_named(words->word[1], reply);
    int64_t rounds = agent_number_of(words->word[2]);
    int64_t timeout_ms = agent_number_of(words->word[3]);
    int64_t granted = 0;
    int64_t others = 0;
    int64_t late = 0;

    if (lock == NULL)
        return;
    for (int64_t i = 0; i < rounds; i++) {
        fasteners_status status = fasteners_ipc_lock_acquire(lock, timeout_ms);

        if (status == FASTENERS_OK) {
            granted++;
            status = fasteners_ipc_lock_release(lock);
        }
        late += status == FASTENERS_BUSY || status == FASTENERS_TIMED_OUT;
        others += status != FASTENERS_OK && status != FASTENERS_BUSY &&
                  status != FASTENERS_TIMED_OUT && status != FASTENERS_CANCELLED;
    }
    agent_say(reply, "%" PRId64 " %" PRId64 " %" PRId64, granted, late, others);
}

static void run_race_cancel(const agent_words *words, agent_reply *reply)
{
    fasteners_ipc_lock *lock = agent_lock_named(words->word[1], reply);
    int64_t rounds = agent_number_of(words->word[2]);

    if (lock == NULL)
        return;
    for (int64_t i = 0; i < rounds; i++)
        fasteners_ipc_lock_cancel(lock);
    agent_say(reply, "OK");
}

const agent_command agent_stress_commands[] = {
    {"hammer", 3, run_hammer},
    {"churn", 3, run_churn},
    {"race_cancel", 2, run_race_cancel},
    {NULL, 0, NULL},
};
