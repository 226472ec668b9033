/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "offspring.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator.h"
#include "moves.h"
#include "patience.h"
#include "proc_info.h"
#include "scarcity.h"

/* What has become of a child that does not come to its end. */
static void set_alarm_clock(void)
{
    signal(SIGALRM, SIG_DFL);
    alarm((unsigned)(test_patience_ms() / 1000));
}

static void require_nothing_held(actor *me)
{
    for (int path = 0; path < me->who.arena->paths; path++)
        for (int which = 0; which < HANDLES; which++) {
            const handle *on = handle_of(me, path, which);
            if (handle_is_there(on) && handle_is_held(on))
                violate(me->who.arena, path, "a child of worker %d believes to hold path %d",
                        me->who.worker, path);
        }
}

static void try_something(actor *me)
{
    int path = (int)throw_dice(&me->dice, (uint64_t)me->who.arena->paths);
    int which = one_in(&me->dice, 2) ? OWN : COMMON;
    const handle *on = handle_of(me, path, which);
    manner how = on->is_rw && one_in(&me->dice, 2) ? FOR_READING : FOR_WRITING;

    if (!handle_is_there(on) || holds_path(me, path))
        return;
    move_wrong_release(me, path, which, how);
    move_acquire(me, path, which, how, SANITIZED || one_in(&me->dice, 2) ? FASTENERS_NO_WAIT : 5);
    if (is_held(&me->holds[path][which]) && one_in(&me->dice, 3))
        return;
    if (is_held(&me->holds[path][which]))
        move_release(me, path, which, how);
}

/*
 * Stays for a moment, and if its parent dies meanwhile, until the supervisor has seen that no lock
 * of the parent's is kept by it.
 */
static void linger(arena *in, pid_t parent)
{
    uint64_t freed = atomic_load(&in->frees_orphans);

    for (int i = 0; i < 20 && getppid() == parent; i++)
        test_pause_ms(1);
    if (getppid() == parent)
        return;
    atomic_fetch_add(&in->orphans, 1);
    while (atomic_load(&in->frees_orphans) == freed)
        test_pause_ms(1);
    atomic_fetch_sub(&in->orphans, 1);
}

/* What it holds at its end goes with it. */
static _Noreturn void live_as_child(actor *me, pid_t parent)
{
    set_alarm_clock();
    scarcity_inherit(me->worker);
    actor_become_child(me);
    require_nothing_held(me);
    for (uint64_t i = throw_dice(&me->dice, 3); i > 0; i--)
        try_something(me);
    bool lingers = me->who.arena->may_linger && holds_nothing(me) && one_in(&me->dice, 4);
    move_leave_all(me);
    if (lingers)
        linger(me->who.arena, parent);
    _exit(0);
}

static void wait_for_child(const actor *me, pid_t child)
{
    int result = 0;

    while (waitpid(child, &result, 0) < 0)
        if (errno != EINTR)
            violate(me->who.arena, 0, "waitpid: %s", strerror(errno));
    if (WIFSIGNALED(result))
        violate(me->who.arena, 0, "a child of worker %d %s (signal %d)", me->who.worker,
                WTERMSIG(result) == SIGALRM ? "hung" : "crashed", WTERMSIG(result));
    if (WEXITSTATUS(result) != 0)
        violate(me->who.arena, 0, "a child of worker %d ended with status %d", me->who.worker,
                WEXITSTATUS(result));
}

/* Slow where a sanitizer's memory is to be copied. */
void offspring_fork(actor *me)
{
    if (SANITIZED && !one_in(&me->dice, 8))
        return;
    move_note(me, FORK, 0, 0);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0)
        live_as_child(me, parent);
    if (child > 0)
        wait_for_child(me, child);
}

void offspring_clone(actor *me)
{
    if (PORTABLE_BUILD || SANITIZED || me->worker->threads != 1 || count_threads(getpid()) != 2)
        return;
    move_note(me, CLONE, 0, 0);
    pid_t parent = getpid();
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        live_as_child(me, parent);
    if (child > 0)
        wait_for_child(me, child);
}

/* The timer would go on, and its signal end the new program before it has a handler. */
static void stop_timer(void)
{
    sigset_t alarms;

    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarms, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
}

void offspring_exec(actor *me)
{
    char index[16];
    arena *in = me->who.arena;
    const char *const arguments[] = {TEST_BIN_DIR "/torture", "--worker", index, in->directory,
                                     NULL};

    if (pthread_mutex_trylock(&me->worker->alone) != 0)
        return;
    if (atomic_load(&me->worker->ends)) {
        pthread_mutex_unlock(&me->worker->alone);
        return;
    }
    move_note(me, EXEC, 0, 0);
    snprintf(index, sizeof(index), "%d", me->who.worker);
    atomic_store(&in->worker[me->who.worker].life, 2 * me->who.incarnation + 1);
    stop_timer();
    char **command = test_command(NULL, arguments);
    execvp(command[0], command);
    violate(in, 0, "exec: %s", strerror(errno));
}
