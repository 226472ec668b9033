/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P6: acquire succeeds only on the file that the path names at that moment; check tells a holder
 * whose file was deleted or replaced; unlink_on_release removes the file and is safe.
 */
#include "process_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "links.h"

/* -------------------------------------------------------------------- what befalls a file -- */

/* The lock lies in a directory of its own, so that the directory can be moved too. */
typedef struct place {
    const char *directory;
    const char *path;
    const char *aside;
} place;

static place make_place(void **state)
{
    place made = {.directory = temp_path(state, "sub"),
                  .path = temp_path(state, "sub/lock"),
                  .aside = temp_path(state, "aside")};

    make_directory(made.directory);
    return made;
}

static void make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);

    assert_true(fd >= 0);
    close(fd);
}

typedef void (*mishap)(const place *at);

static void is_deleted(const place *at)
{
    remove_name(at->path);
}

static void is_deleted_and_made_anew(const place *at)
{
    remove_name(at->path);
    make_file(at->path);
}

static void is_renamed_over(const place *at)
{
    make_file(at->aside);
    rename_to(at->aside, at->path);
}

static void is_renamed_away(const place *at)
{
    rename_to(at->path, at->aside);
}

static void is_renamed_away_and_made_anew(const place *at)
{
    rename_to(at->path, at->aside);
    make_file(at->path);
}

static void is_moved_with_its_directory(const place *at)
{
    rename_to(at->directory, at->aside);
}

static void is_moved_with_its_directory_and_made_anew(const place *at)
{
    rename_to(at->directory, at->aside);
    make_directory(at->directory);
    make_file(at->path);
}

static void is_replaced_by_a_hard_link(const place *at)
{
    make_file(at->aside);
    remove_name(at->path);
    make_hard_link(at->aside, at->path);
}

static void is_replaced_by_a_symbolic_link(const place *at)
{
    remove_name(at->path);
    make_file(at->aside);
    make_symlink(at->aside, at->path);
}

/* The link leads to the very file that is locked; it is not followed all the same. */
static void is_replaced_by_a_symbolic_link_to_itself(const place *at)
{
    rename_to(at->path, at->aside);
    make_symlink(at->aside, at->path);
}

static void is_replaced_by_a_directory(const place *at)
{
    remove_name(at->path);
    make_directory(at->path);
}

static void is_replaced_by_a_fifo(const place *at)
{
    remove_name(at->path);
    make_fifo(at->path);
}

/* ------------------------------------------------------------------------- while held -- */

static child *holding_agent(const char *path, const char *options)
{
    child *agent = agent_with_lock(path, options);

    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    return agent;
}

/*
 * The holder learns of it, keeps what it has, can let go, and goes on with what the path names now.
 */
static void while_held(void **state, mishap befall, const char *acquired_afterwards)
{
    place at = make_place(state);
    child *holder = holding_agent(at.path, "");

    agent_expect(holder, "FASTENERS_OK", "check l");
    befall(&at);
    agent_expect(holder, "FASTENERS_LOST", "check l");
    agent_expect(holder, "1", "is_held l");
    agent_expect(holder, "FASTENERS_OK", "release l");
    agent_expect(holder, acquired_afterwards, "acquire l 0");
    if (strcmp(acquired_afterwards, "FASTENERS_OK") == 0) {
        agent_expect(holder, "FASTENERS_OK", "check l");
        agent_expect(agent_with_lock(at.path, ""), "FASTENERS_BUSY", "acquire l 0");
    }
}

/* ------------------------------------------------------------------- while waited for -- */

/*
 * One agent holds the file that was, another waits for it. The waiter ends with `acquired` although
 * the old holder keeps its hold: what it waited for is no lock of this path any more.
 */
static void while_waited_for(void **state, mishap befall, const char *acquired)
{
    place at = make_place(state);
    child *holder = holding_agent(at.path, "");
    child *waiter = agent_with_lock(at.path, "");

    agent_expect(waiter, "started", "start 1 acquire l -1");
    expect_queued(at.path, 1);
    befall(&at);
    agent_expect(waiter, acquired, "result 1");
    agent_expect(holder, "FASTENERS_LOST", "check l");
    agent_expect(holder, "FASTENERS_OK", "release l");
    if (strcmp(acquired, "FASTENERS_OK") == 0) {
        agent_expect(waiter, "FASTENERS_OK", "thread 1 check l");
        agent_expect(holder, "FASTENERS_BUSY", "acquire l 0");
    }
}

/* The same, but the old file is released at once: the grant of it must not count. */
static void while_waited_for_and_released(void **state, mishap befall, const char *acquired)
{
    place at = make_place(state);
    child *holder = holding_agent(at.path, "");
    child *waiter = agent_with_lock(at.path, "");

    agent_expect(waiter, "started", "start 1 acquire l -1");
    expect_queued(at.path, 1);
    befall(&at);
    agent_expect(holder, "FASTENERS_OK", "release l");
    agent_expect(waiter, acquired, "result 1");
    if (strcmp(acquired, "FASTENERS_OK") == 0) {
        agent_expect(waiter, "FASTENERS_OK", "thread 1 check l");
        agent_expect(holder, "FASTENERS_BUSY", "acquire l 0");
    }
}

/*
 * And a third agent has the new file: the waiter goes on waiting, for that one. On a slow machine
 * the waiter may have found the new file first; nothing is left to show then.
 */
static void while_waited_for_and_held_anew(void **state, mishap befall)
{
    place at = make_place(state);
    child *holder = holding_agent(at.path, "");
    child *waiter = agent_with_lock(at.path, "");
    child *newcomer = agent_with_lock(at.path, "");

    agent_expect(waiter, "started", "start 1 acquire l -1");
    expect_queued(at.path, 1);
    befall(&at);
    if (strncmp(agent_ask(newcomer, "acquire l 0"), "FASTENERS_OK", 12) != 0) {
        agent_expect(waiter, "FASTENERS_OK", "result 1");
        return;
    }
    agent_expect(holder, "FASTENERS_OK", "release l");
    expect_queued(at.path, 1); /* the waiter, on the new file */
    agent_expect(waiter, "running", "peek 1");
    agent_expect(newcomer, "FASTENERS_OK", "check l");
    agent_expect(newcomer, "FASTENERS_OK", "release l");
    agent_expect(waiter, "FASTENERS_OK", "result 1");
    agent_expect(waiter, "FASTENERS_OK", "thread 1 check l");
    agent_expect(newcomer, "FASTENERS_BUSY", "acquire l 0");
}

#define A_FILE_AGAIN(mishap)                                                                       \
    static void p6_##mishap##_while_held(void **state)                                             \
    {                                                                                              \
        while_held(state, mishap, "FASTENERS_OK");                                                 \
    }                                                                                              \
    static void p6_##mishap##_while_waited_for(void **state)                                       \
    {                                                                                              \
        while_waited_for(state, mishap, "FASTENERS_OK");                                           \
    }                                                                                              \
    static void p6_##mishap##_while_waited_for_and_released(void **state)                          \
    {                                                                                              \
        while_waited_for_and_released(state, mishap, "FASTENERS_OK");                              \
    }                                                                                              \
    static void p6_##mishap##_while_waited_for_and_held_anew(void **state)                         \
    {                                                                                              \
        while_waited_for_and_held_anew(state, mishap);                                             \
    }

#define NO_FILE_ANY_MORE(mishap)                                                                   \
    static void p6_##mishap##_while_held(void **state)                                             \
    {                                                                                              \
        while_held(state, mishap, "FASTENERS_INVALID");                                            \
    }                                                                                              \
    static void p6_##mishap##_while_waited_for(void **state)                                       \
    {                                                                                              \
        while_waited_for(state, mishap, "FASTENERS_INVALID");                                      \
    }                                                                                              \
    static void p6_##mishap##_while_waited_for_and_released(void **state)                          \
    {                                                                                              \
        while_waited_for_and_released(state, mishap, "FASTENERS_INVALID");                         \
    }

A_FILE_AGAIN(is_deleted)
A_FILE_AGAIN(is_deleted_and_made_anew)
A_FILE_AGAIN(is_renamed_over)
A_FILE_AGAIN(is_renamed_away)
A_FILE_AGAIN(is_renamed_away_and_made_anew)
A_FILE_AGAIN(is_moved_with_its_directory)
A_FILE_AGAIN(is_moved_with_its_directory_and_made_anew)
A_FILE_AGAIN(is_replaced_by_a_hard_link)
NO_FILE_ANY_MORE(is_replaced_by_a_symbolic_link)
NO_FILE_ANY_MORE(is_replaced_by_a_symbolic_link_to_itself)
NO_FILE_ANY_MORE(is_replaced_by_a_directory)
NO_FILE_ANY_MORE(is_replaced_by_a_fifo)

/* ----------------------------------------------------------------------- other cases -- */

/*
 * Many wait, in several ways, some of them in one process: all arrive at the new file, one at a
 * time.
 */
static void p6_all_waiters_move_on(void **state)
{
    enum { WAITERS = 4 };
    static const char *const options[WAITERS] = {"", "fair", "fair", "delay=1 max_delay=5"};
    place at = make_place(state);
    child *holder = holding_agent(at.path, "");
    const char *seen_by = temp_path(state, "witness");
    child *waiters[WAITERS];
    witness *seen = witness_open(seen_by);

    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = agent_with_lock(at.path, options[i]);
        agent_expect(waiters[i], "started", "start 1 hammer l %s 10", seen_by);
        agent_expect(waiters[i], "started", "start 2 hammer l %s 10", seen_by);
    }
    expect_queued(at.path, 3);
    is_renamed_over(&at);
    for (int i = 0; i < WAITERS; i++) {
        agent_expect(waiters[i], "FASTENERS_OK 10", "result 1");
        agent_expect(waiters[i], "FASTENERS_OK 10", "result 2");
    }
    agent_expect(holder, "FASTENERS_LOST", "check l");
    assert_int_equal(witness_violations(seen), 0);
    assert_int_equal(witness_counter(seen), WAITERS * 20);
    witness_close(seen);
}

static void is_replaced_by_a_held_file(const place *at)
{
    holding_agent(at->aside, "");
    rename_to(at->aside, at->path);
}

/* The deadline is one for the whole acquire, however often the file changes. */
static void p6_moving_on_keeps_the_deadline(void **state)
{
    place at = make_place(state);
    child *waiter = agent_with_lock(at.path, "");
    int64_t elapsed;

    holding_agent(at.path, "");
    agent_expect(waiter, "started", "start 1 acquire l 3000");
    expect_queued(at.path, 1);
    is_replaced_by_a_held_file(&at);
    elapsed = agent_elapsed(waiter, "FASTENERS_TIMED_OUT", "result 1");
    assert_true(elapsed >= 3000 * INT64_C(1000000));
}

static void p6_a_moving_waiter_can_be_cancelled(void **state)
{
    place at = make_place(state);
    child *waiter = agent_with_lock(at.path, "");

    holding_agent(at.path, "");
    agent_expect(waiter, "started", "start 1 acquire l -1");
    expect_queued(at.path, 1);
    is_replaced_by_a_held_file(&at);
    expect_queued(at.path, 1);
    agent_expect(waiter, "OK", "cancel l");
    agent_expect(waiter, "FASTENERS_CANCELLED", "result 1");
}

/* A handle that has the file open from before does not trust it. */
static void p6_changed_between_two_acquires(void **state)
{
    place at = make_place(state);
    child *idle = holding_agent(at.path, "");
    child *other = agent_with_lock(at.path, "");

    agent_expect(idle, "FASTENERS_OK", "release l");
    is_renamed_over(&at);
    agent_expect(idle, "FASTENERS_OK", "acquire l 0");
    agent_expect(other, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(idle, "FASTENERS_OK", "release l");
    agent_expect(other, "FASTENERS_OK", "acquire l 0");
    agent_expect(idle, "FASTENERS_BUSY", "acquire l 0");
    is_deleted(&at);
    agent_expect(idle, "FASTENERS_OK", "acquire l 0");
    agent_expect(other, "FASTENERS_LOST", "check l");
    agent_expect(idle, "FASTENERS_OK", "check l");
}

/* A try, too, looks at the file of now when the one it has open is held. */
static void p6_a_try_moves_on(void **state)
{
    place at = make_place(state);
    child *trier = agent_with_lock(at.path, "");

    holding_agent(at.path, "");
    agent_expect(trier, "FASTENERS_BUSY", "acquire l 0");
    is_renamed_over(&at);
    agent_expect(trier, "FASTENERS_OK", "acquire l 0");
    agent_expect(trier, "FASTENERS_OK", "check l");
}

static void p6_another_name_of_the_same_file_is_no_loss(void **state)
{
    place at = make_place(state);
    child *holder = holding_agent(at.path, "");

    make_hard_link(at.path, at.aside);
    agent_expect(holder, "FASTENERS_OK", "check l");
    remove_name(at.path);
    agent_expect(holder, "FASTENERS_LOST", "check l");
    rename_to(at.aside, at.path);
    agent_expect(holder, "FASTENERS_OK", "check l");
}

static void p6_content_and_times_are_no_identity(void **state)
{
    place at = make_place(state);
    child *holder = holding_agent(at.path, "");

    change_content_and_times(at.path);
    agent_expect(holder, "FASTENERS_OK", "check l");
    agent_expect(agent_with_lock(at.path, ""), "FASTENERS_BUSY", "acquire l 0");
}

static void p6_a_followed_link_is_turned(void **state)
{
    const char *name = temp_path(state, "link");
    place at = make_place(state);
    child *holder;
    child *waiter;

    make_file(at.path);
    make_file(at.aside);
    make_symlink(at.path, name);
    holder = holding_agent(name, "follow");
    waiter = agent_with_lock(name, "follow");
    agent_expect(waiter, "started", "start 1 acquire l -1");
    expect_queued(at.path, 1);
    remove_name(name);
    make_symlink(at.aside, name);
    agent_expect(holder, "FASTENERS_LOST", "check l");
    agent_expect(waiter, "FASTENERS_OK", "result 1");
    agent_expect(agent_with_lock(at.aside, ""), "FASTENERS_BUSY", "acquire l 0");
}

/*
 * Somebody replaces the file again and again. Of exclusion nothing can be said then, but no acquire
 * hangs, none fails, and nothing is left locked or open.
 */
static void p6_replaced_again_and_again(void **state)
{
    place at = make_place(state);
    child *agents[4];
    int64_t descriptors[4];

    for (int i = 0; i < 4; i++) {
        agents[i] = holding_agent(at.path, i % 2 == 0 ? "" : "fair");
        agent_expect(agents[i], "FASTENERS_OK", "release l");
        agent_expect(agents[i], "1 0 0", "thread 1 churn l 1 -1");
        agent_expect(agents[i], "1 0 0", "thread 2 churn l 1 -1");
        descriptors[i] = agent_number(agents[i], "counts");
    }
    for (int i = 0; i < 4; i++) {
        agent_expect(agents[i], "started", "start 1 churn l %ld -1", test_rounds(5000));
        agent_expect(agents[i], "started", "start 2 churn l %ld 5", test_rounds(1000));
    }
    for (long i = 0; i < test_rounds(3000); i++)
        is_renamed_over(&at);
    for (int i = 0; i < 4; i++) {
        long long granted = 0;
        long long late = -1;
        long long others = -1;

        assert_int_equal(agent_number(agents[i], "result 1"), test_rounds(5000));
        sscanf(agent_ask(agents[i], "result 2"), "%lld %lld %lld", &granted, &late, &others);
        assert_int_equal(granted + late, test_rounds(1000));
        assert_int_equal(others, 0);
        assert_true(agent_number(agents[i], "counts") <= descriptors[i]);
    }
    assert_int_equal(locks_on(at.path).held, 0);
}

/* ------------------------------------------------------------------ unlink_on_release -- */

static void p6_unlink_removes_the_file(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = holding_agent(path, "unlink");

    assert_true(name_exists(path));
    agent_expect(agent, "FASTENERS_OK", "release l");
    assert_false(name_exists(path));
    agent_expect(agent, "0", "exists l");
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    assert_true(name_exists(path));
    agent_expect(agent, "OK", "destroy l");
    assert_false(name_exists(path));
}

static void p6_without_unlink_the_file_stays(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = holding_agent(path, "");

    agent_expect(agent, "FASTENERS_OK", "release l");
    agent_expect(agent, "OK", "destroy l");
    assert_true(name_exists(path));
}

/* Only an owner removes: not who fails, waits in vain, or goes away without having held. */
static void p6_unlink_only_by_the_owner(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path, "");
    child *other = agent_with_lock(path, "unlink");
    uint64_t inode = inode_of(path);

    agent_expect(other, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(other, "FASTENERS_TIMED_OUT", "acquire l 20");
    agent_expect(other, "FASTENERS_NOT_OWNER", "release l");
    agent_expect(other, "OK", "destroy l");
    assert_int_equal(inode_of(path), inode);
    agent_expect(holder, "FASTENERS_OK", "check l");
}

/* Who lost its file must not remove the file of somebody else. */
static void p6_unlink_spares_a_successor(void **state)
{
    place at = make_place(state);
    child *loser = holding_agent(at.path, "unlink");
    child *holder;
    uint64_t inode;

    is_renamed_over(&at);
    holder = holding_agent(at.path, "");
    inode = inode_of(at.path);
    agent_expect(loser, "FASTENERS_LOST", "check l");
    agent_expect(loser, "FASTENERS_OK", "release l");
    assert_int_equal(inode_of(at.path), inode);
    agent_expect(holder, "FASTENERS_OK", "check l");
    agent_expect(loser, "FASTENERS_BUSY", "acquire l 0");
}

static void p6_unlink_spares_a_directory(void **state)
{
    place at = make_place(state);
    child *loser = holding_agent(at.path, "unlink");

    is_replaced_by_a_directory(&at);
    agent_expect(loser, "FASTENERS_OK", "release l");
    assert_true(name_exists(at.path));
}

static void p6_unlink_lets_a_waiter_in(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = holding_agent(path, "unlink");
    child *waiter = agent_with_lock(path, "unlink");

    agent_expect(waiter, "started", "start 1 acquire l -1");
    expect_queued(path, 1);
    agent_expect(holder, "FASTENERS_OK", "release l");
    agent_expect(waiter, "FASTENERS_OK", "result 1");
    agent_expect(waiter, "FASTENERS_OK", "thread 1 check l");
    agent_expect(holder, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(waiter, "FASTENERS_OK", "thread 1 release l");
    NEEDS_DELETED_NAMES_TO_GO(); /* the first one has it open */
    assert_false(name_exists(path));
}

/*
 * Eight processes make and remove the file all the time: never two holders, and at the end no file.
 */
static void unlink_storm(void **state, long rounds_wanted, const char *even, const char *odd)
{
    enum { PROCESSES = 8 };
    const char *path = temp_path(state, "lock");
    const char *seen_by = temp_path(state, "witness");
    long rounds = test_rounds(rounds_wanted);
    child *processes[PROCESSES];
    witness *seen = witness_open(seen_by);

    for (int p = 0; p < PROCESSES; p++) {
        processes[p] = agent_with_lock(path, p % 2 == 0 ? even : odd);
        agent_expect(processes[p], "started", "start 1 hammer l %s %ld", seen_by, rounds);
    }
    for (int p = 0; p < PROCESSES; p++)
        agent_expect(processes[p], "FASTENERS_OK", "result 1");
    assert_int_equal(witness_violations(seen), 0);
    assert_int_equal(witness_counter(seen), PROCESSES * rounds);
    assert_false(name_exists(path));
    witness_close(seen);
}

static void p6_unlink_by_8_processes(void **state)
{
    unlink_storm(state, 5000, "unlink", "unlink");
}

static void p6_unlink_by_8_processes_fair_or_not(void **state)
{
    unlink_storm(state, 2000, "unlink", "unlink fair");
}

static void p6_unlink_by_8_processes_polling_or_not(void **state)
{
    unlink_storm(state, 2000, "unlink", "unlink delay=1 max_delay=2");
}

#define TESTS_OF_NO_FILE(mishap)                                                                   \
    PROCESS_TEST(p6_##mishap##_while_held), PROCESS_TEST(p6_##mishap##_while_waited_for),          \
        PROCESS_TEST(p6_##mishap##_while_waited_for_and_released)

#define TESTS_OF_A_FILE(mishap)                                                                    \
    TESTS_OF_NO_FILE(mishap), PROCESS_TEST(p6_##mishap##_while_waited_for_and_held_anew)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TESTS_OF_A_FILE(is_deleted),
        TESTS_OF_A_FILE(is_deleted_and_made_anew),
        TESTS_OF_A_FILE(is_renamed_over),
        TESTS_OF_A_FILE(is_renamed_away),
        TESTS_OF_A_FILE(is_renamed_away_and_made_anew),
        TESTS_OF_A_FILE(is_moved_with_its_directory),
        TESTS_OF_A_FILE(is_moved_with_its_directory_and_made_anew),
        TESTS_OF_A_FILE(is_replaced_by_a_hard_link),
        TESTS_OF_NO_FILE(is_replaced_by_a_symbolic_link),
        TESTS_OF_NO_FILE(is_replaced_by_a_symbolic_link_to_itself),
        TESTS_OF_NO_FILE(is_replaced_by_a_directory),
        TESTS_OF_NO_FILE(is_replaced_by_a_fifo),
        PROCESS_TEST(p6_all_waiters_move_on),
        PROCESS_TEST(p6_moving_on_keeps_the_deadline),
        PROCESS_TEST(p6_a_moving_waiter_can_be_cancelled),
        PROCESS_TEST(p6_changed_between_two_acquires),
        PROCESS_TEST(p6_a_try_moves_on),
        PROCESS_TEST(p6_another_name_of_the_same_file_is_no_loss),
        PROCESS_TEST(p6_content_and_times_are_no_identity),
        PROCESS_TEST(p6_a_followed_link_is_turned),
        PROCESS_TEST(p6_replaced_again_and_again),
        PROCESS_TEST(p6_unlink_removes_the_file),
        PROCESS_TEST(p6_without_unlink_the_file_stays),
        PROCESS_TEST(p6_unlink_only_by_the_owner),
        PROCESS_TEST(p6_unlink_spares_a_successor),
        PROCESS_TEST(p6_unlink_spares_a_directory),
        PROCESS_TEST(p6_unlink_lets_a_waiter_in),
        PROCESS_TEST(p6_unlink_by_8_processes),
        PROCESS_TEST(p6_unlink_by_8_processes_fair_or_not),
        PROCESS_TEST(p6_unlink_by_8_processes_polling_or_not),
    };

    return RUN_PROCESS_TESTS(tests);
}
