/* SPDX-License-Identifier: Apache-2.0 */
#include "witness.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared_file.h"

typedef struct shared_words {
    _Atomic uint32_t occupied;
    _Atomic uint32_t violations;
} shared_words;

struct witness {
    shared_words *words;
    shared_number counter;
};

static shared_number open_counter(const char *path)
{
    size_t size = strlen(path) + sizeof(".counter");
    char *name = malloc(size);

    if (name == NULL)
        return -1;
    snprintf(name, size, "%s.counter", path);
    shared_number number = shared_number_open(name);
    free(name);
    return number;
}

witness *witness_open(const char *path)
{
    witness *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return NULL;
    made->words = shared_memory_map(path, sizeof(*made->words));
    made->counter = open_counter(path);
    if (made->words != NULL && made->counter != -1)
        return made;
    witness_close(made);
    return NULL;
}

void witness_close(witness *of)
{
    if (of->words != NULL)
        shared_memory_unmap(of->words, sizeof(*of->words));
    if (of->counter != -1)
        shared_number_close(of->counter);
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

int64_t witness_counter(const witness *of)
{
    return shared_number_read(of->counter);
}

void witness_visit(witness *of)
{
    bool alone = witness_enter(of);
    int64_t count = witness_counter(of) + 1;

    if (!shared_number_write(of->counter, count))
        atomic_fetch_add(&of->words->violations, 1);
    if (alone)
        witness_leave(of);
}
