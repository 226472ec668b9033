/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P3 for readers, writers and upgraders: killed at whatever place, they leave nothing locked, and
 * those who go on neither hang nor meet anybody. Processes are forked rather than started, since
 * hundreds of them die here.
 */
#include "process_test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rw_seats.h"

enum { SURVIVORS = 8, VICTIMS = 2, THREADS = 2, PEOPLE = SURVIVORS + VICTIMS };

typedef fasteners_ipc_rwlock rwlock;

typedef struct ending {
    _Atomic bool has_come;
} ending;

typedef struct stage {
    rw_seats *seats;
    ending *end; /* shared by all processes, as the seats are */
    const char *path;
    const char *preferences; /* one letter for each process: r, w, f (w and fair) */
} stage;

typedef struct player {
    const stage *on;
    rwlock *lock;
    int seat;
    unsigned seed;
} player;

static pid_t people[PEOPLE]; /* 0: there is none */

/* ---------------------------------------------------------------------- what they do -- */

static bool is_refusal(fasteners_status status)
{
    return status == FASTENERS_BUSY || status == FASTENERS_TIMED_OUT ||
           status == FASTENERS_WOULD_DEADLOCK;
}

static void seen(const player *who, rw_doing what)
{
    rw_seats_do(who->on->seats, who->seat, what);
}

static fasteners_status read_once(const player *who, int64_t timeout_ms, bool twice)
{
    fasteners_status status = fasteners_ipc_rwlock_acquire_read(who->lock, timeout_ms);

    if (status != FASTENERS_OK)
        return status;
    seen(who, RW_READING);
    if (twice && fasteners_ipc_rwlock_acquire_read(who->lock, timeout_ms) == FASTENERS_OK)
        status = fasteners_ipc_rwlock_release_read(who->lock);
    seen(who, RW_NOTHING);
    return status == FASTENERS_OK ? fasteners_ipc_rwlock_release_read(who->lock) : status;
}

/* Back to reading before the release, or not. */
static fasteners_status end_writing(const player *who, bool by_downgrade)
{
    fasteners_status status;

    if (!by_downgrade) {
        seen(who, RW_NOTHING);
        return fasteners_ipc_rwlock_release_write(who->lock);
    }
    seen(who, RW_READING);
    status = fasteners_ipc_rwlock_downgrade(who->lock);
    seen(who, RW_NOTHING);
    return status == FASTENERS_OK ? fasteners_ipc_rwlock_release_read(who->lock) : status;
}

static fasteners_status write_once(const player *who, int64_t timeout_ms, bool by_downgrade)
{
    fasteners_status status = fasteners_ipc_rwlock_acquire_write(who->lock, timeout_ms);

    if (status != FASTENERS_OK)
        return status;
    seen(who, RW_WRITING);
    return end_writing(who, by_downgrade);
}

/* LOST: somebody has written in between. */
static fasteners_status upgrade_once(const player *who, int64_t timeout_ms, bool by_downgrade)
{
    fasteners_status status = fasteners_ipc_rwlock_acquire_read(who->lock, FASTENERS_FOREVER);
    int64_t writings;

    if (status != FASTENERS_OK)
        return status;
    seen(who, RW_READING);
    writings = rw_seats_writings(who->on->seats);
    status = fasteners_ipc_rwlock_upgrade(who->lock, timeout_ms);
    if (status == FASTENERS_OK) {
        bool same = rw_seats_writings(who->on->seats) == writings;

        seen(who, RW_WRITING);
        status = end_writing(who, by_downgrade);
        return same ? status : FASTENERS_LOST;
    }
    seen(who, RW_NOTHING);
    return is_refusal(status) ? fasteners_ipc_rwlock_release_read(who->lock) : status;
}

static fasteners_status act(player *who)
{
    static const int64_t timeouts[] = {FASTENERS_NO_WAIT, 1, FASTENERS_FOREVER, FASTENERS_FOREVER};
    unsigned dice = (unsigned)rand_r(&who->seed);
    int64_t timeout_ms = timeouts[dice / 8 % 4];

    switch (dice % 8) {
    case 0:
    case 1:
        return write_once(who, timeout_ms, dice / 32 % 2 != 0);
    case 2:
    case 3:
        return upgrade_once(who, timeout_ms, dice / 32 % 2 != 0);
    default:
        return read_once(who, timeout_ms, dice % 8 == 4);
    }
}

/* Leaves the processors to those who are to be killed at work. */
static void rest(long us)
{
    const struct timespec length = {.tv_nsec = us * 1000};

    nanosleep(&length, NULL);
}

static void *play(void *argument)
{
    player *who = argument;
    bool rests = who->seat < SURVIVORS * THREADS;
    fasteners_status status = FASTENERS_OK;

    while (!atomic_load(&who->on->end->has_come) &&
           (status == FASTENERS_OK || is_refusal(status))) {
        status = act(who);
        if (rests)
            rest(1000);
    }
    return status == FASTENERS_OK || is_refusal(status) ? NULL : who;
}

/* ------------------------------------------------------------------------ processes -- */

static rwlock *make_lock(const stage *on, int person)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    char kind = on->preferences[person];
    rwlock *lock;

    if (kind != 'r')
        options.preference = FASTENERS_PREFER_WRITERS;
    options.fair = kind == 'f';
    return fasteners_ipc_rwlock_create(&lock, on->path, &options) == FASTENERS_OK ? lock : NULL;
}

static int seat_of(int person, int thread)
{
    return person * THREADS + thread;
}

/* In a process of its own, until all is over, or until it is killed. */
static int run_person(const stage *on, int person)
{
    player players[THREADS];
    pthread_t threads[THREADS];
    rwlock *lock = make_lock(on, person);
    void *failed = NULL;
    bool well = lock != NULL;

    for (int t = 0; t < THREADS && well; t++) {
        unsigned seed = (unsigned)getpid() * THREADS + (unsigned)t;

        players[t] = (player){on, lock, seat_of(person, t), seed};
        well = pthread_create(&threads[t], NULL, play, &players[t]) == 0;
    }
    for (int t = 0; t < THREADS && well; t++)
        well = pthread_join(threads[t], &failed) == 0 && failed == NULL;
    if (well)
        fasteners_ipc_rwlock_destroy(lock);
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void start_person(const stage *on, int person)
{
    pid_t me = getpid(), born = fork();

    if (born == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(getppid() == me ? run_person(on, person) : EXIT_FAILURE);
    }
    assert_true(born > 0);
    people[person] = born;
}

static void kill_person(const stage *on, int person)
{
    int outcome;

    kill(people[person], SIGKILL);
    assert_int_equal(waitpid(people[person], &outcome, 0), people[person]);
    people[person] = 0;
    assert_true(WIFSIGNALED(outcome));
    for (int t = 0; t < THREADS; t++)
        rw_seats_clear(on->seats, seat_of(person, t));
}

static bool has_ended(void *argument)
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

/* --------------------------------------------------------------------------- tests -- */

static uint32_t moves_of(const stage *on, int person)
{
    return rw_seats_moves(on->seats, seat_of(person, 0));
}

static void await_move(const stage *on, int person, uint32_t moves)
{
    int64_t end = test_now() + test_patience_ms() * 1000000;

    while (moves_of(on, person) == moves && test_now() < end)
        rest(20);
    assert_int_not_equal(moves_of(on, person), moves);
}

/* Once it is inside for the first time, some moments later. */
static void kill_somewhere(const stage *on, long round)
{
    int person = SURVIVORS + (int)(round % VICTIMS);
    uint32_t moves = moves_of(on, person);

    start_person(on, person);
    if (round % 4 != 0)
        await_move(on, person, moves);
    rest(round * 7 % 50 * 10);
    kill_person(on, person);
}

static void all_go_home(const stage *on)
{
    atomic_store(&on->end->has_come, true);
    for (int i = 0; i < SURVIVORS; i++) {
        assert_true(test_wait_until(has_ended, &people[i]));
        assert_int_equal(people[i], 0);
    }
}

static void killed_anywhere(void **state, const char *preferences)
{
    stage on = {.seats = rw_seats_make(),
                .end = mmap(NULL, sizeof(ending), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0),
                .path = temp_path(state, "lock"),
                .preferences = preferences};
    uint32_t moves[SURVIVORS];

    assert_true(on.seats != NULL && on.end != MAP_FAILED);
    for (int i = 0; i < SURVIVORS; i++)
        start_person(&on, i);
    for (long round = test_rounds(300); round > 0; round--)
        kill_somewhere(&on, round);
    for (int i = 0; i < SURVIVORS; i++)
        moves[i] = moves_of(&on, i);
    for (int i = 0; i < SURVIVORS; i++)
        await_move(&on, i, moves[i]);
    all_go_home(&on);
    assert_int_equal(rw_seats_violations(on.seats), 0);
    assert_int_equal(locks_on(on.path).held, 0);
    munmap(on.end, sizeof(ending));
    rw_seats_free(on.seats);
}

static void p3_killed_anywhere(void **state)
{
    killed_anywhere(state, "rrrrrrrrrr");
}

static void p3_killed_anywhere_writers_preferred(void **state)
{
    killed_anywhere(state, "wwwwwwwwww");
}

static void p3_killed_anywhere_different_options(void **state)
{
    killed_anywhere(state, "rwfrwfrwfw");
}

#define CRASH_TEST(function) cmocka_unit_test_setup_teardown(function, temp_dir_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CRASH_TEST(p3_killed_anywhere),
        CRASH_TEST(p3_killed_anywhere_writers_preferred),
        CRASH_TEST(p3_killed_anywhere_different_options),
    };

    return RUN_PROCESS_TESTS(tests);
}
