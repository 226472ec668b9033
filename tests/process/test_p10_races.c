/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P10: a grant that races with a time-out or with a cancel is either held and OK, or not held. 100
 * 000 rounds of it, each checked from a second process.
 *
 * A lane is one lock file with a partner process and threads of its own; several run at once. In
 * each round the lock is released just when the wait for it is to end. Against a time-out the
 * release is moved, earlier after a time-out and later after a grant, so it stays on the edge
 * however fast the machine is. A cancel that comes before the wait has no effect, so there is no
 * edge to follow: it sweeps over the time around the release. On a loaded machine a thread may run
 * milliseconds late: where one outcome comes again and again, the steps and the sweep grow.
 *
 * FASTENERS_TEST_DIVISOR divides the number of rounds.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "p10_race.h"
#include "process_test.h"

/* Who has the lock that is waited for. */
typedef enum race_holder {
    BY_PARTNER,      /* the partner process */
    BY_OTHER_HANDLE, /* another thread of this process through a handle of its own */
    BY_SAME_HANDLE   /* another thread of this process through the same handle */
} race_holder;

typedef struct race_plan {
    const char *name;
    race_holder holder;
    bool cancel; /* race with a cancel; otherwise with a time-out */
    bool fair;
    bool polls;
    int first; /* what the partner holds: byte 0 is the lock, byte 1 the gate; length 0: all */
    int length;
    long rounds;
} race_plan;

typedef struct lane {
    race_plan plan;
    long rounds;
    fasteners_ipc_lock *lock;
    fasteners_ipc_lock *held; /* of the holder in this process; may be the same */
    child *partner;
    int socket;
    pthread_t racer;
    pthread_t helper;

    /* The helper's task for the round. */
    sem_t begin;
    sem_t ready;
    sem_t done;
    bool end;
    int64_t release_after_ns; /* both from now on; -1: not to be done */
    int64_t cancel_after_ns;
    fasteners_status taken;
    fasteners_status released;

    /* What came out. */
    int64_t aim_ns; /* when the holder releases, in a race with a time-out */
    int64_t pace;   /* of the times in a race with a cancel: 1 on a machine that is quiet */
    bool last_granted;
    int in_a_row; /* rounds with the same outcome */
    long granted;
    long ended;
    long failed_round; /* the first that went wrong, from 1 on */
    char failure[128];
} lane;

static const int64_t WAIT_MS = 1;
static const int64_t FARTHEST_NS = 20000000;
enum { ROWS_TO_DOUBLE = 8, MOST_DOUBLED = 10, SLOWEST_PACE = 16 };

static long rounds_done(const lane *self)
{
    return self->granted + self->ended;
}

static void fail_round(lane *self, const char *what, int value)
{
    if (self->failed_round != 0)
        return;
    self->failed_round = rounds_done(self) + 1;
    snprintf(self->failure, sizeof(self->failure), "%s (%d)", what, value);
}

/* When the lock is released, from the beginning of the round. */
static int64_t release_time(const lane *self)
{
    if (!self->plan.cancel)
        return self->aim_ns;
    return self->pace * (self->plan.polls ? 1000000 : 100000 + rounds_done(self) % 4 * 100000);
}

static int64_t cancel_time(const lane *self)
{
    return release_time(self) + self->pace * (rounds_done(self) * 7919 % 300000 - 100000);
}

/* ------------------------------------------------------------------------- the partner -- */

static void tell(lane *self, race_verb verb, int64_t delay_ns)
{
    const race_question question = {.verb = verb, .delay_ns = delay_ns};

    if (send(self->socket, &question, sizeof(question), MSG_NOSIGNAL) != (ssize_t)sizeof(question))
        fail_round(self, "the partner cannot be told", (int)verb);
}

static void ask(lane *self, race_verb verb, const char *what)
{
    race_answer answer = RACE_FAILED;

    tell(self, verb, 0);
    if (recv(self->socket, &answer, sizeof(answer), 0) != (ssize_t)sizeof(answer))
        fail_round(self, "the partner does not answer", (int)verb);
    else if (answer != RACE_AS_IT_MUST_BE)
        fail_round(self, what, (int)answer);
}

/* --------------------------------------------------------------------------- the helper -- */

static void hold_if_asked(lane *self)
{
    self->taken = FASTENERS_OK;
    self->released = FASTENERS_OK;
    if (self->release_after_ns >= 0)
        self->taken = fasteners_ipc_lock_acquire(self->held, FASTENERS_NO_WAIT);
    sem_post(&self->ready);
}

static void release_at(lane *self, int64_t when)
{
    race_wait_until(when);
    self->released = fasteners_ipc_lock_release(self->held);
}

static void cancel_at(lane *self, int64_t when)
{
    race_wait_until(when);
    fasteners_ipc_lock_cancel(self->lock);
}

/*
 * The second thread: releases the lock, cancels the wait for it, or does both, in the order of
 * time.
 */
static void help(lane *self)
{
    int64_t begin;
    bool cancel_first;

    hold_if_asked(self);
    begin = test_now();
    cancel_first = self->cancel_after_ns >= 0 && self->cancel_after_ns <= self->release_after_ns;
    if (cancel_first)
        cancel_at(self, begin + self->cancel_after_ns);
    if (self->release_after_ns >= 0)
        release_at(self, begin + self->release_after_ns);
    if (!cancel_first && self->cancel_after_ns >= 0)
        cancel_at(self, begin + self->cancel_after_ns);
}

static void *run_helper(void *argument)
{
    lane *self = argument;

    for (;;) {
        sem_wait(&self->begin);
        if (self->end)
            return NULL;
        help(self);
        sem_post(&self->done);
    }
}

static void start_helper(lane *self)
{
    self->release_after_ns = self->plan.holder == BY_PARTNER ? -1 : release_time(self);
    self->cancel_after_ns = self->plan.cancel ? cancel_time(self) : -1;
    sem_post(&self->begin);
    sem_wait(&self->ready);
    if (self->taken != FASTENERS_OK)
        fail_round(self, "the holder cannot take it", (int)self->taken);
}

static void finish_helper(lane *self)
{
    sem_wait(&self->done);
    if (self->taken == FASTENERS_OK && self->released != FASTENERS_OK)
        fail_round(self, "the holder cannot release it", (int)self->released);
}

/* ----------------------------------------------------------------------------- one round -- */

static void check_granted(lane *self)
{
    fasteners_status released;

    self->granted++;
    if (!fasteners_ipc_lock_is_held(self->lock))
        fail_round(self, "OK, but is_held denies it", 0);
    ask(self, RACE_IS_HELD, "OK, but another process can lock");
    released = fasteners_ipc_lock_release(self->lock);
    if (released != FASTENERS_OK)
        fail_round(self, "OK, but it cannot be released", (int)released);
}

static void check_ended(lane *self, fasteners_status status)
{
    fasteners_status expected = self->plan.cancel ? FASTENERS_CANCELLED : FASTENERS_TIMED_OUT;
    fasteners_status released = fasteners_ipc_lock_release(self->lock);

    self->ended++;
    if (status != expected)
        fail_round(self, "the status is neither OK nor what ended the wait", (int)status);
    if (fasteners_ipc_lock_is_held(self->lock))
        fail_round(self, "not OK, but is_held claims it", (int)status);
    if (released != FASTENERS_NOT_OWNER)
        fail_round(self, "not OK, but there was something to release", (int)released);
}

/* Towards the other outcome, by a step that is never quite the same. */
static void move_aim(lane *self, bool was_granted)
{
    int doubled = self->in_a_row / ROWS_TO_DOUBLE;
    int64_t step = (500 + rounds_done(self) * 7919 % 1000)
                   << (doubled < MOST_DOUBLED ? doubled : MOST_DOUBLED);

    self->aim_ns += was_granted ? step : -step;
    if (self->aim_ns < 0)
        self->aim_ns = 0;
    if (self->aim_ns > FARTHEST_NS)
        self->aim_ns = FARTHEST_NS;
}

/* Cancels that are lost come too early for a thread that runs late. */
static void move_pace(lane *self, bool was_granted)
{
    if (self->in_a_row % ROWS_TO_DOUBLE != ROWS_TO_DOUBLE - 1)
        return;
    if (was_granted && self->pace < SLOWEST_PACE)
        self->pace *= 2;
    if (!was_granted && self->pace > 1)
        self->pace /= 2;
}

static void learn(lane *self, bool was_granted)
{
    self->in_a_row = was_granted == self->last_granted ? self->in_a_row + 1 : 0;
    self->last_granted = was_granted;
    move_aim(self, was_granted);
    move_pace(self, was_granted);
}

static void run_round(lane *self)
{
    bool by_partner = self->plan.holder == BY_PARTNER;
    bool with_helper = !by_partner || self->plan.cancel;
    fasteners_status status;

    if (with_helper)
        start_helper(self);
    if (by_partner)
        tell(self, RACE_RELEASE, release_time(self));
    status =
        fasteners_ipc_lock_acquire(self->lock, self->plan.cancel ? FASTENERS_FOREVER : WAIT_MS);
    if (with_helper)
        finish_helper(self);
    if (status == FASTENERS_OK)
        check_granted(self);
    else
        check_ended(self, status);
    ask(self, by_partner ? RACE_TAKE : RACE_IS_FREE, "not held, but another process cannot lock");
    learn(self, status == FASTENERS_OK);
}

static void *run_lane(void *argument)
{
    lane *self = argument;

    if (self->plan.holder == BY_PARTNER)
        ask(self, RACE_TAKE, "the file is locked at the beginning");
    for (long i = 0; i < self->rounds && self->failed_round == 0; i++)
        run_round(self);
    self->end = true;
    sem_post(&self->begin);
    return NULL;
}

/* -------------------------------------------------------------------------------- lanes -- */

static fasteners_ipc_lock *lock_for(const race_plan *plan, const char *path)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.fair = plan->fair;
    options.delay_ms = plan->polls ? 1 : 0;
    options.max_delay_ms = plan->polls ? 1 : 0;
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
    return lock;
}

static void start_partner(lane *self, const char *path)
{
    const struct timeval patience = {.tv_sec = (time_t)(test_patience_ms() / 1000)};
    int ends[2];
    char socket[16];
    char first[16];
    char length[16];
    const char *const argv[] = {
        TEST_BIN_DIR "/p10_race_partner", socket, path, first, length, NULL};

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    self->socket = ends[0];
    assert_int_equal(setsockopt(self->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)),
                     0);
    ends[1] = dup(ends[1]); /* this one is inherited; the other goes with close-on-exec */
    snprintf(socket, sizeof(socket), "%d", ends[1]);
    snprintf(first, sizeof(first), "%d", self->plan.first);
    snprintf(length, sizeof(length), "%d", self->plan.length);
    self->partner = child_start(argv);
    close(ends[1]);
    assert_non_null(self->partner);
}

static void start_lane(lane *self, const char *path)
{
    self->rounds = test_rounds(self->plan.rounds);
    self->aim_ns = WAIT_MS * 1000000;
    self->pace = 1;
    self->lock = lock_for(&self->plan, path);
    self->held = self->plan.holder == BY_OTHER_HANDLE ? lock_for(&self->plan, path) : self->lock;
    start_partner(self, path);
    sem_init(&self->begin, 0, 0);
    sem_init(&self->ready, 0, 0);
    sem_init(&self->done, 0, 0);
    assert_int_equal(pthread_create(&self->helper, NULL, run_helper, self), 0);
    assert_int_equal(pthread_create(&self->racer, NULL, run_lane, self), 0);
}

static void end_lane(lane *self)
{
    pthread_join(self->racer, NULL);
    pthread_join(self->helper, NULL);
    if (self->held != self->lock)
        fasteners_ipc_lock_destroy(self->held);
    fasteners_ipc_lock_destroy(self->lock);
    close(self->socket);
    child_end(self->partner);
}

/* Both outcomes must have come often, else it was no race. */
static void assert_lane(const lane *self)
{
    print_message("             %s: %ld granted, %ld ended\n", self->plan.name, self->granted,
                  self->ended);
    if (self->failed_round != 0)
        fail_msg("%s, round %ld: %s", self->plan.name, self->failed_round, self->failure);
    assert_int_equal(rounds_done(self), self->rounds);
    if (self->rounds >= 1000) {
        assert_true(self->granted > self->rounds / 50);
        assert_true(self->ended > self->rounds / 50);
    }
}

enum { MAX_LANES = 8 };

static void run_lanes(void **state, const race_plan *plans, int count)
{
    static lane lanes[MAX_LANES];

    assert_true(count <= MAX_LANES);
    for (int i = 0; i < count; i++) {
        char name[16];

        snprintf(name, sizeof(name), "lock-%d", i);
        lanes[i] = (lane){.plan = plans[i]};
        start_lane(&lanes[i], temp_path(state, name));
    }
    for (int i = 0; i < count; i++)
        end_lane(&lanes[i]);
    for (int i = 0; i < count; i++)
        assert_lane(&lanes[i]);
}

#define RUN_LANES(state, plans) run_lanes(state, plans, (int)(sizeof(plans) / sizeof(plans[0])))

/* ------------------------------------------------------------------------------- the tests -- */

static void p10_grant_against_time_out(void **state)
{
    const race_plan plans[] = {
        {.name = "plain", .length = 1, .rounds = 10000},
        {.name = "whole file", .length = 0, .rounds = 5000},
        {.name = "fair, lock held", .fair = true, .length = 1, .rounds = 10000},
        {.name = "fair, gate held", .fair = true, .first = 1, .length = 1, .rounds = 10000},
        {.name = "polling", .polls = true, .length = 1, .rounds = 2000},
        {.name = "other handle", .holder = BY_OTHER_HANDLE, .rounds = 5000},
        {.name = "same handle", .holder = BY_SAME_HANDLE, .rounds = 5000},
    };

    RUN_LANES(state, plans);
}

static void p10_grant_against_cancel(void **state)
{
    const race_plan plans[] = {
        {.name = "plain", .cancel = true, .length = 1, .rounds = 15000},
        {.name = "fair, lock held", .cancel = true, .fair = true, .length = 1, .rounds = 10000},
        {.name = "fair, gate held",
         .cancel = true,
         .fair = true,
         .first = 1,
         .length = 1,
         .rounds = 10000},
        {.name = "polling", .cancel = true, .polls = true, .length = 1, .rounds = 2000},
        {.name = "other handle", .cancel = true, .holder = BY_OTHER_HANDLE, .rounds = 8000},
        {.name = "same handle", .cancel = true, .holder = BY_SAME_HANDLE, .rounds = 8000},
    };

    RUN_LANES(state, plans);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p10_grant_against_time_out),
        PROCESS_TEST(p10_grant_against_cancel),
    };

    return RUN_PROCESS_TESTS(tests);
}
