/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "worker.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "actor.h"
#include "moves.h"
#include "patience.h"
#include "proc_info.h"
#include "scarcity.h"

/* Static: there is no memory to be had at times. */
static worker self;

/* ------------------------------------------------------------------------------ signals -- */

static void ignore(int signal_number)
{
    (void)signal_number;
}

/* To be handled by the threads that do things, so that their calls are interrupted. */
static void start_signals(void)
{
    struct sigaction interrupts = {.sa_handler = ignore};
    suseconds_t every_us = SANITIZED ? 10000 : 700 + (suseconds_t)throw_dice(&self.dice, 3000);
    struct itimerval often = {.it_interval.tv_usec = every_us, .it_value.tv_usec = every_us};
    sigset_t alarms;

    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarms, NULL);
    sigaction(SIGALRM, &interrupts, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
}

static void stop_signals(void)
{
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
}

/* ---------------------------------------------------------------------------- resources -- */

static void *do_nothing(void *unused)
{
    return unused;
}

/* Some run-time libraries have a thread of their own from the first one on. */
static int count_own_threads(void)
{
    pthread_t first;

    if (pthread_create(&first, NULL, do_nothing, NULL) == 0)
        pthread_join(first, NULL);
    return count_threads(getpid());
}

static bool has_no_more_threads(void *argument)
{
    const int *at_start = argument;

    return count_threads(getpid()) <= *at_start;
}

static void check_resources(int threads)
{
    int descriptors = count_descriptors(getpid());

    if (descriptors != self.arena->worker[self.index].descriptors)
        violate(self.arena, 0, "worker %d began with %lld descriptors and ends with %d", self.index,
                (long long)self.arena->worker[self.index].descriptors, descriptors);
    if (!test_wait_until(has_no_more_threads, &threads))
        violate(self.arena, 0, "worker %d began with %d threads and ends with %d", self.index,
                threads, count_threads(getpid()));
}

/* -------------------------------------------------------------------------------- begin -- */

/*
 * A life marked as ended is that of the program that has execed this one: of which no descriptor
 * may be here.
 */
static void be_born(void)
{
    worker_state *state = &self.arena->worker[self.index];
    uint64_t life = atomic_load(&state->life);
    int64_t descriptors = count_descriptors(getpid());

    if (life % 2 == 0) {
        state->descriptors = descriptors;
    } else {
        if (state->descriptors != descriptors)
            violate(self.arena, 0, "worker %d has %lld descriptors after exec, %lld before",
                    self.index, (long long)descriptors, (long long)state->descriptors);
        monitor_forget_upgrades(self.arena, self.index);
        atomic_store(&state->life, ++life);
    }
    self.incarnation = life / 2;
}

/* The main thread's stack must not have to grow while there is no memory. */
static void touch_stack(void)
{
    volatile char room[128 * 1024];

    for (size_t i = 0; i < sizeof(room); i += 1024)
        room[i] = 1;
}

static void prepare(int index)
{
    uint64_t threads = (uint64_t)self.arena->threads;

    self.index = index;
    be_born();
    self.dice = dice_for(self.arena->seed, (uint64_t)index, self.incarnation, MAX_SEATS);
    self.threads = 1 + (int)throw_dice(&self.dice, threads);
    self.cancels = one_in(&self.dice, 3);
    self.crowds = one_in(&self.dice, 3);
    pthread_mutex_init(&self.alone, NULL);
    scarcity_learn_usual();
    touch_stack();
}

static void make_common_handles(void)
{
    for (int path = 0; path < self.arena->paths; path++) {
        handle_init(&self.common[path], path);
        fasteners_status status = handle_create(&self.common[path], self.arena, &self.dice);
        if (status != FASTENERS_OK)
            violate(self.arena, path, "create: %s", fasteners_status_name(status));
    }
}

static void make_actor(int seat)
{
    actor *made = &self.actors[seat];

    made->who = (identity){
        .arena = self.arena, .worker = self.index, .seat = seat, .incarnation = self.incarnation};
    made->worker = &self;
    made->dice = dice_for(self.arena->seed, (uint64_t)self.index, self.incarnation, (uint64_t)seat);
    for (int path = 0; path < self.arena->paths; path++)
        handle_init(&made->own[path], path);
}

/* All are made before the first one acts: it may use up the memory, and cancel others' waits. */
static void start_actors(void)
{
    for (int seat = 0; seat < self.threads; seat++)
        make_actor(seat);
    for (int seat = 0; seat < self.threads; seat++) {
        int error = pthread_create(&self.actors[seat].thread, NULL, actor_run, &self.actors[seat]);
        if (error != 0)
            violate(self.arena, 0, "worker %d, incarnation %" PRIu64 ", gets no thread: %s",
                    self.index, self.incarnation, strerror(error));
    }
    atomic_store(&self.begins, true);
}

/* ---------------------------------------------------------------------------------- end -- */

/* A worker with one thread has nobody else to cancel its waits. */
static void cancel_something(void)
{
    int path = (int)throw_dice(&self.dice, (uint64_t)self.arena->paths);
    uint64_t whose = throw_dice(&self.dice, (uint64_t)self.threads + 1);

    handle_cancel(whose == 0 ? &self.common[path] : &self.actors[whose - 1].own[path]);
}

/* Until its time is over, or the supervisor's word. */
static void wait_for_end(void)
{
    int64_t life_ms = one_in(&self.dice, 2) ? 100 + (int64_t)throw_dice(&self.dice, 1500) : 3600000;
    int64_t until = test_now() + life_ms * 1000000;
    uint64_t stop;

    while ((stop = atomic_load(&self.arena->stop)) == GO_ON && test_now() < until) {
        test_pause_ms(2);
        if (self.cancels && one_in(&self.dice, 3))
            cancel_something();
    }
    self.ends_patiently = stop == STOP_PATIENTLY;
    atomic_store(&self.ends, true);
}

static void cancel_all(void)
{
    for (int path = 0; path < self.arena->paths; path++) {
        handle_cancel(&self.common[path]);
        for (int seat = 0; seat < self.threads; seat++)
            handle_cancel(&self.actors[seat].own[path]);
    }
}

static bool have_all_ended(void)
{
    for (int seat = 0; seat < self.threads; seat++)
        if (!atomic_load(&self.actors[seat].has_ended))
            return false;
    return true;
}

/*
 * Whoever waits without end gets what he waits for if all let go of what they have, unless this
 * worker ends alone: then it is cancelled.
 */
static void end_actors(void)
{
    int64_t until = test_now() + test_patience_ms() * 1000000;

    while (!have_all_ended()) {
        if (!self.ends_patiently)
            cancel_all();
        if (test_now() > until)
            violate(self.arena, 0, "worker %d: a thread hangs", self.index);
        test_pause_ms(1);
    }
    for (int seat = 0; seat < self.threads; seat++)
        pthread_join(self.actors[seat].thread, NULL);
}

static void end_common_handle(int path)
{
    uint64_t generation = 0;

    for (int seat = 0; seat < self.threads; seat++)
        generation |= move_before_destroy(&self.actors[seat], path, COMMON);
    handle_destroy(&self.common[path]);
    move_after_destroy(&self.actors[0], path, generation);
}

static void end_common_handles(void)
{
    for (int path = 0; path < self.arena->paths; path++)
        end_common_handle(path);
}

int worker_main(int index, const char *directory)
{
    self.arena = arena_map(directory);
    if (self.arena == NULL) {
        perror(directory);
        return 1;
    }
    prepare(index);
    int threads = count_own_threads();
    make_common_handles();
    start_signals();
    start_actors();
    wait_for_end();
    end_actors();
    end_common_handles();
    stop_signals();
    move_note(&self.actors[0], END, 0, 0);
    check_resources(threads);
    return 0;
}
