/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every way in which an acquire can end, and how to interrupt one by a signal.
 *
 *     timeout LOCK-FILE
 *
 * A child process holds the lock while this one tries to get it, with one time-out after the other.
 * Exit status 0 if each call ended as it should.
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fasteners.h>

static bool all_as_expected = true;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void report(const char *call, fasteners_status status, fasteners_status expected,
                   int64_t elapsed_ms)
{
    bool good = status == expected;
    printf("%-27s %5lld ms  %-24s %s%s\n", call, (long long)elapsed_ms,
           fasteners_status_name(status), fasteners_strerror(status),
           good ? "" : "  <-- NOT WHAT IT SHOULD BE");
    all_as_expected = all_as_expected && good;
}

static void show_acquire(fasteners_ipc_lock *lock, const char *call, int64_t timeout_ms,
                         fasteners_status expected)
{
    int64_t start = now_ms();
    fasteners_status status = fasteners_ipc_lock_acquire(lock, timeout_ms);
    int64_t elapsed = now_ms() - start;
    report(call, status, expected, elapsed);
    if (status == FASTENERS_TIMED_OUT && elapsed < timeout_ms) {
        puts("  <-- TOO EARLY");
        all_as_expected = false;
    }
}

/* a process that holds the lock ---------------------------------------------------------------- */

struct other_process {
    pid_t pid;
    int let_go; /* closing it tells the process to release */
};

/* Holds the lock until the other end of `let_go` is closed, be it by the parent's death. */
static int hold(const char *path, int ready, int let_go)
{
    fasteners_ipc_lock *lock;
    if (fasteners_ipc_lock_create(&lock, path, NULL) != FASTENERS_OK)
        return EXIT_FAILURE;
    fasteners_status status = fasteners_ipc_lock_acquire(lock, 10000);
    if (status == FASTENERS_OK) {
        char byte = 0;
        if (write(ready, &byte, 1) == 1 && read(let_go, &byte, 1) != 0)
            status = FASTENERS_OS_ERROR;
    }
    fasteners_ipc_lock_destroy(lock);
    return status == FASTENERS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool start_other_process(const char *path, struct other_process *other)
{
    int ready[2];
    int let_go[2];
    if (pipe(ready) != 0 || pipe(let_go) != 0)
        return false;
    other->pid = fork();
    if (other->pid == 0) {
        close(ready[0]);
        close(let_go[1]);
        exit(hold(path, ready[1], let_go[0]));
    }
    close(ready[1]);
    close(let_go[0]);
    other->let_go = let_go[1];

    char byte;
    bool holding = other->pid > 0 && read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    return holding;
}

/* cancel by a signal --------------------------------------------------------------------------- */

/*
 * fasteners_ipc_lock_cancel must not be called by a signal handler. So there is none: all threads
 * block the signals, and one thread takes them from the system by sigwait and calls it.
 */
static void signals_that_cancel(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT); /* Ctrl-C */
    sigaddset(set, SIGALRM);
    sigaddset(set, SIGTERM); /* ends the thread, besides */
}

static void *cancel_on_signal(void *lock)
{
    sigset_t set;
    signals_that_cancel(&set);
    int number = 0;
    while (number != SIGTERM && sigwait(&set, &number) == 0) {
        /* Only a wait that has begun is cancelled: come again, in case this was too soon. */
        if (number == SIGALRM)
            alarm(1);
        fasteners_ipc_lock_cancel(lock);
    }
    return NULL;
}

static void show_cancel(fasteners_ipc_lock *lock)
{
    sigset_t set;
    sigset_t before;
    signals_that_cancel(&set);
    pthread_sigmask(SIG_BLOCK, &set, &before); /* the new thread inherits this */
    pthread_t canceller;
    if (pthread_create(&canceller, NULL, cancel_on_signal, lock) != 0) {
        fputs("timeout: no thread to be had\n", stderr);
        all_as_expected = false;
    } else {
        alarm(1);
        show_acquire(lock, "acquire(FOREVER), cancelled", FASTENERS_FOREVER, FASTENERS_CANCELLED);
        pthread_kill(canceller, SIGTERM);
        pthread_join(canceller, NULL);
        alarm(0);
    }
    signal(SIGALRM, SIG_IGN); /* one that came late */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* the show ------------------------------------------------------------------------------------- */

static void show_waits(fasteners_ipc_lock *lock)
{
    puts("another process holds the lock:");
    show_acquire(lock, "acquire(NO_WAIT)", FASTENERS_NO_WAIT, FASTENERS_BUSY);
    show_acquire(lock, "acquire(300)", 300, FASTENERS_TIMED_OUT);
    show_cancel(lock);
    show_acquire(lock, "acquire(-5)", -5, FASTENERS_INVALID);
}

static void show_holding(fasteners_ipc_lock *lock)
{
    puts("the other process was asked to release it:");
    show_acquire(lock, "acquire(10000)", 10000, FASTENERS_OK);
    puts("this thread holds it:");
    show_acquire(lock, "acquire(FOREVER)", FASTENERS_FOREVER, FASTENERS_WOULD_DEADLOCK);
    report("release()", fasteners_ipc_lock_release(lock), FASTENERS_OK, 0);
    puts("nobody holds it:");
    report("release()", fasteners_ipc_lock_release(lock), FASTENERS_NOT_OWNER, 0);
}

static int show(const char *path, const struct other_process *other)
{
    fasteners_ipc_lock *lock;
    fasteners_status status = fasteners_ipc_lock_create(&lock, path, NULL);
    if (status != FASTENERS_OK) {
        fprintf(stderr, "timeout: %s: %s\n", path, fasteners_strerror(status));
        return EXIT_FAILURE;
    }
    show_waits(lock);
    close(other->let_go);
    show_holding(lock);
    fasteners_ipc_lock_destroy(lock);
    return all_as_expected ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: timeout LOCK-FILE\n", stderr);
        return EXIT_FAILURE;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);

    struct other_process other;
    if (!start_other_process(argv[1], &other)) {
        fputs("timeout: could not start a process that holds the lock\n", stderr);
        return EXIT_FAILURE;
    }
    int result = show(argv[1], &other);
    int outcome;
    if (waitpid(other.pid, &outcome, 0) != other.pid || outcome != 0)
        result = EXIT_FAILURE;
    return result;
}
