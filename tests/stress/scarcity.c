/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "scarcity.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "moves.h"

static struct rlimit usual_descriptors, usual_memory;

/* The size of the address space now; 0: it cannot be told. */
static rlim_t size_of_process(void)
{
    char text[64] = "";
    unsigned long pages = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    if (read(fd, text, sizeof(text) - 1) <= 0 || sscanf(text, "%lu", &pages) != 1)
        pages = 0;
    close(fd);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* A sanitizer's own memory is beyond all limits. */
static deed some_scarcity(actor *me)
{
    return SANITIZED || one_in(&me->dice, 2) ? NO_DESCRIPTORS : NO_MEMORY;
}

static struct rlimit limit_of(deed what)
{
    struct rlimit limit = {0};

    if (what == NO_MEMORY)
        getrlimit(RLIMIT_AS, &limit);
    else
        getrlimit(RLIMIT_NOFILE, &limit);
    return limit;
}

static void set_limit(deed what, struct rlimit limit)
{
    if (what == NO_MEMORY)
        setrlimit(RLIMIT_AS, &limit);
    else
        setrlimit(RLIMIT_NOFILE, &limit);
}

void scarcity_learn_usual(void)
{
    usual_descriptors = limit_of(NO_DESCRIPTORS);
    usual_memory = limit_of(NO_MEMORY);
}

void scarcity_inherit(worker *in)
{
    if (limit_of(NO_DESCRIPTORS).rlim_cur != usual_descriptors.rlim_cur ||
        limit_of(NO_MEMORY).rlim_cur != usual_memory.rlim_cur)
        atomic_fetch_or(&in->scarcity, 1);
}

void scarcity_live_through(actor *me)
{
    deed what = some_scarcity(me);

    if (pthread_mutex_trylock(&me->worker->alone) != 0)
        return;
    struct rlimit usual = what == NO_MEMORY ? usual_memory : usual_descriptors;
    struct rlimit lowered = {.rlim_cur = what == NO_MEMORY ? size_of_process() : 0,
                             .rlim_max = usual.rlim_max};
    move_note(me, what, 0, 0);
    atomic_fetch_add(&me->worker->scarcity, 1);
    set_limit(what, lowered);
    for (int i = 0; i < 20; i++)
        actor_step(me);
    set_limit(what, usual);
    atomic_fetch_add(&me->worker->scarcity, 1);
    pthread_mutex_unlock(&me->worker->alone);
}
