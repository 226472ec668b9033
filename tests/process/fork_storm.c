/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forks while other threads are in the middle of everything: opening, waiting, acquiring,
 * releasing, destroying.
 *
 *   fork_storm use PATH OWN ROUNDS     each child acquires the lock at OWN, one that only children
 *   use, and
 *                                      the handle on PATH that its parent uses, releases and exits
 *   fork_storm leave PATH ROUNDS       the children call nothing and stay until standard input
 *   ends; when all
 *                                      are there, "ready" is written, and the storm goes on until
 *                                      killed
 *
 * While it makes headway, "use" writes a line now and then.
 *
 * Exit status: 0; 1: something was refused (told on standard error); 2: a child hung.
 */

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fasteners.h>

#include "patience.h"

#define HAMMERS 4

static const char *path;           /* all of its users are fair, so that no child starves */
static fasteners_ipc_lock *shared; /* on that path */
static char vanishing[4096];       /* another one, whose file is removed at each release */

static void say(const char *line)
{
    puts(line);
    fflush(stdout);
}

static int complain(const char *what, fasteners_status status)
{
    fprintf(stderr, "process %ld: %s: %s\n", (long)getpid(), what, fasteners_status_name(status));
    return 1;
}

/* ------------------------------------------------------------------------- the threads -- */

static fasteners_ipc_lock *make(const char *at, bool fair, bool unlink_on_release)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.fair = fair;
    options.unlink_on_release = unlink_on_release;
    return fasteners_ipc_lock_create(&lock, at, &options) == FASTENERS_OK ? lock : NULL;
}

static void acquire_and_release(fasteners_ipc_lock *lock, int64_t timeout_ms)
{
    if (lock != NULL && fasteners_ipc_lock_acquire(lock, timeout_ms) == FASTENERS_OK)
        fasteners_ipc_lock_release(lock);
}

/*
 * The kinds of thread: a waiter, a trier, one who opens anew each time, and one whose file comes
 * and goes.
 */
static void *hammer(void *argument)
{
    static const int64_t timeouts[HAMMERS] = {FASTENERS_FOREVER, FASTENERS_NO_WAIT, 1, 2};
    int kind = *(const int *)argument;

    for (;;) {
        if (kind < 2) {
            acquire_and_release(shared, timeouts[kind]);
        } else {
            fasteners_ipc_lock *lock =
                kind == 2 ? make(path, true, false) : make(vanishing, false, true);

            acquire_and_release(lock, timeouts[kind]);
            fasteners_ipc_lock_destroy(lock);
        }
    }
    return NULL;
}

static bool start_storm(void)
{
    static int kinds[HAMMERS] = {0, 1, 2, 3};
    pthread_t thread;

    for (int i = 0; i < HAMMERS; i++)
        if (pthread_create(&thread, NULL, hammer, &kinds[i]) != 0)
            return false;
    return true;
}

/* ------------------------------------------------------------------------ the children -- */

static int try_one(fasteners_ipc_lock *lock, const char *what)
{
    fasteners_status status;

    if (fasteners_ipc_lock_is_held(lock))
        return complain("held in a new child", FASTENERS_OK);
    status = fasteners_ipc_lock_release(lock);
    if (status != FASTENERS_NOT_OWNER)
        return complain("release in a new child", status);
    status = fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER);
    if (status != FASTENERS_OK)
        return complain(what, status);
    status = fasteners_ipc_lock_release(lock);
    return status == FASTENERS_OK ? 0 : complain("release", status);
}

static int use_locks(const char *own)
{
    fasteners_ipc_lock *lock = make(own, false, false);
    int failed = lock == NULL || try_one(lock, "acquire its own lock") != 0 ||
                 try_one(shared, "acquire the lock of its parent's handle") != 0;

    fasteners_ipc_lock_destroy(lock);
    return failed;
}

/* The child's exit status, or 2 if its alarm went off: it hung. */
static int end_of(pid_t pid)
{
    int status;

    if (waitpid(pid, &status, 0) != pid)
        return 1;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    fprintf(stderr, "child %ld: signal %d\n", (long)pid, WTERMSIG(status));
    return WTERMSIG(status) == SIGALRM ? 2 : 1;
}

static int storm_and_use(const char *own, long rounds)
{
    for (long i = 0; i < rounds; i++) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
            alarm((unsigned)(test_patience_ms() / 1000));
            _exit(use_locks(own));
        }
        status = pid > 0 ? end_of(pid) : 1;
        if (status != 0)
            return status;
        if (i % 100 == 0)
            say("at it");
    }
    return 0;
}

static void stay_until_input_ends(void)
{
    char nothing;

    say("here");
    while (read(STDIN_FILENO, &nothing, 1) > 0)
        ;
    _exit(0);
}

static int storm_and_leave(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        pid_t pid = fork();

        if (pid == 0)
            stay_until_input_ends();
        if (pid < 0)
            return 1;
    }
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    bool use = argc == 5 && strcmp(argv[1], "use") == 0;
    bool leave = argc == 4 && strcmp(argv[1], "leave") == 0;

    if (!use && !leave)
        return 1;
    path = argv[2];
    snprintf(vanishing, sizeof(vanishing), "%s-vanishing", path);
    shared = make(path, true, false);
    if (shared == NULL || !start_storm())
        return complain("start", FASTENERS_OS_ERROR);
    return use ? storm_and_use(argv[3], atol(argv[4])) : storm_and_leave(atol(argv[3]));
}
