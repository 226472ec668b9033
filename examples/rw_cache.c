/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A cache that many threads read, and one refreshes.
 *
 *     rw_cache [READERS [MILLISECONDS]]
 *
 * All entries are of the same version: the refresher writes them anew now and then. A reader that
 * misses an entry fetches it. Exit status 0 if no reader ever saw an entry half written, or two of
 * different versions at once; 1 if one did, 2 for trouble.
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fasteners.h>

enum { EXIT_CLEAN = 0, EXIT_HALF_WRITTEN = 1, EXIT_TROUBLE = 2, MOST_READERS = 64, KEYS = 100 };

struct entry {
    bool present;
    long version;
    char text[40];
};

/* A lock in static memory, or in memory that is all zero, needs no call before it is used. */
struct cache {
    fasteners_rw_lock lock;
    long version;
    struct entry entries[KEYS];
};

/* Each thread counts for itself. */
struct thread {
    pthread_t id;
    unsigned seed;
    long reads, pairs, fetches;   /* of a reader */
    long refreshes, drops, skips; /* of the refresher */
    long half_written;
    int64_t longest_wait_ns;
};

static struct cache cache;
static int64_t end_ns;

/* For calls that cannot fail here, unless the system is out of memory. */
static void must(const char *call, fasteners_status status)
{
    if (status == FASTENERS_OK)
        return;
    fprintf(stderr, "rw_cache: %s: %s\n", call, fasteners_strerror(status));
    exit(EXIT_TROUBLE);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void note_wait(struct thread *self, int64_t since_ns)
{
    int64_t waited_ns = now_ns() - since_ns;
    if (waited_ns > self->longest_wait_ns)
        self->longest_wait_ns = waited_ns;
}

static int random_key(struct thread *self)
{
    self->seed = self->seed * 1664525 + 1013904223;
    return (int)((self->seed >> 16) % KEYS);
}

/* entries -------------------------------------------------------------------------------------- */

/* To be called by a writer: for a while the entry is neither the old one nor the new one. */
static void write_entry(int key, long version)
{
    struct entry *entry = &cache.entries[key];
    entry->present = true;
    entry->version = version;
    sched_yield(); /* the worst moment */
    snprintf(entry->text, sizeof(entry->text), "answer %d of version %ld", key, version);
}

static bool is_whole(const struct entry *entry, int key)
{
    char text[sizeof(entry->text)];
    snprintf(text, sizeof(text), "answer %d of version %ld", key, entry->version);
    return strcmp(entry->text, text) == 0;
}

/* reading -------------------------------------------------------------------------------------- */

/* Returns a copy: what a pointer points to would change as soon as the lock is released. */
static struct entry look_up(int key)
{
    must("acquire_read", fasteners_rw_lock_acquire_read(&cache.lock, FASTENERS_FOREVER));
    struct entry found = cache.entries[key];
    must("release_read", fasteners_rw_lock_release_read(&cache.lock));
    return found;
}

/*
 * Two entries of the same moment: the hold around both keeps writers out between them. That look_up
 * acquires the lock once more does no harm: a thread that reads may read, whoever waits.
 */
static void look_up_two(int keys[2], struct entry found[2])
{
    must("acquire_read", fasteners_rw_lock_acquire_read(&cache.lock, FASTENERS_FOREVER));
    for (int i = 0; i < 2; i++)
        found[i] = look_up(keys[i]);
    must("release_read", fasteners_rw_lock_release_read(&cache.lock));
}

/* Makes a writer of a reader. */
static void become_writer(void)
{
    fasteners_status status = fasteners_rw_lock_upgrade(&cache.lock, FASTENERS_FOREVER);
    if (status != FASTENERS_WOULD_DEADLOCK) {
        must("upgrade", status);
        return;
    }
    /*
     * Another reader is about to do the same and waits until this one lets go. So do that; but now
     * others may write in between.
     */
    must("release_read", fasteners_rw_lock_release_read(&cache.lock));
    must("acquire_write", fasteners_rw_lock_acquire_write(&cache.lock, FASTENERS_FOREVER));
}

/* Reads an entry, which is made if it is missing. */
static struct entry look_up_or_fetch(struct thread *self, int key)
{
    must("acquire_read", fasteners_rw_lock_acquire_read(&cache.lock, FASTENERS_FOREVER));
    if (!cache.entries[key].present) {
        become_writer();
        if (!cache.entries[key].present) { /* else another thread was quicker */
            write_entry(key, cache.version);
            self->fetches++;
        }
        /* From here on others may read again, but nobody writes before this thread has read. */
        must("downgrade", fasteners_rw_lock_downgrade(&cache.lock));
    }
    struct entry found = cache.entries[key];
    must("release_read", fasteners_rw_lock_release_read(&cache.lock));
    return found;
}

static void read_one(struct thread *self)
{
    int key = random_key(self);
    int64_t start_ns = now_ns();
    struct entry found = look_up_or_fetch(self, key);
    note_wait(self, start_ns);
    self->reads++;
    if (!is_whole(&found, key))
        self->half_written++;
}

static void read_two(struct thread *self)
{
    int keys[2] = {random_key(self), random_key(self)};
    struct entry found[2];
    look_up_two(keys, found);
    self->pairs++;
    if (found[0].present && found[1].present && found[0].version != found[1].version)
        self->half_written++;
}

static void *read_on(void *argument)
{
    struct thread *self = argument;
    do {
        for (int i = 0; i < 9; i++)
            read_one(self);
        read_two(self);
    } while (now_ns() < end_ns);
    return NULL;
}

/* writing -------------------------------------------------------------------------------------- */

/* Has to be done, but not at any price: who waits for ever never hears of trouble. */
static void refresh(struct thread *self)
{
    int64_t start_ns = now_ns();
    must("acquire_write", fasteners_rw_lock_acquire_write(&cache.lock, 10000));
    note_wait(self, start_ns);
    cache.version++;
    for (int key = 0; key < KEYS; key++)
        if (cache.entries[key].present)
            write_entry(key, cache.version);
    must("release_write", fasteners_rw_lock_release_write(&cache.lock));
    self->refreshes++;
}

/* Is done if nobody is in the way at this moment; otherwise another time. */
static void drop_some(struct thread *self)
{
    fasteners_status status = fasteners_rw_lock_acquire_write(&cache.lock, FASTENERS_NO_WAIT);
    if (status == FASTENERS_BUSY) {
        self->skips++;
        return;
    }
    must("acquire_write", status);
    for (int i = 0; i < 10; i++)
        cache.entries[random_key(self)].present = false;
    must("release_write", fasteners_rw_lock_release_write(&cache.lock));
    self->drops++;
}

static void *refresh_on(void *argument)
{
    const struct timespec pause = {0, 2000000};
    while (now_ns() < end_ns) {
        refresh(argument);
        nanosleep(&pause, NULL);
        drop_some(argument);
    }
    return NULL;
}

/* the program ---------------------------------------------------------------------------------- */

static void start(struct thread *thread, void *(*body)(void *), unsigned seed)
{
    *thread = (struct thread){.seed = seed};
    if (pthread_create(&thread->id, NULL, body, thread) != 0) {
        fputs("rw_cache: no thread to be had\n", stderr);
        exit(EXIT_TROUBLE);
    }
}

static void add(struct thread *sum, const struct thread *one)
{
    sum->reads += one->reads;
    sum->pairs += one->pairs;
    sum->fetches += one->fetches;
    sum->half_written += one->half_written;
    if (one->longest_wait_ns > sum->longest_wait_ns)
        sum->longest_wait_ns = one->longest_wait_ns;
}

static void report(const struct thread *all, const struct thread *refresher)
{
    printf("read        %ld times one entry, %ld times two at once\n", all->reads, all->pairs);
    printf("hits        %.2f %%; %ld entries were missing, and fetched by their reader\n",
           100.0 * (double)(all->reads - all->fetches) / (double)all->reads, all->fetches);
    printf("refreshed   %ld times; some entries dropped %ld times, left for later %ld times\n",
           refresher->refreshes, refresher->drops, refresher->skips);
    printf("longest     %.1f ms for a reader, fetching included; %.1f ms for the refresher\n",
           (double)all->longest_wait_ns / 1e6, (double)refresher->longest_wait_ns / 1e6);
    printf("half-written entries seen: %ld\n", all->half_written);
}

static int run(long readers, long milliseconds)
{
    struct thread threads[MOST_READERS];
    struct thread refresher;
    struct thread all = {.reads = 0};

    end_ns = now_ns() + milliseconds * 1000000;
    start(&refresher, refresh_on, 1);
    for (long i = 0; i < readers; i++)
        start(&threads[i], read_on, (unsigned)i + 2);

    pthread_join(refresher.id, NULL);
    for (long i = 0; i < readers; i++) {
        pthread_join(threads[i].id, NULL);
        add(&all, &threads[i]);
    }
    report(&all, &refresher);
    return all.half_written == 0 ? EXIT_CLEAN : EXIT_HALF_WRITTEN;
}

/* The argument as a number from 1 to `most`; 0 if it is none; `otherwise` if there is none. */
static long number(const char *argument, long otherwise, long most)
{
    if (argument == NULL)
        return otherwise;
    char *end;
    long value = strtol(argument, &end, 10);
    return *end == '\0' && value >= 1 && value <= most ? value : 0;
}

int main(int argc, char **argv)
{
    long readers = number(argc > 1 ? argv[1] : NULL, 4, MOST_READERS);
    long milliseconds = number(argc > 2 ? argv[2] : NULL, 500, 3600000);
    if (argc > 3 || readers == 0 || milliseconds == 0) {
        fputs("usage: rw_cache [READERS [MILLISECONDS]]\n", stderr);
        return EXIT_TROUBLE;
    }
    return run(readers, milliseconds);
}
