/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One thread that waits for several locks at once and stays responsive: an event loop by poll(2).
 *
 *     event_loop DIRECTORY
 *
 * A child process holds three locks and gives back two of them. This one waits for all three in one
 * loop, gets two, and loses its patience with the third. Exit status 0 if that is what happened.
 */
#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fasteners.h>

enum { LOCKS = 3, GIVEN_BACK = 2, TICK_MS = 50 };

static fasteners_ipc_lock *locks[LOCKS];

static bool create_locks(const char *directory)
{
    char path[4096];
    for (int i = 0; i < LOCKS; i++) {
        snprintf(path, sizeof(path), "%s/lock-%d", directory, i);
        if (fasteners_ipc_lock_create(&locks[i], path, NULL) != FASTENERS_OK)
            return false;
    }
    return true;
}

static void destroy_locks(void)
{
    for (int i = 0; i < LOCKS; i++)
        fasteners_ipc_lock_destroy(locks[i]);
}

/* the other process ---------------------------------------------------------------------------- */

static bool wait_for_byte(int from)
{
    char byte;
    return read(from, &byte, 1) == 1;
}

/* Each byte it is sent makes it give back one lock; the end of the pipe ends it. */
static int hold(int ready, int orders)
{
    for (int i = 0; i < LOCKS; i++)
        if (fasteners_ipc_lock_acquire(locks[i], 10000) != FASTENERS_OK)
            return EXIT_FAILURE;
    if (write(ready, "", 1) != 1)
        return EXIT_FAILURE;
    for (int i = 0; wait_for_byte(orders) && i < LOCKS; i++)
        fasteners_ipc_lock_release(locks[i]);
    destroy_locks();
    return EXIT_SUCCESS;
}

static pid_t start_other_process(int *orders)
{
    int ready[2];
    int to_child[2];
    if (pipe(ready) != 0 || pipe(to_child) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        close(to_child[1]);
        exit(hold(ready[1], to_child[0]));
    }
    close(ready[1]);
    close(to_child[0]);
    *orders = to_child[1];
    bool holds = pid > 0 && wait_for_byte(ready[0]);
    close(ready[0]);
    return holds ? pid : -1;
}

/* the loop ------------------------------------------------------------------------------------- */

struct loop {
    fasteners_ipc_wait *waits[LOCKS];
    int pending;
    int granted;
    int timed_out;
    int ticks; /* of what the program does beside waiting */
};

static bool begin_all(struct loop *loop)
{
    for (int i = 0; i < LOCKS; i++) {
        int64_t timeout_ms = i < GIVEN_BACK ? FASTENERS_FOREVER : 600;
        if (fasteners_ipc_lock_acquire_begin(locks[i], timeout_ms, &loop->waits[i]) != FASTENERS_OK)
            return false;
        loop->pending++;
    }
    return true;
}

static void finish(struct loop *loop, int i)
{
    fasteners_status status = fasteners_ipc_wait_finish(&loop->waits[i]);
    if (status == FASTENERS_BUSY)
        return; /* not yet */
    loop->pending--;
    printf("tick %2d: lock %d: %s\n", loop->ticks, i, fasteners_strerror(status));
    if (status == FASTENERS_OK) {
        loop->granted++;
        fasteners_ipc_lock_release(locks[i]);
    } else if (status == FASTENERS_TIMED_OUT) {
        loop->timed_out++;
    }
}

static void run(struct loop *loop, int orders)
{
    while (loop->pending > 0) {
        struct pollfd events[LOCKS];
        for (int i = 0; i < LOCKS; i++) {
            /* -1 where there is no wait any more, which poll passes over. */
            events[i].fd = (int)fasteners_ipc_wait_descriptor(loop->waits[i]);
            events[i].events = POLLIN;
            events[i].revents = 0;
        }
        if (poll(events, LOCKS, TICK_MS) == 0 && ++loop->ticks % 4 == 0 &&
            loop->ticks <= 4 * GIVEN_BACK && write(orders, "", 1) != 1)
            return;
        for (int i = 0; i < LOCKS; i++)
            if (events[i].revents != 0)
                finish(loop, i);
    }
}

int main(int argc, char **argv)
{
    struct loop loop = {0};
    int orders;
    int outcome;

    if (argc != 2 || !create_locks(argv[1])) {
        fputs("usage: event_loop DIRECTORY\n", stderr);
        return EXIT_FAILURE;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    pid_t other = start_other_process(&orders);
    if (other < 0 || !begin_all(&loop)) {
        fputs("event_loop: no process, thread or descriptor to be had\n", stderr);
        return EXIT_FAILURE;
    }
    run(&loop, orders);
    close(orders);
    waitpid(other, &outcome, 0);
    destroy_locks();
    printf("%d granted, %d timed out, and the loop ran on all the while\n", loop.granted,
           loop.timed_out);
    return loop.granted == GIVEN_BACK && loop.timed_out == 1 && loop.ticks >= 4 * GIVEN_BACK
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
