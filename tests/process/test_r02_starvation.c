/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R2: with FASTENERS_PREFER_WRITERS a writer gets in although at each moment somebody reads. What
 * bounds its wait are events: reads that began after it was seen waiting.
 */
#include "process_test.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * A reader that looked for writers a moment before reads once more. Within a process one looks for
 * all, once in a millisecond, and may lose the processor as it does.
 */
enum { READERS = 8, MANY_READS = 10000 };

typedef fasteners_ipc_rwlock rwlock;

/* Shared by all processes. */
typedef struct scene {
    _Atomic int inside;         /* who read now */
    _Atomic int64_t begun;      /* reads so far */
    _Atomic int64_t seen_at;    /* as many had begun when the writer was seen waiting; 0: not yet */
    _Atomic int64_t written_at; /* as many when it wrote; 0: not yet */
    _Atomic bool is_over;
    _Atomic bool failed;
    _Atomic long writer; /* its thread */
} scene;

typedef struct play {
    scene *scene;
    const char *path;
    uint32_t preference;
    bool in_one_process;  /* the readers are threads of one */
    bool writer_is_there; /* in the process of the readers ... */
    bool same_handle;     /* ... and asks their handle */
    int64_t most;         /* reads that may begin after the writer was seen waiting */
} play;

typedef struct reader {
    const play *of;
    rwlock *lock;
} reader;

static pid_t processes[READERS + 1];
static int process_count;

/* -------------------------------------------------------------------------- readers -- */

static void rest_ms(long ms)
{
    const struct timespec length = {.tv_nsec = ms * 1000000};

    nanosleep(&length, NULL);
}

static bool leaves_others_inside(scene *in)
{
    int inside = atomic_load(&in->inside);

    while (inside > 1)
        if (atomic_compare_exchange_weak(&in->inside, &inside, inside - 1))
            return true;
    return false;
}

static bool is_starved(const play *of)
{
    int64_t seen_at = atomic_load(&of->scene->seen_at);

    return seen_at != 0 && atomic_load(&of->scene->begun) > seen_at + MANY_READS;
}

/*
 * Stays until another one has come in, so that the lock is never free of readers. Once the writer
 * has been seen nobody may come any more: then it waits a while, and leaves.
 */
static void read_on(const play *of)
{
    scene *in = of->scene;
    int after_seen = 0;

    atomic_fetch_add(&in->begun, 1);
    atomic_fetch_add(&in->inside, 1);
    do {
        rest_ms(1);
        after_seen += atomic_load(&in->seen_at) != 0;
        if (leaves_others_inside(in))
            return;
    } while (after_seen < 50 && !atomic_load(&in->is_over));
    atomic_fetch_sub(&in->inside, 1);
}

static void *read_always(void *argument)
{
    const reader *who = argument;
    scene *in = who->of->scene;

    while (!atomic_load(&in->is_over) && !is_starved(who->of)) {
        if (fasteners_ipc_rwlock_acquire_read(who->lock, FASTENERS_FOREVER) != FASTENERS_OK) {
            atomic_store(&in->failed, true);
            return NULL;
        }
        read_on(who->of);
        fasteners_ipc_rwlock_release_read(who->lock);
    }
    return NULL;
}

/* --------------------------------------------------------------------------- writer -- */

static void *write_once(void *argument)
{
    const reader *who = argument;
    scene *in = who->of->scene;

    while (atomic_load(&in->inside) < 2)
        rest_ms(1);
    atomic_store(&in->writer, (long)syscall(SYS_gettid));
    if (fasteners_ipc_rwlock_acquire_write(who->lock, FASTENERS_FOREVER) != FASTENERS_OK) {
        atomic_store(&in->failed, true);
        return NULL;
    }
    atomic_store(&in->written_at, atomic_load(&in->begun));
    fasteners_ipc_rwlock_release_write(who->lock);
    atomic_store(&in->is_over, true);
    return NULL;
}

/* ------------------------------------------------------------------------ processes -- */

static rwlock *make_lock(const play *of)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    rwlock *lock;

    options.preference = of->preference;
    return fasteners_ipc_rwlock_create(&lock, of->path, &options) == FASTENERS_OK ? lock : NULL;
}

static int run_process(const play *of, int readers, bool writes)
{
    reader by_one = {of, make_lock(of)};
    reader by_other = {of, of->same_handle ? by_one.lock : make_lock(of)};
    pthread_t threads[READERS + 1];
    int count = 0;

    if (by_one.lock == NULL || by_other.lock == NULL)
        return EXIT_FAILURE;
    while (count < readers)
        if (pthread_create(&threads[count++], NULL, read_always, &by_one) != 0)
            return EXIT_FAILURE;
    if (writes && pthread_create(&threads[count++], NULL, write_once, &by_other) != 0)
        return EXIT_FAILURE;
    while (count > 0)
        pthread_join(threads[--count], NULL);
    if (!of->same_handle)
        fasteners_ipc_rwlock_destroy(by_other.lock);
    fasteners_ipc_rwlock_destroy(by_one.lock);
    return EXIT_SUCCESS;
}

static pid_t start_process(const play *of, int readers, bool writes)
{
    pid_t me = getpid(), born = fork();

    if (born == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(getppid() == me ? run_process(of, readers, writes) : EXIT_FAILURE);
    }
    assert_true(born > 0);
    processes[process_count++] = born;
    return born;
}

/* The process that the writer is in. */
static pid_t start_all(const play *of)
{
    pid_t last = 0;

    if (of->in_one_process)
        last = start_process(of, READERS, of->writer_is_there);
    else
        for (int i = 0; i < READERS; i++)
            start_process(of, 1, false);
    return of->writer_is_there ? last : start_process(of, 0, true);
}

static int teardown(void **state)
{
    while (process_count > 0) {
        kill(processes[--process_count], SIGKILL);
        waitpid(processes[process_count], NULL, 0);
    }
    return temp_dir_teardown(state);
}

/* ---------------------------------------------------------------------------- tests -- */

static bool has_writer(void *argument)
{
    scene *in = argument;

    return atomic_load(&in->writer) != 0;
}

/* It has shown itself to the readers, and will be told only if they let it in. */
static void await_the_writers_wait(const play *of, pid_t process)
{
    assert_true(test_wait_until(has_writer, of->scene));
    assert_true(wait_until_waiting(process, atomic_load(&of->scene->writer)));
    if (!PORTABLE_BUILD || !of->writer_is_there)
        expect_queued(of->path, 1);
}

static bool is_decided(void *argument)
{
    const play *of = argument;

    return atomic_load(&of->scene->is_over) || atomic_load(&of->scene->failed) || is_starved(of);
}

static void await_all(void)
{
    int outcome;

    while (process_count > 0) {
        pid_t last = processes[--process_count];

        assert_int_equal(waitpid(last, &outcome, 0), last);
        assert_int_equal(outcome, 0);
    }
}

static void writer_gets_in(void **state, play of)
{
    for (long i = test_rounds(3); i > 0; i--) {
        scene *in =
            mmap(NULL, sizeof(*in), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        assert_true(in != MAP_FAILED);
        of.scene = in;
        of.path = temp_path(state, "lock");
        of.preference = FASTENERS_PREFER_WRITERS;
        await_the_writers_wait(&of, start_all(&of));
        atomic_store(&in->seen_at, atomic_load(&in->begun));
        assert_true(test_wait_until(is_decided, &of));
        assert_false(atomic_load(&in->failed));
        assert_false(is_starved(&of));
        await_all();
        assert_true(atomic_load(&in->written_at) <= atomic_load(&in->seen_at) + of.most);
        munmap(in, sizeof(*in));
    }
}

static void r2_among_reading_processes(void **state)
{
    writer_gets_in(state, (play){.most = READERS});
}

static void r2_beside_a_process_of_reading_threads(void **state)
{
    writer_gets_in(state, (play){.in_one_process = true, .most = MANY_READS});
}

static void r2_among_the_readers_of_its_process(void **state)
{
    writer_gets_in(state,
                   (play){.in_one_process = true, .writer_is_there = true, .most = MANY_READS});
}

static void r2_among_the_readers_of_its_handle(void **state)
{
    writer_gets_in(state, (play){.in_one_process = true,
                                 .writer_is_there = true,
                                 .same_handle = true,
                                 .most = READERS});
}

#define STARVATION_TEST(function)                                                                  \
    cmocka_unit_test_setup_teardown(function, temp_dir_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STARVATION_TEST(r2_among_reading_processes),
        STARVATION_TEST(r2_beside_a_process_of_reading_threads),
        STARVATION_TEST(r2_among_the_readers_of_its_process),
        STARVATION_TEST(r2_among_the_readers_of_its_handle),
    };

    return RUN_PROCESS_TESTS(tests);
}
