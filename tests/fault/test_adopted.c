/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

/*
 * Handles on a descriptor of the program's: what P1 and P4 to P6 mean there. That the library
 * closes such a descriptor is a violation of the fake platform, which fails the test.
 */

#define OTHER "/other"

static fasteners_ipc_lock *adopt(intptr_t descriptor)
{
    fasteners_ipc_options options = kept_log();
    fasteners_ipc_lock *lock;

    assert_int_equal(fasteners_ipc_lock_create_from_fd(&lock, descriptor, &options), FASTENERS_OK);
    return lock;
}

static fasteners_ipc_rwlock *adopt_rw(intptr_t descriptor, uint32_t preference)
{
    fasteners_ipc_options options = kept_log();
    fasteners_ipc_rwlock *lock;

    options.preference = preference;
    assert_int_equal(fasteners_ipc_rwlock_create_from_fd(&lock, descriptor, &options),
                     FASTENERS_OK);
    return lock;
}

static intptr_t open_file(void)
{
    if (!fake_exists(PATH))
        fake_make_file(PATH);
    return fake_program_opens(PATH, FST_READ_WRITE);
}

static fasteners_status try_acquire(fasteners_ipc_lock *lock)
{
    return fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT);
}

/* ------------------------------------------------------------------------- exclusion -- */

static void p1_excludes_and_is_excluded(void **state)
{
    fasteners_ipc_lock *adopted = adopt(open_file());
    fasteners_ipc_lock *named = make_lock(NULL);

    (void)state;
    foreign_takes_lock(NULL);
    assert_int_equal(try_acquire(adopted), FASTENERS_BUSY);
    fake_at_ms(30, foreign_releases, NULL);
    expect_acquire(adopted, FASTENERS_FOREVER, FASTENERS_OK);
    assert_true(fake_we_lock_alone(PATH, 0));
    assert_int_equal(try_acquire(named), FASTENERS_BUSY);
    assert_int_equal(fasteners_ipc_lock_acquire(named, FASTENERS_FOREVER),
                     FASTENERS_WOULD_DEADLOCK);
    expect_release(adopted, FASTENERS_OK);
    assert_int_equal(fake_locks(), 0);
    expect_acquire(named, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(try_acquire(adopted), FASTENERS_BUSY);
    assert_int_equal(fasteners_ipc_lock_acquire(adopted, FASTENERS_FOREVER),
                     FASTENERS_WOULD_DEADLOCK);
    expect_release(named, FASTENERS_OK);
    use_and_destroy(adopted);
    use_and_destroy(named);
}

static void release_it(void *lock)
{
    fake_become_thread(FAKE_MAIN_THREAD);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
}

/* To the kernel both are one owner, which is never in its own way. */
static void p1_two_handles_on_one_open_file(void **state)
{
    for (int duplicated = 0; duplicated < 2; duplicated++) {
        (void)fault_set_up(state);
        intptr_t first = open_file();
        fasteners_ipc_lock *one = adopt(first);
        fasteners_ipc_lock *other = adopt(duplicated ? fake_program_duplicates(first) : first);
        expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
        assert_int_equal(try_acquire(other), FASTENERS_BUSY);
        fake_at_ms(30, release_it, one);
        fake_become_thread(2);
        assert_int_equal(fasteners_ipc_lock_acquire(other, FASTENERS_FOREVER), FASTENERS_OK);
        assert_int_equal(fake_elapsed_ms(), 30);
        assert_int_equal(try_acquire(one), FASTENERS_BUSY);
        assert_true(fake_we_lock_alone(PATH, 0));
        expect_release(other, FASTENERS_OK);
        assert_int_equal(fake_locks(), 0);
        use_and_destroy(one);
        use_and_destroy(other);
        assert_int_equal(fault_tear_down(state), 0);
    }
}

static void p1_two_handles_on_two_open_files_of_one_file(void **state)
{
    fasteners_ipc_lock *one = adopt(open_file());
    fasteners_ipc_lock *other = adopt(open_file());

    (void)state;
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(try_acquire(other), FASTENERS_BUSY);
    expect_release(one, FASTENERS_OK);
    expect_acquire(other, FASTENERS_NO_WAIT, FASTENERS_OK);
    fasteners_ipc_lock_destroy(one);
    assert_true(fake_we_lock_alone(PATH, 0));
    expect_release(other, FASTENERS_OK);
    fasteners_ipc_lock_destroy(other);
}

static void p1_where_the_system_does_not_tell(void **state)
{
    intptr_t first = open_file();
    fasteners_ipc_lock *one = adopt(first);
    fasteners_ipc_lock *same_number = adopt(first);
    fasteners_ipc_lock *another = adopt(fake_program_duplicates(first));

    (void)state;
    fake_set_tells_same_files(false);
    expect_acquire(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(one, FASTENERS_OK);
    assert_int_equal(try_acquire(another), FASTENERS_NOT_SUPPORTED);
    assert_int_equal(log_lines(FASTENERS_LOG_ERROR), 1);
    log_clear();
    fasteners_ipc_lock_destroy(one);
    expect_acquire(another, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(another, FASTENERS_OK);
    fasteners_ipc_lock_destroy(another);
    fasteners_ipc_lock_destroy(same_number);
}

static void p1_a_descriptor_that_can_only_be_read(void **state)
{
    (void)state;
    fake_make_file(PATH);
    fasteners_ipc_lock *lock = adopt(fake_program_opens(PATH, FST_READ));
    fasteners_ipc_rwlock *rwlock = adopt_rw(fake_program_opens(PATH, FST_READ), 0);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_NO_PERMISSION);
    expect_write(rwlock, FASTENERS_NO_WAIT, FASTENERS_NO_PERMISSION);
    expect_read(rwlock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_upgrade(rwlock, FASTENERS_NO_WAIT, FASTENERS_NO_PERMISSION);
    expect_unread(rwlock, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(rwlock);
    fasteners_ipc_lock_destroy(lock);
    log_clear();
}

/* ----------------------------------------------------------------- readers and writers -- */

static void r1_readers_and_writers_of_one_descriptor(void **state)
{
    static const uint32_t preferences[] = {FASTENERS_PREFER_READERS, FASTENERS_PREFER_WRITERS};

    for (int i = 0; i < 2; i++) {
        (void)fault_set_up(state);
        fasteners_ipc_rwlock *lock = adopt_rw(open_file(), preferences[i]);
        expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        fake_become_thread(2);
        expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        expect_unread(lock, FASTENERS_OK);
        assert_int_equal(fasteners_ipc_rwlock_acquire_write(lock, 10), FASTENERS_TIMED_OUT);
        fake_become_thread(FAKE_MAIN_THREAD);
        assert_true(fake_we_lock(PATH, 0) && !fake_we_lock_alone(PATH, 0));
        expect_upgrade(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        assert_true(fake_we_lock_alone(PATH, 0));
        fake_become_thread(2);
        assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, 10), FASTENERS_TIMED_OUT);
        fake_become_thread(FAKE_MAIN_THREAD);
        expect_downgrade(lock, FASTENERS_OK);
        expect_unread(lock, FASTENERS_OK);
        assert_int_equal(fake_locks(), 0);
        expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        expect_unwrite(lock, FASTENERS_OK);
        assert_int_equal(fake_locks(), 0);
        fasteners_ipc_rwlock_destroy(lock);
        assert_int_equal(fault_tear_down(state), 0);
    }
}

/* What the first one gives back, the second one still has. */
static void r1_two_handles_read_through_one_open_file(void **state)
{
    intptr_t descriptor = open_file();
    fasteners_ipc_rwlock *one = adopt_rw(descriptor, 0);
    fasteners_ipc_rwlock *other = adopt_rw(fake_program_duplicates(descriptor), 0);

    (void)state;
    expect_read(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_read(other, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_unread(one, FASTENERS_OK);
    assert_true(fake_we_lock(PATH, 0));
    fasteners_ipc_rwlock_destroy(one);
    assert_true(fake_we_lock(PATH, 0));
    expect_unread(other, FASTENERS_OK);
    assert_int_equal(fake_locks(), 0);
    fasteners_ipc_rwlock_destroy(other);
}

static void r1_two_handles_read_through_two_open_files(void **state)
{
    fasteners_ipc_rwlock *one = adopt_rw(open_file(), 0);
    fasteners_ipc_rwlock *other = adopt_rw(open_file(), 0);

    (void)state;
    expect_read(one, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_read(other, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_unread(one, FASTENERS_OK);
    expect_unread(other, FASTENERS_OK);
    assert_int_equal(fake_locks(), 0);
    fasteners_ipc_rwlock_destroy(one);
    fasteners_ipc_rwlock_destroy(other);
}

static void read_behind_the_gate(void *lock)
{
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(lock, 1000), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_release_read(lock), FASTENERS_OK);
}

static void look_at_intent(void *is_locked)
{
    *(bool *)is_locked = fake_we_lock_alone(PATH, INTENT_BYTE.first);
}

static void foreign_leaves_gate(void *unused)
{
    (void)unused;
    fake_foreign_release(FOREIGN_PID + 1);
}

/* Who waits at the gate must not give back the intent of the other handle. */
static void r4_an_upgrade_keeps_its_intent_beside_a_reader_of_its_open_file(void **state)
{
    intptr_t descriptor = open_file();
    fasteners_ipc_rwlock *upgrades = adopt_rw(descriptor, FASTENERS_PREFER_WRITERS);
    fasteners_ipc_rwlock *reads = adopt_rw(descriptor, FASTENERS_PREFER_WRITERS);
    bool is_locked = false;

    (void)state;
    expect_read(upgrades, FASTENERS_NO_WAIT, FASTENERS_OK);
    foreign_reads(NULL);
    fake_foreign_lock(PATH, FOREIGN_PID + 1, FST_EXCLUSIVE, GATE_BYTE);
    fake_thread_start(read_behind_the_gate, reads);
    fake_at_ms(30, foreign_leaves_gate, NULL);
    fake_at_ms(60, look_at_intent, &is_locked);
    fake_at_ms(90, foreign_releases, NULL);
    expect_upgrade(upgrades, FASTENERS_FOREVER, FASTENERS_OK);
    expect_unwrite(upgrades, FASTENERS_OK);
    fake_threads_join();
    assert_true(is_locked);
    assert_int_equal(fake_locks(), 0);
    fasteners_ipc_rwlock_destroy(upgrades);
    fasteners_ipc_rwlock_destroy(reads);
}

/* ------------------------------------------------------------------- P4: foreign close -- */

static void p4_destroy_unlocks_and_leaves_the_descriptor_open(void **state)
{
    intptr_t descriptor = open_file();
    fasteners_ipc_lock *lock = adopt(descriptor);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    assert_int_equal(fake_locks(), 0);
    assert_int_equal(fake_calls(FAKE_CLOSE), 0);
    use_and_destroy(adopt(descriptor));
}

static void p4_the_program_closes_the_descriptor(void **state)
{
    for (int reused = 0; reused < 2; reused++) {
        (void)fault_set_up(state);
        fake_make_file(OTHER);
        intptr_t descriptor = open_file();
        fasteners_ipc_lock *lock = adopt(descriptor);
        expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
        fake_program_closes(descriptor, reused ? OTHER : NULL);
        assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_LOST);
        assert_false(fasteners_ipc_lock_exists(lock));
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_LOST);
        expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_INVALID);
        expect_acquire(lock, 2000, FASTENERS_INVALID);
        assert_true(fake_elapsed_ms() < 2000);
        assert_false(fake_we_lock(OTHER, 0));
        fasteners_ipc_lock_destroy(lock);
        log_clear();
        assert_int_equal(fault_tear_down(state), 0);
    }
}

/* The handle has it in its table when the number becomes another file's. */
static void p4_an_acquire_after_the_number_was_reused(void **state)
{
    intptr_t descriptor = open_file();
    fasteners_ipc_lock *lock = adopt(descriptor);

    (void)state;
    fake_make_file(OTHER);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    fake_program_closes(descriptor, OTHER);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_INVALID);
    assert_false(fake_we_lock(OTHER, 0));
    fasteners_ipc_lock_destroy(lock);
    log_clear();
}

/* What is held through the number by now is another handle's. */
static void p4_the_number_was_reused_and_adopted_again(void **state)
{
    enum { IDLE, RELEASED, DESTROYED, WAYS };

    for (int way = IDLE; way < WAYS; way++) {
        (void)fault_set_up(state);
        intptr_t descriptor = open_file();
        fasteners_ipc_lock *old = adopt(descriptor);
        fake_make_file(OTHER);
        expect_acquire(old, FASTENERS_NO_WAIT, FASTENERS_OK);
        if (way == IDLE)
            expect_release(old, FASTENERS_OK);
        fake_program_closes(descriptor, OTHER);
        fasteners_ipc_lock *new = adopt(descriptor);
        assert_int_equal(try_acquire(new), FASTENERS_OK);
        if (way == RELEASED)
            assert_int_equal(fasteners_ipc_lock_release(old), FASTENERS_LOST);
        if (way != DESTROYED)
            assert_int_equal(try_acquire(old), FASTENERS_INVALID);
        fasteners_ipc_lock_destroy(old);
        assert_true(fake_we_lock_alone(OTHER, 0));
        assert_int_equal(fasteners_ipc_lock_release(new), FASTENERS_OK);
        fasteners_ipc_lock_destroy(new);
        log_clear();
        assert_int_equal(fault_tear_down(state), 0);
    }
}

static void p4_the_number_was_reused_and_locked_by_the_program(void **state)
{
    intptr_t descriptor = open_file();
    fst_os_file file = {.handle = descriptor};
    fasteners_ipc_lock *lock = adopt(descriptor);
    int ignored;

    (void)state;
    fake_make_file(OTHER);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    fake_program_closes(descriptor, OTHER);
    assert_int_equal(fst_os_lock_try(file, FST_EXCLUSIVE, LOCK_BYTE, &ignored), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    assert_true(fake_we_lock_alone(OTHER, 0));
    assert_int_equal(fst_os_unlock(file, LOCK_BYTE, &ignored), FASTENERS_OK);
}

static void p4_other_bytes_are_the_programs(void **state)
{
    const fst_range record = {.first = 5, .length = 2};
    intptr_t descriptor = open_file();
    fst_os_file file = {.handle = descriptor};
    fasteners_ipc_lock *lock = adopt(descriptor);
    int ignored;

    (void)state;
    assert_int_equal(fst_os_lock_try(file, FST_EXCLUSIVE, record, &ignored), FASTENERS_OK);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    assert_true(fake_we_lock_alone(PATH, 5));
    fasteners_ipc_lock_destroy(lock);
    assert_true(fake_we_lock_alone(PATH, 5) && fake_we_lock_alone(PATH, 6));
    assert_int_equal(fst_os_unlock(file, record, &ignored), FASTENERS_OK);
}

static void close_it(void *descriptor)
{
    fake_program_closes(*(const intptr_t *)descriptor, OTHER);
}

static void p4_the_descriptor_is_closed_during_a_wait(void **state)
{
    intptr_t descriptor = open_file();
    fasteners_ipc_options options = kept_log();
    fasteners_ipc_lock *lock;

    (void)state;
    options.delay_ms = 10; /* the fake does not let a file be closed that somebody queues for */
    assert_int_equal(fasteners_ipc_lock_create_from_fd(&lock, descriptor, &options), FASTENERS_OK);
    fake_make_file(OTHER);
    foreign_takes_lock(NULL);
    fake_at_ms(500, close_it, &descriptor);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_INVALID);
    assert_true(fake_elapsed_ms() <= 1500);
    foreign_releases(NULL);
    fasteners_ipc_lock_destroy(lock);
    log_clear();
}

static void p9_a_failure_leaves_nothing_locked(void **state)
{
    intptr_t descriptor = open_file();
    fasteners_ipc_lock *lock = adopt(descriptor);

    (void)state;
    fake_fail(FAKE_FILE_ID, 2, FASTENERS_OS_ERROR, 5);
    assert_int_equal(try_acquire(lock), FASTENERS_OS_ERROR);
    assert_int_equal(fasteners_ipc_lock_os_error(lock), 5);
    assert_int_equal(fake_locks(), 0);
    fake_heal();
    use_and_destroy(lock);
    log_clear();
}

/* ------------------------------------------------------------------------ P5 and P6 -- */

static void p5_a_child_holds_nothing_and_cannot_acquire(void **state)
{
    intptr_t descriptor = open_file();
    fasteners_ipc_lock *lock = adopt(descriptor);
    fasteners_ipc_rwlock *rwlock = adopt_rw(fake_program_opens(PATH, FST_READ_WRITE), 0);

    (void)state;
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fake_fork_as_child();
    assert_false(fasteners_ipc_lock_is_held(lock));
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_NOT_OWNER);
    assert_int_equal(try_acquire(lock), FASTENERS_NOT_SUPPORTED);
    assert_int_equal(fasteners_ipc_rwlock_acquire_read(rwlock, 0), FASTENERS_NOT_SUPPORTED);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write(rwlock, 0), FASTENERS_NOT_SUPPORTED);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_rwlock_destroy(rwlock);
    assert_true(fake_we_lock(PATH, 0));
    assert_int_equal(fake_calls(FAKE_UNLOCK), 0);
    fasteners_ipc_lock *anew = adopt(fake_program_opens(PATH, FST_READ_WRITE));
    assert_int_equal(try_acquire(anew), FASTENERS_BUSY);
    fake_parent_exits();
    assert_int_equal(try_acquire(anew), FASTENERS_BUSY);
    fake_program_closes(descriptor, NULL);
    use_and_destroy(anew);
    log_clear();
}

static void p6_the_file_is_the_open_one(void **state)
{
    fasteners_ipc_lock *lock = adopt(open_file());

    (void)state;
    fake_delete(PATH);
    assert_int_equal(try_acquire(lock), FASTENERS_OK);
    fake_make_file(PATH);
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
    assert_true(fasteners_ipc_lock_exists(lock));
    assert_null(fasteners_ipc_lock_path(lock));
    assert_false(fake_we_lock(PATH, 0));
    assert_int_equal(fake_locks(), 1);
    expect_release(lock, FASTENERS_OK);
    assert_int_equal(log_lines(FASTENERS_LOG_INFO), 0);
    fasteners_ipc_lock_destroy(lock);
}

/* ------------------------------------------------------------------------ questions -- */

static void p15_who_holds_it(void **state)
{
    intptr_t descriptor = open_file();
    fasteners_ipc_lock *lock = adopt(descriptor);
    fasteners_ipc_lock *other = adopt(fake_program_duplicates(descriptor));
    fasteners_holder holder = FASTENERS_HOLDER_INIT;

    (void)state;
    assert_int_equal(fasteners_ipc_lock_holder(other, &holder), FASTENERS_NOT_FOUND);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_holder(other, &holder), FASTENERS_OK);
    fasteners_holder self = {0};
    fst_os_describe_self(&self);
    assert_int_equal(holder.pid, self.pid);
    expect_release(lock, FASTENERS_OK);
    foreign_takes_lock(NULL);
    assert_int_equal(fasteners_ipc_lock_holder(other, &holder), FASTENERS_OK);
    assert_int_equal(holder.pid, FOREIGN_PID);
    foreign_releases(NULL);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(other);
}

static void p16_the_record_is_kept_in_the_open_file(void **state)
{
    fasteners_ipc_options options = kept_log();
    fasteners_ipc_lock *lock;

    (void)state;
    options.record_owner = true;
    assert_int_equal(fasteners_ipc_lock_create_from_fd(&lock, open_file(), &options), FASTENERS_OK);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_generation(lock), 1);
    expect_release(lock, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static void p12_what_cannot_be_adopted(void **state)
{
    fasteners_ipc_options options = kept_log();
    fasteners_ipc_lock *lock;

    (void)state;
    assert_int_equal(fasteners_ipc_lock_create_from_fd(NULL, open_file(), NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_create_from_fd(&lock, 12345, NULL), FASTENERS_INVALID);
    assert_null(lock);
    options.unlink_on_release = true;
    assert_int_equal(fasteners_ipc_lock_create_from_fd(&lock, open_file(), &options),
                     FASTENERS_INVALID);
    options = kept_log();
    options.mode = 07777;
    assert_int_equal(fasteners_ipc_lock_create_from_fd(&lock, open_file(), &options),
                     FASTENERS_INVALID);
    fake_fail(FAKE_ALLOC, 1, FASTENERS_NO_MEMORY, 0);
    assert_int_equal(fasteners_ipc_lock_create_from_fd(&lock, open_file(), NULL),
                     FASTENERS_NO_MEMORY);
    fake_fail(FAKE_ALLOC, 2, FASTENERS_NO_MEMORY, 0);
    assert_int_equal(fasteners_ipc_lock_create_from_fd(&lock, open_file(), NULL),
                     FASTENERS_NO_MEMORY);
}

/* ------------------------------------------------ systems whose locks are the process's -- */

static void per_process_handles_by_path_and_by_descriptor(void **state)
{
    (void)state;
    fake_set_locks_per_process(true);
    fasteners_ipc_lock *named = make_lock(NULL);
    fasteners_ipc_lock *adopted = adopt(open_file());
    expect_acquire(adopted, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(try_acquire(named), FASTENERS_BUSY);
    fasteners_ipc_lock_destroy(named);
    assert_true(fake_we_lock_alone(PATH, 0));
    expect_release(adopted, FASTENERS_OK);
    use_and_destroy(adopted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(p1_excludes_and_is_excluded),
        fault_test(p1_two_handles_on_one_open_file),
        fault_test(p1_two_handles_on_two_open_files_of_one_file),
        fault_test(p1_where_the_system_does_not_tell),
        fault_test(p1_a_descriptor_that_can_only_be_read),
        fault_test(r1_readers_and_writers_of_one_descriptor),
        fault_test(r1_two_handles_read_through_one_open_file),
        fault_test(r1_two_handles_read_through_two_open_files),
        fault_test(r4_an_upgrade_keeps_its_intent_beside_a_reader_of_its_open_file),
        fault_test(p4_destroy_unlocks_and_leaves_the_descriptor_open),
        fault_test(p4_the_program_closes_the_descriptor),
        fault_test(p4_an_acquire_after_the_number_was_reused),
        fault_test(p4_the_number_was_reused_and_adopted_again),
        fault_test(p4_the_number_was_reused_and_locked_by_the_program),
        fault_test(p4_other_bytes_are_the_programs),
        fault_test(p4_the_descriptor_is_closed_during_a_wait),
        fault_test(p9_a_failure_leaves_nothing_locked),
        fault_test(p5_a_child_holds_nothing_and_cannot_acquire),
        fault_test(p6_the_file_is_the_open_one),
        fault_test(p15_who_holds_it),
        fault_test(p16_the_record_is_kept_in_the_open_file),
        fault_test(p12_what_cannot_be_adopted),
        fault_test(per_process_handles_by_path_and_by_descriptor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
