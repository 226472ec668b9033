/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/patience.h"
#include "../unit/unit_test.h"
#include "asymmetric.h"
#include "registry.h"
#include "rw_lock.h"
#include "rw_tuning.h"
#include "sim.h"

/*
 * Threads that do at random what can be done with two locks, in many schedules (sim.h), in all
 * modes and preferences. A model beside the locks knows who holds what.
 *
 * argv[1]: how many schedules. argv[2]: the seed of the first one.
 */

#define FOREVER FASTENERS_FOREVER
#define OK FASTENERS_OK

enum { LOCKS = 2, MAX_FILLERS = 20 };

typedef struct model {
    fasteners_rw_lock lock;
    int reads[SIM_THREADS], writes[SIM_THREADS];
    long changes;
    bool abandoned;
    bool logs;
    int users; /* how many threads have it yet to leave for good */
} model;

/* What a thread does: readers and writers do nothing but that. */
typedef enum part { MIXED, READER, WRITER, UPGRADER } part;

static part parts[SIM_THREADS];
static model models[LOCKS];

/* Locks that a thread reads all the time, so that its other holds come to lie further on. */
static fasteners_rw_lock fillers[SIM_THREADS][MAX_FILLERS];
static int filled[SIM_THREADS];

static bool patient; /* no acquire has a time-out */
static bool mortal;  /* the first lock is freed by whoever is the last to leave it */
static int logged, to_be_logged;

static void require(bool holds, const char *what)
{
    if (!holds)
        sim_fail(what);
}

static void count_line(void *user, fasteners_log_level level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
    logged++;
}

/* ------------------------------------------------------------------------- the model -- */

static bool others_hold(const int *holds, int me)
{
    for (int i = 0; i < SIM_THREADS; i++)
        if (i != me && holds[i] != 0)
            return true;
    return false;
}

/* What the lock says of itself must be what the model says. */
static void ask_inside(const model *of, int me)
{
    const fasteners_rw_lock *lock = &of->lock;

    require(fasteners_rw_lock_was_abandoned(lock) == of->abandoned, "was_abandoned");
    require(fasteners_rw_lock_is_reader(lock) == (of->reads[me] != 0), "is_reader");
    require(fasteners_rw_lock_is_writer(lock, false) == (of->writes[me] != 0), "is_writer");
    fasteners_rw_owner owner = fasteners_rw_lock_owner(lock);
    if (of->writes[me] != 0)
        require(owner == FASTENERS_OWNER_WRITER, "owner is not writer");
}

static void check_inside(const model *of, int me)
{
    sim_step();
    require(!others_hold(of->writes, me), "somebody else writes");
    if (of->writes[me] != 0)
        require(!others_hold(of->reads, me), "somebody reads while another one writes");
    if (sim_draw(4) == 0)
        ask_inside(of, me);
}

static void has_read(model *of, int me)
{
    of->reads[me]++;
    check_inside(of, me);
}

static void has_write(model *of, int me)
{
    of->writes[me]++;
    of->changes++;
    check_inside(of, me);
}

static void release_read(model *of, int me)
{
    check_inside(of, me);
    of->reads[me]--;
    require(fasteners_rw_lock_release_read(&of->lock) == OK, "release_read");
}

static void give_write_up(model *of, int me)
{
    check_inside(of, me);
    if (--of->writes[me] == 0)
        of->abandoned = false;
}

static void release_write(model *of, int me)
{
    give_write_up(of, me);
    require(fasteners_rw_lock_release_write(&of->lock) == OK, "release_write");
}

static void downgrade(model *of, int me)
{
    long changes = of->changes;

    give_write_up(of, me);
    of->reads[me]++;
    require(fasteners_rw_lock_downgrade(&of->lock) == OK, "downgrade");
    check_inside(of, me);
    require(of->changes == changes, "somebody wrote during a downgrade");
}

/* ------------------------------------------------------------------- what threads do -- */

static int64_t some_timeout(void)
{
    static const int64_t timeouts[] = {FOREVER, FOREVER, FASTENERS_NO_WAIT, 1, 20};

    return patient ? FOREVER : timeouts[sim_draw(5)];
}

static bool entered(fasteners_status status, int64_t timeout_ms)
{
    if (status == OK)
        return true;
    if (timeout_ms == FOREVER)
        require(false, "an acquire without a time-out failed");
    else
        require(status == (timeout_ms == 0 ? FASTENERS_BUSY : FASTENERS_TIMED_OUT),
                "an acquire failed in another way than by its time-out");
    return false;
}

static bool acquire_read(model *of, int me)
{
    int64_t timeout = of->reads[me] + of->writes[me] != 0 ? FASTENERS_NO_WAIT : some_timeout();
    fasteners_status status = fasteners_rw_lock_acquire_read(&of->lock, timeout);

    if (of->reads[me] + of->writes[me] != 0)
        require(status == OK, "a nested read was refused");
    if (!entered(status, timeout))
        return false;
    has_read(of, me);
    return true;
}

static bool acquire_write(model *of, int me)
{
    int64_t timeout = of->writes[me] != 0 ? FASTENERS_NO_WAIT : some_timeout();
    fasteners_status status = fasteners_rw_lock_acquire_write(&of->lock, timeout);

    if (of->writes[me] != 0)
        require(status == OK, "a nested write was refused");
    else if (of->reads[me] != 0)
        require(status == FASTENERS_WOULD_DEADLOCK, "a reader asked for write");
    if (status == FASTENERS_WOULD_DEADLOCK) {
        require(of->reads[me] != 0, "WOULD_DEADLOCK without a read hold");
        return false;
    }
    if (!entered(status, timeout))
        return false;
    has_write(of, me);
    return true;
}

static bool upgrade(model *of, int me)
{
    int64_t timeout = some_timeout();
    long changes = of->changes;
    fasteners_status status = fasteners_rw_lock_upgrade(&of->lock, timeout);

    require(of->changes == changes, "somebody wrote during an upgrade");
    if (status != OK) {
        if (status != FASTENERS_WOULD_DEADLOCK)
            (void)entered(status, timeout);
        check_inside(of, me);
        return false;
    }
    of->reads[me]--;
    has_write(of, me);
    return true;
}

/* The thread ends, as it is. Its locks are not freed before. */
static void end(int me)
{
    for (int i = 0; i < LOCKS; i++) {
        model *of = &models[i];
        to_be_logged += of->logs ? (of->reads[me] != 0) + (of->writes[me] != 0) : 0;
        if (of->writes[me] != 0)
            of->abandoned = true;
        of->reads[me] = of->writes[me] = 0;
    }
    filled[me] = 0;
    sim_end_thread();
}

static void use(int which, int me);

/* The thread holds the lock. */
static void do_inside(int which, int me)
{
    model *of = &models[which];

    switch (sim_draw(7)) {
    case 0:
        if (acquire_read(of, me))
            release_read(of, me);
        break;
    case 1:
        if (acquire_write(of, me))
            release_write(of, me);
        break;
    case 2:
        if (of->writes[me] != 0)
            downgrade(of, me);
        break;
    case 3:
        if (of->reads[me] != 0 && upgrade(of, me) && sim_draw(2) == 0)
            downgrade(of, me);
        break;
    case 4:
        if (which + 1 < LOCKS)
            use(which + 1, me);
        break;
    default:
        (void)acquire_read(of, me);
    }
}

static void leave(model *of, int me)
{
    while (of->reads[me] + of->writes[me] > 0) {
        bool reads = of->reads[me] != 0;
        if (reads && of->writes[me] != 0)
            reads = sim_draw(2) == 0;
        if (reads)
            release_read(of, me);
        else
            release_write(of, me);
    }
}

static bool wants_to_read(part mine)
{
    return mine == READER || mine == UPGRADER || (mine == MIXED && sim_draw(2) == 0);
}

static void use(int which, int me)
{
    model *of = &models[which];
    part mine = parts[me];

    if (!(wants_to_read(mine) ? acquire_read(of, me) : acquire_write(of, me)))
        return;
    if (mine == UPGRADER)
        (void)upgrade(of, me);
    for (uint32_t i = mine == MIXED ? sim_draw(3) : 0; i > 0; i--)
        do_inside(which, me);
    if (mine == MIXED && sim_draw(8) == 0)
        end(me);
    leave(of, me);
}

static void ask(int which)
{
    (void)fasteners_rw_lock_has_pending_writers(&models[which].lock);
    (void)fasteners_rw_lock_owner(&models[which].lock);
}

/* The others have let go of it, but may be on their way out still. */
static void let_die(model *of)
{
    if (of->logs)
        require(fasteners_rw_lock_destroy(&of->lock) == OK, "destroy");
    sim_free(&of->lock, sizeof(of->lock));
}

/* For the last time. */
static void leave_as_writer(model *of, int me)
{
    while (!acquire_write(of, me))
        ;
    bool last = --of->users == 0;
    if (last && sim_draw(2) == 0)
        downgrade(of, me);
    leave(of, me);
    if (last)
        let_die(of);
}

/* Only one thread does: the others leave as writers, so they cannot do so while it reads. */
static void leave_as_reader(model *of, int me)
{
    while (!acquire_read(of, me))
        ;
    bool last = of->users == 1;
    leave(of, me);
    if (last)
        let_die(of);
    else
        leave_as_writer(of, me);
}

static void fill(int me)
{
    static const int sizes[] = {0, 0, 0, 1, 3, 4, MAX_FILLERS};

    for (int size = sizes[sim_draw(7)]; filled[me] < size; filled[me]++) {
        fasteners_rw_lock *filler = &fillers[me][filled[me]];
        require(fasteners_rw_lock_acquire_read(filler, FOREVER) == OK, "a lock of its own");
    }
}

static void empty(int me)
{
    while (filled[me] > 0)
        require(fasteners_rw_lock_release_read(&fillers[me][--filled[me]]) == OK,
                "a lock of its own");
}

static void body(int me)
{
    /* Else the first call would take the long way. */
    if (sim_draw(8) != 0)
        require(!fasteners_rw_lock_has_pending_writers(&fillers[me][0]), "a lock of its own");
    if (parts[me] == MIXED)
        fill(me);
    for (uint32_t i = 1 + sim_draw(4); i > 0; i--) {
        uint32_t which = sim_draw(8) == 0 ? 1 : 0;
        if (sim_draw(16) == 0)
            ask((int)which);
        use((int)which, me);
    }
    empty(me);
    if (mortal && me == 0)
        leave_as_reader(&models[0], me);
    else if (mortal)
        leave_as_writer(&models[0], me);
}

/* -------------------------------------------------------------------------- the runs -- */

static uint32_t one_of(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t choice = sim_draw(3);

    return choice == 0 ? a : choice == 1 ? b : c;
}

static void draw_tuning(void)
{
    fst_rw_tuning = (fst_rw_tuning_type){
        .mode = sim_draw(2) == 0 ? FST_RW_AUTOMATIC : (fst_rw_mode)(1 + sim_draw(3)),
        .read_spins = one_of(0, 1, 4),
        .write_spins = one_of(0, 1, 4),
        .head_spins = one_of(0, 1, 4),
        .ask_spins = one_of(0, 1, 4),
        .drain_spins = one_of(0, 1, 4),
        .naps = one_of(0, 1, 2),
        .nap_ns = 50000,
        .haste_ns = 100000,
        .haste = one_of(0, 2, 100),
        .hand_over_ns = one_of(0, 10000, 1000000),
        .respect_ns = one_of(0, 10000, 1000000),
        .quiet_reads = 1,
        .lone_writes = one_of(1, 2, 16),
        .lone_reads = one_of(1, 2, 8),
    };
    fst_asymmetric = sim_draw(4) != 0;
}

/* A lock that nobody has may be in any mode. */
static void draw_mode(fst_rw *lock)
{
    uint64_t modes[] = {0, FST_FENCED, fst_asymmetric ? FST_BIASED : FST_FENCED};

    if ((lock->flags & FST_NOT_DEFAULT) == 0 && fst_rw_tuning.mode == FST_RW_AUTOMATIC)
        lock->word = modes[sim_draw(3)];
}

/* Nobody else uses them, so any mode will do in which they are read. */
static void make_fillers(void)
{
    memset(fillers, 0, sizeof(fillers));
    memset(filled, 0, sizeof(filled));
    for (int i = 0; i < SIM_THREADS; i++)
        for (int k = 0; k < MAX_FILLERS; k++)
            fst_rw_of(&fillers[i][k])->word = sim_draw(2) == 0 ? FST_FENCED : 0;
}

static void make_locks(int threads)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    memset(models, 0, sizeof(models));
    for (int i = 0; i < LOCKS; i++) {
        models[i].logs = sim_draw(2) == 0;
        options.log = models[i].logs ? count_line : NULL;
        /* The default has the most cases. */
        options.preference = sim_draw(2) == 0 ? FASTENERS_PREFER_WRITERS : 1 + sim_draw(3);
        assert_int_equal(fasteners_rw_lock_init(&models[i].lock, &options), OK);
        models[i].users = threads;
        draw_mode(fst_rw_of(&models[i].lock));
    }
    make_fillers();
    logged = to_be_logged = 0;
    sim_free(NULL, 0);
}

/* What nobody holds must be as free as a new lock. */
static void check_free(model *of)
{
    fst_rw *lock = fst_rw_of(&of->lock);
    const uint32_t about_the_queue = FST_QUEUED | FST_PROMOTE | FST_HAND_OVER | FST_TAKE_COUNT;

    require(fasteners_rw_lock_acquire_write(&of->lock, FASTENERS_NO_WAIT) == OK, "not free");
    require(fasteners_rw_lock_release_write(&of->lock) == OK, "not released at the end");
    require(fasteners_rw_lock_acquire_read(&of->lock, FASTENERS_NO_WAIT) == OK, "not readable");
    require(fasteners_rw_lock_release_read(&of->lock) == OK, "not released at the end");
    require((fst_rw_flags(lock) & about_the_queue) == 0, "flags are left");
    require((fst_rw_word(lock) & (FST_PEND | FST_WRITER)) == 0, "PEND is left");
    require(fasteners_rw_lock_destroy(&of->lock) == OK, "not destroyed");
}

static void check_records(void)
{
    require(fst_record_count() <= SIM_THREADS + 1, "records are not used again");
    for (uint32_t i = 0; i < fst_record_count(); i++) {
        const fst_record *record = fst_record_at(i);
        require(record->others == 0 && record->owes == 0 && record->busy_on == 0 &&
                    !record->leaving && !record->pending_write && record->slot[0] == 0,
                "a record is not empty");
    }
}

static void draw_parts(void)
{
    bool mixed = sim_draw(3) == 0;

    for (int i = 0; i < SIM_THREADS; i++)
        parts[i] = mixed ? MIXED : (part)sim_draw(4);
    mortal = sim_draw(2) == 0;
    patient = sim_draw(2) == 0;
}

static const char *result;

static int begun;

/*
 * Lasts until all threads are alive at once, so that each has a record then; and leaves in it as
 * many places as it will ever need.
 */
static void begin(int me)
{
    for (; filled[me] < MAX_FILLERS; filled[me]++)
        require(fasteners_rw_lock_acquire_read(&fillers[me][filled[me]], FOREVER) == OK, "begin");
    for (begun++; begun < SIM_THREADS;)
        sim_step();
    empty(me);
}

/* What the records have counted, and which one is whose, must not come from earlier runs. */
static void make_records_new(void)
{
    fst_registry_fork_child();
    for (uint32_t i = 0; i < fst_record_count(); i++) {
        fst_record *record = fst_record_at(i);
        record->fenced_reads = 0;
        record->wanted = 0;
    }
}

static void run(uint64_t seed)
{
    make_records_new();
    sim_seed(seed);
    draw_tuning();
    int threads = 2 + (int)sim_draw(SIM_THREADS - 1);
    make_locks(threads);
    draw_parts();
    result = sim_run(seed, threads, body);
    if (result != NULL)
        return;
    for (int i = mortal ? 1 : 0; i < LOCKS; i++)
        check_free(&models[i]);
    check_records();
    require(logged == to_be_logged, "the log does not tell of all that ended");
    result = sim_failure();
}

static long schedules;
static uint64_t first_seed;

static void all_schedules(void **state)
{
    (void)state;
    /* The main thread has a record first. */
    assert_false(fasteners_rw_lock_has_pending_writers(&fillers[0][0]));
    assert_null(sim_run(0, SIM_THREADS, begin));
    for (uint64_t seed = first_seed; seed < first_seed + (uint64_t)schedules; seed++) {
        run(seed);
        if (result != NULL)
            fail_msg("seed %llu: %s", (unsigned long long)seed, result);
    }
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_schedules)};

    schedules = test_rounds(count > 1 ? strtol(words[1], NULL, 10) : 1000);
    first_seed = count > 2 ? strtoull(words[2], NULL, 10) : 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
