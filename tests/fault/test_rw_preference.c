/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

/*
 * R2: who waits behind whom. With the gate of writers elsewhere (FOREIGN_PID), and with writers and
 * readers of the same handle.
 */

static fasteners_ipc_rwlock *make_preferring_writers(void)
{
    fasteners_ipc_options options = kept_log();

    options.preference = FASTENERS_PREFER_WRITERS;
    return make_rwlock(&options);
}

static void read_as(uint64_t thread, fasteners_ipc_rwlock *lock, fasteners_status expected)
{
    fake_become_thread(thread);
    expect_read(lock, FASTENERS_NO_WAIT, expected);
    fake_become_thread(FAKE_MAIN_THREAD);
}

static void r2_who_prefers_readers_does_not_look_at_the_gate(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_gate(NULL);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    read_as(2, lock, FASTENERS_OK);
    assert_int_equal(fake_calls(FAKE_LOCK_TEST), 0);
    fasteners_ipc_rwlock_destroy(lock);
}

static void r2_a_reader_waits_behind_the_gate(void **state)
{
    fasteners_ipc_rwlock *lock = make_preferring_writers();

    (void)state;
    fake_make_file(PATH);
    foreign_takes_gate(NULL);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    expect_read(lock, 20, FASTENERS_TIMED_OUT);
    assert_int_equal(fake_elapsed_ms(), 20);
    fake_at_ms(50, foreign_releases, NULL);
    expect_read(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 50);
    fasteners_ipc_rwlock_destroy(lock);
}

static void r2_a_reader_waits_behind_who_upgrades(void **state)
{
    fasteners_ipc_rwlock *lock = make_preferring_writers();

    (void)state;
    fake_make_file(PATH);
    fake_foreign_lock(PATH, FOREIGN_PID, FST_EXCLUSIVE, INTENT_BYTE);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    fake_at_ms(50, foreign_releases, NULL);
    expect_read(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 50);
    fasteners_ipc_rwlock_destroy(lock);
}

/* A program that reads the whole file has those bytes too, but is no writer. */
static void r2_readers_of_the_whole_file_are_not_waited_for(void **state)
{
    fasteners_ipc_rwlock *lock = make_preferring_writers();

    (void)state;
    fake_make_file(PATH);
    fake_foreign_lock(PATH, FOREIGN_PID, FST_SHARED, ALL_BYTES);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_upgrade(lock, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    fasteners_ipc_rwlock_destroy(lock);
}

/* A writer waits at the gate so that readers see it, and leaves it with the lock in hand. */
static void r2_a_writer_shows_itself_at_the_gate(void **state)
{
    fasteners_ipc_rwlock *lock = make_preferring_writers();

    (void)state;
    fake_make_file(PATH);
    foreign_reads(NULL);
    fake_foreign_queue(PATH, 5000, GATE_BYTE, 5); /* gets the gate first */
    fake_at_ms(50, foreign_releases, NULL);
    expect_write(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 50);
    fasteners_ipc_rwlock_destroy(lock);
}

static void stay_for_50_ms(void *lock)
{
    (void)!fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_NO_WAIT);
    fake_advance_ms(50);
    (void)fasteners_ipc_rwlock_release_read(lock);
}

/*
 * Readers of this process overlap; one that joins sees the writer, from then on nobody joins, and
 * who comes then reads after the writer.
 */
static void r2_a_group_ends_for_a_writer_elsewhere(void **state)
{
    fasteners_ipc_rwlock *lock = make_preferring_writers();

    (void)state;
    fake_thread_start(stay_for_50_ms, lock);
    fake_advance_ms(10);
    foreign_takes_gate(NULL);
    read_as(2, lock, FASTENERS_OK); /* looks after it has joined */
    read_as(3, lock, FASTENERS_BUSY);
    fake_become_thread(2);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK); /* nested */
    expect_unread(lock, FASTENERS_OK);
    expect_unread(lock, FASTENERS_OK);
    fake_become_thread(FAKE_MAIN_THREAD);
    fake_at_ms(80, foreign_releases, NULL);
    expect_read(lock, FASTENERS_FOREVER, FASTENERS_OK);
    assert_int_equal(fake_elapsed_ms(), 80);
    fake_threads_join();
    fasteners_ipc_rwlock_destroy(lock);
}

/* The writer elsewhere gave up: those who waited behind it do not wait for the group to end. */
static void r2_a_writer_that_gives_up_is_not_waited_for(void **state)
{
    fasteners_ipc_rwlock *lock = make_preferring_writers();

    (void)state;
    read_as(2, lock, FASTENERS_OK);
    fake_advance_ms(10);
    foreign_takes_gate(NULL);
    read_as(3, lock, FASTENERS_OK);
    read_as(4, lock, FASTENERS_BUSY);
    fake_at_ms(30, foreign_releases, NULL);
    expect_read(lock, 5000, FASTENERS_OK);
    assert_in_range(fake_elapsed_ms(), 30, 1100);
    expect_unread(lock, FASTENERS_OK);

    fake_advance_ms(10);
    foreign_takes_gate(NULL);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    foreign_releases(NULL);
    read_as(4, lock, FASTENERS_BUSY); /* it was looked a moment ago */
    fake_advance_ms(1);
    read_as(4, lock, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

static void write_for_ever(void *lock)
{
    (void)!fasteners_ipc_rwlock_acquire_write(lock, FASTENERS_FOREVER);
    (void)fasteners_ipc_rwlock_release_write(lock);
}

static void r2_a_writer_of_the_same_handle(void **state)
{
    fasteners_ipc_rwlock *readers_first = make_rwlock(NULL);
    fasteners_ipc_rwlock *writers_first = make_preferring_writers();

    (void)state;
    expect_read(readers_first, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_thread_start(write_for_ever, readers_first);
    fake_advance_ms(10);
    read_as(2, readers_first, FASTENERS_OK);
    fasteners_ipc_rwlock_cancel(readers_first);
    fake_threads_join();
    fake_become_thread(2);
    expect_unread(readers_first, FASTENERS_OK);
    fake_become_thread(FAKE_MAIN_THREAD);
    expect_unread(readers_first, FASTENERS_OK);

    expect_read(writers_first, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_thread_start(write_for_ever, writers_first);
    fake_advance_ms(10);
    fake_become_thread(2);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(writers_first, 0), FASTENERS_BUSY);
    fake_become_thread(FAKE_MAIN_THREAD);
    fasteners_ipc_rwlock_cancel(writers_first); /* the writer: nobody else waits */
    fake_threads_join();
    read_as(2, writers_first, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(readers_first);
    fasteners_ipc_rwlock_destroy(writers_first);
}

/* The thread reads through another handle: the writer waits for that, so it must not queue. */
static void r2_who_reads_already_does_not_queue(void **state)
{
    fasteners_ipc_rwlock *one = make_preferring_writers();
    fasteners_ipc_rwlock *two = make_preferring_writers();

    (void)state;
    expect_read(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    foreign_takes_gate(NULL);
    expect_read(two, FASTENERS_FOREVER, FASTENERS_OK);
    expect_unread(two, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(one);
    fasteners_ipc_rwlock_destroy(two);
}

/* Nor does it stay outside a group that takes no more members. */
static void r2_who_reads_already_joins_a_closed_group(void **state)
{
    fasteners_ipc_rwlock *one = make_preferring_writers();
    fasteners_ipc_rwlock *two = make_preferring_writers();

    (void)state;
    read_as(2, two, FASTENERS_OK);
    expect_read(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    foreign_takes_gate(NULL);
    read_as(3, two, FASTENERS_OK); /* sees the writer */
    read_as(4, two, FASTENERS_BUSY);
    expect_read(two, FASTENERS_FOREVER, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(one);
    fasteners_ipc_rwlock_destroy(two);
}

/* ---------------------------------------------------------------------- many readers -- */

typedef struct arrivals {
    fasteners_ipc_rwlock *lock;
    int64_t timeout_ms;
    fasteners_status status[4];
    int64_t ended_ms[4];
    int count;
} arrivals;

static void arrive(void *argument)
{
    arrivals *a = argument;
    fasteners_status status = fasteners_ipc_rwlock_acquire_read(a->lock, a->timeout_ms);

    a->ended_ms[a->count] = fake_elapsed_ms();
    a->status[a->count++] = status;
    if (status == FASTENERS_OK)
        (void)fasteners_ipc_rwlock_release_read(a->lock);
}

static void start_arrivals(arrivals *a)
{
    for (int i = 0; i < 4; i++)
        fake_thread_start(arrive, a);
}

static void expect_all(const arrivals *a, fasteners_status status, int64_t ms)
{
    assert_int_equal(a->count, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(a->status[i], status);
        assert_int_equal(a->ended_ms[i], ms);
    }
}

/* One of them leads; the end of the wait is that of all. */
static void p10_readers_of_a_handle_wait_together(void **state)
{
    static const fasteners_status ends[] = {FASTENERS_OK, FASTENERS_TIMED_OUT, FASTENERS_CANCELLED};

    for (int i = 0; i < 3; i++) {
        (void)fault_set_up(state);
        arrivals a = {.lock = make_rwlock(NULL), .timeout_ms = i == 1 ? 40 : FASTENERS_FOREVER};
        fake_make_file(PATH);
        foreign_takes_lock(NULL);
        if (ends[i] == FASTENERS_OK)
            fake_at_ms(40, foreign_releases, NULL);
        if (ends[i] == FASTENERS_CANCELLED)
            fake_at_ms(40, rwlock_is_cancelled, a.lock);
        start_arrivals(&a);
        fake_threads_join();
        expect_all(&a, ends[i], 40);
        assert_int_equal(fake_locks(), 0);
        fasteners_ipc_rwlock_destroy(a.lock);
    }
}

typedef struct reader {
    fasteners_ipc_rwlock *lock;
    int64_t timeout_ms, stays_ms, got_ms;
    fasteners_status status;
} reader;

static void read_and_stay(void *argument)
{
    reader *r = argument;

    r->status = fasteners_ipc_rwlock_acquire_read(r->lock, r->timeout_ms);
    r->got_ms = fake_elapsed_ms();
    if (r->status != FASTENERS_OK)
        return;
    fake_advance_ms(r->stays_ms);
    (void)fasteners_ipc_rwlock_release_read(r->lock);
}

/* The leader gives up: another one leads, gets the lock and stays. The others join at once. */
static void p10_leaders_come_and_go(void **state)
{
    reader readers[3] = {
        {.timeout_ms = 20}, {.timeout_ms = 100}, {.timeout_ms = FASTENERS_FOREVER}};
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    fake_make_file(PATH);
    foreign_takes_lock(NULL);
    for (int i = 0; i < 3; i++) {
        readers[i].lock = lock;
        readers[i].stays_ms = 50;
        fake_thread_start(read_and_stay, &readers[i]);
        fake_advance_ms(1);
    }
    /* The leader may wait for long: whoever must not wait is told so. */
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_BUSY);
    fake_at_ms(60, foreign_releases, NULL);
    fake_threads_join();
    assert_int_equal(readers[0].status, FASTENERS_TIMED_OUT);
    assert_int_equal(readers[0].got_ms, 20);
    for (int i = 1; i < 3; i++) {
        assert_int_equal(readers[i].status, FASTENERS_OK);
        assert_int_equal(readers[i].got_ms, 60);
    }
    fasteners_ipc_rwlock_destroy(lock);
}

static void takes_20_ms(void *unused)
{
    (void)unused;
    fake_advance_ms(20);
}

/*
 * The leader's call of the system takes its time. Who must not wait waits for it all the same, as
 * only then it is known whether the lock is busy; a deadline is kept.
 */
static void p10_a_leader_that_is_slow(void **state)
{
    arrivals a = {.lock = make_rwlock(NULL), .timeout_ms = FASTENERS_FOREVER};
    arrivals b = {.lock = a.lock, .timeout_ms = FASTENERS_NO_WAIT};
    arrivals c = {.lock = a.lock, .timeout_ms = 5};

    (void)state;
    fake_before(FAKE_LOCK_TRY, 1, takes_20_ms, NULL);
    fake_thread_start(arrive, &a);
    fake_advance_ms(1);
    fake_thread_start(arrive, &b);
    fake_thread_start(arrive, &c);
    fake_threads_join();
    assert_int_equal(a.status[0], FASTENERS_OK);
    assert_int_equal(b.status[0], FASTENERS_OK);
    assert_int_equal(b.ended_ms[0], 20);
    assert_int_equal(c.status[0], FASTENERS_TIMED_OUT);
    assert_int_equal(c.ended_ms[0], 6);
    fasteners_ipc_rwlock_destroy(a.lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(r2_who_prefers_readers_does_not_look_at_the_gate),
        fault_test(r2_a_reader_waits_behind_the_gate),
        fault_test(r2_a_reader_waits_behind_who_upgrades),
        fault_test(r2_readers_of_the_whole_file_are_not_waited_for),
        fault_test(r2_a_writer_shows_itself_at_the_gate),
        fault_test(r2_a_group_ends_for_a_writer_elsewhere),
        fault_test(r2_a_writer_that_gives_up_is_not_waited_for),
        fault_test(r2_a_writer_of_the_same_handle),
        fault_test(r2_who_reads_already_does_not_queue),
        fault_test(r2_who_reads_already_joins_a_closed_group),
        fault_test(p10_readers_of_a_handle_wait_together),
        fault_test(p10_leaders_come_and_go),
        fault_test(p10_a_leader_that_is_slow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
