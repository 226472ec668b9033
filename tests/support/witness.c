/* SPDX-License-Identifier: Apache-2.0 */
#include "witness.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct shared_words {
    _Atomic uint32_t occupied;
    _Atomic uint32_t violations;
} shared_words;

struct witness {
    shared_words *words;
    int counter;
};

static shared_words *map_words(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    void *words = MAP_FAILED;

    if (fd < 0)
        return NULL;
    if (ftruncate(fd, (off_t)sizeof(shared_words)) == 0)
        words = mmap(NULL, sizeof(shared_words), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return words != MAP_FAILED ? words : NULL;
}

static int open_counter(const char *path)
{
    size_t size = strlen(path) + sizeof(".counter");
    char *name = malloc(size);
    int fd;

    if (name == NULL)
        return -1;
    snprintf(name, size, "%s.counter", path);
    fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    free(name);
    return fd;
}

witness *witness_open(const char *path)
{
    witness *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return NULL;
    made->words = map_words(path);
    made->counter = open_counter(path);
    if (made->words != NULL && made->counter >= 0)
        return made;
    witness_close(made);
    return NULL;
}

void witness_close(witness *of)
{
    if (of->words != NULL)
        munmap(of->words, sizeof(*of->words));
    if (of->counter >= 0)
        close(of->counter);
    free(of);
}

bool witness_enter(witness *of)
{
    if (atomic_exchange(&of->words->occupied, 1) == 0)
        return true;
    atomic_fetch_add(&of->words->violations, 1);
    return false;
}

void witness_leave(witness *of)
{
    atomic_store(&of->words->occupied, 0);
}

long witness_violations(const witness *of)
{
    return (long)atomic_load(&of->words->violations);
}

/* An empty file counts as 0. */
int64_t witness_counter(const witness *of)
{
    int64_t count = 0;
    ssize_t got = pread(of->counter, &count, sizeof(count), 0);

    return got == 0 || got == (ssize_t)sizeof(count) ? count : -1;
}

void witness_visit(witness *of)
{
    bool alone = witness_enter(of);
    int64_t count = witness_counter(of) + 1;

    if (pwrite(of->counter, &count, sizeof(count), 0) != (ssize_t)sizeof(count))
        atomic_fetch_add(&of->words->violations, 1);
    if (alone)
        witness_leave(of);
}
