/* SPDX-License-Identifier: Apache-2.0 */
/* Lock sets between processes, one thing at a time: who is in the way, killing, cancel. */
#include "process_test.h"

#include <pthread.h>

#include "links.h"

typedef fasteners_lock_set_member member;

enum { COUNT = 4 };

static fasteners_ipc_lock *first, *second;
static fasteners_ipc_rwlock *third;
static fasteners_rw_lock thread_lock;

static void make_set(void **state, member *members)
{
    assert_int_equal(fasteners_ipc_lock_create(&first, temp_path(state, "new/first"), NULL),
                     FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_create(&second, temp_path(state, "second"), NULL),
                     FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_create(&third, temp_path(state, "third"), NULL),
                     FASTENERS_OK);
    members[0] = fasteners_member_write(&thread_lock);
    members[1] = fasteners_member_ipc_read(third);
    members[2] = fasteners_member_ipc_lock(first);
    members[3] = fasteners_member_ipc_lock(second);
}

static void expect_nothing_held(const member *members)
{
    for (int i = 0; i < COUNT; i++)
        assert_false(fasteners_lock_set_member_is_held(&members[i]));
    assert_false(fasteners_ipc_lock_is_held(first) || fasteners_ipc_lock_is_held(second));
    assert_false(fasteners_ipc_rwlock_is_held(third));
    assert_int_equal(fasteners_rw_lock_owner(&thread_lock), FASTENERS_OWNER_NONE);
}

static void expect_set(member *members, int64_t timeout_ms, fasteners_status expected,
                       size_t in_the_way)
{
    size_t failed;

    assert_int_equal(fasteners_lock_set_acquire(members, COUNT, timeout_ms, &failed), expected);
    assert_int_equal(failed, in_the_way);
    if (expected != FASTENERS_OK)
        expect_nothing_held(members);
}

static void end_set(member *members)
{
    assert_int_equal(fasteners_lock_set_release(members, COUNT, NULL), FASTENERS_OK);
    expect_nothing_held(members);
    fasteners_ipc_lock_destroy(first);
    fasteners_ipc_lock_destroy(second);
    fasteners_ipc_rwlock_destroy(third);
}

/* S3, S4, P3, P10. */
static void s4_another_process_is_in_the_way(void **state)
{
    child *other = agent_with_lock(temp_path(state, "second"), "");
    member members[COUNT];

    make_set(state, members);
    agent_expect(other, "FASTENERS_OK", "acquire l 0");
    expect_set(members, FASTENERS_NO_WAIT, FASTENERS_BUSY, 3);
    int64_t start = test_now();
    expect_set(members, 50, FASTENERS_TIMED_OUT, 3);
    assert_true(test_now() - start >= 50 * 1000000);
    agent_murder(other);
    expect_set(members, FASTENERS_FOREVER, FASTENERS_OK, COUNT);
    end_set(members);
}

typedef struct waiter {
    member *members;
    const char *path; /* what it waits for */
    fasteners_status status;
    size_t failed;
    _Atomic bool has_returned;
} waiter;

static void *wait_for_set(void *argument)
{
    waiter *who = argument;

    note_call_begins(who->path);
    who->status = fasteners_lock_set_acquire(who->members, COUNT, FASTENERS_FOREVER, &who->failed);
    note_call_ends(who->path);
    who->has_returned = true;
    return NULL;
}

static bool is_out_when_cancelled(void *argument)
{
    const waiter *who = argument;

    fasteners_lock_set_cancel(who->members, COUNT);
    return who->has_returned;
}

/* S4, P10: cancelled while it waits for whichever member, it names that one. */
static void s4_cancelled_by_another_thread(void **state)
{
    static const char *const names[] = {"new/first", "second", "third"};
    static const size_t index[] = {2, 3, 1};
    member members[COUNT];
    pthread_t thread;

    make_set(state, members);
    expect_set(members, 0, FASTENERS_OK, COUNT);
    assert_int_equal(fasteners_lock_set_release(members, COUNT, NULL), FASTENERS_OK);
    for (int i = 0; i < 3; i++) {
        const char *path = temp_path(state, names[i]);
        child *other = agent_with_lock(path, "");
        waiter who = {.members = members, .path = path};
        agent_expect(other, "FASTENERS_OK", "acquire l 0");
        assert_int_equal(pthread_create(&thread, NULL, wait_for_set, &who), 0);
        expect_queued(path, 1);
        assert_true(test_wait_until(is_out_when_cancelled, &who));
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(who.status, FASTENERS_CANCELLED);
        assert_int_equal(who.failed, index[i]);
        expect_nothing_held(members);
        agent_stop(other);
    }
    expect_set(members, 0, FASTENERS_OK, COUNT);
    end_set(members);
}

/* S5: two names of one file. */
static void s5_a_hard_link_is_the_same_file(void **state)
{
    const char *path = temp_path(state, "file"), *other_path = temp_path(state, "other");
    fasteners_ipc_lock *one, *two;
    size_t failed;

    assert_int_equal(fasteners_ipc_lock_create(&one, path, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_create(&two, other_path, NULL), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_acquire(one, 0), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_lock_release(one), FASTENERS_OK);
    make_hard_link(path, other_path);
    member members[] = {fasteners_member_ipc_lock(one), fasteners_member_ipc_lock(two)};
    assert_int_equal(fasteners_lock_set_acquire(members, 2, 1000, &failed),
                     FASTENERS_WOULD_DEADLOCK);
    assert_int_equal(failed, 1);
    assert_false(fasteners_ipc_lock_is_held(one));
    fasteners_ipc_lock_destroy(one);
    fasteners_ipc_lock_destroy(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(s4_another_process_is_in_the_way),
        PROCESS_TEST(s4_cancelled_by_another_thread),
        PROCESS_TEST(s5_a_hard_link_is_the_same_file),
    };
    return RUN_PROCESS_TESTS(tests);
}
