/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's commands about its own process: fork, exec, signals. */

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent_command.h"
#include "emulator.h"
#include "proc_info.h"

/* By its real name: under valgrind /proc/self/exe is valgrind. */
static const char *own_program(void)
{
    static char name[4096];
    ssize_t length = readlink("/proc/self/exe", name, sizeof(name) - 1);

    name[length > 0 ? length : 0] = '\0';
    return name;
}

void agent_prepare(void)
{
}

void agent_end_after(unsigned seconds)
{
    alarm(seconds);
}

static void run_pid(const agent_words *words, agent_reply *reply)
{
    (void)words;
    agent_say(reply, "%ld", (long)getpid());
}

static void run_tid(const agent_words *words, agent_reply *reply)
{
    (void)words;
    agent_say(reply, "%ld", this_thread());
}

/* --------------------------------------------------------------------- fork and exec -- */

static bool put_in_place(const char *fifo, int access, int place)
{
    int fd = open(fifo, access);

    if (fd < 0 || dup2(fd, place) < 0)
        return false;
    close(fd);
    return true;
}

/*
 * The forked child goes on in the agent's loop, with other pipes in the place of those it shares.
 */
static void serve_on(const agent_words *words, agent_reply *reply)
{
    agent_forget_workers();
    if (!put_in_place(words->word[1], O_RDONLY, STDIN_FILENO) ||
        !put_in_place(words->word[2], O_WRONLY, STDOUT_FILENO))
        _exit(1);
    agent_say(reply, "%ld", (long)getpid());
}

static void continue_in_two(const agent_words *words, agent_reply *reply, long pid)
{
    if (pid == 0)
        serve_on(words, reply);
    else if (pid > 0)
        agent_say(reply, "%ld", pid);
    else
        agent_say_result(reply, false, "fork");
}

static void run_fork(const agent_words *words, agent_reply *reply)
{
    continue_in_two(words, reply, (long)fork());
}

static void run_clone(const agent_words *words, agent_reply *reply)
{
    continue_in_two(words, reply, syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static void run_exec(const agent_words *words, agent_reply *reply)
{
    const char *const argv[] = {own_program(), "pid", NULL};
    char **command = test_command(NULL, argv);

    (void)words;
    execvp(command[0], command);
    test_command_free(command);
    agent_say_result(reply, false, "exec");
}

static void read_all(int from, agent_reply *reply)
{
    size_t length = 0;
    ssize_t got;

    while ((got = read(from, reply->text + length, sizeof(reply->text) - 1 - length)) > 0)
        length += (size_t)got;
    reply->text[length] = '\0';
    reply->text[strcspn(reply->text, "\n")] = '\0';
}

/* By posix_spawn, which runs no atfork handler: what close-on-exec does not close, is inherited. */
static bool spawn_agent(int input, int output, pid_t *pid)
{
    const char *const argv[] = {own_program(), "descriptors", NULL};
    char **command = test_command(NULL, argv);
    posix_spawn_file_actions_t places;
    int error;

    posix_spawn_file_actions_init(&places);
    posix_spawn_file_actions_adddup2(&places, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&places, output, STDOUT_FILENO);
    error = posix_spawnp(pid, command[0], &places, NULL, command, environ);
    posix_spawn_file_actions_destroy(&places);
    test_command_free(command);
    return error == 0;
}

static void run_exec_descriptors(const agent_words *words, agent_reply *reply)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC); /* it is to end after its one command */
    int ends[2];
    pid_t pid;

    (void)words;
    if (nothing < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        agent_say_result(reply, false, "pipe");
        return;
    }
    if (!spawn_agent(nothing, ends[1], &pid)) {
        agent_say_result(reply, false, "posix_spawn");
        return;
    }
    close(nothing);
    close(ends[1]);
    read_all(ends[0], reply);
    close(ends[0]);
    waitpid(pid, NULL, 0);
}

/* --------------------------------------------------------------------------- signals -- */

static _Atomic long signals_handled;

static void count_signal(int signal_number)
{
    (void)signal_number;
    signals_handled++;
}

static void run_handle(const agent_words *words, agent_reply *reply)
{
    struct sigaction action = {.sa_handler = count_signal};

    agent_say_result(reply, sigaction((int)agent_number_of(words->word[1]), &action, NULL) == 0,
                     "sigaction");
}

static void run_handled(const agent_words *words, agent_reply *reply)
{
    (void)words;
    agent_say(reply, "%ld", signals_handled);
}

static void run_kill_thread(const agent_words *words, agent_reply *reply)
{
    long thread = agent_worker_thread(words->word[1], reply);
    int signal_number = (int)agent_number_of(words->word[2]);

    if (thread != 0)
        agent_say_result(reply, syscall(SYS_tgkill, getpid(), (pid_t)thread, signal_number) == 0,
                         "tgkill");
}

const agent_command agent_process_commands[] = {
    {"pid", 0, run_pid},
    {"tid", 0, run_tid},
    {"fork", 2, run_fork},
    {"clone", 2, run_clone},
    {"exec", 0, run_exec},
    {"exec_descriptors", 0, run_exec_descriptors},
    {"handle", 1, run_handle},
    {"handled", 0, run_handled},
    {"kill_thread", 2, run_kill_thread},
    {NULL, 0, NULL},
};
