/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S2, and all that lock sets promise at once: processes with threads that take sets at random, in
 * random orders, of all three kinds of locks, through different names of the same files. Nobody
 * hangs, nobody meets anybody, be it that some are killed at whatever place. Processes are forked
 * rather than started, since hundreds of them die here.
 */
#include "process_test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rw_seats.h"

enum {
    SURVIVORS = 4,
    VICTIMS = 2,
    PEOPLE = SURVIVORS + VICTIMS,
    THREADS = 2,
    FILES = 4,
    THREAD_LOCKS = 2,
    THINGS = FILES + THREAD_LOCKS
};

/* Shared by all processes. */
typedef struct stage {
    _Atomic bool has_ended;
    _Atomic uint32_t sets_of[PEOPLE * THREADS]; /* so many sets each thread has held */
    rw_seats *seats[FILES];                     /* NULL: exclusion is not looked at */
    const char *directory;
    const char *options; /* for each process a letter: r, w, f (w and fair), u (unlinks) */
    bool one_name;       /* the files have one name each */
} stage;

/* What the threads of one process share. */
typedef struct home {
    stage *on;
    fasteners_ipc_lock *lock[FILES];
    fasteners_ipc_rwlock *rwlock[FILES];
    fasteners_rw_lock thread_lock[THREAD_LOCKS];
    rw_seats *seats[THREAD_LOCKS];
} home;

typedef struct player {
    home *at;
    int seat;
    unsigned seed;
} player;

/* A set, and what it is of. */
typedef struct choice {
    fasteners_lock_set_member members[THINGS + 1];
    int thing[THINGS + 1];
    bool writes[THINGS + 1];
    size_t count;
} choice;

static pid_t people[PEOPLE]; /* 0: there is none */

/* ---------------------------------------------------------------------- what they do -- */

static unsigned throw_dice(player *who, unsigned sides)
{
    return (unsigned)rand_r(&who->seed) / 8 % sides;
}

/*
 * The kernel keeps two handles apart. ThreadSanitizer does not see that: it gets one for each file.
 */
static unsigned choose_handle(player *who, int file)
{
    if (strcmp(SANITIZER, "thread") != 0)
        return throw_dice(who, 4);
    return (who->seat / THREADS + file) % 4 == 0 ? 0 : 1 + throw_dice(who, 3);
}

static fasteners_lock_set_member member_of_file(player *who, int file, bool *writes)
{
    switch (choose_handle(who, file)) {
    case 0:
        *writes = true;
        return fasteners_member_ipc_lock(who->at->lock[file]);
    case 1:
        *writes = true;
        return fasteners_member_ipc_write(who->at->rwlock[file]);
    default:
        *writes = false;
        return fasteners_member_ipc_read(who->at->rwlock[file]);
    }
}

static fasteners_lock_set_member member_of(player *who, int thing, bool *writes)
{
    if (thing < FILES)
        return member_of_file(who, thing, writes);
    *writes = throw_dice(who, 2) == 0;
    return *writes ? fasteners_member_write(&who->at->thread_lock[thing - FILES])
                   : fasteners_member_read(&who->at->thread_lock[thing - FILES]);
}

static void add(choice *chosen, fasteners_lock_set_member member, int thing, bool writes)
{
    chosen->members[chosen->count] = member;
    chosen->thing[chosen->count] = thing;
    chosen->writes[chosen->count++] = writes;
}

/* Two or more things, from anywhere on, up or down; perhaps one of them twice. */
static void choose(player *who, choice *chosen)
{
    int at = (int)throw_dice(who, THINGS);
    int step = throw_dice(who, 2) == 0 ? 1 : THINGS - 1;

    chosen->count = 0;
    for (int i = 0; i < THINGS; i++, at = (at + step) % THINGS) {
        bool writes;
        if (throw_dice(who, 2) == 0 && i + 2 < THINGS)
            continue;
        fasteners_lock_set_member member = member_of(who, at, &writes);
        add(chosen, member, at, writes);
    }
    if (throw_dice(who, 4) == 0)
        add(chosen, chosen->members[0], chosen->thing[0], chosen->writes[0]);
}

static rw_seats *seats_of(const player *who, int thing)
{
    return thing < FILES ? who->at->on->seats[thing] : who->at->seats[thing - FILES];
}

static void seen(const player *who, const choice *chosen, bool inside)
{
    for (size_t i = 0; i < chosen->count; i++) {
        rw_doing doing = chosen->writes[i] ? RW_WRITING : RW_READING;
        rw_seats *seats = seats_of(who, chosen->thing[i]);
        if (seats != NULL)
            rw_seats_do(seats, who->seat, inside ? doing : RW_NOTHING);
    }
}

static bool is_refusal(fasteners_status status)
{
    return status == FASTENERS_BUSY || status == FASTENERS_TIMED_OUT;
}

static bool act(player *who)
{
    static const int64_t timeouts[] = {FASTENERS_NO_WAIT, 1, FASTENERS_FOREVER, FASTENERS_FOREVER};
    int64_t timeout_ms = timeouts[throw_dice(who, 4)];
    choice chosen;
    size_t failed;

    choose(who, &chosen);
    fasteners_status status =
        fasteners_lock_set_acquire(chosen.members, chosen.count, timeout_ms, &failed);
    if (status != FASTENERS_OK)
        return is_refusal(status) && timeout_ms != FASTENERS_FOREVER && failed < chosen.count;
    seen(who, &chosen, true);
    seen(who, &chosen, false);
    atomic_fetch_add(&who->at->on->sets_of[who->seat], 1);
    return fasteners_lock_set_release(chosen.members, chosen.count, NULL) == FASTENERS_OK;
}

static void *play(void *argument)
{
    player *who = argument;

    while (!atomic_load(&who->at->on->has_ended))
        if (!act(who))
            return who;
    return NULL;
}

/* ------------------------------------------------------------------------ processes -- */

/* Three names of a file: its own, by a link to the directory, a hard link. */
static void name_file(const stage *on, int file, unsigned which, char *path, size_t size)
{
    static const char *const ways[] = {"file%d", "alias/file%d", "hard%d"};
    char name[32];

    (void)snprintf(name, sizeof(name), ways[on->one_name ? 0 : which % 3], file);
    (void)snprintf(path, size, "%s/%s", on->directory, name);
}

static bool make_locks(home *at, int person, int file)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    char kind = at->on->options[person], path[512], other_path[512];

    options.preference = kind == 'w' || kind == 'f' ? FASTENERS_PREFER_WRITERS : 0;
    options.fair = kind == 'f';
    options.unlink_on_release = kind == 'u';
    name_file(at->on, file, (unsigned)(person + file), path, sizeof(path));
    name_file(at->on, file, (unsigned)(person + 1), other_path, sizeof(other_path));
    return fasteners_ipc_lock_create(&at->lock[file], path, &options) == FASTENERS_OK &&
           fasteners_ipc_rwlock_create(&at->rwlock[file], other_path, &options) == FASTENERS_OK;
}

/* Created now in this order, now in that: so addresses say nothing about files. */
static bool make_home(home *at, int person)
{
    bool well = true;

    for (int i = 0; i < FILES && well; i++)
        well = make_locks(at, person, person % 2 == 0 ? i : FILES - 1 - i);
    for (int i = 0; i < THREAD_LOCKS && well; i++)
        well = (at->seats[i] = rw_seats_make()) != NULL;
    return well;
}

static bool leave_home(home *at)
{
    long violations = 0;

    for (int i = 0; i < FILES; i++) {
        fasteners_ipc_lock_destroy(at->lock[i]);
        fasteners_ipc_rwlock_destroy(at->rwlock[i]);
    }
    for (int i = 0; i < THREAD_LOCKS; i++)
        violations += rw_seats_violations(at->seats[i]);
    return violations == 0;
}

/* In a process of its own, until all is over, or until it is killed. */
static int run_person(stage *on, int person)
{
    home at = {.on = on};
    player players[THREADS];
    pthread_t threads[THREADS];
    void *failed = NULL;
    bool well = make_home(&at, person);

    for (int t = 0; t < THREADS && well; t++) {
        unsigned seed = (unsigned)getpid() * THREADS + (unsigned)t;
        players[t] = (player){&at, person * THREADS + t, seed};
        well = pthread_create(&threads[t], NULL, play, &players[t]) == 0;
    }
    for (int t = 0; t < THREADS && well; t++)
        well = pthread_join(threads[t], &failed) == 0 && failed == NULL;
    return well && leave_home(&at) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void start_person(stage *on, int person)
{
    pid_t me = getpid(), born = fork();

    if (born == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(getppid() == me ? run_person(on, person) : EXIT_FAILURE);
    }
    assert_true(born > 0);
    people[person] = born;
}

static void kill_person(stage *on, int person)
{
    int outcome;

    kill(people[person], SIGKILL);
    assert_int_equal(waitpid(people[person], &outcome, 0), people[person]);
    people[person] = 0;
    assert_true(WIFSIGNALED(outcome));
    for (int file = 0; file < FILES; file++)
        for (int t = 0; t < THREADS; t++)
            rw_seats_clear(on->seats[file], person * THREADS + t);
}

static bool has_gone(void *argument)
{
    pid_t *person = argument;
    int outcome;

    if (waitpid(*person, &outcome, WNOHANG) != *person)
        return false;
    *person = outcome == 0 ? 0 : -1;
    return true;
}

static int teardown(void **state)
{
    for (int i = 0; i < PEOPLE; i++)
        if (people[i] > 0) {
            kill(people[i], SIGKILL);
            waitpid(people[i], NULL, 0);
            people[i] = 0;
        }
    return temp_dir_teardown(state);
}

/* --------------------------------------------------------------------------- stage -- */

static void rest(long us)
{
    const struct timespec length = {.tv_nsec = us * 1000};

    nanosleep(&length, NULL);
}

static stage *set_stage(void **state, const char *options, bool one_name)
{
    stage *on = mmap(NULL, sizeof(*on), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(on != MAP_FAILED);
    on->directory = temp_dir_path(state);
    on->options = options;
    on->one_name = one_name;
    for (int file = 0; file < FILES; file++)
        assert_non_null(on->seats[file] = rw_seats_make());
    return on;
}

static void make_names(void **state)
{
    assert_int_equal(symlink(".", temp_path(state, "alias")), 0);
    for (int file = 0; file < FILES; file++) {
        char name[32], other_name[32];
        (void)snprintf(name, sizeof(name), "file%d", file);
        (void)snprintf(other_name, sizeof(other_name), "hard%d", file);
        const char *path = temp_path(state, name);
        FILE *made = fopen(path, "w");
        assert_non_null(made);
        (void)fclose(made);
        assert_int_equal(link(path, temp_path(state, other_name)), 0);
    }
}

static void start_survivors(stage *on)
{
    for (int i = 0; i < SURVIVORS; i++)
        start_person(on, i);
}

/* Each of their threads gets so many sets more: no one hangs. */
static void expect_progress(stage *on, uint32_t sets)
{
    int64_t end = test_now() + test_patience_ms() * 1000000;
    uint32_t goal[SURVIVORS * THREADS];

    for (int i = 0; i < SURVIVORS * THREADS; i++)
        goal[i] = atomic_load(&on->sets_of[i]) + sets;
    for (int i = 0; i < SURVIVORS * THREADS; i++) {
        while (atomic_load(&on->sets_of[i]) < goal[i] && test_now() < end)
            rest(1000);
        assert_true(atomic_load(&on->sets_of[i]) >= goal[i]);
    }
}

static void strike_stage(stage *on)
{
    atomic_store(&on->has_ended, true);
    for (int i = 0; i < SURVIVORS; i++) {
        assert_true(test_wait_until(has_gone, &people[i]));
        assert_int_equal(people[i], 0);
    }
    for (int file = 0; file < FILES; file++) {
        if (on->seats[file] == NULL)
            continue;
        assert_int_equal(rw_seats_violations(on->seats[file]), 0);
        rw_seats_free(on->seats[file]);
    }
    munmap(on, sizeof(*on));
}

/* --------------------------------------------------------------------------- tests -- */

static void s2_sets_of_all_kinds_never_deadlock(void **state)
{
    stage *on = set_stage(state, "rwfr", false);

    make_names(state);
    start_survivors(on);
    expect_progress(on, (uint32_t)test_rounds(2000));
    strike_stage(on);
}

/* Each release makes the files new ones, so that the order is another one all the time. */
static void s2_nor_with_files_that_are_removed_by_each_release(void **state)
{
    stage *on = set_stage(state, "uuuu", true);

    start_survivors(on);
    expect_progress(on, (uint32_t)test_rounds(30));
    strike_stage(on);
}

static void p3_whoever_is_killed_leaves_nothing_locked(void **state)
{
    stage *on = set_stage(state, "rwfrwr", false);

    make_names(state);
    start_survivors(on);
    for (long round = test_rounds(200); round > 0; round--) {
        int person = SURVIVORS + (int)(round % VICTIMS);
        start_person(on, person);
        rest(1000 + round * 7 % 50 * 50);
        kill_person(on, person);
    }
    expect_progress(on, (uint32_t)test_rounds(100));
    strike_stage(on);
}

/* Who deletes lock files takes the exclusion away, but nobody may hang for it. */
static void s7_nobody_hangs_when_files_are_deleted_and_renamed(void **state)
{
    stage *on = set_stage(state, "rwfr", true);
    char path[512], other_path[512];

    for (int file = 0; file < FILES; file++) {
        rw_seats_free(on->seats[file]);
        on->seats[file] = NULL;
    }
    start_survivors(on);
    for (long round = test_rounds(300); round > 0; round--) {
        name_file(on, (int)(round % FILES), 0, path, sizeof(path));
        name_file(on, (int)(round / FILES % FILES), 0, other_path, sizeof(other_path));
        if (round % 3 == 0)
            (void)unlink(path);
        else
            (void)rename(path, other_path);
        rest(round % 7 * 1000);
    }
    expect_progress(on, (uint32_t)test_rounds(100));
    strike_stage(on);
}

#define SET_TEST(function) cmocka_unit_test_setup_teardown(function, temp_dir_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SET_TEST(s2_sets_of_all_kinds_never_deadlock),
        SET_TEST(s2_nor_with_files_that_are_removed_by_each_release),
        SET_TEST(p3_whoever_is_killed_leaves_nothing_locked),
        SET_TEST(s7_nobody_hangs_when_files_are_deleted_and_renamed),
    };
    return RUN_PROCESS_TESTS(tests);
}
