/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "arena.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

const char *const deed_names[DEEDS] = {
    "acquire", "acquire_read",  "acquire_write", "upgrade", "downgrade",
    "release", "release_read",  "release_write", "wrong",   "check",
    "holder",  "cancel",        "recreate",      "fork",    "clone",
    "exec",    "no descriptor", "no memory",     "end",
};

void arena_file(const char *directory, char path[PATH_LENGTH])
{
    snprintf(path, PATH_LENGTH, "%s/arena", directory);
}

void arena_lock_path(const arena *of, int path, char name[PATH_LENGTH])
{
    static const char *const classes[PATH_CLASSES] = {"sabotaged", "recorded", "removed", "plain"};

    snprintf(name, PATH_LENGTH, "%s/%d-%s", of->directory, path, classes[class_of(path)]);
}

static arena *map(const char *directory, int flags)
{
    char path[PATH_LENGTH];
    void *memory = MAP_FAILED;

    arena_file(directory, path);
    int fd = open(path, O_RDWR | O_CLOEXEC | flags, 0666);
    if (fd < 0)
        return NULL;
    if (flags == 0 || ftruncate(fd, sizeof(arena)) == 0)
        memory = mmap(NULL, sizeof(arena), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return memory != MAP_FAILED ? memory : NULL;
}

arena *arena_make(const char *directory)
{
    arena *made = map(directory, O_CREAT | O_EXCL);

    if (made != NULL)
        snprintf(made->directory, sizeof(made->directory), "%s", directory);
    return made;
}

arena *arena_map(const char *directory)
{
    return map(directory, 0);
}

_Noreturn void violate(arena *of, int path, const char *format, ...)
{
    uint64_t expected = NO_VIOLATION;
    va_list arguments;

    va_start(arguments, format);
    if (atomic_compare_exchange_strong(&of->violated, &expected, BEING_TOLD)) {
        of->violated_path = path;
        vsnprintf(of->violation, sizeof(of->violation), format, arguments);
        atomic_store(&of->violated, TOLD);
    }
    va_end(arguments);
    for (;;)
        pause();
}

/* ------------------------------------------------------------------------------ dice -- */

/* splitmix64 */
static uint64_t next(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

dice dice_for(uint64_t seed, uint64_t worker, uint64_t incarnation, uint64_t seat)
{
    dice made = {.state = seed};

    made.state = next(&made.state) + worker;
    made.state = next(&made.state) + incarnation;
    made.state = next(&made.state) + seat;
    return made;
}

uint64_t throw_dice(dice *of, uint64_t sides)
{
    return next(&of->state) % sides;
}

bool one_in(dice *of, uint64_t n)
{
    return throw_dice(of, n) == 0;
}
