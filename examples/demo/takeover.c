/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A process is killed while it holds the lock, and those who wait get it, one after the other.
 *
 *     takeover LOCK-FILE
 *
 * Exit status 0 if all of them got it, the first within LIMIT_MS of the kill.
 */
#define _DEFAULT_SOURCE

#include <signal.h>
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

/* The limit is for the slowest of machines: the lock is handed over within a millisecond or so. */
enum { WAITERS = 3, LIMIT_MS = 5000 };

/* Shared by all processes. */
struct record {
    volatile int64_t killed_at_us;
    volatile int64_t first_wait_us; /* from the kill on; written by whoever holds the lock */
    volatile int takeovers;         /* likewise */
};

struct stage {
    const char *path;
    struct record *record;
    int parent[2]; /* a pipe: its end tells the holder that the parent has died */
};

static void sleep_ms(long ms)
{
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static bool say_ready(int ready)
{
    return write(ready, "", 1) == 1;
}

/* the processes -------------------------------------------------------------------------------- */

/* What a process does with its handle. Returns whether all went well. */
typedef bool (*role)(fasteners_ipc_lock *lock, const struct stage *stage, int ready);

static bool hold_until_killed(fasteners_ipc_lock *lock, const struct stage *stage, int ready)
{
    if (fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT) != FASTENERS_OK)
        return false;
    narrate(NULL, "    HOLDS the lock");
    char byte;
    return say_ready(ready) && read(stage->parent[0], &byte, 1) == 0;
}

static void note_takeover(struct record *record)
{
    int64_t waited_us = now_us() - record->killed_at_us;
    if (record->takeovers++ == 0) {
        record->first_wait_us = waited_us;
        narrate(NULL, "    HOLDS the lock, %.2f ms after the kill", (double)waited_us / 1000.0);
    } else {
        narrate(NULL, "    HOLDS the lock");
    }
}

static bool say_who_is_in_the_way(fasteners_ipc_lock *lock)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    if (fasteners_ipc_lock_holder(lock, &holder) != FASTENERS_OK)
        return false;
    if (holder.pid != 0)
        narrate(NULL, "waits for process %lld", (long long)holder.pid);
    else
        narrate(NULL, "waits (this system does not tell for whom)");
    return true;
}

static bool wait_and_work(fasteners_ipc_lock *lock, const struct stage *stage, int ready)
{
    if (fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT) != FASTENERS_BUSY ||
        !say_who_is_in_the_way(lock) || !say_ready(ready))
        return false;
    fasteners_status status = fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER);
    if (status != FASTENERS_OK) {
        narrate(NULL, "failed: %s", fasteners_strerror(status));
        return false;
    }
    note_takeover(stage->record);
    sleep_ms(20);
    narrate(NULL, "    releases it");
    return fasteners_ipc_lock_release(lock) == FASTENERS_OK;
}

static int run_process(const struct stage *stage, role play, int ready)
{
    fasteners_ipc_lock *lock;
    close(stage->parent[1]);
    if (fasteners_ipc_lock_create(&lock, stage->path, NULL) != FASTENERS_OK)
        return EXIT_FAILURE;
    bool well = play(lock, stage, ready);
    fasteners_ipc_lock_destroy(lock);
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* the director --------------------------------------------------------------------------------- */

/* Starts a process and waits until it is ready. Returns its number, or -1. */
static pid_t start(const struct stage *stage, role play)
{
    int ready[2];
    if (pipe(ready) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0)
        _exit(run_process(stage, play, ready[1]));
    close(ready[1]);
    char byte;
    bool is_ready = child > 0 && read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    return is_ready ? child : -1;
}

static void kill_holder(pid_t holder, struct record *record)
{
    sleep_ms(200); /* by now the waiters sleep */
    narrate(NULL, "kills process %ld (SIGKILL)", (long)holder);
    record->killed_at_us = now_us();
    kill(holder, SIGKILL);
}

static bool was_killed(pid_t process)
{
    int outcome;
    return waitpid(process, &outcome, 0) == process && WIFSIGNALED(outcome);
}

static bool ended_well(pid_t process)
{
    int outcome;
    return waitpid(process, &outcome, 0) == process && outcome == 0;
}

static bool direct(const struct stage *stage)
{
    pid_t holder = start(stage, hold_until_killed);
    if (holder < 0)
        return false;
    pid_t waiters[WAITERS];
    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = start(stage, wait_and_work);
        if (waiters[i] < 0)
            return false;
    }
    kill_holder(holder, stage->record);
    bool well = was_killed(holder);
    for (int i = 0; i < WAITERS; i++)
        well = ended_well(waiters[i]) && well;
    return well;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: takeover LOCK-FILE\n", stderr);
        return EXIT_FAILURE;
    }
    struct record *record = mmap(NULL, sizeof(*record), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0); /* all zero */
    struct stage stage = {.path = argv[1], .record = record};
    if (record == MAP_FAILED || pipe(stage.parent) != 0) {
        perror("takeover");
        return EXIT_FAILURE;
    }
    narrate_start();
    bool well = direct(&stage);
    printf(
        "waiters that got the lock: expected %d, got %d; the first had it %.2f ms after the kill\n",
        WAITERS, record->takeovers, (double)record->first_wait_us / 1000.0);
    well = well && record->takeovers == WAITERS && record->first_wait_us < LIMIT_MS * 1000LL;
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
