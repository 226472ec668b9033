/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A program of which one instance runs at a time.
 *
 *     single_instance LOCK-FILE
 *
 * The first start works until it is interrupted (Ctrl-C, or kill). A second start meanwhile says
 * who is in the way and exits with status 1. There are no stale locks: whatever ends the first
 * instance, kill -9 included, the next start gets the lock.
 *
 * Unlike a file with a process id in it, which this often is done with, the lock cannot outlive its
 * process, and cannot name a stranger who was given the same process id later.
 */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <fasteners.h>

enum { EXIT_STOPPED = 0, EXIT_ALREADY_RUNNING = 1, EXIT_TROUBLE = 2 };

static volatile sig_atomic_t stop_requested;

static void request_stop(int signal_number)
{
    (void)signal_number;
    stop_requested = 1;
}

static void stop_on(int signal_number)
{
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = request_stop;
    sigaction(signal_number, &action, NULL);
}

/* Something is wrong with the lock itself: no permission, no such file system, ... */
static int trouble(const char *path, fasteners_status status, int os_error)
{
    fprintf(stderr, "single_instance: %s: %s%s%s\n", path, fasteners_strerror(status),
            os_error != 0 ? ": " : "", os_error != 0 ? strerror(os_error) : "");
    return EXIT_TROUBLE;
}

static int refuse(fasteners_ipc_lock *lock)
{
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    fasteners_status status = fasteners_ipc_lock_holder(lock, &holder);

    /* The system need not tell who it is, and the holder may be gone by now. */
    if (status == FASTENERS_OK && holder.pid != 0)
        fprintf(stderr, "single_instance: already running: process %lld (%s) is in the way\n",
                (long long)holder.pid, holder.program[0] != '\0' ? holder.program : "unknown");
    else if (status == FASTENERS_NOT_FOUND)
        fputs("single_instance: the other instance has ended this moment, start me again\n",
              stderr);
    else
        fputs("single_instance: already running, this system does not tell which process\n",
              stderr);
    return EXIT_ALREADY_RUNNING;
}

/* The work of a real program would be here. */
static void work_a_little(void)
{
    const struct timespec pause = {0, 200000000};
    nanosleep(&pause, NULL); /* a signal ends it early */
}

static int run(fasteners_ipc_lock *lock)
{
    printf("process %ld: I am the only instance; stop me with Ctrl-C or kill\n", (long)getpid());
    while (!stop_requested) {
        work_a_little();

        /*
         * Somebody may delete the lock file by hand, and then the next start would find nobody in
         * its way. A long-time holder can notice.
         */
        if (fasteners_ipc_lock_check(lock) == FASTENERS_LOST) {
            fputs("single_instance: somebody took my lock file away: I stop\n", stderr);
            return EXIT_TROUBLE;
        }
    }
    printf("process %ld: told to stop\n", (long)getpid());
    return EXIT_STOPPED;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: single_instance LOCK-FILE\n", stderr);
        return EXIT_TROUBLE;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    stop_on(SIGINT);
    stop_on(SIGTERM);

    fasteners_ipc_lock *lock;
    fasteners_status status = fasteners_ipc_lock_create(&lock, argv[1], NULL);
    if (status != FASTENERS_OK)
        return trouble(argv[1], status, 0);

    int result;
    status = fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT);
    if (status == FASTENERS_OK)
        result = run(lock);
    else if (status == FASTENERS_BUSY)
        result = refuse(lock);
    else
        result = trouble(argv[1], status, fasteners_ipc_lock_os_error(lock));

    fasteners_ipc_lock_destroy(lock); /* releases it, if held */
    return result;
}
