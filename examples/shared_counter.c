/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Several processes, each with several threads, count in one file.
 *
 *     shared_counter [--without-lock] FILE [PROCESSES [THREADS [INCREMENTS]]]
 *
 * Each increment reads the number in FILE and writes the next one: two at the same time would read
 * the same number, and one of them would be lost. So each is made under the lock FILE.lock, a file
 * of its own: data files get replaced by renaming, lock files must stay. --without-lock shows what
 * happens otherwise. Exit status 0 if no increment was lost, 1 if some were, 2 for trouble.
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fasteners.h>

enum { EXIT_COMPLETE = 0, EXIT_LOST_SOME = 1, EXIT_TROUBLE = 2, MOST_THREADS = 64 };

struct job {
    const char *file;
    long processes;
    long threads;
    long increments;
    bool locked;
    fasteners_ipc_lock *lock;
};

static bool write_number(const char *file, const char *mode, long number)
{
    FILE *stream = fopen(file, mode);
    if (stream == NULL)
        return false;
    bool written = fprintf(stream, "%ld\n", number) > 0;
    return fclose(stream) == 0 && written;
}

static bool read_number(const char *file, long *number)
{
    FILE *stream = fopen(file, "r");
    if (stream == NULL)
        return false;
    bool read = fscanf(stream, "%ld", number) == 1;
    fclose(stream);
    return read;
}

/* Needs protection: between the reading and the writing nobody else may do the same. */
static bool increment(const char *file)
{
    long number;
    return read_number(file, &number) && write_number(file, "r+", number + 1);
}

static bool increment_locked(const struct job *job)
{
    fasteners_status status = fasteners_ipc_lock_acquire(job->lock, FASTENERS_FOREVER);
    if (status != FASTENERS_OK) {
        fprintf(stderr, "shared_counter: cannot lock: %s\n", fasteners_strerror(status));
        return false;
    }
    bool incremented = increment(job->file);
    status = fasteners_ipc_lock_release(job->lock);
    return incremented && status == FASTENERS_OK;
}

/* What each thread does. Returns NULL if all went well. */
static void *count(void *argument)
{
    const struct job *job = argument;
    for (long i = 0; i < job->increments; i++) {
        if (!(job->locked ? increment_locked(job) : increment(job->file)))
            return argument;
    }
    return NULL;
}

static bool run_threads(struct job *job)
{
    pthread_t threads[MOST_THREADS];
    long started = 0;
    while (started < job->threads && pthread_create(&threads[started], NULL, count, job) == 0)
        started++;
    bool well = started == job->threads;
    for (long i = 0; i < started; i++) {
        void *failed;
        well = pthread_join(threads[i], &failed) == 0 && failed == NULL && well;
    }
    return well;
}

/* What each process does: its threads share one handle; a handle for each would do as well. */
static int run_process(struct job *job)
{
    char lock_file[4096];
    int length = snprintf(lock_file, sizeof(lock_file), "%s.lock", job->file);
    if (length < 0 || (size_t)length >= sizeof(lock_file))
        return EXIT_TROUBLE;
    fasteners_status status = fasteners_ipc_lock_create(&job->lock, lock_file, NULL);
    if (status != FASTENERS_OK) {
        fprintf(stderr, "shared_counter: %s: %s\n", lock_file, fasteners_strerror(status));
        return EXIT_TROUBLE;
    }
    bool well = run_threads(job);
    fasteners_ipc_lock_destroy(job->lock);
    return well ? EXIT_COMPLETE : EXIT_TROUBLE;
}

static long start_processes(struct job *job)
{
    long started = 0;
    fflush(NULL); /* else the children would print what is buffered here once more */
    while (started < job->processes) {
        pid_t child = fork();
        if (child == 0)
            exit(run_process(job));
        if (child < 0) {
            perror("shared_counter: fork");
            break;
        }
        started++;
    }
    return started;
}

static bool wait_for_processes(long started)
{
    bool well = true;
    for (long i = 0; i < started; i++) {
        int outcome;
        well = wait(&outcome) > 0 && WIFEXITED(outcome) && WEXITSTATUS(outcome) == EXIT_COMPLETE &&
               well;
    }
    return well;
}

static int run(struct job *job)
{
    if (!write_number(job->file, "w", 0)) {
        perror(job->file);
        return EXIT_TROUBLE;
    }
    long started = start_processes(job);
    bool well = wait_for_processes(started) && started == job->processes;

    long expected = job->processes * job->threads * job->increments;
    long got = 0;
    if (!read_number(job->file, &got) || !well) {
        fputs("shared_counter: some process failed\n", stderr);
        return EXIT_TROUBLE;
    }
    printf("%ld processes x %ld threads x %ld increments %s: expected %ld, got %ld\n",
           job->processes, job->threads, job->increments,
           job->locked ? "with the lock" : "without a lock", expected, got);
    return got == expected ? EXIT_COMPLETE : EXIT_LOST_SOME;
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
    struct job job = {.locked = true};
    char **arguments = argv + (argc > 0);
    if (*arguments != NULL && strcmp(*arguments, "--without-lock") == 0) {
        job.locked = false;
        arguments++;
    }
    if (*arguments != NULL)
        job.file = *arguments++;
    job.processes = next_number(&arguments, 4, 1000);
    job.threads = next_number(&arguments, 2, MOST_THREADS);
    job.increments = next_number(&arguments, 500, 1000000);
    if (job.file == NULL || *arguments != NULL || job.processes == 0 || job.threads == 0 ||
        job.increments == 0) {
        fputs("usage: shared_counter [--without-lock] FILE [PROCESSES [THREADS [INCREMENTS]]]\n",
              stderr);
        return EXIT_TROUBLE;
    }
    return run(&job);
}
