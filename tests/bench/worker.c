/* SPDX-License-Identifier: Apache-2.0 */
#include "worker.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "moment.h"

/* Few, so that even a slow peer is seldom interrupted within one. */
#define PAIRS_A_BATCH 10
/* For what makes no system call: it is faster than the clock is read. */
#define QUICK_PAIRS_A_BATCH 1000
#define MOST_BATCHES 4096
#define WAIT_MS 60000
/* Keeps the answer from waking the driver in the moment in which a waiter is woken. */
#define REST_NS (3 * NS_PER_MS)
/* Waits of this length and more are slept, shorter ones spun: timers are not that exact. */
#define SLEPT_US 1000
#define ONE_WRITE_IN 10

struct worker {
    const struct peer *peer;
    const char *path;
    void *lock;
    FILE *jobs;
    int answers;
    int64_t batches[MOST_BATCHES];
};

typedef bool job_function(struct worker *worker, const int64_t *given, int64_t *answer);

/* What makes a pair. */
struct calls {
    void *lock;
    bool (*acquire)(void *lock);
    bool (*release)(void *lock);
};

static int compare_numbers(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Nanoseconds that a batch took, or -1. */
static int64_t run_batch(struct calls calls, int pairs)
{
    int64_t begin = moment_now();
    for (int i = 0; i < pairs; i++)
        if (!calls.acquire(calls.lock) || !calls.release(calls.lock))
            return -1;
    return moment_now() - begin;
}

/* Picoseconds a pair, or -1. */
static int64_t time_pairs(struct worker *worker, struct calls calls, int pairs, int64_t ms)
{
    int64_t end = moment_now() + ms * NS_PER_MS;
    size_t count = 0;
    do {
        worker->batches[count] = run_batch(calls, pairs);
        if (worker->batches[count] < 0)
            return -1;
        count++;
    } while (count < MOST_BATCHES && moment_now() < end);
    qsort(worker->batches, count, sizeof(worker->batches[0]), compare_numbers);
    return worker->batches[count / 2] * 1000 / pairs;
}

static struct calls reading(const struct worker *worker, void *lock)
{
    return (struct calls){lock, worker->peer->acquire_read, worker->peer->release_read};
}

static bool job_pair(struct worker *worker, const int64_t *given, int64_t *answer)
{
    const struct calls calls = {worker->lock, worker->peer->acquire, worker->peer->release};
    answer[0] = time_pairs(worker, calls, PAIRS_A_BATCH, given[0]);
    return answer[0] >= 0;
}

static bool job_read_pair(struct worker *worker, const int64_t *given, int64_t *answer)
{
    answer[0] = time_pairs(worker, reading(worker, worker->lock), PAIRS_A_BATCH, given[0]);
    return answer[0] >= 0;
}

static bool job_read_take(struct worker *worker, const int64_t *given, int64_t *answer)
{
    (void)given, (void)answer;
    return worker->peer->acquire_read(worker->lock);
}

static bool job_read_give(struct worker *worker, const int64_t *given, int64_t *answer)
{
    (void)given, (void)answer;
    return worker->peer->release_read(worker->lock);
}

/* A second thread, which reads all the time. */
struct companion {
    struct calls calls;
    pthread_barrier_t reads, ends;
    bool well;
};

static void *accompany(void *argument)
{
    struct companion *other = argument;
    other->well = other->calls.acquire(other->calls.lock);
    pthread_barrier_wait(&other->reads);
    pthread_barrier_wait(&other->ends);
    other->well = other->well && other->calls.release(other->calls.lock);
    return NULL;
}

static bool time_joining(struct worker *worker, void *lock, const int64_t *given, int64_t *answer)
{
    struct companion other = {.calls = reading(worker, worker->lock)};
    pthread_t thread;
    pthread_barrier_init(&other.reads, NULL, 2);
    pthread_barrier_init(&other.ends, NULL, 2);
    if (pthread_create(&thread, NULL, accompany, &other) != 0)
        return false;
    pthread_barrier_wait(&other.reads);
    answer[0] = time_pairs(worker, reading(worker, lock), QUICK_PAIRS_A_BATCH, given[0]);
    pthread_barrier_wait(&other.ends);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&other.reads);
    pthread_barrier_destroy(&other.ends);
    return other.well && answer[0] >= 0;
}

static bool job_read_join(struct worker *worker, const int64_t *given, int64_t *answer)
{
    if (worker->peer->join == PEER_SHARES_HANDLE)
        return time_joining(worker, worker->lock, given, answer);
    void *own = worker->peer->open(worker->path);
    bool well = own && time_joining(worker, own, given, answer);
    if (own)
        worker->peer->close(own);
    return well;
}

static bool job_take(struct worker *worker, const int64_t *given, int64_t *answer)
{
    (void)given, (void)answer;
    return worker->peer->acquire(worker->lock);
}

static bool job_try(struct worker *worker, const int64_t *given, int64_t *answer)
{
    (void)given;
    answer[0] = worker->peer->try_acquire(worker->lock);
    return true;
}

static bool wait_for_it(struct worker *worker, int64_t ms)
{
    if (worker->peer->timed_acquire)
        return worker->peer->timed_acquire(worker->lock, ms);
    return worker->peer->acquire(worker->lock);
}

static bool job_wait(struct worker *worker, const int64_t *given, int64_t *answer)
{
    int64_t cpu = moment_cpu();
    answer[1] = moment_now();
    answer[0] = wait_for_it(worker, given[0]);
    answer[2] = moment_now();
    answer[3] = moment_cpu() - cpu;
    return true;
}

static bool job_give(struct worker *worker, const int64_t *given, int64_t *answer)
{
    moment_sleep_until(given[0]);
    answer[0] = moment_now();
    bool given_back = worker->peer->release(worker->lock);
    moment_sleep_until(answer[0] + REST_NS);
    return given_back;
}

static void let_pass(int64_t us)
{
    int64_t end = moment_now() + us * NS_PER_US;
    if (us >= SLEPT_US)
        moment_sleep_until(end);
    else if (us > 0)
        moment_spin_until(end);
}

static bool job_turns(struct worker *worker, const int64_t *given, int64_t *answer)
{
    moment_sleep_until(given[0]);
    for (int64_t begin = moment_now(); begin < given[1]; begin = moment_now()) {
        if (!wait_for_it(worker, WAIT_MS))
            return false;
        int64_t end = moment_now();
        answer[0] += end < given[1];
        answer[1] = end - begin > answer[1] ? end - begin : answer[1];
        let_pass(given[2]);
        if (!worker->peer->release(worker->lock))
            return false;
        let_pass(given[3]);
    }
    return true;
}

static bool job_read_turns(struct worker *worker, const int64_t *given, int64_t *answer)
{
    moment_sleep_until(given[0]);
    for (int64_t begin = moment_now(); begin < given[1]; begin = moment_now()) {
        if (!worker->peer->acquire_read(worker->lock))
            return false;
        int64_t end = moment_now();
        answer[0] += end < given[1];
        answer[1] = end - begin > answer[1] ? end - begin : answer[1];
        moment_sleep_until(end + given[2] * NS_PER_US);
        if (!worker->peer->release_read(worker->lock))
            return false;
    }
    return true;
}

static bool acquire_for(struct worker *worker, bool writes)
{
    return writes ? wait_for_it(worker, WAIT_MS) : worker->peer->acquire_read(worker->lock);
}

static bool release_from(struct worker *worker, bool writes)
{
    return writes ? worker->peer->release(worker->lock) : worker->peer->release_read(worker->lock);
}

static bool job_mixed(struct worker *worker, const int64_t *given, int64_t *answer)
{
    moment_sleep_until(given[0]);
    unsigned number = (unsigned)getpid(); /* so that not all write at the same turn */
    for (int64_t begin = moment_now(); begin < given[1]; begin = moment_now()) {
        bool writes = number++ % ONE_WRITE_IN == 0;
        if (!acquire_for(worker, writes))
            return false;
        int64_t end = moment_now();
        answer[0] += end < given[1];
        answer[1] = end - begin > answer[1] ? end - begin : answer[1];
        let_pass(given[2]);
        if (!release_from(worker, writes))
            return false;
        let_pass(given[3]);
    }
    return true;
}

static job_function *find_job(const char *name)
{
    static const struct {
        const char *name;
        job_function *function;
    } jobs[] = {{"pair", job_pair},         {"take", job_take},       {"try", job_try},
                {"wait", job_wait},         {"give", job_give},       {"turns", job_turns},
                {"rpair", job_read_pair},   {"rtake", job_read_take}, {"rgive", job_read_give},
                {"rturns", job_read_turns}, {"rjoin", job_read_join}, {"mixed", job_mixed}};
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
        if (strcmp(name, jobs[i].name) == 0)
            return jobs[i].function;
    return NULL;
}

static void say(const struct worker *worker, bool done, const int64_t *answer)
{
    if (done)
        dprintf(worker->answers, "ok %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", answer[0],
                answer[1], answer[2], answer[3]);
    else
        dprintf(worker->answers, "no\n");
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    int64_t given[WORKER_NUMBERS] = {0};
    char name[8], line[160];
    say(worker, true, given);
    while (fgets(line, sizeof(line), worker->jobs)) {
        int64_t answer[WORKER_NUMBERS] = {0};
        if (sscanf(line, "%7s %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, name, &given[0],
                   &given[1], &given[2], &given[3]) != 1 + WORKER_NUMBERS)
            break;
        job_function *job = find_job(name);
        if (!job)
            break;
        say(worker, job(worker, given, answer), answer);
    }
    return NULL;
}

/* In a second thread: with a single one the C library leaves out atomics that others pay for. */
int worker_run(const struct peer *peer, const char *path, int jobs, int answers)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    pthread_t thread;
    if (!worker)
        return EXIT_FAILURE;
    worker->peer = peer;
    worker->path = path;
    worker->answers = answers;
    worker->jobs = fdopen(jobs, "r");
    worker->lock = peer->open(path);
    if (!worker->jobs || !worker->lock || pthread_create(&thread, NULL, work, worker) != 0)
        return EXIT_FAILURE;
    pthread_join(thread, NULL);
    peer->close(worker->lock);
    free(worker);
    return EXIT_SUCCESS;
}
