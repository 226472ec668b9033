/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P14: whether locks exclude, on real file systems. The test mounts them itself, and leaves those
 * out that it may not, or cannot, mount.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <fasteners.h>

#include "agent_client.h"
#include "emulator.h"
#include "log_lines.h"
#include "temp_dir.h"

/* ---------------------------------------------------------------------------- mounts -- */

/* Runs it in a shell, in the test's directory. */
static bool run_in(const char *directory, const char *command)
{
    char line[4096];

    (void)snprintf(line, sizeof(line), "cd '%s' && { %s ; } >/dev/null 2>&1", directory, command);
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    child *shell = child_start(argv);
    assert_non_null(shell);
    int status = child_wait(shell);
    child_end(shell);
    return status == 0;
}

/* Mounts at "mount" below the test's directory. */
static void mount_or_skip(void **state, const char *command)
{
    assert_int_equal(mkdir(temp_path(state, "mount"), 0777), 0);
    if (run_in(temp_dir_path(state), command))
        return;
    print_message("cannot: %s\n", command);
    skip();
}

static int tear_down(void **state)
{
    (void)run_in(temp_dir_path(state), "mountpoint -q mount && umount -l mount");
    (void)run_in(temp_dir_path(state), "mountpoint -q layers && umount -l layers");
    return temp_dir_teardown(state);
}

/* ----------------------------------------------------------------------------- probe -- */

static fasteners_probe_report probe(const char *directory, fasteners_status expected)
{
    fasteners_probe_report report = FASTENERS_PROBE_REPORT_INIT;
    fasteners_status status = fasteners_ipc_probe(directory, &report);

    if (test_is_emulated() && status == FASTENERS_OS_ERROR && report.os_error == EINVAL) {
        print_message("skipped: the emulator knows no child that sends no signal\n");
        skip();
    }
    assert_string_equal(fasteners_status_name(status), fasteners_status_name(expected));
    assert_true(run_in(directory, "test -z \"$(ls -A | grep fasteners)\""));
    return report;
}

/* No name: the portable build knows none, and cannot tell whether it is local. */
static void assert_true_locks(const char *directory, fasteners_locality locality, const char *name)
{
    fasteners_probe_report report = probe(directory, FASTENERS_OK);

    assert_true(report.exclusive_excludes && report.shared_excludes && report.shared_shares);
    assert_true(report.between_processes);
    assert_int_equal(report.os_error, 0);
    if (report.filesystem[0] == '\0') {
        assert_int_equal(report.verdict, FASTENERS_LOCKS_EXCLUDE_HERE);
        return;
    }
    assert_string_equal(report.filesystem, name);
    assert_int_equal(report.locality, locality);
    assert_int_equal(report.verdict, locality == FASTENERS_LOCALITY_LOCAL
                                         ? FASTENERS_LOCKS_EXCLUDE
                                         : FASTENERS_LOCKS_EXCLUDE_HERE);
}

/* And a lock there excludes another process. */
static void assert_a_lock_excludes(void **state, uint32_t mode)
{
    child *agent = agent_start();
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.mode = mode;
    assert_int_equal(fasteners_ipc_lock_create(&lock, temp_path(state, "mount/lock"), &options), 0);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    agent_expect(agent, "FASTENERS_OK", "create l %s", temp_path(state, "mount/lock"));
    agent_expect(agent, "FASTENERS_BUSY", "acquire l 0");
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    agent_stop(agent);
    fasteners_ipc_lock_destroy(lock);
}

static void assert_mount_is_true(void **state, const char *command, fasteners_locality locality,
                                 const char *name)
{
    mount_or_skip(state, command);
    assert_true_locks(temp_path(state, "mount"), locality, name);
    assert_a_lock_excludes(state, 0);
}

static void p14_where_the_tests_run(void **state)
{
    fasteners_probe_report report = probe(temp_dir_path(state), FASTENERS_OK);

    assert_true(report.between_processes);
}

static void p14_tmpfs(void **state)
{
    assert_mount_is_true(state, "mount -t tmpfs tmpfs mount", FASTENERS_LOCALITY_LOCAL, "tmpfs");
}

static void p14_ext4_on_a_loop_device(void **state)
{
    assert_mount_is_true(state,
                         "truncate -s 16M image && mkfs.ext4 -q image && "
                         "mount -o loop image mount",
                         FASTENERS_LOCALITY_LOCAL, "ext4");
}

static void p14_xfs_on_a_loop_device(void **state)
{
    assert_mount_is_true(state,
                         "truncate -s 320M image && mkfs.xfs -q image && "
                         "mount -o loop image mount",
                         FASTENERS_LOCALITY_LOCAL, "xfs");
}

static void p14_overlay(void **state)
{
    assert_mount_is_true(state,
                         "mkdir lower layers && mount -t tmpfs tmpfs layers && "
                         "mkdir layers/upper layers/work && "
                         "mount -t overlay overlay "
                         "-o lowerdir=lower,upperdir=layers/upper,workdir=layers/work mount",
                         FASTENERS_LOCALITY_LOCAL, "overlay");
}

static void p14_plain_fuse(void **state)
{
    assert_mount_is_true(state, "mkdir source && bindfs source mount", FASTENERS_LOCALITY_UNKNOWN,
                         "fuse");
}

/* A file that got its mode under another name: the two names are two files to the kernel. */
static void p1_mode_on_plain_fuse(void **state)
{
    if (PORTABLE_BUILD)
        skip(); /* docs/design.md, "Limits that are known" */
    mount_or_skip(state, "mkdir source && bindfs source mount");
    assert_a_lock_excludes(state, 0640);
}

/* ---------------------------------------------------------------------- false locks -- */

static const char *const forwarding =
    "mkdir source && bindfs --multithreaded --enable-lock-forwarding source mount";

static void p14_fuse_that_grants_everybody_is_found_out(void **state)
{
    mount_or_skip(state, forwarding);
    fasteners_probe_report report = probe(temp_path(state, "mount"), FASTENERS_NOT_SUPPORTED);
    assert_int_equal(report.verdict, FASTENERS_LOCKS_FALSE);
    assert_false(report.exclusive_excludes || report.shared_excludes || report.between_processes);
    assert_int_equal(probe(temp_path(state, "source"), FASTENERS_OK).exclusive_excludes, true);
}

static bool can_tell_at_acquire(void **state)
{
    return probe(temp_path(state, "mount"), FASTENERS_NOT_SUPPORTED).filesystem[0] != '\0';
}

static void p14_acquire_refuses_where_everybody_is_granted(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    log_lines told = LOG_LINES_INIT;
    fasteners_ipc_lock *lock;

    mount_or_skip(state, forwarding);
    if (!can_tell_at_acquire(state))
        skip();
    options.log = log_lines_keep;
    options.log_user = &told;
    assert_int_equal(fasteners_ipc_lock_create(&lock, temp_path(state, "mount/lock"), &options), 0);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_NOT_SUPPORTED);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER), FASTENERS_NOT_SUPPORTED);
    assert_false(fasteners_ipc_lock_is_held(lock));
    assert_int_equal(log_lines_with(&told, FASTENERS_LOG_ERROR, "grants every lock"), 2);
    log_lines_clear(&told);
    fasteners_ipc_lock_destroy(lock);
    options.allow_unreliable_filesystem = true;
    assert_int_equal(fasteners_ipc_lock_create(&lock, temp_path(state, "mount/lock"), &options), 0);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
}

/* ---------------------------------------------------------------- the child process -- */

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

/* Nor do its own children get mixed up with ours. */
static void p14_the_program_does_not_notice_the_child(void **state)
{
    struct sigaction count = {.sa_handler = count_signal};
    struct sigaction before;

    if (probe(temp_dir_path(state), FASTENERS_OK).filesystem[0] == '\0')
        skip();
    assert_int_equal(sigaction(SIGCHLD, &count, &before), 0);
    signals = 0;
    assert_int_equal(fasteners_ipc_probe(temp_dir_path(state), NULL), FASTENERS_OK);
    assert_int_equal(signals, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_IGN}, NULL), 0);
    assert_int_equal(fasteners_ipc_probe(temp_dir_path(state), NULL), FASTENERS_OK);
    assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
}

static void p14_directories_that_are_none(void **state)
{
    int fd = open(temp_path(state, "file"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(fasteners_ipc_probe(temp_path(state, "missing"), NULL), FASTENERS_NOT_FOUND);
    assert_int_equal(fasteners_ipc_probe(temp_path(state, "file"), NULL), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_probe("", NULL), FASTENERS_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(p14_where_the_tests_run),
        TEST(p14_tmpfs),
        TEST(p14_ext4_on_a_loop_device),
        TEST(p14_xfs_on_a_loop_device),
        TEST(p14_overlay),
        TEST(p14_plain_fuse),
        TEST(p1_mode_on_plain_fuse),
        TEST(p14_fuse_that_grants_everybody_is_found_out),
        TEST(p14_acquire_refuses_where_everybody_is_granted),
        TEST(p14_the_program_does_not_notice_the_child),
        TEST(p14_directories_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
