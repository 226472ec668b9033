/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Three processes with two threads each want the same lock, and say what happens to them.
 *
 *     contention LOCK-FILE
 *
 * They write to a page of memory that all of them share whether somebody is in the protected
 * section. Exit status 0 if all had their turns and nobody ever met anybody else in there.
 */
#define _DEFAULT_SOURCE

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fasteners.h>

#include "narrator.h"

enum { PROCESSES = 3, THREADS = 2, TURNS = 2, WORK_MS = 20 };

/* Shared by all processes, and protected by nothing but the lock. */
struct section {
    volatile int inside;
    volatile int turns;
    volatile int meetings;
};

struct actor {
    fasteners_ipc_lock *lock; /* the same for the threads of a process */
    struct section *section;
    const char *thread;
};

static void sleep_ms(long ms)
{
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static void say_who_is_in_the_way(const struct actor *actor)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    fasteners_status status = fasteners_ipc_lock_holder(actor->lock, &holder);
    if (status != FASTENERS_OK || holder.pid == 0)
        narrate(actor->thread, "waits");
    else if (holder.pid == getpid())
        narrate(actor->thread, "waits for the other thread of its process");
    else
        narrate(actor->thread, "waits for process %lld", (long long)holder.pid);
}

static fasteners_status acquire(const struct actor *actor)
{
    /* A try first, only to be able to tell of the wait. */
    fasteners_status status = fasteners_ipc_lock_acquire(actor->lock, FASTENERS_NO_WAIT);
    if (status != FASTENERS_BUSY)
        return status;
    say_who_is_in_the_way(actor);
    return fasteners_ipc_lock_acquire(actor->lock, FASTENERS_FOREVER);
}

static void work(const struct actor *actor)
{
    struct section *section = actor->section;
    narrate(actor->thread, "    HOLDS the lock");
    if (section->inside++ != 0)
        section->meetings++;
    sleep_ms(WORK_MS);
    section->inside--;
    section->turns++;
    narrate(actor->thread, "    releases it");
}

/* Returns NULL if all went well. */
static void *act(void *argument)
{
    const struct actor *actor = argument;
    for (int turn = 0; turn < TURNS; turn++) {
        fasteners_status status = acquire(actor);
        if (status == FASTENERS_OK) {
            work(actor);
            status = fasteners_ipc_lock_release(actor->lock);
        }
        if (status != FASTENERS_OK) {
            narrate(actor->thread, "failed: %s", fasteners_strerror(status));
            return argument;
        }
        sleep_ms(5);
    }
    return NULL;
}

static int run_process(const char *path, struct section *section)
{
    static const char *const names[THREADS] = {"thread 1", "thread 2"};
    struct actor actors[THREADS];
    pthread_t threads[THREADS];
    fasteners_ipc_lock *lock;
    if (fasteners_ipc_lock_create(&lock, path, NULL) != FASTENERS_OK)
        return EXIT_FAILURE;
    int result = EXIT_SUCCESS;
    int started = 0;
    for (; started < THREADS; started++) {
        actors[started] = (struct actor){lock, section, names[started]};
        if (pthread_create(&threads[started], NULL, act, &actors[started]) != 0) {
            result = EXIT_FAILURE;
            break;
        }
    }
    for (int i = 0; i < started; i++) {
        void *failed;
        if (pthread_join(threads[i], &failed) != 0 || failed != NULL)
            result = EXIT_FAILURE;
    }
    fasteners_ipc_lock_destroy(lock);
    return result;
}

static bool run_processes(const char *path, struct section *section)
{
    bool well = true;
    int started = 0;
    for (; started < PROCESSES; started++) {
        pid_t child = fork();
        if (child == 0)
            _exit(run_process(path, section));
        if (child < 0) {
            well = false;
            break;
        }
    }
    for (int i = 0; i < started; i++) {
        int outcome;
        if (wait(&outcome) < 0 || outcome != 0)
            well = false;
    }
    return well;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: contention LOCK-FILE\n", stderr);
        return EXIT_FAILURE;
    }
    struct section *section = mmap(NULL, sizeof(*section), PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0); /* all zero */
    if (section == MAP_FAILED) {
        perror("contention: mmap");
        return EXIT_FAILURE;
    }
    narrate_start();
    bool well = run_processes(argv[1], section);
    int wanted = PROCESSES * THREADS * TURNS;
    printf("turns taken: expected %d, got %d; met somebody else inside: expected 0, got %d\n",
           wanted, section->turns, section->meetings);
    return well && section->turns == wanted && section->meetings == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
