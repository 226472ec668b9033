/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two processes read together, and both want to write what follows from what they have read. One of
 * them is upgraded, ahead of a writer that has been waiting; the other one is told to begin again.
 *
 *     upgrade LOCK-FILE
 *
 * Exit status 0 if one was upgraded and one refused, nobody wrote in between, and all had their
 * turns.
 */
#define _DEFAULT_SOURCE

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

enum { TWINS = 2, WORK_MS = 20, GIVE_UP_MS = 10000 };

/* Shared by all processes. */
struct record {
    volatile int reads[TWINS]; /* whether this one does */
    volatile int writings;     /* changed by who writes only */
    volatile int upgraded, refused, surprised;
};

static struct record *record;

static void sleep_ms(long ms)
{
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* the processes -------------------------------------------------------------------------------- */

/* What the process of that number does with its handle. Returns whether all went well. */
typedef bool (*role)(fasteners_ipc_rwlock *lock, int number);

static void write_something(void)
{
    narrate(NULL, "    WRITES");
    sleep_ms(WORK_MS);
    record->writings++;
}

static bool write_when_allowed(fasteners_ipc_rwlock *lock)
{
    if (fasteners_ipc_rwlock_acquire_write(lock, FASTENERS_FOREVER) != FASTENERS_OK)
        return false;
    write_something();
    narrate(NULL, "    releases it");
    return fasteners_ipc_rwlock_release_write(lock) == FASTENERS_OK;
}

/* As a reader it goes on with what it wrote: nobody can change that in between. */
static bool be_upgraded(fasteners_ipc_rwlock *lock, int writings_seen)
{
    record->upgraded++;
    record->surprised += record->writings != writings_seen;
    write_something();
    narrate(NULL, "    reads on (downgrade)");
    if (fasteners_ipc_rwlock_downgrade(lock) != FASTENERS_OK)
        return false;
    sleep_ms(WORK_MS);
    narrate(NULL, "    releases it");
    return fasteners_ipc_rwlock_release_read(lock) == FASTENERS_OK;
}

/* What it has read may be old by the time it may write. */
static bool be_refused(fasteners_ipc_rwlock *lock)
{
    record->refused++;
    narrate(NULL, "is refused: another reader is upgrading; lets it go first");
    return fasteners_ipc_rwlock_release_read(lock) == FASTENERS_OK && write_when_allowed(lock);
}

static void await_twins(void)
{
    for (int i = 0; record->reads[0] + record->reads[1] < TWINS && i < GIVE_UP_MS; i++)
        sleep_ms(1);
}

static bool play_twin(fasteners_ipc_rwlock *lock, int number)
{
    if (fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_FOREVER) != FASTENERS_OK)
        return false;
    narrate(NULL, "    reads");
    int seen = record->writings;
    record->reads[number] = 1;
    await_twins();
    sleep_ms(3 * WORK_MS); /* by now the writer waits, and the late reader behind it */
    narrate(NULL, "wants to write (upgrade)");
    fasteners_status status = fasteners_ipc_rwlock_upgrade(lock, FASTENERS_FOREVER);
    if (status == FASTENERS_OK)
        return be_upgraded(lock, seen);
    return status == FASTENERS_WOULD_DEADLOCK && be_refused(lock);
}

static bool play_writer(fasteners_ipc_rwlock *lock, int number)
{
    (void)number;
    await_twins();
    narrate(NULL, "wants to write, and waits for the readers");
    return write_when_allowed(lock);
}

static bool play_late_reader(fasteners_ipc_rwlock *lock, int number)
{
    (void)number;
    await_twins();
    sleep_ms(WORK_MS);
    narrate(NULL, "wants to read, and waits behind the writer");
    if (fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_FOREVER) != FASTENERS_OK)
        return false;
    narrate(NULL, "    reads");
    sleep_ms(WORK_MS);
    narrate(NULL, "    releases it");
    return fasteners_ipc_rwlock_release_read(lock) == FASTENERS_OK;
}

static int run_process(const char *path, role play, int number)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_rwlock *lock;
    options.preference = FASTENERS_PREFER_WRITERS;
    if (fasteners_ipc_rwlock_create(&lock, path, &options) != FASTENERS_OK)
        return EXIT_FAILURE;
    bool well = play(lock, number);
    fasteners_ipc_rwlock_destroy(lock);
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* the director --------------------------------------------------------------------------------- */

static bool direct(const char *path)
{
    static const role roles[] = {play_twin, play_twin, play_writer, play_late_reader};
    int count = (int)(sizeof(roles) / sizeof(roles[0])), started = 0;
    while (started < count) {
        pid_t child = fork();
        if (child == 0)
            _exit(run_process(path, roles[started], started));
        if (child < 0)
            break;
        started++;
    }
    bool well = started == count;
    for (int i = 0; i < started; i++) {
        int outcome;
        well = wait(&outcome) > 0 && outcome == 0 && well;
    }
    return well;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: upgrade LOCK-FILE\n", stderr);
        return EXIT_FAILURE;
    }
    record = mmap(NULL, sizeof(*record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                  0); /* all zero */
    if (record == MAP_FAILED) {
        perror("upgrade: mmap");
        return EXIT_FAILURE;
    }
    narrate_start();
    bool well = direct(argv[1]);
    printf("upgraded: expected 1, got %d; refused: expected 1, got %d; writings in between: "
           "expected 0, got %d\n",
           record->upgraded, record->refused, record->surprised);
    well = well && record->upgraded == 1 && record->refused == 1 && record->surprised == 0;
    return well && record->writings == TWINS + 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
