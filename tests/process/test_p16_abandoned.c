/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P16, P15: with record_owner the next owner learns that the one before died holding the lock,
 * grants are numbered, and the holder can be told with host and time.
 */
#include "process_test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "emulator.h"
#include "log_lines.h"

static fasteners_ipc_lock *recording_lock(const char *path)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_lock *lock;

    options.record_owner = true;
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
    return lock;
}

static void acquire(fasteners_ipc_lock *lock)
{
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
}

static void release(fasteners_ipc_lock *lock)
{
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    assert_false(fasteners_ipc_lock_was_abandoned(lock));
    assert_int_equal(fasteners_ipc_lock_generation(lock), 0);
}

/* --------------------------------------------------------------------------- abandoned -- */

static void p16_killed_holder_is_noticed_once(void **state)
{
    const char *path = temp_path(state, "lock");
    child *victim = agent_with_lock(path, "record");
    fasteners_ipc_lock *lock = recording_lock(path);

    agent_expect(victim, "FASTENERS_OK", "acquire l 0");
    agent_murder(victim);
    acquire(lock);
    assert_true(fasteners_ipc_lock_was_abandoned(lock));
    assert_int_equal(fasteners_ipc_lock_generation(lock), 2);
    release(lock);
    acquire(lock);
    assert_false(fasteners_ipc_lock_was_abandoned(lock));
    assert_int_equal(fasteners_ipc_lock_generation(lock), 3);
    fasteners_ipc_lock_destroy(lock);
}

/* -------------------------------------------------------- grants that reach nobody -- */

static void abandon_a_begun_wait(const char *path, const fasteners_ipc_options *options)
{
    fasteners_ipc_lock *lock;
    fasteners_ipc_wait *wait;

    assert_int_equal(fasteners_ipc_lock_create(&lock, path, options), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire_begin(lock, 0, &wait), FASTENERS_OK);
    fasteners_ipc_wait_abandon(&wait);
    fasteners_ipc_lock_destroy(lock);
}

static void abandon_a_begun_write(const char *path, const fasteners_ipc_options *options)
{
    fasteners_ipc_rwlock *lock;
    fasteners_ipc_wait *wait;

    assert_int_equal(fasteners_ipc_rwlock_create(&lock, path, options), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write_begin(lock, 0, &wait), FASTENERS_OK);
    fasteners_ipc_wait_abandon(&wait);
    fasteners_ipc_rwlock_destroy(lock);
}

/* Members come in the order of files, then of addresses: row[1] is the last. */
static fasteners_rw_lock row[2];

static void *fail_to_get_both(void *member)
{
    fasteners_lock_set_member set[] = {*(fasteners_lock_set_member *)member,
                                       fasteners_member_write(&row[1])};

    return (void *)(uintptr_t)fasteners_lock_set_acquire(set, 2, FASTENERS_NO_WAIT, NULL);
}

static uintptr_t in_a_thread(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    void *result;

    assert_int_equal(pthread_create(&thread, NULL, function, argument), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    return (uintptr_t)result;
}

static void expect_no_set(fasteners_lock_set_member member)
{
    assert_int_equal(fasteners_rw_lock_acquire_write(&row[1], 0), FASTENERS_OK);
    assert_int_equal(in_a_thread(fail_to_get_both, &member), FASTENERS_BUSY);
    assert_int_equal(fasteners_rw_lock_release_write(&row[1]), FASTENERS_OK);
}

static void give_a_set_up(const char *path, const fasteners_ipc_options *options)
{
    fasteners_ipc_lock *lock;

    assert_int_equal(fasteners_ipc_lock_create(&lock, path, options), FASTENERS_OK);
    expect_no_set(fasteners_member_ipc_lock(lock));
    fasteners_ipc_lock_destroy(lock);
}

static void give_a_writing_set_up(const char *path, const fasteners_ipc_options *options)
{
    fasteners_ipc_rwlock *lock;

    assert_int_equal(fasteners_ipc_rwlock_create(&lock, path, options), FASTENERS_OK);
    expect_no_set(fasteners_member_ipc_write(lock));
    fasteners_ipc_rwlock_destroy(lock);
}

typedef void unheard_grant(const char *path, const fasteners_ipc_options *options);

static void p16_a_grant_that_reaches_nobody_leaves_the_news(void **state)
{
    static unheard_grant *const ways[] = {abandon_a_begun_wait, abandon_a_begun_write,
                                          give_a_set_up, give_a_writing_set_up};
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    options.record_owner = true;
    for (size_t i = 0; i < 2 * sizeof(ways) / sizeof(ways[0]); i++) {
        options.unlink_on_release = i % 2 == 1;
        char name[] = {(char)('a' + i), '\0'};
        const char *path = temp_path(state, name);
        child *victim = agent_with_lock(path, "record");
        fasteners_ipc_lock *lock = recording_lock(path);
        agent_expect(victim, "FASTENERS_OK", "acquire l 0");
        agent_murder(victim);
        ways[i / 2](path, &options);
        ways[i / 2](path, &options);
        acquire(lock);
        assert_true(fasteners_ipc_lock_was_abandoned(lock));
        release(lock);
        ways[i / 2](path, &options);
        acquire(lock);
        assert_false(fasteners_ipc_lock_was_abandoned(lock));
        fasteners_ipc_lock_destroy(lock);
    }
}

/* By this thread, which holds the member already: its own hold goes on. */
static void expect_no_set_here(fasteners_lock_set_member member)
{
    assert_int_equal(fasteners_rw_lock_acquire_read(&row[1], 0), FASTENERS_OK);
    assert_int_not_equal((uintptr_t)fail_to_get_both(&member), FASTENERS_OK);
    assert_int_equal(fasteners_rw_lock_release_read(&row[1]), FASTENERS_OK);
}

static void p16_what_was_heard_is_over(void **state)
{
    const char *path = temp_path(state, "lock");
    child *victim = agent_with_lock(path, "record");
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    fasteners_ipc_rwlock *lock;
    fasteners_ipc_wait *wait;

    options.record_owner = true;
    agent_expect(victim, "FASTENERS_OK", "acquire l 0");
    agent_murder(victim);
    assert_int_equal(fasteners_ipc_rwlock_create(&lock, path, &options), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_acquire_write_begin(lock, 0, &wait), FASTENERS_OK);
    fasteners_ipc_wait_abandon(&wait);
    for (int holds = 0; holds < 4; holds++) {
        assert_int_equal(fasteners_ipc_rwlock_acquire_write(lock, 0), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_rwlock_was_abandoned(lock), holds == 0);
        if (holds % 2 == 0)
            expect_no_set_here(fasteners_member_ipc_write(lock));
        assert_int_equal(fasteners_ipc_rwlock_release_write(lock), FASTENERS_OK);
    }
    fasteners_ipc_rwlock_destroy(lock);
}

/* The same without the nested set: the mark of the begun wait went with it. */
static void p16_what_was_heard_by_the_same_handle_is_over(void **state)
{
    const char *path = temp_path(state, "lock");
    child *victim = agent_with_lock(path, "record");
    fasteners_ipc_lock *lock = recording_lock(path);
    fasteners_ipc_wait *wait;

    agent_expect(victim, "FASTENERS_OK", "acquire l 0");
    agent_murder(victim);
    assert_int_equal(fasteners_ipc_lock_acquire_begin(lock, 0, &wait), FASTENERS_OK);
    fasteners_ipc_wait_abandon(&wait);
    acquire(lock);
    assert_true(fasteners_ipc_lock_was_abandoned(lock));
    release(lock);
    acquire(lock);
    assert_false(fasteners_ipc_lock_was_abandoned(lock));
    fasteners_ipc_lock_destroy(lock);
}

static void *end_holding(void *lock)
{
    return (void *)(uintptr_t)fasteners_rw_lock_acquire_write(lock, 0);
}

static void t7_a_grant_that_reaches_nobody_leaves_the_news(void **state)
{
    (void)state;
    assert_int_equal(in_a_thread(end_holding, &row[0]), FASTENERS_OK);
    expect_no_set(fasteners_member_write(&row[0]));
    expect_no_set(fasteners_member_write(&row[0]));
    assert_int_equal(fasteners_rw_lock_acquire_write(&row[0], 0), FASTENERS_OK);
    assert_true(fasteners_rw_lock_was_abandoned(&row[0]));
    expect_no_set_here(fasteners_member_write(&row[0]));
    assert_int_equal(fasteners_rw_lock_release_write(&row[0]), FASTENERS_OK);
    expect_no_set(fasteners_member_write(&row[0]));
    assert_int_equal(fasteners_rw_lock_acquire_write(&row[0], 0), FASTENERS_OK);
    assert_false(fasteners_rw_lock_was_abandoned(&row[0]));
    assert_int_equal(fasteners_rw_lock_release_write(&row[0]), FASTENERS_OK);
}

/* -------------------------------------------------------------------------- waiters -- */

/* The waiter is told, too, that it has the lock because of a death. */
static void p16_waiter_learns_of_the_death(void **state)
{
    const char *path = temp_path(state, "lock");
    child *victim = agent_with_lock(path, "record");
    child *waiter = agent_with_lock(path, "record");

    agent_expect(victim, "FASTENERS_OK", "acquire l 0");
    assert_true(child_send(waiter, "acquire l 60000"));
    expect_queued(path, 1);
    agent_murder(victim);
    char reply[CHILD_LINE];
    assert_true(child_reply(waiter, reply, sizeof(reply)));
    assert_memory_equal(reply, "FASTENERS_OK", 12);
    agent_expect(waiter, "1", "was_abandoned l");
    agent_stop(waiter);
}

static void p16_orderly_ways_to_let_go(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = recording_lock(path);
    child *agent = agent_with_lock(path, "record");

    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    agent_expect(agent, "FASTENERS_OK", "release l");
    acquire(lock);
    assert_false(fasteners_ipc_lock_was_abandoned(lock));
    release(lock);
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    agent_expect(agent, "OK", "destroy l");
    acquire(lock);
    assert_false(fasteners_ipc_lock_was_abandoned(lock));
    assert_int_equal(fasteners_ipc_lock_generation(lock), 4);
    fasteners_ipc_lock_destroy(lock);
}

static void p16_child_of_a_fork_holds_nothing(void **state)
{
    const char *path = temp_path(state, "lock");

    NEEDS_FORK();
    child *parent = agent_with_lock(path, "record");

    agent_expect(parent, "FASTENERS_OK", "acquire l 0");
    child *forked = agent_fork(parent, "fork", temp_dir_path(state));
    agent_expect(forked, "0", "generation l");
    agent_expect(forked, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(parent, "1", "generation l");
    agent_expect(parent, "FASTENERS_OK", "release l");
    agent_expect(forked, "FASTENERS_OK", "acquire l 0");
    agent_expect(forked, "0", "was_abandoned l");
    agent_expect(forked, "2", "generation l");
    /* And the record is the child's own. */
    fasteners_ipc_lock *lock = recording_lock(path);
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_OK);
    if (holder.recorded)
        assert_int_equal(holder.pid, child_pid(forked));
    fasteners_ipc_lock_destroy(lock);
    agent_stop(forked);
    agent_stop(parent);
}

/* --------------------------------------------------------------------------- the file -- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static size_t read_file(const char *path, char *content, size_t size)
{
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    size_t count = fread(content, 1, size, file);
    assert_int_equal(fclose(file), 0);
    return count;
}

static void p16_foreign_content_is_left_alone(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    log_lines told = LOG_LINES_INIT;
    fasteners_ipc_lock *lock;
    char content[16] = "";

    options.record_owner = true;
    options.log = log_lines_keep;
    options.log_user = &told;
    write_file(path, "4711\n");
    assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_INVALID);
    assert_false(fasteners_ipc_lock_is_held(lock));
    assert_int_equal(log_lines_with(&told, FASTENERS_LOG_ERROR, "something else"), 1);
    log_lines_clear(&told);
    child *other = agent_with_lock(path, "");
    agent_expect(other, "FASTENERS_OK", "acquire l 0");
    agent_stop(other);
    assert_int_equal(read_file(path, content, sizeof(content)), 5);
    assert_string_equal(content, "4711\n");
    fasteners_ipc_lock_destroy(lock);
}

static void p16_file_is_small_text(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = recording_lock(path);
    char content[1024] = "";

    for (int i = 0; i < 5; i++) {
        acquire(lock);
        release(lock);
    }
    assert_int_equal(read_file(path, content, sizeof(content)), 576);
    assert_memory_equal(content, "libfasteners lock file", 22);
    assert_non_null(strstr(content + 64, "released 00000000000000000005 "));
    fasteners_ipc_lock_destroy(lock);
}

/* P7: without the option nothing is written, and who does not ask is not told. */
static void p16_without_the_option_nothing_is_written(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock;
    struct stat found;

    assert_int_equal(fasteners_ipc_lock_create(&lock, path, NULL), FASTENERS_OK);
    acquire(lock);
    assert_int_equal(fasteners_ipc_lock_generation(lock), 0);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_size, 0);
    fasteners_ipc_lock_destroy(lock);
}

/* ----------------------------------------------------------------------------- holder -- */

static void p15_holder_with_host_and_time(void **state)
{
    const char *path = temp_path(state, "lock");
    int64_t before_ms = (int64_t)time(NULL) * 1000;
    child *agent = agent_with_lock(path, "record");
    fasteners_ipc_lock *lock = recording_lock(path);
    fasteners_holder holder = FASTENERS_HOLDER_INIT;
    char host[sizeof(holder.host)] = "";

    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_OK);
    if (!holder.recorded)
        skip(); /* the portable build does not know enough of processes */
    assert_int_equal(holder.pid, child_pid(agent));
    assert_true(host_name(host, sizeof(host)));
    assert_string_equal(holder.host, host);
    assert_true(holder.start != 0);
    assert_in_range(holder.since_ms, before_ms, (int64_t)time(NULL) * 1000 + 1000);
    fasteners_ipc_lock_destroy(lock);
    agent_stop(agent);
}

/* The record says "held" by a dead process; the lock is held by one that leaves no record. */
static void p15_stale_record_is_not_believed(void **state)
{
    const char *path = temp_path(state, "lock");
    child *victim = agent_with_lock(path, "record");
    child *plain = agent_with_lock(path, "");
    fasteners_ipc_lock *lock = recording_lock(path);
    fasteners_holder holder = FASTENERS_HOLDER_INIT;

    agent_expect(victim, "FASTENERS_OK", "acquire l 0");
    agent_murder(victim);
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_NOT_FOUND);
    agent_expect(plain, "FASTENERS_OK", "acquire l 0");
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_OK);
    assert_false(holder.recorded);
    assert_string_equal(holder.host, "");
    if (holder.pid != 0)
        assert_int_equal(holder.pid, child_pid(plain));
    agent_stop(plain);
    fasteners_ipc_lock_destroy(lock);
}

/* An agent that sees no process but its own, as in a container. */
static child *agent_in_a_pid_namespace(void)
{
    const char *const argv[] = {"/usr/bin/unshare",         "--pid", "--fork", "--mount-proc",
                                TEST_BIN_DIR "/lock_agent", NULL};
    char reply[CHILD_LINE];
    child *agent = child_start(argv);

    if (agent == NULL || !child_ask(agent, "counts", reply, sizeof(reply)))
        skip(); /* not for everybody */
    return agent;
}

static void p15_holder_outside_the_container_is_unknown(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *lock = recording_lock(path);
    child *inside = agent_in_a_pid_namespace();
    fasteners_holder holder = FASTENERS_HOLDER_INIT;

    acquire(lock);
    agent_expect(inside, "FASTENERS_OK", "create l %s record", path);
    agent_expect(inside, "FASTENERS_OK 0 exclusive ", "holder l");
    release(lock);
    /* From outside all processes are seen: it is that one, or nobody is named. */
    agent_expect(inside, "FASTENERS_OK", "acquire l 0");
    assert_int_equal(fasteners_ipc_lock_holder(lock, &holder), FASTENERS_OK);
    if (holder.pid != 0) {
        assert_int_not_equal(holder.pid, getpid());
        if (holder.program[0] != '\0' && !test_is_emulated())
            assert_string_equal(holder.program, "lock_agent");
    }
    agent_murder(inside);
    fasteners_ipc_lock_destroy(lock);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(p16_killed_holder_is_noticed_once),
        TEST(p16_a_grant_that_reaches_nobody_leaves_the_news),
        TEST(p16_what_was_heard_is_over),
        TEST(p16_what_was_heard_by_the_same_handle_is_over),
        cmocka_unit_test(t7_a_grant_that_reaches_nobody_leaves_the_news),
        TEST(p16_waiter_learns_of_the_death),
        TEST(p16_orderly_ways_to_let_go),
        TEST(p16_child_of_a_fork_holds_nothing),
        TEST(p16_foreign_content_is_left_alone),
        TEST(p16_file_is_small_text),
        TEST(p16_without_the_option_nothing_is_written),
        TEST(p15_holder_with_host_and_time),
        TEST(p15_stale_record_is_not_believed),
        TEST(p15_holder_outside_the_container_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
