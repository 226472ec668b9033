/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_test.h"

#include <errno.h>

/* The fake platform itself: what the other tests rely on. */

static const fst_range FIRST_BYTE = {.first = 0, .length = 1};
static const fst_range TWO_BYTES = {.first = 0, .length = 2};

static fst_os_file open_path(const char *path)
{
    fst_os_file file;
    fst_file_id id;
    int os_error;

    assert_int_equal(fst_os_file_open(path, FST_READ_WRITE, false, &file, &id, &os_error),
                     FASTENERS_OK);
    return file;
}

static void close_file(fst_os_file file)
{
    int os_error;

    assert_int_equal(fst_os_file_close(file, &os_error), FASTENERS_OK);
}

static fasteners_status try_exclusive(fst_os_file file, fst_range range)
{
    int os_error;

    return fst_os_lock_try(file, FST_EXCLUSIVE, range, &os_error);
}

static void files_are_found_created_and_removed(void **state)
{
    fst_os_file file;
    fst_file_id id, again;
    int os_error = 0;

    (void)state;
    assert_int_equal(fst_os_file_open("/d/f", FST_READ_WRITE, false, &file, &id, &os_error),
                     FASTENERS_NOT_FOUND);
    assert_int_equal(os_error, ENOENT);
    assert_int_equal(fst_os_file_create("/d/f", 0600, false, &file, &id, &os_error),
                     FASTENERS_NOT_FOUND);
    assert_int_equal(fst_os_make_parents("/d/f", &os_error), FASTENERS_OK);
    assert_int_equal(fst_os_file_create("/d/f", 0600, false, &file, &id, &os_error), FASTENERS_OK);
    assert_int_equal(fake_mode("/d/f"), 0600);
    assert_int_equal(fst_os_file_create("/d/f", 0600, false, &file, &again, &os_error),
                     FASTENERS_BUSY);
    close_file(file);
    assert_int_equal(fst_os_file_open("/d/f", FST_READ_WRITE, false, &file, &id, &os_error),
                     FASTENERS_OK);
    assert_int_equal(fst_os_path_id("/d/f", false, &again, &os_error), FASTENERS_OK);
    assert_true(fst_file_id_equal(id, again));
    fake_replace("/d/f");
    assert_int_equal(fst_os_path_id("/d/f", false, &again, &os_error), FASTENERS_OK);
    assert_false(fst_file_id_equal(id, again));
    assert_int_equal(fst_os_unlink("/d/f", &os_error), FASTENERS_OK);
    assert_false(fake_exists("/d/f"));
    close_file(file);
    assert_int_equal(fake_open_files(), 0);
}

static void locks_of_open_files_exclude_each_other(void **state)
{
    (void)state;
    fake_make_file("/f");
    fst_os_file one = open_path("/f");
    fst_os_file two = open_path("/f");
    assert_int_equal(try_exclusive(one, TWO_BYTES), FASTENERS_OK);
    assert_int_equal(try_exclusive(two, FIRST_BYTE), FASTENERS_BUSY);
    close_file(one);
    assert_int_equal(try_exclusive(two, FIRST_BYTE), FASTENERS_OK);
    close_file(two);
    assert_int_equal(fake_locks(), 0);
}

static void locks_of_a_process_are_dropped_by_any_close(void **state)
{
    (void)state;
    fake_set_locks_per_process(true);
    fake_make_file("/f");
    fst_os_file one = open_path("/f");
    fst_os_file two = open_path("/f");
    assert_int_equal(try_exclusive(one, FIRST_BYTE), FASTENERS_OK);
    assert_int_equal(try_exclusive(two, FIRST_BYTE), FASTENERS_OK);
    assert_true(fake_we_lock("/f", 0));
    close_file(two);
    assert_false(fake_we_lock("/f", 0));
    close_file(one);
}

static void the_nth_call_fails(void **state)
{
    fst_file_id id;
    int os_error = 0;

    (void)state;
    fake_make_file("/f");
    fake_fail(FAKE_PATH_ID, 2, FASTENERS_OS_ERROR, EIO);
    assert_int_equal(fst_os_path_id("/f", false, &id, &os_error), FASTENERS_OK);
    assert_false(fake_has_failed());
    assert_int_equal(fst_os_path_id("/f", false, &id, &os_error), FASTENERS_OS_ERROR);
    assert_int_equal(os_error, EIO);
    assert_true(fake_has_failed());
    assert_int_equal(fst_os_path_id("/f", false, &id, &os_error), FASTENERS_OK);
    assert_int_equal(fake_calls(FAKE_PATH_ID), 3);
}

static void release_pid(void *pid)
{
    fake_foreign_release(*(int64_t *)pid);
}

static void set_word(void *word)
{
    atomic_store((_Atomic uint32_t *)word, 1);
}

static void set_and_unpark(void *word)
{
    set_word(word);
    fst_os_unpark(word);
}

static void requests_are_granted_first_come_first_served(void **state)
{
    int64_t first_pid = 10;
    _Atomic uint32_t word = 0;
    fst_lock_request request;
    int os_error;

    (void)state;
    fake_make_file("/f");
    fake_foreign_lock("/f", first_pid, FST_EXCLUSIVE, FIRST_BYTE);
    fake_foreign_queue("/f", 11, FIRST_BYTE, 5);
    fst_os_file file = open_path("/f");
    assert_int_equal(fst_os_lock_begin(&request, file, FST_EXCLUSIVE, FIRST_BYTE, set_and_unpark,
                                       &word, &os_error),
                     FASTENERS_OK);
    fake_at_ms(20, release_pid, &first_pid);
    assert_true(fst_os_park(&word, 0, FST_NEVER));
    assert_int_equal(fake_elapsed_ms(), 25);
    assert_int_equal(fst_os_lock_finish(&request, &os_error), FASTENERS_OK);
    assert_true(fake_we_lock("/f", 0));
    assert_int_equal(fake_requests(), 0);
    close_file(file);
}

/* The lock is ours though nobody was told. */
static void an_abandoned_request_tells_the_truth(void **state)
{
    int64_t pid = 10;
    _Atomic uint32_t word = 0;
    fst_lock_request request;
    int os_error;

    (void)state;
    fake_make_file("/f");
    fake_set_done_delay_ms(100);
    fst_os_file file = open_path("/f");
    for (int granted = 0; granted < 2; granted++) {
        fake_foreign_lock("/f", pid, FST_EXCLUSIVE, FIRST_BYTE);
        assert_int_equal(fst_os_lock_begin(&request, file, FST_EXCLUSIVE, FIRST_BYTE,
                                           set_and_unpark, &word, &os_error),
                         FASTENERS_OK);
        if (granted)
            fake_foreign_release(pid);
        assert_int_equal(fst_os_lock_abandon(&request, &os_error),
                         granted ? FASTENERS_OK : FASTENERS_BUSY);
        assert_int_equal(fake_we_lock("/f", 0), granted);
        assert_int_equal(atomic_load(&word), 0);
        fake_foreign_release(pid);
    }
    close_file(file);
}

static void a_park_ends_at_its_deadline(void **state)
{
    _Atomic uint32_t word = 0;

    (void)state;
    assert_false(fst_os_park(&word, 0, fst_os_now() + 7000000));
    assert_int_equal(fake_elapsed_ms(), 7);
    assert_true(fst_os_park(&word, 1, FST_NEVER));
    assert_int_equal(fake_elapsed_ms(), 7);
}

static void a_forgotten_wake_up_shows(void **state)
{
    _Atomic uint32_t word = 0;

    (void)state;
    fake_at_ms(5, set_word, &word);
    assert_false(fst_os_park(&word, 0, fst_os_now() + 7000000));
    assert_int_equal(fake_elapsed_ms(), 7);
}

typedef struct relay {
    _Atomic uint32_t word;
    uint64_t seen[4];
    int count;
} relay;

static void run_relay(void *argument)
{
    relay *r = argument;

    r->seen[r->count++] = fst_os_thread_id();
    while (atomic_load(&r->word) == 0)
        fst_os_park(&r->word, 0, FST_NEVER);
    r->seen[r->count++] = fst_os_thread_id();
}

static void threads_run_while_the_others_sleep(void **state)
{
    relay r = {0};

    (void)state;
    fake_thread_start(run_relay, &r);
    fake_thread_start(run_relay, &r);
    fake_at_ms(3, set_and_unpark, &r.word);
    fake_threads_join();
    assert_int_equal(r.count, 4);
    assert_int_equal(r.seen[0], 101);
    assert_int_equal(r.seen[1], 102);
    assert_int_equal(r.seen[2] + r.seen[3], 101 + 102);
    assert_int_equal(fst_os_thread_id(), FAKE_MAIN_THREAD);
    assert_int_equal(fake_elapsed_ms(), 3);
}

static void a_child_shares_the_locks_of_its_parents_files(void **state)
{
    (void)state;
    fake_make_file("/f");
    fst_os_file file = open_path("/f");
    assert_int_equal(try_exclusive(file, FIRST_BYTE), FASTENERS_OK);
    fake_clone_as_child();
    assert_true(fst_os_fork_unseen());
    close_file(file);
    file = open_path("/f");
    assert_int_equal(try_exclusive(file, FIRST_BYTE), FASTENERS_BUSY);
    fake_parent_exits();
    assert_int_equal(try_exclusive(file, FIRST_BYTE), FASTENERS_OK);
    close_file(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(files_are_found_created_and_removed),
        fault_test(locks_of_open_files_exclude_each_other),
        fault_test(locks_of_a_process_are_dropped_by_any_close),
        fault_test(the_nth_call_fails),
        fault_test(requests_are_granted_first_come_first_served),
        fault_test(an_abandoned_request_tells_the_truth),
        fault_test(a_park_ends_at_its_deadline),
        fault_test(a_forgotten_wake_up_shows),
        fault_test(threads_run_while_the_others_sleep),
        fault_test(a_child_shares_the_locks_of_its_parents_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
