/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's further threads: each runs one command at a time while the agent serves on. */

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent_command.h"
#include "proc_info.h"

typedef enum worker_state {
    WORKER_STARTING,
    WORKER_IDLE,
    WORKER_RUNNING,
    WORKER_DONE
} worker_state;

typedef struct worker {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    worker_state state;
    long tid;
    char line[AGENT_LINE];
    agent_reply reply;
} worker;

static worker workers[AGENT_WORKERS];
static bool present[AGENT_WORKERS]; /* the main thread's own */

static void set_state(worker *of, worker_state state)
{
    pthread_mutex_lock(&of->mutex);
    of->state = state;
    pthread_cond_broadcast(&of->changed);
    pthread_mutex_unlock(&of->mutex);
}

static void wait_while(worker *of, worker_state state)
{
    pthread_mutex_lock(&of->mutex);
    while (of->state == state)
        pthread_cond_wait(&of->changed, &of->mutex);
    pthread_mutex_unlock(&of->mutex);
}

static worker_state state_of(worker *of)
{
    worker_state state;

    pthread_mutex_lock(&of->mutex);
    state = of->state;
    pthread_mutex_unlock(&of->mutex);
    return state;
}

static void *work(void *argument)
{
    worker *self = argument;

    self->tid = this_thread();
    set_state(self, WORKER_IDLE);
    for (;;) {
        while (state_of(self) != WORKER_RUNNING) {
            wait_while(self, WORKER_IDLE);
            wait_while(self, WORKER_DONE);
        }
        agent_run_line(self->line, &self->reply);
        set_state(self, WORKER_DONE);
    }
    return NULL;
}

static bool make_worker(worker *made)
{
    pthread_t thread;

    made->state = WORKER_STARTING;
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->changed, NULL);
    if (pthread_create(&thread, NULL, work, made) != 0)
        return false;
    pthread_detach(thread);
    wait_while(made, WORKER_STARTING);
    return true;
}

/* The worker of that number, made at its first use. NULL: it cannot be had; the reply says why. */
static worker *worker_of(const char *number, agent_reply *reply)
{
    int64_t index = agent_number_of(number);

    if (index < 1 || index >= AGENT_WORKERS) {
        agent_say(reply, "threads are numbered 1 to %d", AGENT_WORKERS - 1);
        return NULL;
    }
    present[index] = present[index] || make_worker(&workers[index]);
    if (!present[index]) {
        agent_say(reply, "no thread to be had");
        return NULL;
    }
    return &workers[index];
}

void agent_forget_workers(void)
{
    for (int i = 0; i < AGENT_WORKERS; i++)
        present[i] = false;
}

long agent_worker_thread(const char *number, agent_reply *reply)
{
    const worker *chosen = worker_of(number, reply);

    return chosen != NULL ? chosen->tid : 0;
}

/* ------------------------------------------------------------------------- commands -- */

static worker *start(const agent_words *words, agent_reply *reply)
{
    worker *chosen = worker_of(words->word[1], reply);

    if (chosen == NULL)
        return NULL;
    if (state_of(chosen) != WORKER_IDLE) {
        agent_say(reply, "thread %s is at something already", words->word[1]);
        return NULL;
    }
    chosen->line[0] = '\0';
    for (int i = 2; i < words->count; i++) {
        strcat(chosen->line, words->word[i]); /* together they came in one line: they fit */
        strcat(chosen->line, " ");
    }
    set_state(chosen, WORKER_RUNNING);
    return chosen;
}

static void finish(worker *running, agent_reply *reply)
{
    wait_while(running, WORKER_RUNNING);
    agent_say(reply, "%s", running->reply.text);
    set_state(running, WORKER_IDLE);
}

static void run_start(const agent_words *words, agent_reply *reply)
{
    if (start(words, reply) != NULL)
        agent_say(reply, "started");
}

static void run_thread(const agent_words *words, agent_reply *reply)
{
    worker *started = start(words, reply);

    if (started != NULL)
        finish(started, reply);
}

static void run_result(const agent_words *words, agent_reply *reply)
{
    worker *chosen = worker_of(words->word[1], reply);

    if (chosen == NULL)
        return;
    if (state_of(chosen) == WORKER_IDLE)
        agent_say(reply, "nothing was started in thread %s", words->word[1]);
    else
        finish(chosen, reply);
}

static void run_peek(const agent_words *words, agent_reply *reply)
{
    worker *chosen = worker_of(words->word[1], reply);

    if (chosen != NULL)
        agent_say(reply, "%s", state_of(chosen) == WORKER_RUNNING ? "running" : "done");
}

typedef bool (*wait_fn)(long pid, long thread);

static void wait_for_sleep(const agent_words *words, wait_fn wait, agent_reply *reply)
{
    worker *chosen = worker_of(words->word[1], reply);

    if (chosen == NULL)
        return;
    if (state_of(chosen) != WORKER_RUNNING)
        agent_say(reply, "thread %s is not running anything", words->word[1]);
    else if (wait((long)getpid(), chosen->tid))
        agent_say(reply, "%s", state_of(chosen) == WORKER_RUNNING ? "OK" : "it has finished");
    else
        agent_say(reply, "it does not sleep");
}

static void run_wait_asleep(const agent_words *words, agent_reply *reply)
{
    wait_for_sleep(words, wait_until_asleep, reply);
}

static void run_wait_waiting(const agent_words *words, agent_reply *reply)
{
    wait_for_sleep(words, wait_until_waiting, reply);
}

const agent_command agent_worker_commands[] = {
    {"thread", 2, run_thread},
    {"start", 2, run_start},
    {"result", 1, run_result},
    {"peek", 1, run_peek},
    {"wait_asleep", 1, run_wait_asleep},
    {"wait_waiting", 1, run_wait_waiting},
    {NULL, 0, NULL},
};
