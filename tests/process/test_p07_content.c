/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P7: the bytes, the size, the times and the mode of the lock file are never changed.
 */
#define _GNU_SOURCE /* O_NOATIME */
#include "process_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Everything about a file that a lock has to leave alone. */
typedef struct picture {
    struct stat facts;
    char bytes[8192];
    ssize_t length;
} picture;

static picture take_picture(const char *path)
{
    picture taken = {0};
    int fd = open(path, O_RDONLY | O_NOATIME);

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &taken.facts), 0);
    taken.length = read(fd, taken.bytes, sizeof(taken.bytes));
    close(fd);
    return taken;
}

static void expect_same_time(const struct timespec *one, const struct timespec *two)
{
    assert_int_equal(one->tv_sec, two->tv_sec);
    assert_int_equal(one->tv_nsec, two->tv_nsec);
}

static void expect_unchanged(const char *path, const picture *before)
{
    picture now = take_picture(path);

    assert_int_equal(now.facts.st_ino, before->facts.st_ino);
    assert_int_equal(now.facts.st_size, before->facts.st_size);
    assert_int_equal(now.facts.st_blocks, before->facts.st_blocks);
    assert_int_equal(now.facts.st_mode, before->facts.st_mode);
    assert_int_equal(now.facts.st_uid, before->facts.st_uid);
    assert_int_equal(now.facts.st_gid, before->facts.st_gid);
    assert_int_equal(now.facts.st_nlink, before->facts.st_nlink);
    expect_same_time(&now.facts.st_mtim, &before->facts.st_mtim);
    expect_same_time(&now.facts.st_ctim, &before->facts.st_ctim);
    expect_same_time(&now.facts.st_atim, &before->facts.st_atim);
    assert_int_equal(now.length, before->length);
    assert_memory_equal(now.bytes, before->bytes, sizeof(now.bytes));
}

/* A file with that content, of long ago, so that any touch shows in its times. */
static void make_old_file(const char *path, const void *content, size_t length, mode_t mode)
{
    const struct timespec long_ago[2] = {{.tv_sec = 1000000000, .tv_nsec = 123456789},
                                         {.tv_sec = 1000000001, .tv_nsec = 987654321}};
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, length), (ssize_t)length);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
}

/* All that may happen to a lock, in two processes. */
static void live_through_everything(const char *path)
{
    static const char *const options[] = {"", "fair", "delay=1", "mode=0600", "follow"};

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        child *holder = agent_with_lock(path, options[i]);
        child *other = agent_with_lock(path, options[i]);

        agent_expect(holder, "FASTENERS_OK", "acquire l 0");
        agent_expect(other, "FASTENERS_BUSY", "acquire l 0");
        agent_expect(other, "FASTENERS_TIMED_OUT", "acquire l 20");
        agent_expect(other, "1", "exists l");
        agent_ask(other, "holder l");
        agent_expect(holder, "FASTENERS_OK", "check l");
        agent_expect(other, "started", "start 1 acquire l -1");
        agent_expect(other, "OK", "wait_asleep 1");
        agent_expect(other, "OK", "cancel l");
        agent_expect(other, "FASTENERS_CANCELLED", "result 1");
        agent_expect(holder, "FASTENERS_OK", "release l");
        agent_expect(other, "FASTENERS_OK", "acquire l -1");
        agent_murder(other);
        agent_expect(holder, "FASTENERS_OK", "acquire l -1");
        agent_expect(holder, "OK", "destroy l");
        agent_stop(holder);
    }
}

static void stays_as_it_was(void **state, const void *content, size_t length, mode_t mode)
{
    const char *path = temp_path(state, "lock");
    picture before;

    make_old_file(path, content, length, mode);
    before = take_picture(path);
    live_through_everything(path);
    expect_unchanged(path, &before);
}

static void p7_an_empty_file(void **state)
{
    stays_as_it_was(state, "", 0, 0666);
}

/* The locked bytes are the first ones of it. */
static void p7_a_file_with_content(void **state)
{
    char content[5000];

    for (size_t i = 0; i < sizeof(content); i++)
        content[i] = (char)(i * 7 + 1);
    stays_as_it_was(state, content, sizeof(content), 0640);
}

static void p7_a_file_of_one_byte(void **state)
{
    stays_as_it_was(state, "x", 1, 0600);
}

static void p7_odd_permissions(void **state)
{
    stays_as_it_was(state, "who locks is no judge of that", 29, 0777);
}

/* Too late for a signed number of 32 bits: the library must not ask in such numbers. */
static void p7_a_file_dated_after_2038(void **state)
{
    const struct timespec date = {.tv_sec = (time_t)INT64_C(2500000000)};
    const struct timespec dates[2] = {date, date};
    const char *path = temp_path(state, "lock");
    picture before;

    make_old_file(path, "x", 1, 0600);
    assert_int_equal(utimensat(AT_FDCWD, path, dates, 0), 0);
    before = take_picture(path);
    assert_true(before.facts.st_mtim.tv_sec == date.tv_sec);
    live_through_everything(path);
    expect_unchanged(path, &before);
}

/* The lock is taken on a data file while its owner reads and writes it. */
static void p7_a_file_in_use(void **state)
{
    const char *path = temp_path(state, "data");
    char read_back[12] = "";
    child *holder;
    int fd;

    make_old_file(path, "hello", 5, 0666);
    holder = agent_with_lock(path, "");
    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, "jello, world", 12, 0), 12);
    close(fd);
    agent_expect(holder, "FASTENERS_OK", "release l");
    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, read_back, 12), 12);
    close(fd);
    assert_memory_equal(read_back, "jello, world", 12);
}

/* What the library creates itself is empty and stays so. */
static void p7_a_new_file(void **state)
{
    const char *path = temp_path(state, "lock");
    child *agent = agent_with_lock(path, "");
    picture before;

    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    before = take_picture(path);
    assert_int_equal(before.length, 0);
    agent_expect(agent, "OK", "destroy l");
    live_through_everything(path);
    expect_unchanged(path, &before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p7_an_empty_file),           PROCESS_TEST(p7_a_file_with_content),
        PROCESS_TEST(p7_a_file_of_one_byte),      PROCESS_TEST(p7_odd_permissions),
        PROCESS_TEST(p7_a_file_in_use),           PROCESS_TEST(p7_a_new_file),
        PROCESS_TEST(p7_a_file_dated_after_2038),
    };

    return RUN_PROCESS_TESTS(tests);
}
