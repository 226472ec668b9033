/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Several processes look things up in an index file, and whoever finds it old rewrites it.
 *
 *     shared_index [--without-lock] FILE [PROCESSES [LOOKUPS]]
 *
 * One process adds records to FILE. FILE.index says how many of each kind there are. A lookup reads
 * it under the lock FILE.lock, which lets many read at a time. If records have come since it was
 * written, the reader upgrades: it becomes the only one inside, rewrites the index, and goes on
 * reading by downgrade. --without-lock shows what happens otherwise. Exit status 0 if nobody saw a
 * half-written or an old index, 1 if somebody did, 2 for trouble.
 */
#define _DEFAULT_SOURCE

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fasteners.h>

enum { EXIT_GOOD = 0, EXIT_BAD_INDEX = 1, EXIT_TROUBLE = 2 };
enum { KINDS = 8, RECORDS = 150, RECORD_SIZE = 4, MOST_PROCESSES = 100 };

/* Each process counts for itself, in memory that all of them share. */
struct tally {
    long lookups, bad;
    long rewrites; /* how often this process rewrote the index ... */
    long refusals; /* ... and found that another one was about to */
};

struct job {
    char data[4096], index[4096], lock_file[4096];
    long processes, lookups;
    bool locked;
    fasteners_ipc_rwlock *lock;
    struct tally *tallies;
};

static void sleep_us(long us)
{
    const struct timespec pause = {0, us * 1000};
    nanosleep(&pause, NULL);
}

/* the files ------------------------------------------------------------------------------------ */

static long count_records(const struct job *job)
{
    struct stat found;
    return stat(job->data, &found) == 0 ? (long)(found.st_size / RECORD_SIZE) : -1;
}

static bool add_record(const struct job *job, int kind)
{
    FILE *stream = fopen(job->data, "a");
    if (stream == NULL)
        return false;
    bool written = fprintf(stream, "%3d\n", kind) == RECORD_SIZE;
    return fclose(stream) == 0 && written;
}

static bool count_kinds(const struct job *job, long totals[KINDS])
{
    FILE *stream = fopen(job->data, "r");
    if (stream == NULL)
        return false;
    memset(totals, 0, KINDS * sizeof(totals[0]));
    for (int kind; fscanf(stream, "%d", &kind) == 1;)
        totals[kind % KINDS]++;
    fclose(stream);
    return true;
}

static bool write_index(const struct job *job)
{
    long totals[KINDS], records = 0;
    FILE *stream = count_kinds(job, totals) ? fopen(job->index, "w") : NULL;
    if (stream == NULL)
        return false;
    for (int kind = 0; kind < KINDS; kind++)
        records += totals[kind];
    fprintf(stream, "%ld\n", records);
    for (int kind = 0; kind < KINDS; kind++)
        fprintf(stream, "%ld\n", totals[kind]);
    return fclose(stream) == 0;
}

/* How many records the index is about, 0 if it has not been written yet, -1 if it is damaged. */
static long read_index(const struct job *job, long totals[KINDS])
{
    long records = 0, sum = 0;
    int complete = 0;
    FILE *stream = fopen(job->index, "r");
    if (stream == NULL)
        return 0;
    if (fscanf(stream, "%ld", &records) == 1)
        while (complete < KINDS && fscanf(stream, "%ld", &totals[complete]) == 1)
            sum += totals[complete++];
    fclose(stream);
    return complete == KINDS && sum == records ? records : -1;
}

/* the lock ------------------------------------------------------------------------------------- */

/* For calls that cannot fail here, unless the system refuses. */
static void must(const char *call, fasteners_status status)
{
    if (status == FASTENERS_OK)
        return;
    fprintf(stderr, "shared_index: %s: %s\n", call, fasteners_strerror(status));
    exit(EXIT_TROUBLE);
}

static void begin_reading(const struct job *job)
{
    if (job->locked)
        must("acquire_read", fasteners_ipc_rwlock_acquire_read(job->lock, FASTENERS_FOREVER));
}

static void end_reading(const struct job *job)
{
    if (job->locked)
        must("release_read", fasteners_ipc_rwlock_release_read(job->lock));
}

/*
 * From reading to writing, with nobody in between: what was read before still holds. False: another
 * reader does the same, and waits until this one has left.
 */
static bool become_writer(const struct job *job)
{
    if (!job->locked)
        return true;
    fasteners_status status = fasteners_ipc_rwlock_upgrade(job->lock, FASTENERS_FOREVER);
    if (status == FASTENERS_WOULD_DEADLOCK)
        return false;
    must("upgrade", status);
    return true;
}

/* Again nobody in between: the index stays as new as it is. */
static void become_reader(const struct job *job)
{
    if (job->locked)
        must("downgrade", fasteners_ipc_rwlock_downgrade(job->lock));
}

/* the processes -------------------------------------------------------------------------------- */

/* Called, and returns, as a reader. False: it must be looked at again. */
static bool renew_index(const struct job *job, struct tally *mine)
{
    if (!become_writer(job)) {
        mine->refusals++;
        end_reading(job); /* lets the other one write */
        begin_reading(job);
        return false;
    }
    bool written = write_index(job);
    become_reader(job);
    mine->rewrites++;
    if (!written) {
        perror(job->index);
        exit(EXIT_TROUBLE);
    }
    return true;
}

static void look_up(const struct job *job, struct tally *mine)
{
    long totals[KINDS];
    begin_reading(job);
    for (bool renewed = false; !renewed && read_index(job, totals) != count_records(job);)
        renewed = renew_index(job, mine);
    mine->bad += read_index(job, totals) != count_records(job);
    mine->lookups++;
    end_reading(job);
}

static int run_reader(const struct job *job, struct tally *mine)
{
    for (long i = 0; i < job->lookups; i++) {
        look_up(job, mine);
        sleep_us(100);
    }
    fasteners_ipc_rwlock_destroy(job->lock);
    return EXIT_GOOD;
}

static bool feed(const struct job *job)
{
    bool well = true;
    for (int i = 0; i < RECORDS && well; i++) {
        if (job->locked)
            must("acquire_write", fasteners_ipc_rwlock_acquire_write(job->lock, FASTENERS_FOREVER));
        well = add_record(job, i * 3);
        if (job->locked)
            must("release_write", fasteners_ipc_rwlock_release_write(job->lock));
        sleep_us(2000);
    }
    return well;
}

/* A forked child uses its parent's handle as one of its own. */
static long start_readers(const struct job *job)
{
    long started = 0;
    fflush(NULL); /* else the children would print what is buffered here once more */
    for (; started < job->processes; started++) {
        pid_t child = fork();
        if (child == 0)
            exit(run_reader(job, &job->tallies[started]));
        if (child < 0) {
            perror("shared_index: fork");
            break;
        }
    }
    return started;
}

static bool wait_for_readers(long started)
{
    bool well = true;
    for (long i = 0; i < started; i++) {
        int outcome;
        well = wait(&outcome) > 0 && outcome == 0 && well;
    }
    return well;
}

static int report(const struct job *job)
{
    struct tally all = {0, 0, 0, 0};
    for (long i = 0; i < job->processes; i++) {
        all.lookups += job->tallies[i].lookups;
        all.bad += job->tallies[i].bad;
        all.rewrites += job->tallies[i].rewrites;
        all.refusals += job->tallies[i].refusals;
    }
    printf("%ld processes %s: %ld lookups while %d records came\n", job->processes,
           job->locked ? "with the lock" : "without a lock", all.lookups, RECORDS);
    printf("rewritten   %ld times by a reader that found it old; %ld times another one was at it\n",
           all.rewrites, all.refusals);
    printf("half-written or old index seen: %ld times\n", all.bad);
    return all.bad == 0 ? EXIT_GOOD : EXIT_BAD_INDEX;
}

static int run(struct job *job)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    options.preference = FASTENERS_PREFER_WRITERS; /* lest readers keep new records out */
    must(job->lock_file, fasteners_ipc_rwlock_create(&job->lock, job->lock_file, &options));
    remove(job->data);
    remove(job->index);
    if (!add_record(job, 0)) {
        perror(job->data);
        return EXIT_TROUBLE;
    }
    long started = start_readers(job);
    bool well = feed(job);
    well = wait_for_readers(started) && well && started == job->processes;
    fasteners_ipc_rwlock_destroy(job->lock);
    if (well)
        return report(job);
    fputs("shared_index: some process failed\n", stderr);
    return EXIT_TROUBLE;
}

static bool name_files(struct job *job, const char *file)
{
    size_t size = sizeof(job->data);
    return file != NULL && (size_t)snprintf(job->data, size, "%s", file) < size &&
           (size_t)snprintf(job->index, size, "%s.index", file) < size &&
           (size_t)snprintf(job->lock_file, size, "%s.lock", file) < size;
}

/* The next argument as a number from 1 to `most`; 0 if it is none; `otherwise` if there is none. */
static long next_number(char ***arguments, long otherwise, long most)
{
    if (**arguments == NULL)
        return otherwise;
    char *end;
    long number = strtol(**arguments, &end, 10);
    ++*arguments;
    return *end == '\0' && number >= 1 && number <= most ? number : 0;
}

int main(int argc, char **argv)
{
    static struct job job;
    char **arguments = argv + (argc > 0);
    job.locked = *arguments == NULL || strcmp(*arguments, "--without-lock") != 0;
    arguments += !job.locked;
    bool named = name_files(&job, *arguments);
    arguments += *arguments != NULL;
    job.processes = next_number(&arguments, 5, MOST_PROCESSES);
    job.lookups = next_number(&arguments, 1000, 1000000);
    if (!named || *arguments != NULL || job.processes == 0 || job.lookups == 0) {
        fputs("usage: shared_index [--without-lock] FILE [PROCESSES [LOOKUPS]]\n", stderr);
        return EXIT_TROUBLE;
    }
    job.tallies = mmap(NULL, MOST_PROCESSES * sizeof(*job.tallies), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0); /* all zero */
    if (job.tallies == MAP_FAILED) {
        perror("shared_index: mmap");
        return EXIT_TROUBLE;
    }
    return run(&job);
}
