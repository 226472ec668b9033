/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P4: opening and closing the lock file elsewhere in the holder's process, under any spelling,
 * drops nothing.
 *
 * Where locks belong to the process (plain POSIX), the system itself drops them when code that is
 * not the library's closes the file: those cases are skipped there. What the library's own handles
 * do must never drop a hold, on any system.
 */
#include "links.h"
#include "process_test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The holder, and somebody outside who can tell whether it still holds. */
typedef struct scene {
    const char *path;
    child *holder;
    child *outside;
} scene;

static scene set_up(void **state)
{
    scene made = {.path = temp_path(state, "lock")};

    made.holder = agent_with_lock(made.path, "");
    made.outside = agent_with_lock(made.path, "");
    agent_expect(made.holder, "FASTENERS_OK", "acquire l 0");
    return made;
}

static void expect_still_held(const scene *at)
{
    agent_expect(at->holder, "1", "is_held l");
    agent_expect(at->holder, "FASTENERS_OK", "check l");
    agent_expect(at->outside, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(at->holder, "FASTENERS_OK", "release l");
    agent_expect(at->outside, "FASTENERS_OK", "acquire l 0");
    agent_expect(at->outside, "FASTENERS_OK", "release l");
}

/* --------------------------------------------------------------------- code of others -- */

/* Whether the system can have locks that belong to the open file, whatever the library uses. */
static bool system_has_better_locks(void **state)
{
    child *agent = agent_start();
    long long fd = agent_number(agent, "open %s rw", temp_path(state, "probe"));

    return strcmp(agent_ask(agent, "lock %lld ofd exclusive 0 1", fd), "OK") == 0;
}

static scene set_up_or_skip(void **state)
{
    scene made = set_up(state);

    if (locks_on(made.path).ofd > 0)
        return made;
    if (!PORTABLE_BUILD && system_has_better_locks(state))
        fail_msg("the library makes no use of locks that belong to the open file");
    print_message("skipped: locks belong to the process here\n");
    skip();
    return made;
}

static void open_and_close(const scene *at, const char *name, const char *access)
{
    int64_t fd = agent_number(at->holder, "open %s %s", name, access);

    agent_expect(at->holder, "OK", "close %lld", (long long)fd);
}

static void p4_closed_under_the_same_name(void **state)
{
    scene at = set_up_or_skip(state);

    open_and_close(&at, at.path, "rw");
    open_and_close(&at, at.path, "ro");
    expect_still_held(&at);
}

static void p4_closed_under_a_hard_link(void **state)
{
    const char *name = temp_path(state, "hard-link");
    scene at = set_up_or_skip(state);

    make_hard_link(at.path, name);
    open_and_close(&at, name, "rw");
    expect_still_held(&at);
}

static void p4_closed_under_a_symbolic_link(void **state)
{
    const char *name = temp_path(state, "symbolic-link");
    scene at = set_up_or_skip(state);

    make_symlink("lock", name);
    open_and_close(&at, name, "rw");
    expect_still_held(&at);
}

static void p4_closed_under_a_relative_path(void **state)
{
    scene at = set_up_or_skip(state);

    agent_expect(at.holder, "OK", "chdir %s", temp_dir_path(state));
    open_and_close(&at, "lock", "rw");
    open_and_close(&at, "./././lock", "ro");
    expect_still_held(&at);
}

static void p4_a_duplicate_is_closed(void **state)
{
    scene at = set_up_or_skip(state);
    int64_t fd = agent_number(at.holder, "open %s rw", at.path);
    int64_t duplicate = agent_number(at.holder, "dup %lld", (long long)fd);

    agent_expect(at.holder, "OK", "close %lld", (long long)duplicate);
    agent_expect(at.holder, "OK", "close %lld", (long long)fd);
    expect_still_held(&at);
}

static void p4_closed_in_another_thread(void **state)
{
    scene at = set_up_or_skip(state);
    int64_t fd = agent_number(at.holder, "thread 1 open %s rw", at.path);

    agent_expect(at.holder, "OK", "thread 2 close %lld", (long long)fd);
    expect_still_held(&at);
}

/* Windows gives back what was locked, and as it was locked; POSIX whatever there is. */
#ifdef _WIN32
#define ALL_OF(bytes) bytes
#else
#define ALL_OF(bytes) "0 0"
#endif

/* Other code even takes and drops a lock of its own kind on other bytes. */
static void p4_other_bytes_are_locked_and_unlocked(void **state)
{
    scene at = set_up_or_skip(state);
    long long fd = agent_number(at.holder, "open %s rw", at.path);

    agent_expect(at.holder, "OK", "lock %lld ofd exclusive 1000 10", fd);
    agent_expect(at.holder, "OK", "lock %lld classic exclusive 2000 10", fd);
    agent_expect(at.holder, "OK", "lock %lld ofd unlock " ALL_OF("1000 10"), fd);
    agent_expect(at.holder, "OK", "lock %lld classic unlock " ALL_OF("2000 10"), fd);
    agent_expect(at.holder, "OK", "close %lld", fd);
    expect_still_held(&at);
}

/* ------------------------------------------------------------------ the library's own -- */

static void p4_another_handle_is_destroyed(void **state)
{
    scene at = set_up(state);

    agent_expect(at.holder, "FASTENERS_OK", "create m %s", at.path);
    agent_expect(at.holder, "OK", "destroy m");
    agent_expect(at.holder, "FASTENERS_OK", "create m %s", at.path);
    agent_expect(at.holder, "FASTENERS_BUSY", "acquire m 0");
    agent_expect(at.holder, "OK", "destroy m");
    agent_expect(at.holder, "FASTENERS_OK", "create m %s", at.path);
    agent_expect(at.holder, "FASTENERS_TIMED_OUT", "thread 1 acquire m 20");
    agent_expect(at.holder, "OK", "destroy m");
    expect_still_held(&at);
}

static void p4_a_handle_by_another_name_is_destroyed(void **state)
{
    const char *name = temp_path(state, "hard-link");
    scene at = set_up(state);

    make_hard_link(at.path, name);
    agent_expect(at.holder, "FASTENERS_OK", "create m %s fair", name);
    agent_expect(at.holder, "FASTENERS_BUSY", "acquire m 0");
    agent_expect(at.holder, "OK", "destroy m");
    expect_still_held(&at);
}

/* Its file was open already before the lock was taken through the first one. */
static void p4_an_older_handle_is_destroyed(void **state)
{
    scene at = set_up(state);

    agent_expect(at.holder, "FASTENERS_OK", "create m %s", at.path);
    agent_expect(at.holder, "FASTENERS_OK", "release l");
    agent_expect(at.holder, "FASTENERS_OK", "acquire m 0");
    agent_expect(at.holder, "FASTENERS_OK", "release m");
    agent_expect(at.holder, "FASTENERS_OK", "acquire l 0");
    agent_expect(at.holder, "OK", "destroy m");
    expect_still_held(&at);
}

static void p4_a_wait_through_another_handle_is_cancelled(void **state)
{
    scene at = set_up(state);

    agent_expect(at.holder, "FASTENERS_OK", "create m %s", at.path);
    agent_expect(at.holder, "started", "start 1 acquire m -1");
    agent_expect(at.holder, "OK", "wait_asleep 1");
    agent_expect(at.holder, "OK", "cancel m");
    agent_expect(at.holder, "FASTENERS_CANCELLED", "result 1");
    agent_expect(at.holder, "OK", "destroy m");
    expect_still_held(&at);
}

static void p4_questions_are_asked(void **state)
{
    scene at = set_up(state);

    agent_expect(at.holder, "FASTENERS_OK", "create m %s", at.path);
    agent_ask(at.holder, "holder m");
    agent_ask(at.holder, "holder l");
    agent_expect(at.holder, "1", "exists m");
    agent_expect(at.holder, "FASTENERS_NOT_OWNER", "check m");
    agent_expect(at.holder, "OK", "destroy m");
    expect_still_held(&at);
}

/* The name leads elsewhere by now, so a second handle opens, and closes, another file. */
static void p4_a_handle_on_the_successor_is_destroyed(void **state)
{
    const char *aside = temp_path(state, "aside");
    scene at = set_up(state);

    agent_expect(at.holder, "FASTENERS_OK", "create m %s", at.path);
    agent_expect(at.holder, "FASTENERS_BUSY", "acquire m 0"); /* opens the first file */
    assert_int_equal(rename(at.path, aside), 0);
    agent_expect(at.holder, "FASTENERS_OK", "acquire m 0"); /* closes it */
    agent_expect(at.outside, "FASTENERS_OK", "create old %s", aside);
    agent_expect(at.outside, "FASTENERS_BUSY", "acquire old 0");
    agent_expect(at.holder, "OK", "destroy m");
    agent_expect(at.outside, "FASTENERS_BUSY", "acquire old 0");
    agent_expect(at.holder, "FASTENERS_LOST", "check l");
    agent_expect(at.holder, "FASTENERS_OK", "release l");
    agent_expect(at.outside, "FASTENERS_OK", "acquire old 0");
}

/* Descriptors that could not be closed at once are not kept for ever. */
static void p4_no_descriptor_stays_behind(void **state)
{
    scene at = set_up(state);
    int64_t before;

    agent_expect(at.holder, "FASTENERS_OK", "release l");
    before = agent_number(at.holder, "counts");
    agent_expect(at.holder, "FASTENERS_OK", "acquire l 0");
    for (int i = 0; i < 50; i++) {
        agent_expect(at.holder, "FASTENERS_OK", "create m %s", at.path);
        agent_expect(at.holder, "FASTENERS_BUSY", "acquire m 0");
        agent_expect(at.holder, "OK", "destroy m");
    }
    agent_expect(at.outside, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(at.holder, "FASTENERS_OK", "release l");
    assert_int_equal(agent_number(at.holder, "counts"), before);
}

/* ------------------------------------------------------------------ racing creators -- */

enum { CREATORS = 3 };

typedef struct creation {
    const char *path;
    pthread_barrier_t start, end;
    long rounds;
    _Atomic long winners, without_lock;
} creation;

/* Whoever got the lock on the file that all of them make has it in the kernel, too. */
static void *create_and_lock(void *argument)
{
    creation *race = argument;
    fasteners_ipc_lock *lock = NULL;

    for (long i = 0; i < race->rounds; i++) {
        fasteners_status status = fasteners_ipc_lock_create(&lock, race->path, NULL);
        pthread_barrier_wait(&race->start);
        if (status == FASTENERS_OK &&
            fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT) == FASTENERS_OK) {
            race->winners++;
            race->without_lock += locks_on(race->path).held == 0;
        }
        pthread_barrier_wait(&race->end);
        fasteners_ipc_lock_destroy(lock);
        unlink(race->path);
    }
    return NULL;
}

static void p4_racing_creators_close_nothing(void **state)
{
    creation race = {.path = temp_path(state, "lock"), .rounds = test_rounds(1000)};
    pthread_t threads[CREATORS];

    pthread_barrier_init(&race.start, NULL, CREATORS);
    pthread_barrier_init(&race.end, NULL, CREATORS);
    for (int i = 0; i < CREATORS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, create_and_lock, &race), 0);
    for (int i = 0; i < CREATORS; i++)
        pthread_join(threads[i], NULL);
    assert_true(race.winners > 0);
    assert_int_equal(race.without_lock, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p4_closed_under_the_same_name),
        PROCESS_TEST(p4_closed_under_a_hard_link),
        PROCESS_TEST(p4_closed_under_a_symbolic_link),
        PROCESS_TEST(p4_closed_under_a_relative_path),
        PROCESS_TEST(p4_a_duplicate_is_closed),
        PROCESS_TEST(p4_closed_in_another_thread),
        PROCESS_TEST(p4_other_bytes_are_locked_and_unlocked),
        PROCESS_TEST(p4_another_handle_is_destroyed),
        PROCESS_TEST(p4_a_handle_by_another_name_is_destroyed),
        PROCESS_TEST(p4_an_older_handle_is_destroyed),
        PROCESS_TEST(p4_a_wait_through_another_handle_is_cancelled),
        PROCESS_TEST(p4_questions_are_asked),
        PROCESS_TEST(p4_a_handle_on_the_successor_is_destroyed),
        PROCESS_TEST(p4_no_descriptor_stays_behind),
        PROCESS_TEST(p4_racing_creators_close_nothing),
    };

    return RUN_PROCESS_TESTS(tests);
}
