/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A user's program that uses a fasteners_rw_lock wrongly: a checker of data races has to report
 * seeded_race(), be the two threads together in there or one long after the other.
 *
 *     races SCENARIO
 *     races             prints the names of the scenarios
 *
 * Both threads do the same: whoever comes first, its last access races with the other's first one.
 */

#include <fasteners.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 2 };

#define FOREVER FASTENERS_FOREVER
#define NO_WAIT FASTENERS_NO_WAIT

static fasteners_rw_lock locks[THREADS];
static fasteners_rw_lock *const lock = &locks[0];
static long *data;

__attribute__((noinline)) static void seeded_race(void)
{
    ++*data;
}

static void expect(fasteners_status status, fasteners_status expected)
{
    if (status == expected)
        return;
    fprintf(stderr, "races: %s\n", fasteners_strerror(status));
    exit(1);
}

static void succeed(fasteners_status status)
{
    expect(status, FASTENERS_OK);
}

static void readers_write(size_t number)
{
    (void)number;
    succeed(fasteners_rw_lock_acquire_read(lock, FOREVER));
    seeded_race();
    succeed(fasteners_rw_lock_release_read(lock));
}

static void one_without_the_lock(size_t number)
{
    if (number == 0)
        succeed(fasteners_rw_lock_acquire_write(lock, FOREVER));
    seeded_race();
    if (number == 0)
        succeed(fasteners_rw_lock_release_write(lock));
}

static void each_with_another_lock(size_t number)
{
    succeed(fasteners_rw_lock_acquire_write(&locks[number], FOREVER));
    seeded_race();
    succeed(fasteners_rw_lock_release_write(&locks[number]));
}

static void after_the_release(size_t number)
{
    (void)number;
    succeed(fasteners_rw_lock_acquire_write(lock, FOREVER));
    succeed(fasteners_rw_lock_acquire_write(lock, FOREVER));
    seeded_race();
    succeed(fasteners_rw_lock_release_write(lock));
    succeed(fasteners_rw_lock_release_write(lock));
    seeded_race();
}

static void after_the_downgrade(size_t number)
{
    readers_write(number);
    succeed(fasteners_rw_lock_acquire_write(lock, FOREVER));
    succeed(fasteners_rw_lock_downgrade(lock));
    seeded_race();
    succeed(fasteners_rw_lock_release_read(lock));
}

static void write_released_first(size_t number)
{
    readers_write(number);
    succeed(fasteners_rw_lock_acquire_write(lock, FOREVER));
    succeed(fasteners_rw_lock_acquire_read(lock, FOREVER));
    succeed(fasteners_rw_lock_release_write(lock));
    seeded_race();
    succeed(fasteners_rw_lock_release_read(lock));
}

/* The main thread reads. */
static void after_a_failed_try(size_t number)
{
    (void)number;
    expect(fasteners_rw_lock_acquire_write(lock, NO_WAIT), FASTENERS_BUSY);
    seeded_race();
    succeed(fasteners_rw_lock_acquire_read(lock, FOREVER));
    succeed(fasteners_rw_lock_release_read(lock));
}

/* What was a lock's memory is now ordinary data. */
static void in_memory_of_a_lock(size_t number)
{
    (void)number;
    seeded_race();
}

static void free_a_lock(void)
{
    fasteners_rw_lock *mortal = calloc(1, sizeof(*mortal));

    if (mortal == NULL)
        exit(1);
    succeed(fasteners_rw_lock_acquire_write(mortal, FOREVER));
    succeed(fasteners_rw_lock_release_write(mortal));
    free(mortal);
}

/* -------------------------------------------------------------------------- the program -- */

typedef void scenario(size_t number);

static const struct entry {
    const char *name;
    scenario *run;
} scenarios[] = {
    {"readers_write", readers_write},
    {"one_without_the_lock", one_without_the_lock},
    {"each_with_another_lock", each_with_another_lock},
    {"after_the_release", after_the_release},
    {"after_the_downgrade", after_the_downgrade},
    {"write_released_first", write_released_first},
    {"after_a_failed_try", after_a_failed_try},
    {"in_memory_of_a_lock", in_memory_of_a_lock},
};

static scenario *chosen;

static void *body(void *number)
{
    chosen((size_t)number);
    return NULL;
}

static void run(void)
{
    pthread_t team[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&team[i], NULL, body, (void *)i) != 0)
            exit(1);
    for (int i = 0; i < THREADS; i++)
        pthread_join(team[i], NULL);
}

static void choose(const char *name)
{
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
        if (name == NULL)
            puts(scenarios[i].name);
        else if (strcmp(name, scenarios[i].name) == 0)
            chosen = scenarios[i].run;
}

int main(int count, char **words)
{
    choose(count > 1 ? words[1] : NULL);
    if (chosen == NULL)
        return count > 1;
    if (chosen == in_memory_of_a_lock)
        free_a_lock();
    if (chosen == after_a_failed_try)
        succeed(fasteners_rw_lock_acquire_read(lock, FOREVER));
    data = calloc(1, sizeof(fasteners_rw_lock));
    if (data == NULL)
        return 1;
    run();
    free(data);
    return 0;
}
