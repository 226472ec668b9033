/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Functions that are called under a lock: acquire, call and release in one.
 *
 *     locked_call LOCK-FILE
 *
 * A child process calls a function under the lock and stays in it for a while; this one tries to
 * call its own meanwhile, and waits for it then. Exit status 0 if each call ended as it should.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fasteners.h>

static bool good = true;

static void report(const char *what, fasteners_status status, const fasteners_call *call,
                   fasteners_status expected)
{
    printf("%-22s %-14s ", what, fasteners_status_name(status) + sizeof("FASTENERS_") - 1);
    if (call->called)
        printf("called, and returned %d\n", call->result);
    else
        printf("not called\n");
    good = good && status == expected && call->called == (status == FASTENERS_OK);
}

/* The functions. What they need comes as one argument, and what they return is handed on. */

static int count_words(void *text)
{
    int words = 0;
    for (const char *c = text; *c != '\0'; c++)
        words += *c != ' ' && (c[1] == ' ' || c[1] == '\0');
    return words;
}

struct pipes {
    int in_it[2], go_on[2];
};

/* Tells the parent that the lock is held, and keeps it until it is told to go on. */
static int stay_a_while(void *argument)
{
    const struct pipes *pipes = argument;
    char byte = 0;
    return write(pipes->in_it[1], &byte, 1) == 1 && read(pipes->go_on[0], &byte, 1) == 0;
}

static pid_t start_child(const char *path, struct pipes *pipes)
{
    if (pipe(pipes->in_it) != 0 || pipe(pipes->go_on) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        fasteners_call call = {false, 0};
        close(pipes->go_on[1]);
        fasteners_status status =
            fasteners_ipc_locked(path, NULL, FASTENERS_FOREVER, stay_a_while, pipes, &call);
        exit(status == FASTENERS_OK && call.result ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    char byte;
    close(pipes->in_it[1]);
    return pid > 0 && read(pipes->in_it[0], &byte, 1) == 1 ? pid : -1;
}

static void show(const char *path, int go_on)
{
    static char text[] = "as many words as this";
    fasteners_call call;
    fasteners_status status;

    puts("another process is in a call under the lock:");
    status = fasteners_ipc_locked(path, NULL, FASTENERS_NO_WAIT, count_words, text, &call);
    report("call now or not at all", status, &call, FASTENERS_BUSY);
    status = fasteners_ipc_read_locked(path, NULL, 100, count_words, text, &call);
    report("wait for 100 ms", status, &call, FASTENERS_TIMED_OUT);

    puts("it was told to go on:");
    close(go_on);
    status = fasteners_ipc_locked(path, NULL, 10000, count_words, text, &call);
    report("wait for 10 s at most", status, &call, FASTENERS_OK);
    good = good && call.result == 5;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: locked_call LOCK-FILE\n", stderr);
        return EXIT_FAILURE;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);

    struct pipes pipes;
    pid_t child = start_child(argv[1], &pipes);
    if (child < 0) {
        fputs("locked_call: could not start a process that holds the lock\n", stderr);
        return EXIT_FAILURE;
    }
    show(argv[1], pipes.go_on[1]);
    int outcome;
    good = waitpid(child, &outcome, 0) == child && outcome == 0 && good;
    puts(good ? "ok" : "FAILED");
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
