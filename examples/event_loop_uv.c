/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A lock in a libuv program: the wait is a uv_poll_t beside timers and sockets.
 *
 *     event_loop_uv LOCK-FILE
 *
 * A child process holds the lock for a while. The loop serves a timer until the lock comes. Exit
 * status 0 if both happened.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <fasteners.h>

enum { TICK_MS = 20, HELD_FOR_TICKS = 5 };

struct program {
    fasteners_ipc_lock *lock;
    fasteners_ipc_wait *wait;
    uv_poll_t poll;
    uv_timer_t timer;
    int orders; /* closing it tells the child to release */
    int ticks;
    fasteners_status outcome;
};

static int hold(const char *path, int ready, int orders)
{
    fasteners_ipc_lock *lock;
    char byte;
    if (fasteners_ipc_lock_create(&lock, path, NULL) != FASTENERS_OK ||
        fasteners_ipc_lock_acquire(lock, 10000) != FASTENERS_OK || write(ready, "", 1) != 1)
        return EXIT_FAILURE;
    while (read(orders, &byte, 1) > 0)
        continue;
    fasteners_ipc_lock_destroy(lock);
    return EXIT_SUCCESS;
}

static pid_t start_other_process(const char *path, int *orders)
{
    int ready[2];
    int to_child[2];
    char byte;
    if (pipe(ready) != 0 || pipe(to_child) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        close(to_child[1]);
        exit(hold(path, ready[1], to_child[0]));
    }
    close(to_child[0]);
    *orders = to_child[1];
    return pid > 0 && read(ready[0], &byte, 1) == 1 ? pid : -1;
}

static void tick(uv_timer_t *timer)
{
    struct program *program = timer->data;
    if (++program->ticks == HELD_FOR_TICKS)
        close(program->orders);
}

static void lock_is_ready(uv_poll_t *poll, int status, int events)
{
    struct program *program = poll->data;
    (void)status;
    (void)events;
    /* The descriptor goes with the wait: libuv must have let go of it before. */
    uv_poll_stop(poll);
    program->outcome = fasteners_ipc_wait_finish(&program->wait);
    printf("tick %d: %s\n", program->ticks, fasteners_strerror(program->outcome));
    uv_close((uv_handle_t *)poll, NULL);
    uv_close((uv_handle_t *)&program->timer, NULL);
}

static int run(struct program *program)
{
    uv_loop_t *loop = uv_default_loop();
    if (fasteners_ipc_lock_acquire_begin(program->lock, 10000, &program->wait) != FASTENERS_OK)
        return EXIT_FAILURE;
    uv_timer_init(loop, &program->timer);
    uv_poll_init(loop, &program->poll, (int)fasteners_ipc_wait_descriptor(program->wait));
    program->timer.data = program->poll.data = program;
    uv_timer_start(&program->timer, tick, TICK_MS, TICK_MS);
    uv_poll_start(&program->poll, UV_READABLE, lock_is_ready);
    uv_run(loop, UV_RUN_DEFAULT);
    uv_loop_close(loop);
    if (program->outcome == FASTENERS_OK)
        fasteners_ipc_lock_release(program->lock);
    return program->outcome == FASTENERS_OK && program->ticks >= HELD_FOR_TICKS ? EXIT_SUCCESS
                                                                                : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct program program = {0};
    int outcome;
    if (argc != 2 || fasteners_ipc_lock_create(&program.lock, argv[1], NULL) != FASTENERS_OK) {
        fputs("usage: event_loop_uv LOCK-FILE\n", stderr);
        return EXIT_FAILURE;
    }
    pid_t other = start_other_process(argv[1], &program.orders);
    if (other < 0)
        return EXIT_FAILURE;
    int result = run(&program);
    waitpid(other, &outcome, 0);
    fasteners_ipc_lock_destroy(program.lock);
    return result;
}
