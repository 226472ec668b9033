/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <sys/wait.h>
#include <unistd.h>

#include "../unit/unit_test.h"

/*
 * T8 for a process that forks before it has used a lock: a program of its own, since the library
 * must not have been used.
 */

static fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;

static int use_the_lock(void)
{
    return fasteners_rw_lock_acquire_read(&lock, FASTENERS_NO_WAIT) == FASTENERS_OK &&
           fasteners_rw_lock_release_read(&lock) == FASTENERS_OK &&
           fasteners_rw_lock_acquire_write(&lock, FASTENERS_NO_WAIT) == FASTENERS_OK &&
           fasteners_rw_lock_release_write(&lock) == FASTENERS_OK;
}

/* The child uses the lock, or lets a child of its own do so first. 0: all went well. */
static int use_in_child(int generations)
{
    int status = 1;
    pid_t pid = fork();

    if (pid == 0) {
        alarm(60);
        _exit((generations == 1 || use_in_child(generations - 1) == 0) && use_the_lock() ? 0 : 1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static void t8_fork_before_the_first_use(void **state)
{
    (void)state;
    assert_int_equal(use_in_child(1), 0);
    assert_int_equal(use_in_child(3), 0);
    assert_true(use_the_lock());
    assert_int_equal(use_in_child(2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t8_fork_before_the_first_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
