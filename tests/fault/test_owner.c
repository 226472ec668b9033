/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "owner_record.h"

/* P16: the record of the owner survives whatever happens to the file while it is written. */

enum { LINES_AT = 64, SIZE = LINES_AT + 2 * FST_OWNER_LINE };

static fst_os_file file;
static int os_error;

static void open_file(void)
{
    fst_file_id id;

    if (!fake_exists(PATH))
        fake_make_file(PATH);
    assert_int_equal(fst_os_file_open(PATH, FST_READ_WRITE, false, &file, &id, &os_error), 0);
}

static void close_file(void)
{
    assert_int_equal(fst_os_file_close(file, &os_error), FASTENERS_OK);
}

static fst_owner_record latest(void)
{
    fst_owner_record record;

    assert_int_equal(fst_owner_read(file, &record, &os_error), FASTENERS_OK);
    return record;
}

static void hold_and_release(fst_owner *owner)
{
    assert_int_equal(fst_owner_begin(owner, file, &os_error), FASTENERS_OK);
    assert_int_equal(fst_owner_end(owner, file, &os_error), FASTENERS_OK);
    fst_owner_clear(owner);
}

static void p16_record_goes_there_and_back(void **state)
{
    fst_owner_record record = {.is_held = true,
                               .generation = UINT64_MAX,
                               .sequence = 12345678901234567890U,
                               .since_ms = 1790000000123,
                               .process = {.pid = 4194304, .pid_space = 1, .start = 0}};
    fst_owner_record back;
    char line[FST_OWNER_LINE];

    (void)state;
    memset(record.process.boot, 'b', sizeof(record.process.boot) - 1);
    memset(record.process.host, 'h', sizeof(record.process.host) - 1);
    fst_owner_encode(&record, line);
    assert_true(fst_owner_decode(line, &back));
    assert_true(back.is_held);
    assert_true(back.generation == record.generation && back.sequence == record.sequence);
    assert_true(back.since_ms == record.since_ms);
    assert_true(back.process.pid == record.process.pid && back.process.start == 0);
    assert_true(back.process.pid_space == 1);
    assert_string_equal(back.process.boot, record.process.boot);
    assert_string_equal(back.process.host, record.process.host);
    assert_int_equal(line[FST_OWNER_LINE - 1], '\n');
    assert_null(memchr(line, '\n', FST_OWNER_LINE - 1));
}

static void p16_every_changed_byte_is_noticed(void **state)
{
    fst_owner_record record = {.is_held = true, .generation = 7, .sequence = 9};
    fst_owner_record back;
    char line[FST_OWNER_LINE];

    (void)state;
    fst_owner_encode(&record, line);
    for (size_t i = 0; i < sizeof(line); i++) {
        line[i] ^= 1;
        assert_false(fst_owner_decode(line, &back));
        line[i] ^= 1;
    }
}

static void p16_generation_grows_with_each_grant(void **state)
{
    fst_owner owner = {0};

    (void)state;
    open_file();
    assert_int_equal(latest().generation, 0);
    for (uint64_t i = 1; i < 10; i++) {
        assert_int_equal(fst_owner_begin(&owner, file, &os_error), FASTENERS_OK);
        assert_int_equal(atomic_load(&owner.generation), i);
        assert_false(atomic_load(&owner.abandoned));
        assert_true(latest().is_held);
        assert_int_equal(latest().generation, i);
        assert_int_equal(latest().process.pid_space, 4026531836);
        assert_string_equal(latest().process.host, "fake host");
        assert_true(latest().since_ms >= FAKE_WALL_CLOCK_MS);
        assert_int_equal(fst_owner_end(&owner, file, &os_error), FASTENERS_OK);
        fst_owner_clear(&owner);
        assert_false(latest().is_held);
        assert_int_equal(latest().generation, i);
    }
    assert_true(fake_size(PATH) <= SIZE);
    close_file();
}

/* P15: nor is one who lives and gave the lock back on record as its holder. */
static void p16_who_withdraws_leaves_the_record_of_the_dead(void **state)
{
    fst_owner dead = {.knows_itself = true, .process = {.pid = 77, .start = 5}};
    fst_owner next = {.knows_itself = true, .process = {.pid = 88, .start = 6}};

    (void)state;
    open_file();
    assert_int_equal(fst_owner_begin(&dead, file, &os_error), FASTENERS_OK);
    assert_int_equal(fst_owner_begin(&next, file, &os_error), FASTENERS_OK);
    assert_int_equal(latest().process.pid, 88);
    next.unheard = true;
    assert_int_equal(fst_owner_end(&next, file, &os_error), FASTENERS_OK);
    assert_true(latest().is_held);
    assert_int_equal(latest().process.pid, 77);
    assert_int_equal(latest().process.start, 5);
    assert_int_equal(latest().generation, 2);
    assert_int_equal(fst_owner_resume(&next, file, &os_error), FASTENERS_OK);
    assert_int_equal(latest().process.pid, 88);
    fst_owner_clear(&next);
    assert_int_equal(fst_owner_begin(&next, file, &os_error), FASTENERS_OK);
    assert_int_equal(fst_owner_end(&next, file, &os_error), FASTENERS_OK);
    assert_false(latest().is_held);
    assert_int_equal(latest().process.pid, 88);
    close_file();
}

static void p16_owner_that_dies_is_noticed_once(void **state)
{
    fst_owner dead = {0}, next = {0};

    (void)state;
    open_file();
    hold_and_release(&dead);
    assert_int_equal(fst_owner_begin(&dead, file, &os_error), FASTENERS_OK);
    assert_int_equal(fst_owner_begin(&next, file, &os_error), FASTENERS_OK);
    assert_true(atomic_load(&next.abandoned));
    assert_int_equal(atomic_load(&next.generation), 3);
    assert_int_equal(fst_owner_end(&next, file, &os_error), FASTENERS_OK);
    hold_and_release(&next);
    assert_false(atomic_load(&next.abandoned));
    close_file();
}

/* ------------------------------------------------------------- half written, cut off -- */

static char before[SIZE], after[SIZE];
static size_t size_before, size_after;

static void remember(char *where, size_t *size)
{
    *size = fake_size(PATH);
    memset(where, 0, SIZE);
    memcpy(where, fake_content(PATH), *size);
}

static bool same_record(const fst_owner_record *a, const fst_owner_record *b)
{
    return a->is_held == b->is_held && a->generation == b->generation && a->sequence == b->sequence;
}

/*
 * The writer dies after so many bytes: what counts is the record of before, or the new one, and
 * nothing else.
 */
static void expect_one_of(const fst_owner_record *old, const fst_owner_record *new)
{
    char mixed[SIZE];

    for (size_t cut = 0; cut <= size_after; cut++) {
        memcpy(mixed, before, SIZE);
        memcpy(mixed, after, cut);
        fake_set_content(PATH, mixed, cut > size_before ? cut : size_before);
        fst_owner_record found = latest();
        assert_true(same_record(&found, old) || same_record(&found, new));
    }
    fst_owner_record whole = latest();
    assert_true(same_record(&whole, new));
}

static void p16_a_write_by_half_leaves_the_record_before(void **state)
{
    fst_owner owner = {0};

    (void)state;
    open_file();
    for (int step = 0; step < 6; step++) {
        fst_owner_record old = latest();
        remember(before, &size_before);
        if (step % 2 == 0)
            assert_int_equal(fst_owner_begin(&owner, file, &os_error), FASTENERS_OK);
        else
            assert_int_equal(fst_owner_end(&owner, file, &os_error), FASTENERS_OK);
        remember(after, &size_after);
        fst_owner_record new = latest();
        expect_one_of(&old, &new);
        fake_set_content(PATH, after, size_after);
    }
    close_file();
}

/* The next owner goes on, with a record that is either there or not. */
static void p16_a_file_cut_at_any_byte_is_ours_still(void **state)
{
    fst_owner owner = {0};

    (void)state;
    open_file();
    hold_and_release(&owner);
    hold_and_release(&owner);
    remember(after, &size_after);
    assert_int_equal(size_after, SIZE);
    for (size_t size = 0; size <= SIZE; size++) {
        fst_owner next = {0};
        fake_set_content(PATH, after, size);
        assert_in_range(latest().generation, 0, 2);
        hold_and_release(&next);
        assert_false(latest().is_held);
        assert_memory_equal(fake_content(PATH), after, LINES_AT - 1);
    }
    close_file();
}

/* The file is cut while it is held, and the release writes behind what is left. */
static void p16_a_file_cut_while_held_is_ours_still(void **state)
{
    (void)state;
    open_file();
    for (size_t size = 0; size <= SIZE; size++) {
        fst_owner owner = {0}, next = {0};
        fake_set_content(PATH, "", 0);
        hold_and_release(&owner);
        assert_int_equal(fst_owner_begin(&owner, file, &os_error), FASTENERS_OK);
        char content[SIZE] = "";
        memcpy(content, fake_content(PATH), fake_size(PATH));
        fake_set_content(PATH, content, size < fake_size(PATH) ? size : fake_size(PATH));
        assert_int_equal(fst_owner_end(&owner, file, &os_error), FASTENERS_OK);
        assert_false(latest().is_held);
        assert_int_equal(latest().generation, 2);
        hold_and_release(&next);
        assert_int_equal(latest().generation, 3);
    }
    close_file();
}

static void p16_zeros_after_a_loss_of_power(void **state)
{
    static const char zeros[SIZE];
    fst_owner owner = {0};

    (void)state;
    open_file();
    for (size_t size = 0; size <= SIZE; size++) {
        fake_set_content(PATH, zeros, size);
        hold_and_release(&owner);
        assert_int_equal(latest().generation, 1);
    }
    close_file();
}

static void expect_refused(const char *content, size_t size)
{
    fst_owner owner = {0};
    fst_owner_record record;

    fake_set_content(PATH, content, size);
    assert_int_equal(fst_owner_begin(&owner, file, &os_error), FASTENERS_INVALID);
    assert_int_equal(fst_owner_read(file, &record, &os_error), FASTENERS_INVALID);
    assert_int_equal(fake_size(PATH), size);
    assert_memory_equal(fake_content(PATH), content, size);
}

/* P7: what is not ours is not touched. */
static void p16_a_file_that_holds_anything_else_is_left_alone(void **state)
{
    fst_owner owner = {0};
    char ours[SIZE + 1] = {0};

    (void)state;
    open_file();
    expect_refused("1234\n", 5);
    expect_refused("l\n", 2);
    expect_refused("\0data", 5);
    fake_set_content(PATH, "", 0);
    hold_and_release(&owner);
    hold_and_release(&owner);
    memcpy(ours, fake_content(PATH), SIZE);
    expect_refused(ours, SIZE + 1);
    ours[20] ^= 1;
    expect_refused(ours, SIZE);
    memset(ours, 0, LINES_AT);
    memcpy(ours + LINES_AT, "PNG", 3);
    expect_refused(ours, SIZE);
    close_file();
}

/* ---------------------------------------------------------------------------- errors -- */

static void p16_a_failure_is_told_and_the_record_stays(void **state)
{
    static const fake_operation operations[] = {FAKE_READ, FAKE_WRITE};

    (void)state;
    open_file();
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        fst_owner owner = {0};
        hold_and_release(&owner);
        fst_owner_record old = latest();
        fake_fail(operations[i], 1, FASTENERS_OS_ERROR, ENOSPC);
        assert_int_equal(fst_owner_begin(&owner, file, &os_error), FASTENERS_OS_ERROR);
        assert_int_equal(os_error, ENOSPC);
        assert_int_equal(atomic_load(&owner.generation), 0);
        fst_owner_record now = latest();
        assert_true(same_record(&old, &now));
    }
    close_file();
}

/* Whoever may write the file chooses the name that others show to their users. */
static void p15_nothing_in_a_name_disturbs_a_terminal(void **state)
{
    fst_owner_record record = {.is_held = true, .generation = 1, .sequence = 2};
    fasteners_holder holder = {.pid = 0};
    char line[FST_OWNER_LINE];

    (void)state;
    open_file();
    memcpy(record.process.host, "\033[2Jhost\177\n", sizeof("\033[2Jhost\177\n"));
    fst_owner_encode(&record, line);
    assert_int_equal(fst_os_file_write(file, LINES_AT, line, sizeof(line), &os_error), 0);
    fst_owner_describe(file, &holder);
    assert_true(holder.recorded);
    assert_string_equal(holder.host, "?[2Jhost??");
    close_file();
}

/* --------------------------------------------------------------------- through a handle -- */

static fasteners_ipc_lock *recording_lock(void)
{
    fasteners_ipc_options options = kept_log();

    options.record_owner = true;
    return make_lock(&options);
}

/* Where locks are mandatory nobody but the holder can read byte 0; others read the record. */
static void p15_the_record_is_read_around_a_mandatory_lock(void **state)
{
    fasteners_ipc_lock *lock = recording_lock();
    fasteners_holder holder = FASTENERS_HOLDER_INIT;

    (void)state;
    fake_set_locks_are_mandatory(true);
    for (int i = 0; i < 2; i++) {
        expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_OK);
        assert_true(holder.recorded);
        assert_true(holder.since_ms >= FAKE_WALL_CLOCK_MS);
        expect_release(lock, FASTENERS_OK);
    }
    assert_false(fasteners_ipc_lock_was_abandoned(lock));
    fasteners_ipc_lock_destroy(lock);
}

static bool record_says_held(void)
{
    fst_owner_record record;

    open_file();
    record = latest();
    close_file();
    return record.is_held;
}

/* P9: a release that the system refuses leaves the hold, and the record of it. */
static void p16_refused_release_is_still_a_hold(void **state)
{
    fasteners_ipc_lock *lock = recording_lock();

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_UNLOCK, 1, FASTENERS_OS_ERROR, EIO);
    expect_release(lock, FASTENERS_OS_ERROR);
    assert_true(record_says_held());
    assert_int_equal(fasteners_ipc_lock_generation(lock), 1);
    expect_release(lock, FASTENERS_OK);
    assert_false(record_says_held());
    fasteners_ipc_lock_destroy(lock);
}

static void p16_record_that_cannot_be_written_means_no_lock(void **state)
{
    static const fake_operation operations[] = {FAKE_READ, FAKE_WRITE, FAKE_FILE_ID};

    (void)state;
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        fasteners_ipc_lock *lock = recording_lock();
        fake_heal();
        fake_fail(operations[i], 1, FASTENERS_OS_ERROR, EIO);
        expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OS_ERROR);
        assert_int_equal(fasteners_ipc_lock_os_error(lock), EIO);
        assert_int_equal(fake_open_files(), 0);
        use_and_destroy(lock);
    }
}

/* The lock is given back all the same; the log tells what the next owner will think. */
static void p16_release_without_a_record(void **state)
{
    fasteners_ipc_lock *lock = recording_lock();

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_WRITE, 1, FASTENERS_OS_ERROR, ENOSPC);
    expect_release(lock, FASTENERS_OK);
    assert_true(log_has(FASTENERS_LOG_WARNING, PATH, "owner record", NULL));
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_true(fasteners_ipc_lock_was_abandoned(lock));
    fasteners_ipc_lock_destroy(lock);
}

/* The program closed our descriptor and opened another file: nothing is written into that one. */
static void p16_stranger_on_our_descriptor_is_not_written_to(void **state)
{
    fasteners_ipc_lock *lock = recording_lock();

    (void)state;
    fake_make_file("/stranger");
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_steal_files("/stranger");
    (void)fasteners_ipc_lock_release(lock);
    assert_int_equal(fake_size("/stranger"), 0);
    fasteners_ipc_lock_destroy(lock);
}

static void p16_raw_clone_has_no_generation(void **state)
{
    fasteners_ipc_lock *lock = recording_lock();

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_clone_as_child();
    assert_int_equal(fasteners_ipc_lock_generation(lock), 0);
    assert_false(fasteners_ipc_lock_was_abandoned(lock));
    fake_parent_exits();
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_true(fasteners_ipc_lock_was_abandoned(lock));
    assert_int_equal(fasteners_ipc_lock_generation(lock), 2);
    fasteners_ipc_lock_destroy(lock);
}

static fasteners_ipc_rwlock *recording_rwlock(void)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_rwlock *lock;

    options.record_owner = true;
    assert_int_equal(fasteners_ipc_rwlock_create(&lock, PATH, &options), FASTENERS_OK);
    return lock;
}

static void p16_rwlock_records_writers(void **state)
{
    fasteners_ipc_rwlock *lock = recording_rwlock();

    (void)state;
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_generation(lock), 0);
    assert_int_equal(fake_size(PATH), 0);
    expect_upgrade(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_generation(lock), 1);
    assert_true(record_says_held());
    assert_int_equal(fasteners_ipc_rwlock_downgrade(lock), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_generation(lock), 0);
    assert_false(record_says_held());
    expect_unread(lock, FASTENERS_OK);
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_generation(lock), 2);
    assert_false(fasteners_ipc_rwlock_was_abandoned(lock));
    expect_unwrite(lock, FASTENERS_OK);
    assert_false(record_says_held());
    fasteners_ipc_rwlock_destroy(lock);
}

/* P9: if the system refuses the downgrade, the write hold and the record of it stay. */
static void p16_refused_downgrade_is_still_on_record(void **state)
{
    fasteners_ipc_rwlock *lock = recording_rwlock();

    (void)state;
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fail(FAKE_LOCK_TRY, 1, FASTENERS_OS_ERROR, EIO);
    assert_int_equal(fasteners_ipc_rwlock_downgrade(lock), FASTENERS_OS_ERROR);
    assert_true(record_says_held());
    assert_int_equal(fasteners_ipc_rwlock_generation(lock), 1);
    expect_unwrite(lock, FASTENERS_OK);
    assert_false(record_says_held());
    fasteners_ipc_rwlock_destroy(lock);
}

/* Readers see it, each of them, until a writer has released. */
static void p16_readers_learn_of_a_dead_writer(void **state)
{
    fasteners_ipc_rwlock *dead = recording_rwlock(), *lock = recording_rwlock();

    (void)state;
    expect_write(dead, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fork_as_child();
    fake_parent_exits();
    for (int i = 0; i < 2; i++) {
        expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        assert_true(fasteners_ipc_rwlock_was_abandoned(lock));
        expect_unread(lock, FASTENERS_OK);
        assert_false(fasteners_ipc_rwlock_was_abandoned(lock));
    }
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_true(fasteners_ipc_rwlock_was_abandoned(lock));
    expect_unwrite(lock, FASTENERS_OK);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_false(fasteners_ipc_rwlock_was_abandoned(lock));
    fasteners_ipc_rwlock_destroy(lock);
    fasteners_ipc_rwlock_destroy(dead);
}

/* What the parent wrote last is nothing that a child could go on with. */
static void p16_a_child_that_reads_leaves_the_record_alone(void **state)
{
    fasteners_ipc_rwlock *lock = recording_rwlock();
    char content[SIZE];

    (void)state;
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_upgrade(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    fake_fork_as_child();
    fake_parent_exits();
    assert_int_equal(fake_size(PATH), SIZE);
    memcpy(content, fake_content(PATH), SIZE);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_true(fasteners_ipc_rwlock_was_abandoned(lock));
    assert_int_equal(fasteners_ipc_rwlock_release_read(lock), FASTENERS_OK);
    assert_memory_equal(fake_content(PATH), content, SIZE);
    fasteners_ipc_rwlock_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(p16_record_goes_there_and_back),
        fault_test(p16_every_changed_byte_is_noticed),
        fault_test(p16_generation_grows_with_each_grant),
        fault_test(p16_who_withdraws_leaves_the_record_of_the_dead),
        fault_test(p16_owner_that_dies_is_noticed_once),
        fault_test(p16_a_write_by_half_leaves_the_record_before),
        fault_test(p16_a_file_cut_at_any_byte_is_ours_still),
        fault_test(p16_a_file_cut_while_held_is_ours_still),
        fault_test(p16_zeros_after_a_loss_of_power),
        fault_test(p16_a_file_that_holds_anything_else_is_left_alone),
        fault_test(p16_a_failure_is_told_and_the_record_stays),
        fault_test(p15_nothing_in_a_name_disturbs_a_terminal),
        fault_test(p15_the_record_is_read_around_a_mandatory_lock),
        fault_test(p16_refused_release_is_still_a_hold),
        fault_test(p16_record_that_cannot_be_written_means_no_lock),
        fault_test(p16_release_without_a_record),
        fault_test(p16_stranger_on_our_descriptor_is_not_written_to),
        fault_test(p16_raw_clone_has_no_generation),
        fault_test(p16_rwlock_records_writers),
        fault_test(p16_refused_downgrade_is_still_on_record),
        fault_test(p16_readers_learn_of_a_dead_writer),
        fault_test(p16_a_child_that_reads_leaves_the_record_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
