/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/*
 * The sweep for readers and writers, as test_sweep.c is for fasteners_ipc_lock. A scenario is a
 * row of calls of one thread. It runs once unharmed; then once for each call of the system and each
 * way in which that can fail. Whatever happened:
 *   - each status is the expected one or tells about the failure (P9);
 *   - what the thread holds is what the statuses say (R3), and the file is locked accordingly: a
 *     failed upgrade keeps the read, a failed downgrade or release the hold (R4, P9);
 *   - the log and os_error tell about the failure, or about nothing;
 *   - once the trouble is over all can be released, the lock works, and nothing is left (P17).
 */

/* -------------------------------------------------------------------------- scenarios -- */

typedef enum kind { END, READ, WRITE, UPGRADE, DOWNGRADE, UNREAD, UNWRITE } kind;

typedef struct step {
    kind what;
    int64_t timeout_ms;
    fasteners_status expected;
    void (*before)(fasteners_ipc_rwlock *lock);
} step;

enum { STEPS_MAX = 8 };

typedef struct scenario {
    const char *name;
    bool per_process, prefers_writers, fair, unlink_on_release, polls, read_only;
    step steps[STEPS_MAX];
} scenario;

/* What another process does 30 ms from then on. */
static void at_30(fake_action action, void *argument)
{
    fake_at_ms(fake_elapsed_ms() + 30, action, argument);
}

static void reader_until_30(fasteners_ipc_rwlock *lock)
{
    (void)lock;
    foreign_reads(NULL);
    at_30(foreign_releases, NULL);
}

static void writer_until_30(fasteners_ipc_rwlock *lock)
{
    (void)lock;
    foreign_takes_lock(NULL);
    at_30(foreign_releases, NULL);
}

static void gate_until_30(fasteners_ipc_rwlock *lock)
{
    (void)lock;
    foreign_takes_gate(NULL);
    at_30(foreign_releases, NULL);
}

static void writer(fasteners_ipc_rwlock *lock)
{
    (void)lock;
    foreign_takes_lock(NULL);
}

static void gate(fasteners_ipc_rwlock *lock)
{
    (void)lock;
    foreign_takes_gate(NULL);
}

static void reader(fasteners_ipc_rwlock *lock)
{
    (void)lock;
    foreign_reads(NULL);
}

static void upgrader(fasteners_ipc_rwlock *lock)
{
    reader(lock);
    fake_foreign_lock(PATH, FOREIGN_PID, FST_EXCLUSIVE, INTENT_BYTE);
}

static void whole_file_reader_until_30(fasteners_ipc_rwlock *lock)
{
    (void)lock;
    fake_foreign_lock(PATH, FOREIGN_PID, FST_SHARED, ALL_BYTES);
    at_30(foreign_releases, NULL);
}

static void writer_and_cancel(fasteners_ipc_rwlock *lock)
{
    writer(lock);
    at_30(rwlock_is_cancelled, lock);
}

static void reader_and_cancel(fasteners_ipc_rwlock *lock)
{
    reader(lock);
    at_30(rwlock_is_cancelled, lock);
}

/* The wait is granted at the very moment it is given up. */
static void writer_gone_at_cancel(fasteners_ipc_rwlock *lock)
{
    writer_and_cancel(lock);
    fake_before(FAKE_ABANDON, 1, foreign_releases, NULL);
}

static void reader_gone_at_cancel(fasteners_ipc_rwlock *lock)
{
    reader_and_cancel(lock);
    fake_before(FAKE_ABANDON, 1, foreign_releases, NULL);
}

static void file_goes(fasteners_ipc_rwlock *lock)
{
    (void)lock;
    file_is_deleted(NULL);
}

static void member_leaves(void *lock)
{
    fake_become_thread(2);
    (void)fasteners_ipc_rwlock_release_read(lock);
}

/* Its release makes no call of the system, but where it is the last one. */
static void member_until_30(fasteners_ipc_rwlock *lock)
{
    fake_become_thread(2);
    (void)!fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_NO_WAIT);
    fake_become_thread(FAKE_MAIN_THREAD);
    at_30(member_leaves, lock);
}

#define OK FASTENERS_OK
#define FOREVER FASTENERS_FOREVER

#define CALL(kind, ms)                                                                             \
    {                                                                                              \
        .what = (kind), .timeout_ms = (ms)                                                         \
    }
#define CASE(kind, ms, status, action)                                                             \
    {                                                                                              \
        .what = (kind), .timeout_ms = (ms), .expected = (status), .before = (action)               \
    }

#define ALL_KINDS                                                                                  \
    CALL(READ, FOREVER), CALL(UPGRADE, 1000), CALL(DOWNGRADE, 0), CALL(UNREAD, 0),                 \
        CALL(WRITE, 1000), CALL(UNWRITE, 0)
#define UPGRADE_WAITS                                                                              \
    CALL(READ, FOREVER), CASE(UPGRADE, 5000, OK, reader_until_30), CALL(UNWRITE, 0)
#define READ_WAITS CASE(READ, 5000, OK, writer_until_30), CALL(UNREAD, 0)
#define UPGRADE_CANCELLED                                                                          \
    CALL(READ, FOREVER), CASE(UPGRADE, FOREVER, FASTENERS_CANCELLED, reader_gone_at_cancel),       \
        CALL(UNREAD, 0)

static const scenario scenarios[] = {
    {"all kinds", .steps = {ALL_KINDS}},
    {"all kinds, writers first", .prefers_writers = true, .steps = {ALL_KINDS}},
    {"all kinds, process locks", .per_process = true, .steps = {ALL_KINDS}},
    {"all kinds, process locks, writers first", .per_process = true, .prefers_writers = true,
     .steps = {ALL_KINDS}},
    {"nested", .steps = {CALL(READ, 0), CALL(READ, 0), CALL(UPGRADE, 0), CALL(READ, 0),
                         CALL(WRITE, 0), CALL(UNWRITE, 0), CALL(UNWRITE, 0)}},
    {"a writer reads", .steps = {CALL(WRITE, FOREVER), CALL(READ, FOREVER), CALL(UNWRITE, 0),
                                 CALL(UPGRADE, 50), CALL(DOWNGRADE, 0), CALL(UNREAD, 0)}},
    {"a writer reads, unlinked", .unlink_on_release = true,
     .steps = {CALL(WRITE, FOREVER), CALL(READ, FOREVER), CALL(UNREAD, 0), CALL(UNWRITE, 0),
               CALL(READ, 100)}},
    {"ends as a reader", .steps = {CALL(READ, FOREVER)}},
    {"ends as an upgraded writer", .steps = {CALL(READ, FOREVER), CALL(UPGRADE, 0)}},
    {"ends downgraded", .steps = {CALL(WRITE, 100), CALL(DOWNGRADE, 0), CALL(READ, 0)}},
    {"busy",
     .steps = {CASE(READ, 0, FASTENERS_BUSY, writer), CASE(WRITE, 0, FASTENERS_BUSY, NULL)}},
    {"busy upgrade",
     .steps = {CALL(READ, 0), CASE(UPGRADE, 0, FASTENERS_BUSY, reader), CALL(UNREAD, 0)}},
    {"read waits", .steps = {READ_WAITS}},
    {"read waits, polling", .polls = true, .steps = {READ_WAITS}},
    {"read waits, process locks", .per_process = true, .steps = {READ_WAITS}},
    {"read waits at the gate", .prefers_writers = true,
     .steps = {CASE(READ, FOREVER, OK, gate_until_30), CALL(UNREAD, 0)}},
    {"read waits at the gate, process locks", .prefers_writers = true, .per_process = true,
     .steps = {CASE(READ, FOREVER, OK, gate_until_30), CALL(UNREAD, 0)}},
    {"read times out", .steps = {CASE(READ, 30, FASTENERS_TIMED_OUT, writer)}},
    {"read times out at the gate", .prefers_writers = true,
     .steps = {CASE(READ, 30, FASTENERS_TIMED_OUT, gate)}},
    {"read is cancelled", .steps = {CASE(READ, FOREVER, FASTENERS_CANCELLED, writer_and_cancel)}},
    {"read is cancelled when granted",
     .steps = {CASE(READ, FOREVER, FASTENERS_CANCELLED, writer_gone_at_cancel)}},
    {"read is cancelled when granted, process locks", .per_process = true,
     .steps = {CASE(READ, FOREVER, FASTENERS_CANCELLED, writer_gone_at_cancel)}},
    {"write waits at the gate", .prefers_writers = true,
     .steps = {CASE(WRITE, FOREVER, OK, reader_until_30), CALL(UNWRITE, 0)}},
    {"write waits, fair", .fair = true,
     .steps = {CASE(WRITE, 5000, OK, reader_until_30), CALL(UNWRITE, 0)}},
    {"write is cancelled when granted",
     .steps = {CASE(WRITE, FOREVER, FASTENERS_CANCELLED, reader_gone_at_cancel)}},
    {"upgrade waits", .steps = {UPGRADE_WAITS}},
    {"upgrade waits, polling", .polls = true, .steps = {UPGRADE_WAITS}},
    {"upgrade waits, process locks", .per_process = true, .steps = {UPGRADE_WAITS}},
    {"upgrade waits for a member",
     .steps = {CALL(READ, 0), CASE(UPGRADE, 5000, OK, member_until_30), CALL(UNWRITE, 0)}},
    {"upgrade waits for a reader of all",
     .steps = {CALL(READ, 0), CASE(UPGRADE, 5000, OK, whole_file_reader_until_30),
               CALL(DOWNGRADE, 0)}},
    {"upgrade times out",
     .steps = {CALL(READ, 0), CASE(UPGRADE, 30, FASTENERS_TIMED_OUT, reader), CALL(UNREAD, 0)}},
    {"upgrade is refused",
     .steps = {CALL(READ, 0), CASE(UPGRADE, 30, FASTENERS_WOULD_DEADLOCK, upgrader),
               CALL(UNREAD, 0)}},
    {"upgrade is cancelled when granted", .steps = {UPGRADE_CANCELLED}},
    {"upgrade is cancelled when granted, process locks", .per_process = true,
     .steps = {UPGRADE_CANCELLED}},
    {"upgrade of a deleted file",
     .steps = {CALL(READ, 0), CASE(UPGRADE, FOREVER, FASTENERS_LOST, file_goes), CALL(UNREAD, 0)}},
    {"a file that can only be read", .read_only = true,
     .steps = {CALL(READ, FOREVER), CASE(UPGRADE, FOREVER, FASTENERS_NO_PERMISSION, NULL),
               CALL(UNREAD, 0)}},
};

enum { SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]) };

/* ---------------------------------------------------------------------------- failures -- */

/* What a call makes of it. */
typedef enum effect {
    FATAL,    /* returns the failure's status */
    OVERCOME, /* ends as if nothing had happened */
    EITHER
} effect;

typedef struct failure {
    fake_operation operation;
    fasteners_status status;
    int os_error;
    effect effect;
} failure;

static const failure failures[] = {
    {FAKE_ALLOC, FASTENERS_NO_MEMORY, 0, FATAL},
    {FAKE_ABSOLUTE_PATH, FASTENERS_OS_ERROR, EIO, FATAL},
    {FAKE_OPEN, FASTENERS_NOT_FOUND, ENOENT, OVERCOME},
    {FAKE_OPEN, FASTENERS_NO_PERMISSION, EACCES, EITHER}, /* overcome by a reader */
    {FAKE_OPEN, FASTENERS_OS_ERROR, EMFILE, EITHER},      /* read-only: of the second open */
    {FAKE_CLOSE, FASTENERS_OS_ERROR, EIO, OVERCOME},
    {FAKE_FILE_ID, FASTENERS_NOT_FOUND, ESTALE, OVERCOME},
    {FAKE_FILE_ID, FASTENERS_OS_ERROR, EIO, EITHER},
    {FAKE_PATH_ID, FASTENERS_NOT_FOUND, ENOENT, OVERCOME},
    {FAKE_PATH_ID, FASTENERS_NO_PERMISSION, EACCES, EITHER},
    {FAKE_UNLINK, FASTENERS_OS_ERROR, EIO, OVERCOME},
    {FAKE_LOCK_TRY, FASTENERS_BUSY, EAGAIN, OVERCOME},
    {FAKE_LOCK_TRY, FASTENERS_LOST, EBADF, OVERCOME},
    {FAKE_LOCK_TRY, FASTENERS_OS_ERROR, EIO, FATAL},
    {FAKE_LOCK_TEST, FASTENERS_BUSY, EAGAIN, OVERCOME},
    {FAKE_LOCK_TEST, FASTENERS_LOST, EBADF, OVERCOME},
    {FAKE_LOCK_TEST, FASTENERS_OS_ERROR, EIO, EITHER}, /* a group only looks for a writer */
    {FAKE_UNLOCK, FASTENERS_OS_ERROR, EIO, FATAL},
    {FAKE_UNLOCK, FASTENERS_LOST, EBADF, OVERCOME},
    {FAKE_BEGIN, FASTENERS_NOT_SUPPORTED, EAGAIN, OVERCOME},
    {FAKE_BEGIN, FASTENERS_LOST, EBADF, OVERCOME},
    {FAKE_BEGIN, FASTENERS_OS_ERROR, EIO, FATAL},
    {FAKE_FINISH, FASTENERS_BUSY, EDEADLK, OVERCOME},
    {FAKE_FINISH, FASTENERS_OS_ERROR, EIO, FATAL},
    {FAKE_ABANDON, FASTENERS_LOST, EBADF, OVERCOME},
    {FAKE_ABANDON, FASTENERS_OS_ERROR, EIO, FATAL},
    {FAKE_PARK, FASTENERS_OK, 0, OVERCOME},
};

enum { FAILURES = sizeof(failures) / sizeof(failures[0]) };

/* -------------------------------------------------------------------------- one run -- */

static const scenario *running;
static const failure *failing; /* NULL: unharmed */
static unsigned failing_call;
static const step *current;
static unsigned complaints;

/* What the statuses so far make of the thread. */
static int reads, writes;
static bool is_lost; /* the file is gone, or the hold with its descriptor */

static void expect(bool condition, const char *what, fasteners_status status)
{
    if (condition)
        return;
    complaints++;
    if (failing != NULL)
        print_error("%s(%s, %d) at call %u: ", fake_operation_name(failing->operation),
                    fasteners_status_name(failing->status), failing->os_error, failing_call);
    print_error("%s, in scenario \"%s\", step %d, with %s\n", what, running->name,
                current != NULL ? (int)(current - running->steps) : -1,
                fasteners_status_name(status));
}

static fasteners_status perform(fasteners_ipc_rwlock *lock, const step *s)
{
    switch (s->what) {
    case READ:
        return fasteners_ipc_rwlock_acquire_read(lock, s->timeout_ms);
    case WRITE:
        return fasteners_ipc_rwlock_acquire_write(lock, s->timeout_ms);
    case UPGRADE:
        return fasteners_ipc_rwlock_upgrade(lock, s->timeout_ms);
    case DOWNGRADE:
        return fasteners_ipc_rwlock_downgrade(lock);
    case UNREAD:
        return fasteners_ipc_rwlock_release_read(lock);
    default:
        return fasteners_ipc_rwlock_release_write(lock);
    }
}

static bool is_release(const step *s)
{
    return s->what == UNREAD || s->what == UNWRITE;
}

/* Takes what the status says into the account of what the thread holds. */
static void account(const step *s, fasteners_status status)
{
    if (status == FASTENERS_LOST && is_release(s)) {
        reads = writes = 0; /* the descriptor is gone, and every hold with it */
        is_lost = false;
        return;
    }
    if (status != FASTENERS_OK)
        return;
    reads +=
        (s->what == READ) + (s->what == DOWNGRADE) - (s->what == UPGRADE) - (s->what == UNREAD);
    writes +=
        (s->what == WRITE) + (s->what == UPGRADE) - (s->what == DOWNGRADE) - (s->what == UNWRITE);
}

static void check_held(fasteners_ipc_rwlock *lock, fasteners_status status)
{
    bool held = reads != 0 || writes != 0;

    expect(fasteners_ipc_rwlock_is_reader(lock) == (reads != 0), "reads as the statuses say",
           status);
    expect(fasteners_ipc_rwlock_is_writer(lock) == (writes != 0), "writes as they say", status);
    expect(fasteners_ipc_rwlock_is_held(lock) == held, "held as they say", status);
    if (is_lost)
        return;
    expect(fake_we_lock(PATH, 0) == held, "the file is locked exactly when held", status);
    expect(writes == 0 || fake_we_lock_alone(PATH, 0), "a writer is alone", status);
    /* More than needed is kept only if that could not be given back. */
    bool refused = fake_has_failed() && held &&
                   (failing->operation == FAKE_UNLOCK || failing->operation == FAKE_LOCK_TRY);
    expect(refused || writes != 0 || !fake_we_lock_alone(PATH, 0), "readers let others in", status);
    expect(refused || (!fake_we_lock(PATH, 1) && !fake_we_lock(PATH, 2)), "no other byte is locked",
           status);
}

/* P9: what failed is told, and nothing is told to have failed that did not. */
static void check_told(const fasteners_ipc_rwlock *lock, fasteners_status status, bool struck)
{
    bool failed = status >= FASTENERS_INVALID && status != FASTENERS_LOST;
    bool by_system = failed && struck && status == failing->status;

    expect(log_lines(FASTENERS_LOG_ERROR) == failed, "one line for each failure", status);
    if (by_system)
        expect(fasteners_ipc_rwlock_os_error(lock) == failing->os_error ||
                   failing->operation == FAKE_OPEN,
               "os_error", status);
}

/* The file is, or seemed to be, one that can only be read. */
static bool was_read_only(void)
{
    return running->read_only || (failing != NULL && failing->operation == FAKE_OPEN &&
                                  failing->status == FASTENERS_NO_PERMISSION);
}

static bool is_allowed(const step *s, fasteners_status status, bool struck)
{
    if (status == s->expected && (!struck || failing->effect != FATAL || s->expected != OK))
        return true;
    if (status == FASTENERS_NO_PERMISSION && s->what == UPGRADE && was_read_only())
        return true;
    if (!struck)
        return false;
    if (failing->effect != OVERCOME)
        return status == failing->status;
    if (failing->status == FASTENERS_BUSY && s->what != DOWNGRADE && !is_release(s))
        return s->timeout_ms == FASTENERS_NO_WAIT ? status == FASTENERS_BUSY
                                                  : status == FASTENERS_WOULD_DEADLOCK;
    if (failing->status == FASTENERS_NOT_FOUND || failing->status == FASTENERS_LOST)
        return status == FASTENERS_LOST && s->what != READ && s->what != WRITE;
    return status == failing->status && (s->what == DOWNGRADE || is_release(s));
}

/* False: the scenario does not go on. */
static bool run_step(fasteners_ipc_rwlock *lock, const step *s)
{
    current = s;
    if (s->before != NULL)
        s->before(lock);
    fake_become_thread(FAKE_MAIN_THREAD);
    log_clear();
    bool had_failed = fake_has_failed();
    fasteners_status status = perform(lock, s);
    bool struck = fake_has_failed() && !had_failed;

    is_lost |= s->before == file_goes ||
               (struck && failing->operation == FAKE_UNLOCK && running->unlink_on_release);
    expect(is_allowed(s, status, struck), "the status is not the documented one", status);
    account(s, status);
    check_held(lock, status);
    check_told(lock, status, struck);
    expect(fake_requests() == 0, "no request is under way", status);
    return status == s->expected;
}

static void release_all(fasteners_ipc_rwlock *lock)
{
    static const step unread = {.what = UNREAD}, unwrite = {.what = UNWRITE};

    while (writes != 0 || reads != 0) {
        const step *s = writes != 0 ? &unwrite : &unread;
        fasteners_status status = perform(lock, s);
        expect(status == OK || status == FASTENERS_LOST, "release works in the end", status);
        if (status != OK && status != FASTENERS_LOST)
            return;
        account(s, status);
    }
}

/* The trouble is over. A file that could only be read is opened anew after a refused upgrade. */
static void use_once_more(fasteners_ipc_rwlock *lock)
{
    static const kind all[] = {WRITE, DOWNGRADE, UNREAD, READ, UPGRADE, UNWRITE};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const step s = {.what = all[i]};
        fasteners_status status = perform(lock, &s);
        if (status == FASTENERS_NO_PERMISSION && was_read_only()) {
            expect(perform(lock, &(step){.what = UNREAD}) == OK, "release", status);
            expect(perform(lock, &(step){.what = READ}) == OK, "read anew", status);
            status = perform(lock, &s);
        }
        expect(status == OK, "everything works in the end", status);
    }
    expect(fake_locks() == 0, "nothing is locked in the end", OK);
}

static bool run_all_steps(fasteners_ipc_rwlock *lock)
{
    for (int i = 0; i < STEPS_MAX && running->steps[i].what != END; i++)
        if (!run_step(lock, &running->steps[i]))
            return false;
    return true;
}

/* What the thread holds at the end of an undisturbed scenario is left to destroy. */
static void run_steps(fasteners_ipc_rwlock *lock)
{
    bool done = run_all_steps(lock);

    current = NULL;
    fake_heal();
    if (fake_exists(PATH))
        fake_permit(PATH, true, true);
    foreign_releases(NULL);
    fake_advance_ms(60); /* what is to happen happens */
    fake_become_thread(FAKE_MAIN_THREAD);
    if (done && (reads != 0 || writes != 0))
        return;
    release_all(lock);
    use_once_more(lock);
}

static fasteners_ipc_options options_of(const scenario *s)
{
    fasteners_ipc_options options = kept_log();

    options.preference = s->prefers_writers ? FASTENERS_PREFER_WRITERS : 0;
    options.fair = s->fair;
    options.unlink_on_release = s->unlink_on_release;
    options.delay_ms = s->polls ? 5 : 0;
    return options;
}

static void prepare(const scenario *s)
{
    running = s;
    current = NULL;
    reads = writes = 0;
    is_lost = false;
    fake_reset();
    log_clear();
    fake_set_locks_per_process(s->per_process);
    fake_make_file(PATH);
    fake_permit(PATH, true, !s->read_only);
}

static void run_scenario(void)
{
    fasteners_ipc_options options = options_of(running);
    fasteners_ipc_rwlock *lock;
    fasteners_status status = fasteners_ipc_rwlock_create(&lock, PATH, &options);

    expect((lock != NULL) == (status == OK), "a handle exactly when OK", status);
    if (status == OK)
        run_steps(lock);
    else
        expect(fake_has_failed() && status == failing->status, "create tells why", status);
    fasteners_ipc_rwlock_destroy(lock);
    expect(fake_open_files() == 0, "no open file is left", OK);
    expect(fake_memory_blocks() == 0, "no memory is left", OK);
    expect(fake_requests() == 0, "no request is left", OK);
    expect(fake_locks() == 0, "no lock is left", OK);
}

/* ------------------------------------------------------------------------- the sweep -- */

static void p9_p17_every_call_fails_once(void **state)
{
    const scenario *s = *state;
    unsigned calls[FAKE_OPERATIONS];

    complaints = 0;
    failing = NULL;
    prepare(s);
    for (int i = 0; i < FAKE_OPERATIONS; i++)
        calls[i] = fake_calls((fake_operation)i);
    run_scenario();
    for (int i = 0; i < FAKE_OPERATIONS; i++)
        calls[i] = fake_calls((fake_operation)i) - calls[i];
    for (int f = 0; f < FAILURES; f++) {
        failing = &failures[f];
        for (failing_call = 1; failing_call <= calls[failing->operation]; failing_call++) {
            prepare(s);
            fake_fail(failing->operation, failing_call, failing->status, failing->os_error);
            run_scenario();
        }
    }
    assert_int_equal(complaints, 0);
}

int main(void)
{
    struct CMUnitTest tests[SCENARIOS];

    for (int i = 0; i < SCENARIOS; i++)
        tests[i] = (struct CMUnitTest){.name = scenarios[i].name,
                                       .test_func = p9_p17_every_call_fails_once,
                                       .initial_state = (void *)(uintptr_t)&scenarios[i]};
    return cmocka_run_group_tests_name("p9_p17_every_call_fails_once", tests, NULL, NULL);
}
