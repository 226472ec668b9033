/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's commands about files and descriptors, which do not go through the library: with them
 * the agent plays a foreign program, or foreign code in the library's process.
 */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent_command.h"
#include "proc_info.h"

static int int_of(const char *word)
{
    return (int)agent_number_of(word);
}

static void say_descriptor(agent_reply *reply, int fd, const char *call)
{
    if (fd >= 0)
        agent_say(reply, "%d", fd);
    else
        agent_say_result(reply, false, call);
}

static void run_open(const agent_words *words, agent_reply *reply)
{
    int access = strcmp(words->word[2], "ro") == 0 ? O_RDONLY : O_RDWR | O_CREAT;

    say_descriptor(reply, open(words->word[1], access | O_CLOEXEC, 0666), "open");
}

static void run_close(const agent_words *words, agent_reply *reply)
{
    agent_say_result(reply, close(int_of(words->word[1])) == 0, "close");
}

static void run_dup(const agent_words *words, agent_reply *reply)
{
    say_descriptor(reply, fcntl(int_of(words->word[1]), F_DUPFD_CLOEXEC, 0), "dup");
}

/* ----------------------------------------------------------------------------- locks -- */

#ifdef F_OFD_SETLK
#define OFD_SETLK F_OFD_SETLK
#define OFD_SETLKW F_OFD_SETLKW
#else
/* Refused by fcntl: EINVAL. */
#define OFD_SETLK (-1)
#define OFD_SETLKW (-1)
#endif

static short lock_type(const char *word)
{
    if (strcmp(word, "shared") == 0)
        return F_RDLCK;
    return strcmp(word, "exclusive") == 0 ? F_WRLCK : F_UNLCK;
}

static void run_lock(const agent_words *words, agent_reply *reply)
{
    bool wait = words->count > 6 && strcmp(words->word[6], "wait") == 0;
    bool ofd = strcmp(words->word[2], "ofd") == 0;
    int command = wait ? F_SETLKW : F_SETLK;
    struct flock range = {.l_type = lock_type(words->word[3]), .l_whence = SEEK_SET};

    range.l_start = (off_t)agent_number_of(words->word[4]);
    range.l_len = (off_t)agent_number_of(words->word[5]);
    if (ofd)
        command = wait ? OFD_SETLKW : OFD_SETLK;
    agent_say_result(reply, fcntl(int_of(words->word[1]), command, &range) == 0, "fcntl");
}

static void run_lockf(const agent_words *words, agent_reply *reply)
{
    static const char *const names[] = {
        [F_ULOCK] = "ulock", [F_LOCK] = "lock", [F_TLOCK] = "tlock", [F_TEST] = "test"};
    int fd = int_of(words->word[1]);
    int command = F_ULOCK;

    while (command < F_TEST && strcmp(words->word[2], names[command]) != 0)
        command++;
    agent_say_result(reply, lockf(fd, command, (off_t)agent_number_of(words->word[3])) == 0,
                     "lockf");
}

static void run_flock(const agent_words *words, agent_reply *reply)
{
    int operation = LOCK_UN;

    if (strcmp(words->word[2], "shared") == 0)
        operation = LOCK_SH | LOCK_NB;
    else if (strcmp(words->word[2], "exclusive") == 0)
        operation = LOCK_EX | LOCK_NB;
    agent_say_result(reply, flock(int_of(words->word[1]), operation) == 0, "flock");
}

/* ----------------------------------------------------------------------- surroundings -- */

static void run_chdir(const agent_words *words, agent_reply *reply)
{
    agent_say_result(reply, chdir(words->word[1]) == 0, "chdir");
}

static void run_umask(const agent_words *words, agent_reply *reply)
{
    agent_say(reply, "0%o", (unsigned)umask((mode_t)agent_number_of(words->word[1])));
}

static void run_user(const agent_words *words, agent_reply *reply)
{
    uid_t user = (uid_t)agent_number_of(words->word[1]);
    gid_t group = (gid_t)agent_number_of(words->word[2]);

    agent_say_result(reply, setgroups(0, NULL) == 0 && setgid(group) == 0 && setuid(user) == 0,
                     "setuid");
}

static void run_limit_files(const agent_words *words, agent_reply *reply)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = (rlim_t)agent_number_of(words->word[1]);
    agent_say_result(reply, setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
}

static void run_counts(const agent_words *words, agent_reply *reply)
{
    long self = (long)getpid();

    (void)words;
    /* Looking at them takes one descriptor itself. */
    agent_say(reply, "%d %d", count_descriptors(self) - 1, count_threads(self));
}

static void run_descriptors(const agent_words *words, agent_reply *reply)
{
    (void)words;
    reply->text[0] = '\0';
    for (int fd = 0; fd < 4096; fd++) {
        char link[64];
        char name[1024];
        ssize_t length;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        length = readlink(link, name, sizeof(name) - 1);
        if (length < 0)
            continue;
        name[length] = '\0';
        agent_add(reply, name);
    }
}

const agent_command agent_file_commands[] = {
    {"open", 2, run_open},
    {"close", 1, run_close},
    {"dup", 1, run_dup},
    {"lock", 5, run_lock},
    {"lockf", 3, run_lockf},
    {"flock", 2, run_flock},
    {"chdir", 1, run_chdir},
    {"umask", 1, run_umask},
    {"user", 2, run_user},
    {"counts", 0, run_counts},
    {"limit_files", 1, run_limit_files},
    {"descriptors", 0, run_descriptors},
    {NULL, 0, NULL},
};
