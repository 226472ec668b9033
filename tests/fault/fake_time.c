/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_internal.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/*
 * The clock, the events of the script and the simulated threads. These are real threads that pass
 * a baton: one runs, until it parks, and who is next follows from the script alone.
 */

enum { NS_PER_MS = 1000000, YIELD_NS = 1000, FIRST_THREAD_ID = 101 };

static const int64_t CLOCK_START = 1000000000000;

typedef struct event {
    struct event *next;
    int64_t at;
    fake_action action;
    void *argument;
} event;

/* One call of park. An event that runs inside may park in turn: then there is an outer one. */
typedef struct frame {
    struct frame *outer;
    const _Atomic uint32_t *word;
    int64_t deadline;
    bool woken;
} frame;

typedef struct simulated {
    struct simulated *next;
    uint64_t acting_as;
    frame *innermost; /* NULL: never parked, or running outside of any event */
    bool has_ended;
    pthread_t thread;
    pthread_cond_t turn;
    fake_action body;
    void *argument;
} simulated;

static int64_t now = CLOCK_START;
static int64_t start = CLOCK_START;
static event *events;

static simulated test_thread = {.acting_as = FAKE_MAIN_THREAD, .turn = PTHREAD_COND_INITIALIZER};
static simulated *current = &test_thread;
static uint64_t last_thread_id;
static pthread_mutex_t baton = PTHREAD_MUTEX_INITIALIZER;
static bool baton_is_used;
static char left_to_test[512];

/* ---------------------------------------------------------------------------- events -- */

void fake_schedule(int64_t at, fake_action action, void *argument)
{
    event *made = malloc(sizeof(*made));
    event **link = &events;

    if (made == NULL)
        abort();
    while (*link != NULL && (*link)->at <= at)
        link = &(*link)->next;
    *made = (event){.next = *link, .at = at, .action = action, .argument = argument};
    *link = made;
}

void fake_unschedule(fake_action action, const void *argument)
{
    event **link = &events;

    while (*link != NULL) {
        event *each = *link;
        if (each->action == action && each->argument == argument) {
            *link = each->next;
            free(each);
        } else {
            link = &each->next;
        }
    }
}

void fake_at_ms(int64_t ms, fake_action action, void *argument)
{
    fake_schedule(start + ms * NS_PER_MS, action, argument);
}

void fake_run_as(uint64_t thread, fake_action action, void *argument)
{
    simulated *me = current;
    uint64_t before = me->acting_as;

    me->acting_as = thread;
    action(argument);
    me->acting_as = before;
}

static void run_first_event(void)
{
    event happening = *events;

    free(events);
    events = happening.next;
    if (now < happening.at)
        now = happening.at;
    fake_run_as(FAKE_OTHER_THREAD, happening.action, happening.argument);
}

/* ------------------------------------------------------------------------- scheduler -- */

static bool is_ready(const simulated *thread)
{
    return !thread->has_ended && (thread->innermost == NULL || thread->innermost->woken ||
                                  now >= thread->innermost->deadline);
}

static simulated *next_in_turn(const simulated *thread)
{
    return thread->next != NULL ? thread->next : &test_thread;
}

static simulated *next_ready(void)
{
    for (simulated *each = next_in_turn(current); each != current; each = next_in_turn(each))
        if (is_ready(each))
            return each;
    return NULL;
}

static void give_baton(simulated *next)
{
    current = next;
    (void)pthread_cond_signal(&next->turn);
}

static void wait_for_baton(simulated *me)
{
    while (current != me)
        (void)pthread_cond_wait(&me->turn, &baton);
    if (me == &test_thread && left_to_test[0] != '\0')
        fail_msg("%s", left_to_test);
}

static void run_other(simulated *next)
{
    simulated *me = current;

    give_baton(next);
    wait_for_baton(me);
}

void fake_leave_to_test(const char *message)
{
    if (current == &test_thread)
        return;
    (void)snprintf(left_to_test, sizeof(left_to_test), "%s", message);
    run_other(&test_thread);
}

static int64_t first_deadline(void)
{
    int64_t first = FST_NEVER;

    for (const simulated *each = &test_thread; each != NULL; each = each->next)
        if (!each->has_ended && each->innermost != NULL && each->innermost->deadline < first)
            first = each->innermost->deadline;
    return first;
}

/* Everybody sleeps: on to whatever comes first. */
static void advance(void)
{
    int64_t deadline = first_deadline();

    if (events != NULL && events->at <= deadline)
        run_first_event();
    else if (deadline != FST_NEVER)
        now = deadline;
    else
        fake_violation("deadlock", "everybody sleeps and nothing is to come");
}

/* False: the deadline has passed. */
static bool sleep_in(frame *mine)
{
    simulated *me = current;
    bool woken;

    mine->outer = me->innermost;
    me->innermost = mine;
    for (;;) {
        woken = mine->woken;
        if (woken || now >= mine->deadline)
            break;
        simulated *other = next_ready();
        if (other != NULL)
            run_other(other);
        else
            advance();
    }
    me->innermost = mine->outer;
    return woken;
}

/* ---------------------------------------------------------------------------- threads -- */

static const _Atomic uint32_t somebody_ended;

static void end_current(void)
{
    current->has_ended = true;
    fst_os_unpark(&somebody_ended);
    simulated *next;
    while ((next = next_ready()) == NULL)
        advance();
    give_baton(next);
}

static void *run_simulated(void *argument)
{
    simulated *me = argument;

    (void)pthread_mutex_lock(&baton);
    wait_for_baton(me);
    me->body(me->argument);
    end_current();
    (void)pthread_mutex_unlock(&baton);
    return NULL;
}

void fake_thread_start(fake_action body, void *argument)
{
    simulated *made = calloc(1, sizeof(*made));
    simulated *last = &test_thread;

    if (!baton_is_used)
        (void)pthread_mutex_lock(&baton);
    baton_is_used = true;
    while (last->next != NULL)
        last = last->next;
    if (made == NULL || pthread_cond_init(&made->turn, NULL) != 0)
        abort();
    made->acting_as = ++last_thread_id;
    made->body = body;
    made->argument = argument;
    last->next = made;
    if (pthread_create(&made->thread, NULL, run_simulated, made) != 0)
        abort();
}

static bool all_have_ended(void)
{
    for (const simulated *each = test_thread.next; each != NULL; each = each->next)
        if (!each->has_ended)
            return false;
    return true;
}

void fake_threads_join(void)
{
    while (!all_have_ended())
        sleep_in(&(frame){.word = &somebody_ended, .deadline = FST_NEVER});
    while (test_thread.next != NULL) {
        simulated *gone = test_thread.next;
        test_thread.next = gone->next;
        (void)pthread_join(gone->thread, NULL);
        (void)pthread_cond_destroy(&gone->turn);
        free(gone);
    }
}

void fake_become_thread(uint64_t id)
{
    current->acting_as = id;
}

/* -------------------------------------------------------------------------- the clock -- */

int64_t fake_elapsed_ns(void)
{
    return now - start;
}

int64_t fake_elapsed_ms(void)
{
    return fake_elapsed_ns() / NS_PER_MS;
}

void fake_advance_ms(int64_t ms)
{
    sleep_in(&(frame){.deadline = now + ms * NS_PER_MS});
}

void fake_set_clock(int64_t reading)
{
    now = start = reading;
}

/* --------------------------------------------------------------------- platform.h's -- */

int64_t fst_os_now(void)
{
    return now;
}

uint64_t fst_os_thread_id(void)
{
    return current->acting_as;
}

void fst_os_yield(void)
{
    sleep_in(&(frame){.deadline = now + YIELD_NS});
}

bool fst_os_park(const _Atomic uint32_t *word, uint32_t expected, int64_t deadline)
{
    if (fake_call(FAKE_PARK, NULL, NULL) || atomic_load(word) != expected)
        return true;
    return sleep_in(&(frame){.word = word, .deadline = deadline});
}

void fst_os_unpark(const _Atomic uint32_t *word)
{
    (void)fake_call(FAKE_UNPARK, NULL, NULL);
    for (simulated *each = &test_thread; each != NULL; each = each->next)
        for (frame *f = each->innermost; f != NULL; f = f->outer)
            if (f->word == word)
                f->woken = true;
}

/* They sleep on for ever, out of the way. */
void fake_threads_vanish(void)
{
    if (current != &test_thread)
        fake_violation("a fork", "by another thread than the test's");
    test_thread.next = NULL;
}

void fake_time_reset(void)
{
    while (events != NULL) {
        event *gone = events;
        events = gone->next;
        free(gone);
    }
    now = start = CLOCK_START;
    test_thread.acting_as = FAKE_MAIN_THREAD;
    test_thread.innermost = NULL;
    test_thread.next = NULL; /* what a failed test left behind */
    current = &test_thread;
    last_thread_id = FIRST_THREAD_ID - 1;
    left_to_test[0] = '\0';
}
