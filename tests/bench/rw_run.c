/* SPDX-License-Identifier: Apache-2.0 */
#include "rw_run.h"

#include "moment.h"
#include "rw_pattern.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Before the clock starts: threads find their processor, locks the way they work. */
#define WARM_UP(slice) ((slice) / 8 + 2 * NS_PER_MS)

struct member {
    pthread_t id;
    rw_loop *loop;
};

static struct rw_arena arena;
static struct rw_thread threads[RW_THREADS + 1];
static struct member members[RW_THREADS + 1];
static int started;
static pthread_barrier_t gate;

static void add_thread(const struct rw_task *task, rw_loop *loop)
{
    size_t spread = (size_t)started * (RW_PATTERN_WORDS * 5 / 8 + 1);
    threads[started] = (struct rw_thread){.arena = &arena,
                                          .pattern = rw_pattern(task->per_mille),
                                          .place = spread % RW_PATTERN_WORDS,
                                          .places = RW_PATTERN_WORDS,
                                          .held = rw_rounds_of(task->held_ns),
                                          .outside = rw_rounds_of(task->outside_ns)};
    members[started++].loop = loop;
}

static void *thread_main(void *argument)
{
    size_t index = (size_t)(uintptr_t)argument;
    pthread_barrier_wait(&gate);
    members[index].loop(&threads[index]);
    return NULL;
}

static void begin(const struct rw_peer *peer)
{
    memset(&arena, 0, sizeof(arena));
    started = 0;
    peer->create(arena.lock);
}

static void start_threads(void)
{
    pthread_barrier_init(&gate, NULL, (unsigned)started + 1);
    for (int i = 0; i < started; i++) {
        if (pthread_create(&members[i].id, NULL, thread_main, (void *)(uintptr_t)i) != 0) {
            perror("rw_bench: pthread_create");
            exit(EXIT_FAILURE);
        }
    }
    pthread_barrier_wait(&gate);
}

static void join_threads(void)
{
    for (int i = 0; i < started; i++)
        pthread_join(members[i].id, NULL);
    pthread_barrier_destroy(&gate);
}

/* Destroys the lock. False: a section was seen half done, or a write was lost. */
static bool end(const struct rw_peer *peer)
{
    long writes = 0;
    bool broken = false;
    for (int i = 0; i < started; i++) {
        writes += threads[i].writes;
        broken |= threads[i].broken != 0;
        series_free(&threads[i].series);
    }
    peer->destroy(arena.lock);
    const struct rw_guarded *guarded = &arena.guarded;
    broken |= guarded->first != writes || guarded->second != writes;
    return !(peer->traits & RW_EXCLUDES) || !broken;
}

static void stop(void)
{
    __atomic_store_n(&arena.stop, 1, __ATOMIC_RELAXED);
    join_threads();
}

static long pairs_of(int thread)
{
    return __atomic_load_n(&threads[thread].pairs, __ATOMIC_RELAXED);
}

/* Pairs of each thread, in the time between two looks that is returned. */
static int64_t watch_pairs(int64_t slice_ns, long *pairs)
{
    start_threads();
    moment_sleep_until(moment_now() + WARM_UP(slice_ns));
    int64_t first = moment_now();
    for (int i = 0; i < started; i++)
        pairs[i] = -pairs_of(i);
    moment_sleep_until(first + slice_ns);
    int64_t last = moment_now();
    for (int i = 0; i < started; i++)
        pairs[i] += pairs_of(i);
    stop();
    return last - first;
}

static double share(const long *pairs)
{
    long least = pairs[0], most = pairs[0];
    for (int i = 1; i < started; i++) {
        least = pairs[i] < least ? pairs[i] : least;
        most = pairs[i] > most ? pairs[i] : most;
    }
    return most > 0 ? (double)least / (double)most : 0;
}

static void measure_pairs(const struct rw_peer *peer, const struct rw_task *task, int64_t slice_ns,
                          double *values)
{
    long pairs[RW_THREADS], all = 0;
    bool sections = task->held_ns > 0 || task->outside_ns > 0;
    for (int i = 0; i < task->threads; i++)
        add_thread(task, sections ? peer->sections : peer->empty);
    double wall = (double)watch_pairs(slice_ns, pairs);
    for (int i = 0; i < task->threads; i++)
        all += pairs[i];
    values[0] = wall / (double)(all > 0 ? all : 1);
    if (task->kind == RW_PER_THREAD)
        values[0] *= task->threads;
    if (task->kind == RW_SHARE)
        values[0] = share(pairs);
}

static void measure_solo(const struct rw_task *task, rw_loop *loop, int64_t slice_ns,
                         double *values)
{
    add_thread(task, loop);
    start_threads();
    moment_sleep_until(moment_now() + slice_ns);
    stop();
    values[0] = series_percentile(&threads[0].series, EVERY_ROUND, 50);
    /* The loop does not count: its clock looks are its only stores. */
    threads[0].writes = arena.guarded.first;
}

static void measure_waits(const struct rw_peer *peer, const struct rw_task *task, rw_loop *probe,
                          int64_t slice_ns, double *values)
{
    const struct series *waits = &threads[0].series;
    add_thread(task, probe);
    for (int i = 0; i < task->threads; i++)
        add_thread(task, task->held_ns > 0 ? peer->sections : peer->empty);
    start_threads();
    moment_sleep_until(moment_now() + slice_ns);
    stop();
    values[0] = series_percentile(waits, EVERY_ROUND, 50);
    values[1] = series_percentile(waits, EVERY_ROUND, 99);
    values[2] = series_percentile(waits, EVERY_ROUND, 100);
}

int rw_value_count(enum rw_kind kind)
{
    return kind == RW_PROBE_READER || kind == RW_PROBE_WRITER ? 3 : 1;
}

bool rw_can(unsigned traits, const struct rw_task *task)
{
    if (task->kind == RW_SOLO_NESTED)
        return traits & RW_NESTS;
    if (task->kind == RW_PROBE_READER || task->kind == RW_PROBE_WRITER)
        return traits & RW_EXCLUDES;
    return traits & RW_WRITES || (task->kind != RW_SOLO_WRITE && task->per_mille == 0);
}

bool rw_measure(const struct rw_peer *peer, const struct rw_task *task, int64_t slice_ns,
                double values[RW_VALUES])
{
    begin(peer);
    if (task->kind == RW_SOLO_READ)
        measure_solo(task, peer->solo_read, slice_ns, values);
    else if (task->kind == RW_SOLO_WRITE)
        measure_solo(task, peer->solo_write, slice_ns, values);
    else if (task->kind == RW_SOLO_NESTED)
        measure_solo(task, peer->solo_nested, slice_ns, values);
    else if (task->kind == RW_PROBE_READER)
        measure_waits(peer, task, peer->probe_read, slice_ns, values);
    else if (task->kind == RW_PROBE_WRITER)
        measure_waits(peer, task, peer->probe_write, slice_ns, values);
    else
        measure_pairs(peer, task, slice_ns, values);
    return end(peer);
}

void rw_count(const struct rw_peer *peer, enum rw_kind kind, size_t pairs)
{
    const struct rw_task task = {.kind = kind, .threads = 1};
    rw_loop *loop = peer->count_nested;
    if (kind != RW_SOLO_NESTED)
        loop = kind == RW_SOLO_WRITE ? peer->count_write : peer->count_read;
    begin(peer);
    add_thread(&task, loop);
    threads[0].places = pairs;
    start_threads();
    join_threads();
    threads[0].writes = arena.guarded.first;
    end(peer);
}
