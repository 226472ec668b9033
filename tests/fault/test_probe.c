/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/* P14: locks that exclude nobody are found out, by the probe and at the first acquire. */

static fasteners_probe_report report;

static void expect_probe(fasteners_status expected, fasteners_verdict verdict)
{
    report = (fasteners_probe_report)FASTENERS_PROBE_REPORT_INIT;
    fasteners_status status = fasteners_ipc_probe("/", &report);

    assert_string_equal(fasteners_status_name(status), fasteners_status_name(expected));
    assert_int_equal(report.verdict, verdict);
    assert_int_equal(report.size, sizeof(report));
    assert_int_equal(fasteners_ipc_probe("/", NULL), expected);
    assert_int_equal(fake_open_files(), 0);
    assert_int_equal(fake_locks(), 0);
    assert_int_equal(fake_calls(FAKE_CREATE), fake_calls(FAKE_UNLINK));
}

static void p14_true_locks_of_a_local_file_system(void **state)
{
    (void)state;
    expect_probe(FASTENERS_OK, FASTENERS_LOCKS_EXCLUDE);
    assert_true(report.exclusive_excludes);
    assert_true(report.shared_excludes);
    assert_true(report.shared_shares);
    assert_true(report.between_processes);
    assert_int_equal(report.locality, FASTENERS_LOCALITY_LOCAL);
    assert_string_equal(report.filesystem, "fakefs");
    assert_int_equal(report.os_error, 0);
}

static void p14_locks_of_the_process_are_true_too(void **state)
{
    (void)state;
    fake_set_locks_per_process(true);
    expect_probe(FASTENERS_OK, FASTENERS_LOCKS_EXCLUDE);
    assert_true(report.between_processes);
}

static void p14_other_machines_cannot_be_asked(void **state)
{
    (void)state;
    fake_set_filesystem(FASTENERS_LOCALITY_REMOTE, false);
    expect_probe(FASTENERS_OK, FASTENERS_LOCKS_EXCLUDE_HERE);
    fake_set_filesystem(FASTENERS_LOCALITY_UNKNOWN, false);
    expect_probe(FASTENERS_OK, FASTENERS_LOCKS_EXCLUDE_HERE);
}

static void p14_false_locks_are_found_out(void **state)
{
    (void)state;
    fake_set_filesystem(FASTENERS_LOCALITY_UNKNOWN, true);
    expect_probe(FASTENERS_NOT_SUPPORTED, FASTENERS_LOCKS_FALSE);
    assert_false(report.exclusive_excludes);
    assert_false(report.shared_excludes);
    assert_false(report.between_processes);
    fake_set_locks_per_process(true);
    expect_probe(FASTENERS_NOT_SUPPORTED, FASTENERS_LOCKS_FALSE);
}

/* The one rival is excluded, the other is not: whichever it is, the locks are false. */
static void p14_one_rival_that_gets_in_is_enough(void **state)
{
    static const fake_operation rivals[] = {FAKE_LOCK_TRY_IN_CHILD, FAKE_LOCK_TRY};

    (void)state;
    for (size_t i = 0; i < sizeof(rivals) / sizeof(rivals[0]); i++) {
        fake_heal();
        fake_fail(rivals[i], rivals[i] == FAKE_LOCK_TRY ? 5 : 1, FASTENERS_OK, 0);
        report = (fasteners_probe_report)FASTENERS_PROBE_REPORT_INIT;
        assert_int_equal(fasteners_ipc_probe("/", &report), FASTENERS_NOT_SUPPORTED);
        assert_false(report.exclusive_excludes);
    }
}

static void p14_file_systems_without_locks(void **state)
{
    (void)state;
    fake_fail(FAKE_LOCK_TRY, 0, FASTENERS_NOT_SUPPORTED, ENOLCK);
    expect_probe(FASTENERS_NOT_SUPPORTED, FASTENERS_LOCKS_MISSING);
    assert_int_equal(report.os_error, ENOLCK);
}

static void p14_where_no_child_can_be_made(void **state)
{
    (void)state;
    fake_fail(FAKE_LOCK_TRY_IN_CHILD, 0, FASTENERS_NOT_SUPPORTED, ENOSYS);
    expect_probe(FASTENERS_OK, FASTENERS_LOCKS_EXCLUDE);
    assert_true(report.exclusive_excludes && report.shared_excludes && report.shared_shares);
    assert_false(report.between_processes);
    assert_int_equal(report.os_error, 0);
    fake_set_filesystem(FASTENERS_LOCALITY_UNKNOWN, true);
    expect_probe(FASTENERS_NOT_SUPPORTED, FASTENERS_LOCKS_FALSE);
}

static void p14_bad_arguments(void **state)
{
    fasteners_probe_report small = {.size = offsetof(fasteners_probe_report, os_error)};

    (void)state;
    assert_int_equal(fasteners_ipc_probe(NULL, NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_probe("", NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_probe("/", &small), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_probe("/missing", NULL), FASTENERS_NOT_FOUND);
    assert_int_equal(fake_calls(FAKE_LOCK_TRY), 0);
}

static const fake_operation failing[] = {FAKE_ALLOC, FAKE_CREATE, FAKE_LOCK_TRY,
                                         FAKE_LOCK_TRY_IN_CHILD, FAKE_OPEN};

/* P9, P17: a failure at any step is told as what it is, says nothing of locks, leaves nothing. */
static void p14_a_failure_is_no_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++) {
        for (unsigned nth = 1; nth < 100; nth++) {
            fake_reset();
            fake_fail(failing[i], nth, FASTENERS_OS_ERROR, EIO);
            report = (fasteners_probe_report)FASTENERS_PROBE_REPORT_INIT;
            fasteners_status status = fasteners_ipc_probe("/", &report);
            if (!fake_has_failed())
                break;
            assert_int_not_equal(status, FASTENERS_OK);
            assert_int_not_equal(status, FASTENERS_NOT_SUPPORTED);
            assert_int_equal(report.verdict, 0);
            assert_false(report.exclusive_excludes);
            assert_int_equal(report.os_error, failing[i] == FAKE_ALLOC ? 0 : EIO);
            assert_int_equal(fake_open_files(), 0);
        }
    }
}

/* --------------------------------------------------------------------------- acquire -- */

static void p14_acquire_refuses_false_locks(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_set_filesystem(FASTENERS_LOCALITY_UNKNOWN, true);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_NOT_SUPPORTED);
    expect_acquire(lock, FASTENERS_FOREVER, FASTENERS_NOT_SUPPORTED);
    assert_true(log_has(FASTENERS_LOG_ERROR, PATH, "grants every lock", NULL));
    assert_int_equal(fake_open_files(), 0);
    fake_set_filesystem(FASTENERS_LOCALITY_UNKNOWN, false);
    use_and_destroy(lock);
}

/* For reading and for writing alike; what was refused is not held. */
static void p14_rwlock_refuses_false_locks(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    fake_set_filesystem(FASTENERS_LOCALITY_UNKNOWN, true);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_NOT_SUPPORTED);
    expect_read(lock, FASTENERS_FOREVER, FASTENERS_NOT_SUPPORTED);
    expect_write(lock, FASTENERS_NO_WAIT, FASTENERS_NOT_SUPPORTED);
    expect_held(lock, false, false);
    assert_int_equal(fake_open_files(), 0);
    fake_set_filesystem(FASTENERS_LOCALITY_UNKNOWN, false);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_upgrade(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_unwrite(lock, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

/* A user who may only read the file cannot play the rival, and reads. */
static void p14_reader_of_a_file_that_can_only_be_read(void **state)
{
    fasteners_ipc_rwlock *lock = make_rwlock(NULL);

    (void)state;
    fake_make_file(PATH);
    fake_permit(PATH, true, false);
    fake_set_filesystem(FASTENERS_LOCALITY_REMOTE, false);
    expect_read(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_unread(lock, FASTENERS_OK);
    fasteners_ipc_rwlock_destroy(lock);
}

static void p14_acquire_takes_the_risk_if_told_to(void **state)
{
    fasteners_ipc_options options = kept_log();

    (void)state;
    options.allow_unreliable_filesystem = true;
    fake_set_filesystem(FASTENERS_LOCALITY_UNKNOWN, true);
    fasteners_ipc_lock *lock = make_lock(&options);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static void p14_a_lock_is_tried_out_once_per_open_file(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_set_filesystem(FASTENERS_LOCALITY_REMOTE, false);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    unsigned opened = fake_calls(FAKE_OPEN);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    assert_int_equal(fake_calls(FAKE_OPEN), opened);
    fake_replace(PATH);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    /* The new file, and the rival's. */
    assert_int_equal(fake_calls(FAKE_OPEN), opened + 2);
    fasteners_ipc_lock_destroy(lock);
}

static void p14_an_honest_file_system_costs_nothing(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(fake_calls(FAKE_OPEN), 1);
    assert_int_equal(fake_calls(FAKE_LOCK_TRY), 1);
    fasteners_ipc_lock_destroy(lock);
}

/* P6: between the lock and the trial the path comes to name another file. */
static void p14_the_file_is_replaced_before_the_trial(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    fake_set_filesystem(FASTENERS_LOCALITY_UNKNOWN, false);
    fake_before(FAKE_OPEN, 2, file_is_replaced, NULL);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static void descriptors_are_closed(void *unused)
{
    (void)unused;
    fake_steal_files(NULL);
}

/* P4: the lock goes with its descriptor, the rival gets it, and the file system is not to blame. */
static void p14_the_descriptor_is_closed_before_the_trial(void **state)
{
    fasteners_ipc_lock *lock = make_lock(NULL);

    (void)state;
    fake_make_file(PATH);
    fake_set_filesystem(FASTENERS_LOCALITY_UNKNOWN, false);
    fake_before(FAKE_OPEN, 2, descriptors_are_closed, NULL);
    expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OK);
    expect_release(lock, FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

static void p14_a_trial_that_fails_leaves_nothing(void **state)
{
    static const fake_operation operations[] = {FAKE_OPEN, FAKE_LOCK_TRY};

    (void)state;
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        fasteners_ipc_lock *lock = make_lock(NULL);
        fake_heal();
        fake_make_file(PATH);
        fake_set_filesystem(FASTENERS_LOCALITY_UNKNOWN, false);
        fake_fail(operations[i], 2, FASTENERS_OS_ERROR, EMFILE);
        expect_acquire(lock, FASTENERS_NO_WAIT, FASTENERS_OS_ERROR);
        assert_int_equal(fasteners_ipc_lock_os_error(lock), EMFILE);
        assert_int_equal(fake_open_files(), 0);
        use_and_destroy(lock);
        fake_delete(PATH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(p14_true_locks_of_a_local_file_system),
        fault_test(p14_locks_of_the_process_are_true_too),
        fault_test(p14_other_machines_cannot_be_asked),
        fault_test(p14_false_locks_are_found_out),
        fault_test(p14_one_rival_that_gets_in_is_enough),
        fault_test(p14_file_systems_without_locks),
        fault_test(p14_where_no_child_can_be_made),
        fault_test(p14_bad_arguments),
        fault_test(p14_a_failure_is_no_verdict),
        fault_test(p14_acquire_refuses_false_locks),
        fault_test(p14_rwlock_refuses_false_locks),
        fault_test(p14_reader_of_a_file_that_can_only_be_read),
        fault_test(p14_acquire_takes_the_risk_if_told_to),
        fault_test(p14_a_lock_is_tried_out_once_per_open_file),
        fault_test(p14_an_honest_file_system_costs_nothing),
        fault_test(p14_the_file_is_replaced_before_the_trial),
        fault_test(p14_the_descriptor_is_closed_before_the_trial),
        fault_test(p14_a_trial_that_fails_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
