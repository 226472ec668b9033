/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R1, R2, R4: what a thread is answered that asks for a lock that somebody else has or wants, for
 * each kind of other, of hold, of request and of time-out: docs/semantics.md, cell by cell.
 */
#include "process_test.h"

#include <stdio.h>
#include <string.h>

/* Who the other one is, seen from thread 1, which asks. */
typedef enum place { PROCESS, THREAD, HANDLE, SELF, PLACES } place;

/* What the other one has done, or waits for. */
typedef enum deed { READS, WRITES, UPGRADED, DOWNGRADED, UPGRADES, WAITS_TO_WRITE, DEEDS } deed;

/* READ_TOO, WRITE_TOO: by a thread that reads. So does who asks for UPGRADE, if it can. */
typedef enum request { READ, WRITE, UPGRADE, READ_TOO, WRITE_TOO, REQUESTS } request;

typedef enum outcome {
    NEVER,   /* there is no such case */
    GETS,    /* at once */
    WAITS,   /* for the other one */
    QUEUES,  /* WAITS if it prefers writers, GETS if readers */
    ITSELF,  /* the other one is itself: it would wait for ever */
    REFUSED, /* FASTENERS_WOULD_DEADLOCK, at once, whatever the time-out */
    NOTHING, /* FASTENERS_NOT_OWNER: it has nothing to upgrade */
    CANNOT   /* FASTENERS_NOT_SUPPORTED, at once: the system has no upgrade */
} outcome;

#ifdef _WIN32
static const bool can_upgrade = false;
#else
static const bool can_upgrade = true;
#endif

#define THEM(others, itself)                                                                       \
    {                                                                                              \
        others, others, others, itself                                                             \
    }

/* clang-format off */
#define BESIDE_A_READER {                                                                          \
        [READ] = THEM(GETS, GETS),                                                                 \
        [WRITE] = THEM(WAITS, ITSELF),                                                             \
        [UPGRADE] = THEM(WAITS, ITSELF),                                                           \
        [READ_TOO] = THEM(GETS, GETS),                                                             \
        [WRITE_TOO] = THEM(REFUSED, REFUSED) }

#define BESIDE_A_WRITER {                                                                          \
        [READ] = THEM(WAITS, ITSELF),                                                              \
        [WRITE] = THEM(WAITS, ITSELF),                                                             \
        [UPGRADE] = THEM(NOTHING, NOTHING) }
/* clang-format on */

/* In a process that can have one lock only (portable), who waits has it reserved. */
#define IN_THE_PROCESS (PORTABLE_BUILD ? WAITS : QUEUES)

static const outcome expected[DEEDS][REQUESTS][PLACES] = {
    [READS] = BESIDE_A_READER,
    [WRITES] = BESIDE_A_WRITER,
    [UPGRADED] = BESIDE_A_WRITER,
    [DOWNGRADED] = BESIDE_A_READER,
    [UPGRADES] = {[READ] = {[PROCESS] = QUEUES, [THREAD] = WAITS, [HANDLE] = IN_THE_PROCESS},
                  [WRITE] = THEM(WAITS, NEVER),
                  [UPGRADE] = THEM(REFUSED, NEVER),
                  [READ_TOO] = THEM(GETS, NEVER),
                  [WRITE_TOO] = THEM(REFUSED, NEVER)},
    [WAITS_TO_WRITE] =
        {[READ] = {[PROCESS] = QUEUES, [THREAD] = IN_THE_PROCESS, [HANDLE] = IN_THE_PROCESS},
         [WRITE] = THEM(WAITS, NEVER),
         [UPGRADE] = THEM(GETS, NEVER),
         [READ_TOO] = THEM(GETS, NEVER),
         [WRITE_TOO] = THEM(REFUSED, NEVER)},
};

static const char *const place_names[] = {"process", "thread", "handle", "self"};
static const char *const deed_names[] = {"reads",      "writes",   "upgraded",
                                         "downgraded", "upgrades", "waits"};
static const char *const request_names[] = {"read", "write", "upgrade", "read-too", "write-too"};

/* ------------------------------------------------------------------------------- a cell -- */

#define LONG_MS INT64_C(3600000)
#define SHORT_MS INT64_C(20)

typedef struct cell {
    child *me, *other, *third;
    const char *path;
    bool writers; /* the preference */
    place place;
    deed deed;
    request request;
    char id[40];   /* of the handles, so that a failure tells the cell */
    char id_m[40]; /* of the second one of this process */
    bool reads;    /* thread 1 does, before it asks */
    bool over;     /* the other one has let go */
    bool left;     /* the third one has */
} cell;

typedef struct actor {
    child *agent;
    int thread;
    const char *id;
} actor;

static actor asker_of(const cell *of)
{
    return (actor){of->me, 1, of->id};
}

static actor other_of(const cell *of)
{
    bool here = of->place != PROCESS;
    bool by_m = of->place == HANDLE || of->place == SELF;

    return (actor){here ? of->me : of->other, of->place == SELF ? 1 : 2, by_m ? of->id_m : of->id};
}

/* Reads, when the other one has to wait for somebody who is not asking. */
static actor third_of(const cell *of)
{
    return (actor){of->third, 1, of->id};
}

static void does_at(int line, actor who, const char *call, const char *status)
{
    agent_expect_at(__FILE__, line, who.agent, status, "thread %d %s %s", who.thread, call, who.id);
}

static void asks_at(int line, actor who, const char *call, int64_t ms, const char *status)
{
    agent_expect_at(__FILE__, line, who.agent, status, "thread %d %s %s %lld", who.thread, call,
                    who.id, (long long)ms);
}

static void starts_at(int line, actor who, const char *call, int64_t ms)
{
    agent_expect_at(__FILE__, line, who.agent, "started", "start %d %s %s %lld", who.thread, call,
                    who.id, (long long)ms);
}

static void results_at(int line, actor who, const char *status)
{
    agent_expect_at(__FILE__, line, who.agent, status, "result %d", who.thread);
}

#define does(...) does_at(__LINE__, __VA_ARGS__)
#define asks(...) asks_at(__LINE__, __VA_ARGS__)
#define starts(...) starts_at(__LINE__, __VA_ARGS__)
#define results(...) results_at(__LINE__, __VA_ARGS__)

static bool has_returned(actor who)
{
    return strcmp(agent_ask(who.agent, "peek %d", who.thread), "running") != 0;
}

/* In a process that can have one lock only some of these waits poll. */
static void sleeps(actor who)
{
    agent_expect(who.agent, "OK", "%s %d", PORTABLE_BUILD ? "wait_waiting" : "wait_asleep",
                 who.thread);
}

static outcome expected_of(const cell *of)
{
    outcome what = expected[of->deed][of->request][of->place];

    if (!can_upgrade && (of->deed == UPGRADED || of->deed == UPGRADES))
        return NEVER;
    if (!can_upgrade && of->request == UPGRADE && what != NEVER && what != NOTHING)
        return CANNOT;
    if (what == QUEUES)
        return of->writers ? WAITS : GETS;
    return what;
}

/* ----------------------------------------------------------------- what the other one does -- */

static bool is_waiting_deed(deed what)
{
    return what == UPGRADES || what == WAITS_TO_WRITE;
}

static bool writes_now(deed what)
{
    return what == WRITES || what == UPGRADED;
}

/* The kernel keeps its request; otherwise it waits inside the process. */
static bool waits_in_kernel(const cell *of)
{
    if (of->place == PROCESS || !of->reads)
        return true;
    return !PORTABLE_BUILD && !(of->place == THREAD && of->deed == UPGRADES);
}

/* For thread 1 if that reads, or else for a third process. */
static void begin_to_wait(const cell *of)
{
    actor other = other_of(of);

    if (!of->reads)
        asks(third_of(of), "read", 0, "FASTENERS_OK");
    starts(other, of->deed == UPGRADES ? "upgrade" : "write", FASTENERS_FOREVER);
    if (waits_in_kernel(of))
        expect_queued(of->path, 1);
    sleeps(other);
}

static void begin_deed(cell *of)
{
    actor other = other_of(of);

    of->over = of->left = false;
    if (writes_now(of->deed) && of->deed != UPGRADED)
        asks(other, "write", 0, "FASTENERS_OK");
    else if (of->deed == DOWNGRADED)
        asks(other, "write", 0, "FASTENERS_OK"), does(other, "downgrade", "FASTENERS_OK");
    else if (of->deed != WAITS_TO_WRITE)
        asks(other, "read", 0, "FASTENERS_OK");
    if (of->deed == UPGRADED)
        asks(other, "upgrade", 0, "FASTENERS_OK");
    of->reads = of->request >= UPGRADE && !writes_now(of->deed);
    if (of->reads)
        asks(asker_of(of), "read", 0, "FASTENERS_OK");
    if (is_waiting_deed(of->deed))
        begin_to_wait(of);
}

/* It has got what it waited for, and lets go of it. */
static void end_waiting_deed(cell *of)
{
    results(other_of(of), "FASTENERS_OK");
    does(other_of(of), "unwrite", "FASTENERS_OK");
    of->over = true;
}

static bool somebody_has_got_it(void *argument)
{
    cell *of = argument;

    of->over = has_returned(other_of(of));
    return of->over || has_returned(asker_of(of));
}

/* Whoever was in its way leaves. Two writers: either may be first. */
static void let_other_go_on(cell *of)
{
    does(third_of(of), "unread", "FASTENERS_OK");
    of->left = true;
    if (of->request == WRITE && of->deed == WAITS_TO_WRITE) {
        assert_true(test_wait_until(somebody_has_got_it, of));
        if (of->over)
            end_waiting_deed(of);
        return;
    }
    results(other_of(of), "FASTENERS_OK");
    assert_false(has_returned(asker_of(of)));
    does(other_of(of), "unwrite", "FASTENERS_OK");
    of->over = true;
}

/* Thread 1, which waits for it, can have the lock now. */
static void let_go(cell *of)
{
    if (is_waiting_deed(of->deed)) {
        let_other_go_on(of);
        return;
    }
    does(other_of(of), writes_now(of->deed) ? "unwrite" : "unread", "FASTENERS_OK");
    of->over = true;
}

static void end_cell(cell *of)
{
    if (!of->reads && is_waiting_deed(of->deed) && !of->over && !of->left)
        does(third_of(of), "unread", "FASTENERS_OK");
    if (of->reads)
        does(asker_of(of), "unread", "FASTENERS_OK");
    if (!of->over && is_waiting_deed(of->deed))
        end_waiting_deed(of);
    else if (!of->over)
        let_go(of);
    assert_int_equal(locks_on(of->path).held, 0);
}

/* -------------------------------------------------------------------- what thread 1 is told -- */

static const char *call_of(const cell *of)
{
    static const char *const calls[] = {"read", "write", "upgrade", "read", "write"};

    return calls[of->request];
}

static void has_what_it_had(const cell *of)
{
    does(asker_of(of), "rw_holds", of->reads ? "read" : "none");
}

/* It holds now what it asked for, and goes back to what it had. */
static void has_got_it(const cell *of)
{
    static const char *const back[] = {"unread", "unwrite", "downgrade", "unread"};
    bool by_writing = of->request == WRITE || of->request == UPGRADE;

    does(asker_of(of), "rw_holds", by_writing ? "write" : "read");
    does(asker_of(of), back[of->request], "FASTENERS_OK");
    has_what_it_had(of);
}

static void is_told(const cell *of, int64_t ms, const char *status)
{
    asks(asker_of(of), call_of(of), ms, status);
    has_what_it_had(of);
}

static void gets_it_at_once(const cell *of)
{
    static const int64_t timeouts[] = {FASTENERS_NO_WAIT, LONG_MS, FASTENERS_FOREVER};

    for (int i = 0; i < 3; i++) {
        asks(asker_of(of), call_of(of), timeouts[i], "FASTENERS_OK");
        has_got_it(of);
    }
}

static void is_always_told(const cell *of, const char *status)
{
    is_told(of, FASTENERS_NO_WAIT, status);
    is_told(of, LONG_MS, status);
    is_told(of, FASTENERS_FOREVER, status);
}

static void would_wait_for_itself(const cell *of)
{
    is_told(of, FASTENERS_NO_WAIT, "FASTENERS_BUSY");
    is_told(of, SHORT_MS, "FASTENERS_TIMED_OUT");
    is_told(of, FASTENERS_FOREVER, "FASTENERS_WOULD_DEADLOCK");
}

/*
 * A wait with a time-out is cancelled and one without gets the lock; with the other preference it
 * is the other way round. A cancel ends all waits of the handle: hence the other one, if it waits
 * there, does so anew.
 */
static void waits_for_it(cell *of)
{
    actor asker = asker_of(of), other = other_of(of);
    bool too = is_waiting_deed(of->deed) && of->place == THREAD;

    is_told(of, FASTENERS_NO_WAIT, "FASTENERS_BUSY");
    is_told(of, SHORT_MS, "FASTENERS_TIMED_OUT");
    starts(asker, call_of(of), of->writers ? FASTENERS_FOREVER : LONG_MS);
    sleeps(asker);
    does((actor){of->me, 3, of->id}, "rw_cancel", "OK");
    results(asker, "FASTENERS_CANCELLED");
    has_what_it_had(of);
    if (too) {
        results(other, "FASTENERS_CANCELLED");
        does(third_of(of), "unread", "FASTENERS_OK");
        begin_to_wait(of);
    }
    starts(asker, call_of(of), of->writers ? LONG_MS : FASTENERS_FOREVER);
    sleeps(asker);
    let_go(of);
    results(asker, "FASTENERS_OK");
    has_got_it(of);
}

static void create_handles(cell *of)
{
    const char *options = of->writers ? "writers" : "";

    snprintf(of->id, sizeof(of->id), "l.%s.%s.%s", place_names[of->place], deed_names[of->deed],
             request_names[of->request]);
    snprintf(of->id_m, sizeof(of->id_m), "m%s", of->id + 1);
    agent_expect(of->me, "FASTENERS_OK", "rw_create %s %s %s", of->id, of->path, options);
    agent_expect(of->me, "FASTENERS_OK", "rw_create %s %s %s", of->id_m, of->path, options);
    agent_expect(of->other, "FASTENERS_OK", "rw_create %s %s %s", of->id, of->path, options);
    agent_expect(of->third, "FASTENERS_OK", "rw_create %s %s %s", of->id, of->path, options);
}

static void destroy_handles(const cell *of)
{
    agent_expect(of->me, "OK", "rw_destroy %s", of->id);
    agent_expect(of->me, "OK", "rw_destroy %s", of->id_m);
    agent_expect(of->other, "OK", "rw_destroy %s", of->id);
    agent_expect(of->third, "OK", "rw_destroy %s", of->id);
}

static void test_cell(cell *of)
{
    create_handles(of);
    begin_deed(of);
    switch (expected_of(of)) {
    case GETS:
        gets_it_at_once(of);
        break;
    case WAITS:
        waits_for_it(of);
        break;
    case ITSELF:
        would_wait_for_itself(of);
        break;
    case REFUSED:
        is_always_told(of, "FASTENERS_WOULD_DEADLOCK");
        break;
    case CANNOT:
        is_always_told(of, "FASTENERS_NOT_SUPPORTED");
        break;
    default:
        is_always_told(of, "FASTENERS_NOT_OWNER");
        break;
    }
    end_cell(of);
    destroy_handles(of);
}

static void test_cells(void **state, place where, bool writers)
{
    cell now = {.me = agent_start(),
                .other = agent_start(),
                .third = agent_start(),
                .path = temp_path(state, "lock"),
                .place = where,
                .writers = writers};

    for (int d = 0; d < DEEDS; d++)
        for (int r = 0; r < REQUESTS; r++) {
            now.deed = (deed)d;
            now.request = (request)r;
            if (expected_of(&now) != NEVER)
                test_cell(&now);
        }
}

static void r4_beside_another_process(void **state)
{
    test_cells(state, PROCESS, false);
}

static void r4_beside_another_process_writers_preferred(void **state)
{
    test_cells(state, PROCESS, true);
}

static void r4_beside_another_thread(void **state)
{
    test_cells(state, THREAD, false);
}

static void r4_beside_another_thread_writers_preferred(void **state)
{
    test_cells(state, THREAD, true);
}

static void r4_beside_another_handle(void **state)
{
    test_cells(state, HANDLE, false);
}

static void r4_beside_another_handle_writers_preferred(void **state)
{
    test_cells(state, HANDLE, true);
}

static void r4_beside_itself(void **state)
{
    test_cells(state, SELF, false);
}

static void r4_beside_itself_writers_preferred(void **state)
{
    test_cells(state, SELF, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(r4_beside_another_process),
        PROCESS_TEST(r4_beside_another_process_writers_preferred),
        PROCESS_TEST(r4_beside_another_thread),
        PROCESS_TEST(r4_beside_another_thread_writers_preferred),
        PROCESS_TEST(r4_beside_another_handle),
        PROCESS_TEST(r4_beside_another_handle_writers_preferred),
        PROCESS_TEST(r4_beside_itself),
        PROCESS_TEST(r4_beside_itself_writers_preferred),
    };

    return RUN_PROCESS_TESTS(tests);
}
