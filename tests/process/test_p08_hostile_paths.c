/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P8: whatever lies at the path, acquire answers at once: no symbolic link is followed unless asked
 * for, nothing but a regular file is locked, missing directories are made, and any name that the
 * system allows works.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <fasteners.h>

#include "acquirer.h"
#include "agent_client.h"
#include "log_lines.h"
#include "patience.h"
#include "temp_dir.h"

static fasteners_ipc_options following(void)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    options.follow_symlinks = true;
    return options;
}

static fasteners_ipc_lock *lock_at(const char *path, const fasteners_ipc_options *options)
{
    fasteners_ipc_lock *lock;

    assert_int_equal(fasteners_ipc_lock_create(&lock, path, options), FASTENERS_OK);
    return lock;
}

static void make_file(const char *path)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

static bool is_regular(const char *path)
{
    struct stat found;

    return lstat(path, &found) == 0 && S_ISREG(found.st_mode);
}

static bool is_there(const char *path)
{
    struct stat found;

    return lstat(path, &found) == 0;
}

/* In another thread, so that a hang is told as what it is. */
static fasteners_status acquired(fasteners_ipc_lock *lock, int64_t timeout_ms)
{
    return acquirer_end(acquirer_start(lock, timeout_ms), NULL);
}

/* The path can be locked, and it is the file there that is locked. */
static void assert_works_with(const char *path, const fasteners_ipc_options *options)
{
    fasteners_ipc_lock *lock = lock_at(path, options);
    fasteners_ipc_lock *other = lock_at(path, options);

    assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_true(fasteners_ipc_lock_exists(lock));
    assert_int_equal(fasteners_ipc_lock_check(lock), FASTENERS_OK);
    assert_int_equal(acquired(other, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
    assert_int_equal(acquired(other, FASTENERS_NO_WAIT), FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    fasteners_ipc_lock_destroy(other);
}

static void assert_works(const char *path)
{
    assert_works_with(path, NULL);
}

/*
 * The path is refused whatever time there is, at once (a wait for ever would never end), and each
 * time the log has one line that names the path and the cause.
 */
static void assert_refused_with(const char *path, fasteners_ipc_options options,
                                fasteners_status expected)
{
    const int64_t timeouts[] = {FASTENERS_NO_WAIT, 1, 3600000, FASTENERS_FOREVER};
    log_lines lines = LOG_LINES_INIT;
    fasteners_ipc_lock *lock;

    options.log = log_lines_keep;
    options.log_user = &lines;
    lock = lock_at(path, &options);
    for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        assert_int_equal(acquired(lock, timeouts[i]), expected);
        assert_false(fasteners_ipc_lock_is_held(lock));
        assert_int_equal(log_lines_count(&lines), 1);
        assert_int_equal(log_lines_with(&lines, FASTENERS_LOG_ERROR, path), 1);
        assert_int_equal(
            log_lines_with(&lines, FASTENERS_LOG_ERROR, fasteners_status_name(expected)), 1);
        log_lines_clear(&lines);
    }
    fasteners_ipc_lock_destroy(lock);
    assert_int_equal(log_lines_count(&lines), 0);
}

static void assert_refused(const char *path)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    assert_refused_with(path, options, FASTENERS_INVALID);
    assert_refused_with(path, following(), FASTENERS_INVALID);
}

/* --------------------------------------------------------------------- symbolic links -- */

static void p8_symbolic_link_is_not_followed(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    const char *path = temp_path(state, "link");

    make_file(temp_path(state, "target"));
    assert_int_equal(symlink("target", path), 0);
    assert_refused_with(path, options, FASTENERS_INVALID);
    options.fair = true;
    assert_refused_with(path, options, FASTENERS_INVALID);
}

static void p8_dangling_link_creates_nothing(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    const char *path = temp_path(state, "link");

    assert_int_equal(symlink("target", path), 0);
    assert_refused_with(path, options, FASTENERS_INVALID);
    assert_false(is_there(temp_path(state, "target")));
    /* Nor does it with a mode of its own, which is another way of making a file. */
    options.mode = 0600;
    assert_refused_with(path, options, FASTENERS_INVALID);
    assert_false(is_there(temp_path(state, "target")));
}

static void p8_link_is_followed_when_asked(void **state)
{
    const fasteners_ipc_options options = following();
    fasteners_ipc_lock *direct = lock_at(temp_path(state, "target"), NULL);
    fasteners_ipc_lock *linked = lock_at(temp_path(state, "second"), &options);

    make_file(temp_path(state, "target"));
    assert_int_equal(symlink("target", temp_path(state, "first")), 0);
    assert_int_equal(symlink("first", temp_path(state, "second")), 0);
    assert_works_with(temp_path(state, "second"), &options);
    assert_int_equal(fasteners_ipc_lock_acquire(direct, FASTENERS_NO_WAIT), FASTENERS_OK);
    assert_int_equal(acquired(linked, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    fasteners_ipc_lock_destroy(direct);
    fasteners_ipc_lock_destroy(linked);
}

static void p8_dangling_link_is_followed_when_asked(void **state)
{
    const fasteners_ipc_options options = following();

    assert_int_equal(symlink("target", temp_path(state, "link")), 0);
    assert_works_with(temp_path(state, "link"), &options);
    assert_true(is_regular(temp_path(state, "target")));
}

static void p8_link_loop(void **state)
{
    fasteners_ipc_lock *lock;
    const fasteners_ipc_options options = following();
    fasteners_status status;

    assert_int_equal(symlink("b", temp_path(state, "a")), 0);
    assert_int_equal(symlink("a", temp_path(state, "b")), 0);
    lock = lock_at(temp_path(state, "a"), &options);
    status = acquired(lock, FASTENERS_FOREVER);
    assert_true(status == FASTENERS_INVALID || status == FASTENERS_OS_ERROR);
    assert_int_equal(fasteners_ipc_lock_os_error(lock), ELOOP);
    fasteners_ipc_lock_destroy(lock);
}

static void p8_linked_directories_are_followed(void **state)
{
    assert_int_equal(mkdir(temp_path(state, "real"), 0777), 0);
    assert_int_equal(symlink("real", temp_path(state, "link")), 0);
    assert_works(temp_path(state, "link/lock"));
    assert_true(is_regular(temp_path(state, "real/lock")));
    /* Also where directories are to be made beyond the link. */
    assert_works(temp_path(state, "link/more/and/more/lock"));
    assert_true(is_regular(temp_path(state, "real/more/and/more/lock")));
}

static void p8_directory_link_that_leads_nowhere(void **state)
{
    fasteners_ipc_lock *lock = lock_at(temp_path(state, "link/lock"), NULL);
    fasteners_status status;

    assert_int_equal(symlink("nowhere", temp_path(state, "link")), 0);
    status = acquired(lock, FASTENERS_FOREVER);
    assert_true(status == FASTENERS_NOT_FOUND || status == FASTENERS_INVALID);
    assert_false(is_there(temp_path(state, "nowhere")));
    fasteners_ipc_lock_destroy(lock);
}

/* The attack in time: the file becomes a link to itself while somebody waits for it. */
static void p8_file_becomes_a_link_while_waited_for(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_lock *held = lock_at(path, NULL);
    fasteners_ipc_lock *asked = lock_at(path, NULL);
    acquirer *waiter;

    assert_int_equal(fasteners_ipc_lock_acquire(held, FASTENERS_NO_WAIT), FASTENERS_OK);
    waiter = acquirer_start(asked, FASTENERS_FOREVER);
    assert_true(acquirer_waits(waiter));
    assert_int_equal(rename(path, temp_path(state, "target")), 0);
    assert_int_equal(symlink("target", path), 0);
    assert_int_equal(fasteners_ipc_lock_check(held), FASTENERS_LOST);
    assert_int_equal(fasteners_ipc_lock_release(held), FASTENERS_OK);
    assert_int_equal(acquirer_end(waiter, NULL), FASTENERS_INVALID);
    fasteners_ipc_lock_destroy(held);
    fasteners_ipc_lock_destroy(asked);
}

/* ------------------------------------------------------------------- not a regular file -- */

static void p8_directory(void **state)
{
    assert_int_equal(mkdir(temp_path(state, "directory"), 0777), 0);
    assert_refused(temp_path(state, "directory"));
    assert_refused(temp_path(state, "directory/."));
    assert_refused(temp_path(state, "directory/.."));
}

static void p8_fifo(void **state)
{
    const char *path = temp_path(state, "fifo");

    assert_int_equal(mkfifo(path, 0666), 0);
    assert_refused(path);
}

static void p8_link_to_a_fifo(void **state)
{
    const char *path = temp_path(state, "link");

    assert_int_equal(mkfifo(temp_path(state, "fifo"), 0666), 0);
    assert_int_equal(symlink("fifo", path), 0);
    assert_refused(path);
}

static void p8_socket(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = temp_path(state, "socket");
    int fd;

    if (strlen(path) >= sizeof(address.sun_path))
        skip();
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_refused(path);
    assert_int_equal(close(fd), 0);
}

static void p8_device(void **state)
{
    (void)state;
    assert_refused("/dev/null");
    assert_refused("/dev/zero");
}

/* What is refused today is fine as soon as a file is there: the handle remembers nothing. */
static void p8_refused_path_that_gets_better(void **state)
{
    const char *path = temp_path(state, "path");
    fasteners_ipc_lock *lock = lock_at(path, NULL);

    assert_int_equal(mkfifo(path, 0666), 0);
    assert_int_equal(acquired(lock, FASTENERS_FOREVER), FASTENERS_INVALID);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(acquired(lock, FASTENERS_FOREVER), FASTENERS_OK);
    assert_true(is_regular(path));
    fasteners_ipc_lock_destroy(lock);
}

static void p8_leads_through_a_file(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    make_file(temp_path(state, "file"));
    assert_refused_with(temp_path(state, "file/lock"), options, FASTENERS_INVALID);
    assert_refused_with(temp_path(state, "file/directory/lock"), options, FASTENERS_INVALID);
    assert_true(is_regular(temp_path(state, "file")));
}

static void p8_leads_through_a_fifo(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    assert_int_equal(mkfifo(temp_path(state, "fifo"), 0666), 0);
    assert_refused_with(temp_path(state, "fifo/lock"), options, FASTENERS_INVALID);
    assert_refused_with(temp_path(state, "fifo/directory/lock"), options, FASTENERS_INVALID);
}

/* -------------------------------------------------------------------- missing directories -- */

static void p8_missing_directories_are_made(void **state)
{
    const char *path = temp_path(state, "one/two//three/./four/lock");
    mode_t mask = umask(027);
    struct stat found;

    assert_works(path);
    umask(mask);
    assert_int_equal(stat(temp_path(state, "one/two/three"), &found), 0);
    assert_int_equal(found.st_mode & 07777, 0777 & ~027);
}

static void p8_deleted_directories_are_made_again(void **state)
{
    fasteners_ipc_lock *lock = lock_at(temp_path(state, "one/two/lock"), NULL);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(acquired(lock, FASTENERS_FOREVER), FASTENERS_OK);
        assert_int_equal(unlink(temp_path(state, "one/two/lock")), 0);
        assert_int_equal(rmdir(temp_path(state, "one/two")), 0);
        assert_int_equal(rmdir(temp_path(state, "one")), 0);
    }
    fasteners_ipc_lock_destroy(lock);
}

static void p8_create_makes_nothing(void **state)
{
    fasteners_ipc_lock *lock = lock_at(temp_path(state, "one/lock"), NULL);

    assert_false(fasteners_ipc_lock_exists(lock));
    assert_false(is_there(temp_path(state, "one")));
    assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_NOT_OWNER);
    fasteners_ipc_lock_destroy(lock);
    assert_false(is_there(temp_path(state, "one")));
}

enum { RACERS = 8, RACES = 200 };

typedef struct race {
    const char *directory;
    long rounds;
    pthread_barrier_t start;
    _Atomic int inside;
    _Atomic long failures;
    _Atomic long overlaps;
} race;

/* All racers at once want the same path, of which nothing is there. */
static void race_once(race *shared, long round)
{
    fasteners_ipc_lock *lock = NULL;
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%ld/a/b/c/lock", shared->directory, round);
    pthread_barrier_wait(&shared->start);
    if (fasteners_ipc_lock_create(&lock, path, NULL) != FASTENERS_OK ||
        fasteners_ipc_lock_acquire(lock, FASTENERS_FOREVER) != FASTENERS_OK) {
        shared->failures++;
    } else {
        shared->overlaps += atomic_fetch_add(&shared->inside, 1) != 0;
        atomic_fetch_sub(&shared->inside, 1);
        shared->failures += fasteners_ipc_lock_release(lock) != FASTENERS_OK;
    }
    fasteners_ipc_lock_destroy(lock);
}

static void *run_races(void *argument)
{
    race *shared = argument;

    for (long round = 0; round < shared->rounds; round++)
        race_once(shared, round);
    return NULL;
}

static void p8_racing_makers_of_directories(void **state)
{
    race shared = {.directory = temp_dir_path(state), .rounds = test_rounds(RACES)};
    pthread_t threads[RACERS];

    pthread_barrier_init(&shared.start, NULL, RACERS);
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_races, &shared), 0);
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&shared.start);
    assert_int_equal(shared.failures, 0);
    assert_int_equal(shared.overlaps, 0);
}

/* ------------------------------------------------------------------------- odd spellings -- */

static void p8_empty_and_trailing_slash(void **state)
{
    const char *const wrong[] = {"", "/", "//", temp_path(state, "lock/"), temp_path(state, "/")};
    fasteners_ipc_lock *lock;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(fasteners_ipc_lock_create(&lock, wrong[i], NULL), FASTENERS_INVALID);
        assert_null(lock);
    }
}

static void p8_odd_names(void **state)
{
    const char *const names[] = {"\xc3\xa4\xc3\xb6\xc3\xbc \xe2\x82\xac",
                                 "\xe9\x8e\x96/\xd0\xb7\xd0\xb0\xd0\xbc\xd0\xbe\xd0\xba",
                                 "\xf0\x9f\x94\x92",
                                 "\xff\xfe not UTF-8 \x80",
                                 " ",
                                 "-rf",
                                 "line\nfeed\r\ttab",
                                 "\"'\\`$(x)*?",
                                 "%s%n%d%%",
                                 "...",
                                 "a\x01\x1b[2J"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_works(temp_path(state, names[i]));
        assert_true(is_regular(temp_path(state, names[i])));
    }
}

/* The log line carries the name as it is: nothing in it is taken for a format. */
static void p8_odd_name_in_the_log(void **state)
{
    const char *path = temp_path(state, "%s%n%d\xff");

    assert_int_equal(mkdir(path, 0777), 0);
    assert_refused(path);
}

/*
 * With a mode of its own too: a file that is made under another name first must not need a longer
 * one.
 */
static void p8_longest_name(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    char name[NAME_MAX + 2];
    fasteners_ipc_lock *lock;

    memset(name, 'n', sizeof(name));
    name[NAME_MAX] = '\0';
    assert_works(temp_path(state, name));
    assert_int_equal(unlink(temp_path(state, name)), 0);
    options.mode = 0600;
    assert_works_with(temp_path(state, name), &options);
    name[NAME_MAX] = 'n';
    name[NAME_MAX + 1] = '\0';
    lock = lock_at(temp_path(state, name), NULL);
    assert_int_equal(acquired(lock, FASTENERS_FOREVER), FASTENERS_INVALID);
    assert_int_equal(fasteners_ipc_lock_os_error(lock), ENAMETOOLONG);
    fasteners_ipc_lock_destroy(lock);
}

/* DIRECTORY/dddd/dddd/.../lll, that long in all. */
static char *path_of_length(const char *directory, size_t length)
{
    char *path = malloc(length + 1);
    size_t end = strlen(directory);

    assert_non_null(path);
    memset(path, 'd', length);
    memcpy(path, directory, end);
    path[length] = '\0';
    for (size_t i = end; i < length - 1; i += 100)
        path[i] = '/';
    return path;
}

static void assert_works_made_either_way(const char *path)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;

    assert_works(path);
    assert_int_equal(unlink(path), 0);
    options.mode = 0600;
    assert_works_with(path, &options);
}

/*
 * With a long last name and with a short one, which leaves no room for any longer name beside it.
 */
static void p8_longest_path(void **state)
{
    char *path = path_of_length(temp_dir_path(state), PATH_MAX - 1);

    assert_works_made_either_way(path);
    memcpy(path + PATH_MAX - 1 - 4, "dd/d", 4);
    assert_works_made_either_way(path);
    free(path);
}

static void p8_path_beyond_the_longest(void **state)
{
    const size_t lengths[] = {PATH_MAX, PATH_MAX + 1, 3 * PATH_MAX, 1000000};
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    log_lines lines = LOG_LINES_INIT;

    options.log = log_lines_keep;
    options.log_user = &lines;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char *path = path_of_length(temp_dir_path(state), lengths[i]);
        fasteners_ipc_lock *lock = lock_at(path, &options);

        assert_string_equal(fasteners_ipc_lock_path(lock), path);
        assert_int_equal(acquired(lock, FASTENERS_FOREVER), FASTENERS_INVALID);
        assert_int_equal(fasteners_ipc_lock_os_error(lock), ENAMETOOLONG);
        fasteners_ipc_lock_destroy(lock);
        free(path);
    }
    assert_int_equal(log_lines_count(&lines), (int)(sizeof(lengths) / sizeof(lengths[0])));
    log_lines_clear(&lines);
}

/* ------------------------------------------------------------------------ relative paths -- */

static void p8_relative_path_is_of_the_moment_of_create(void **state)
{
    child *agent = agent_start();
    fasteners_ipc_lock *absolute = lock_at(temp_path(state, "here/lock"), NULL);

    assert_int_equal(mkdir(temp_path(state, "here"), 0777), 0);
    assert_int_equal(mkdir(temp_path(state, "there"), 0777), 0);
    agent_expect(agent, "OK", "chdir %s", temp_path(state, "here"));
    agent_expect(agent, "FASTENERS_OK", "create l lock");
    agent_expect(agent, temp_path(state, "here/lock"), "path l");
    agent_expect(agent, "OK", "chdir %s", temp_path(state, "there"));
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    assert_true(is_regular(temp_path(state, "here/lock")));
    assert_false(is_there(temp_path(state, "there/lock")));
    assert_int_equal(acquired(absolute, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    agent_expect(agent, "FASTENERS_OK", "check l");
    agent_stop(agent);
    fasteners_ipc_lock_destroy(absolute);
}

static void p8_relative_path_with_dots(void **state)
{
    child *agent = agent_start();
    fasteners_ipc_lock *absolute = lock_at(temp_path(state, "lock"), NULL);

    assert_int_equal(mkdir(temp_path(state, "here"), 0777), 0);
    agent_expect(agent, "OK", "chdir %s", temp_path(state, "here"));
    agent_expect(agent, "FASTENERS_OK", "create l ./../lock");
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    assert_int_equal(acquired(absolute, FASTENERS_NO_WAIT), FASTENERS_BUSY);
    agent_stop(agent);
    fasteners_ipc_lock_destroy(absolute);
}

static void p8_current_directory_was_deleted(void **state)
{
    child *agent = agent_start();

    assert_int_equal(mkdir(temp_path(state, "gone"), 0777), 0);
    agent_expect(agent, "OK", "chdir %s", temp_path(state, "gone"));
    agent_expect(agent, "FASTENERS_OK", "create before lock");
    assert_int_equal(rmdir(temp_path(state, "gone")), 0);
    agent_expect(agent, "FASTENERS_NOT_FOUND", "create after lock");
    agent_expect(agent, "FASTENERS_OK", "create absolute %s", temp_path(state, "lock"));
    agent_expect(agent, "FASTENERS_OK", "acquire absolute 0");
    /* The path was completed in time: the directory is made anew, as any missing one. */
    agent_expect(agent, "FASTENERS_OK", "acquire before -1");
    assert_true(is_regular(temp_path(state, "gone/lock")));
    agent_stop(agent);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(p8_symbolic_link_is_not_followed),
        TEST(p8_dangling_link_creates_nothing),
        TEST(p8_link_is_followed_when_asked),
        TEST(p8_dangling_link_is_followed_when_asked),
        TEST(p8_link_loop),
        TEST(p8_linked_directories_are_followed),
        TEST(p8_directory_link_that_leads_nowhere),
        TEST(p8_file_becomes_a_link_while_waited_for),
        TEST(p8_directory),
        TEST(p8_fifo),
        TEST(p8_link_to_a_fifo),
        TEST(p8_socket),
        TEST(p8_device),
        TEST(p8_refused_path_that_gets_better),
        TEST(p8_leads_through_a_file),
        TEST(p8_leads_through_a_fifo),
        TEST(p8_missing_directories_are_made),
        TEST(p8_deleted_directories_are_made_again),
        TEST(p8_create_makes_nothing),
        TEST(p8_racing_makers_of_directories),
        TEST(p8_empty_and_trailing_slash),
        TEST(p8_odd_names),
        TEST(p8_odd_name_in_the_log),
        TEST(p8_longest_name),
        TEST(p8_longest_path),
        TEST(p8_path_beyond_the_longest),
        TEST(p8_relative_path_is_of_the_moment_of_create),
        TEST(p8_relative_path_with_dots),
        TEST(p8_current_directory_was_deleted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
