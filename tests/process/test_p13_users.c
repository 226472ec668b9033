/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P13: several users share a lock. Who creates the file gives it its mode, nobody changes it
 * afterwards, and the umask, which belongs to the whole process, is left alone.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include <fasteners.h>

#include "agent_client.h"
#include "patience.h"
#include "temp_dir.h"
#include "witness.h"

static unsigned mode_of(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 ? (unsigned)found.st_mode & 07777 : ~0U;
}

/* ------------------------------------------------------------------------------- mode -- */

/* Acquires once under that umask, with that mode (0: the default), and looks at the file. */
static void assert_mode(child *agent, const char *path, unsigned mask, unsigned mode,
                        unsigned expected)
{
    agent_ask(agent, "umask 0%o", mask);
    agent_expect(agent, "FASTENERS_OK", "create l %s mode=0%o", path, mode);
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    assert_int_equal(mode_of(path), expected);
    agent_expect(agent, "OK", "destroy l");
    assert_int_equal(mode_of(path), expected);
    assert_int_equal(unlink(path), 0);
    /* And the umask is what it was. */
    assert_int_equal(strtoul(agent_ask(agent, "umask 022"), NULL, 8), mask);
}

static void p13_default_mode_is_0666_less_the_umask(void **state)
{
    child *agent = agent_start();
    const unsigned masks[] = {0, 02, 022, 027, 077, 0177};

    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++)
        assert_mode(agent, temp_path(state, "lock"), masks[i], 0, 0666 & ~masks[i]);
    agent_stop(agent);
}

static void p13_given_mode_is_exact_whatever_the_umask(void **state)
{
    child *agent = agent_start();
    const unsigned masks[] = {0, 022, 077, 0177};
    const unsigned modes[] = {0600, 0640, 0660, 0666, 0777};

    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++)
        for (size_t j = 0; j < sizeof(modes) / sizeof(modes[0]); j++)
            assert_mode(agent, temp_path(state, "lock"), masks[i], modes[j], modes[j]);
    agent_stop(agent);
}

static void p13_mode_is_of_the_file_not_of_the_directories(void **state)
{
    child *agent = agent_start();

    agent_ask(agent, "umask 027");
    agent_expect(agent, "FASTENERS_OK", "create l %s mode=0600",
                 temp_path(state, "directory/lock"));
    agent_expect(agent, "FASTENERS_OK", "acquire l 0");
    assert_int_equal(mode_of(temp_path(state, "directory")), 0750);
    assert_int_equal(mode_of(temp_path(state, "directory/lock")), 0600);
    agent_stop(agent);
}

static void p13_mode_of_an_existing_file_is_not_changed(void **state)
{
    child *agent = agent_start();
    const char *path = temp_path(state, "lock");
    const char *const options[] = {"", " mode=0666", " mode=0600", " mode=0777 follow"};

    assert_int_equal(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
    assert_int_equal(chmod(path, 0604), 0);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        agent_expect(agent, "FASTENERS_OK", "create l %s%s", path, options[i]);
        agent_expect(agent, "FASTENERS_OK", "acquire l 0");
        assert_int_equal(mode_of(path), 0604);
        agent_expect(agent, "OK", "destroy l");
        assert_int_equal(mode_of(path), 0604);
    }
    agent_stop(agent);
}

/* -------------------------------------------------------------------- seen from aside -- */

enum { FILES = 1000 };

typedef struct observer {
    const char *path;
    unsigned expected;
    _Atomic bool end;
    _Atomic long looks;
    _Atomic long surprises;
} observer;

/* The observer is at work: what happens from now on does not escape it. */
static bool has_looked(void *argument)
{
    const observer *self = argument;

    return self->looks > 0;
}

static void *watch_mode(void *argument)
{
    observer *self = argument;

    while (!self->end) {
        unsigned mode = mode_of(self->path);

        self->looks++;
        if (mode != ~0U && mode != self->expected)
            self->surprises++;
    }
    return NULL;
}

/* Makes the file again and again, while another thread looks at its mode all the time. */
static void assert_never_seen_otherwise(void **state, unsigned mask, uint32_t mode)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    observer self = {.path = temp_path(state, "lock"), .expected = mode};
    mode_t before = umask((mode_t)mask);
    fasteners_ipc_lock *lock;
    pthread_t thread;

    options.mode = mode;
    assert_int_equal(fasteners_ipc_lock_create(&lock, self.path, &options), FASTENERS_OK);
    assert_int_equal(pthread_create(&thread, NULL, watch_mode, &self), 0);
    assert_true(test_wait_until(has_looked, &self));
    for (long i = test_rounds(FILES); i > 0; i--) {
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_release(lock), FASTENERS_OK);
        assert_int_equal(unlink(self.path), 0);
    }
    self.end = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
    fasteners_ipc_lock_destroy(lock);
    umask(before);
    assert_int_equal(self.surprises, 0);
}

/* Nobody can slip in through rights that are to be taken away ... */
static void p13_file_never_has_more_rights(void **state)
{
    assert_never_seen_otherwise(state, 0, 0600);
}

/* ... and nobody is refused for rights that are still to be given. */
static void p13_file_never_has_fewer_rights(void **state)
{
    assert_never_seen_otherwise(state, 077, 0666);
}

/* Reads the umask without setting it, which umask(2) cannot. */
static unsigned current_umask(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    unsigned mask = ~0U;
    char line[256];

    while (status != NULL && mask == ~0U && fgets(line, sizeof(line), status) != NULL)
        if (sscanf(line, "Umask: %o", &mask) != 1)
            mask = ~0U;
    if (status != NULL)
        fclose(status);
    return mask;
}

static void *watch_umask(void *argument)
{
    observer *self = argument;

    while (!self->end) {
        self->looks++;
        self->surprises += current_umask() != self->expected;
    }
    return NULL;
}

/* What another part of the program creates meanwhile has the rights that the umask leaves. */
static void *create_files(void *argument)
{
    observer *self = argument;

    while (!self->end) {
        int fd = open(self->path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
        struct stat made;

        if (fd < 0 || fstat(fd, &made) != 0 || (made.st_mode & 0777) != (0666 & ~self->expected))
            self->surprises++;
        close(fd);
        unlink(self->path);
        self->looks++;
    }
    return NULL;
}

static void p13_umask_is_never_touched(void **state)
{
    const uint32_t modes[] = {0, 0600, 0666};
    const char *directory = temp_path(state, "directory");
    const char *path = temp_path(state, "directory/lock");
    observer mask = {.expected = 027};
    observer files = {.path = temp_path(state, "other"), .expected = 027};
    mode_t before = umask(027);
    pthread_t threads[2];

    assert_int_equal(pthread_create(&threads[0], NULL, watch_umask, &mask), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, create_files, &files), 0);
    assert_true(test_wait_until(has_looked, &mask));
    assert_true(test_wait_until(has_looked, &files));
    for (long i = test_rounds(FILES); i > 0; i--) {
        fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
        fasteners_ipc_lock *lock;

        options.mode = modes[i % 3];
        assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
        fasteners_ipc_lock_destroy(lock);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rmdir(directory), 0);
    }
    mask.end = true;
    files.end = true;
    assert_int_equal(pthread_join(threads[0], NULL), 0);
    assert_int_equal(pthread_join(threads[1], NULL), 0);
    umask(before);
    assert_int_equal(mask.surprises, 0);
    assert_int_equal(files.surprises, 0);
}

/* ------------------------------------------------------------------------ several users -- */

/* Two users who are nobody in particular; groups likewise. */
enum { ALICE = 65533, BOB = 65532, TEAM = 65531 };

static child *agent_of(void **state, unsigned user, unsigned group)
{
    child *agent = agent_start();

    assert_int_equal(chmod(temp_dir_path(state), 0711), 0);
    agent_expect(agent, "OK", "user %u %u", user, group);
    return agent;
}

/* What /tmp is: everybody may create there, and remove only what is his. */
static const char *sticky_directory(void **state)
{
    const char *path = temp_path(state, "tmp");

    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chmod(path, 01777), 0);
    return path;
}

static void skip_unless_root(void)
{
    if (geteuid() != 0)
        skip(); /* nobody else can be another user */
}

/* They exclude each other, wait for each other and get the lock from each other. */
static void assert_share(child *one, child *other, const char *path, const char *options)
{
    agent_expect(one, "FASTENERS_OK", "create l %s %s", path, options);
    agent_expect(other, "FASTENERS_OK", "create l %s %s", path, options);
    agent_expect(one, "FASTENERS_OK", "acquire l 0");
    agent_expect(other, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(other, "FASTENERS_TIMED_OUT", "acquire l 20");
    agent_expect(other, "started", "start 1 acquire l -1");
    expect_queued(path, 1);
    agent_expect(one, "FASTENERS_OK", "release l");
    agent_expect(other, "FASTENERS_OK", "result 1");
    agent_expect(one, "FASTENERS_BUSY", "acquire l 0");
    agent_expect(other, "FASTENERS_OK", "thread 1 release l");
    agent_expect(one, "FASTENERS_OK", "acquire l 0");
    agent_expect(one, "FASTENERS_OK", "release l");
}

static void p13_two_users_share_by_mode_0666(void **state)
{
    const char *path = temp_path(state, "tmp/lock");
    child *alice;
    child *bob;
    struct stat found;

    skip_unless_root();
    sticky_directory(state);
    alice = agent_of(state, ALICE, ALICE);
    bob = agent_of(state, BOB, BOB);
    agent_ask(alice, "umask 077");
    assert_share(alice, bob, path, "mode=0666");
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_uid, ALICE);
    assert_int_equal(mode_of(path), 0666);
    agent_stop(alice);
    agent_stop(bob);
}

static void p13_a_group_shares_by_mode_0660(void **state)
{
    const char *path = temp_path(state, "tmp/lock");
    child *alice;
    child *bob;
    child *stranger;

    skip_unless_root();
    sticky_directory(state);
    alice = agent_of(state, ALICE, TEAM);
    bob = agent_of(state, BOB, TEAM);
    stranger = agent_of(state, BOB, BOB);
    agent_ask(alice, "umask 077");
    assert_share(alice, bob, path, "mode=0660");
    agent_expect(stranger, "FASTENERS_OK", "create l %s", path);
    agent_expect(stranger, "FASTENERS_NO_PERMISSION", "acquire l -1");
    agent_stop(alice);
    agent_stop(bob);
    agent_stop(stranger);
}

static void p13_users_lose_no_count(void **state)
{
    const char *path = temp_path(state, "tmp/lock");
    const char *seen_by = temp_path(state, "tmp/witness");
    const long rounds = test_rounds(2000);
    const unsigned users[] = {ALICE, BOB, 0};
    child *agents[3];
    witness *watching;

    skip_unless_root();
    sticky_directory(state);
    umask(0);
    watching = witness_open(seen_by);
    umask(022);
    assert_non_null(watching);
    /* Made by its owner; in such a directory not even root may open it for creation. */
    assert_int_equal(chown(seen_by, ALICE, ALICE), 0);
    for (int i = 0; i < 3; i++) {
        agents[i] = agent_of(state, users[i], users[i]);
        agent_expect(agents[i], "FASTENERS_OK", "create l %s mode=0666", path);
        agent_expect(agents[i], "FASTENERS_OK", "acquire l -1");
        agent_expect(agents[i], "FASTENERS_OK", "release l");
    }
    for (int i = 0; i < 3; i++)
        agent_expect(agents[i], "started", "start 1 hammer l %s %ld", seen_by, rounds);
    for (int i = 0; i < 3; i++) {
        agent_expect(agents[i], "FASTENERS_OK", "result 1");
        agent_stop(agents[i]);
    }
    assert_int_equal(witness_violations(watching), 0);
    assert_int_equal(witness_counter(watching), 3 * rounds);
    witness_close(watching);
}

/* It is no contention: the answer comes at once, and the log says which file and why. */
static void p13_private_file_of_another_user_is_told_at_once(void **state)
{
    const char *path = temp_path(state, "tmp/lock");

    skip_unless_root();
    sticky_directory(state);
    child *alice = agent_of(state, ALICE, ALICE);
    child *bob = agent_of(state, BOB, BOB);
    agent_expect(alice, "FASTENERS_OK", "create l %s mode=0600", path);
    agent_expect(alice, "FASTENERS_OK", "acquire l 0");
    agent_expect(bob, "FASTENERS_OK", "create l %s log", path);
    agent_expect(bob, "FASTENERS_NO_PERMISSION", "acquire l -1");
    const char *told = agent_ask(bob, "last_log l");
    assert_non_null(strstr(told, path));
    assert_non_null(strstr(told, "FASTENERS_NO_PERMISSION"));
    assert_non_null(strstr(told, "Permission denied"));
    agent_expect(alice, "FASTENERS_OK", "release l");
    agent_expect(bob, "FASTENERS_NO_PERMISSION", "acquire l -1");
    agent_stop(alice);
    agent_stop(bob);
}

/* ------------------------------------------------------------------------- default ACLs -- */

/* As the kernel stores an access control list: see xattr(7), acl(5). */
struct acl_entry {
    uint16_t tag, permissions;
    uint32_t id;
};

enum { USER_OBJECT = 1, USER = 2, GROUP_OBJECT = 4, MASK = 16, OTHERS = 32, NO_ID = -1 };

/* What is created in the directory lets `user` read and write. False: no such lists there. */
static bool grant_by_default(const char *directory, uint32_t user)
{
    const struct {
        uint32_t version;
        struct acl_entry entry[5];
    } list = {2,
              {{USER_OBJECT, 6, (uint32_t)NO_ID},
               {USER, 6, user},
               {GROUP_OBJECT, 0, (uint32_t)NO_ID},
               {MASK, 6, (uint32_t)NO_ID},
               {OTHERS, 0, (uint32_t)NO_ID}}};

    return setxattr(directory, "system.posix_acl_default", &list, sizeof(list), 0) == 0;
}

static void p13_default_acl_of_the_directory_counts(void **state)
{
    const char *path = temp_path(state, "tmp/lock");

    skip_unless_root();
    if (!grant_by_default(sticky_directory(state), BOB))
        skip();
    child *alice = agent_of(state, ALICE, ALICE);
    child *bob = agent_of(state, BOB, BOB);
    child *stranger = agent_of(state, TEAM, TEAM);
    agent_ask(alice, "umask 077");
    assert_share(alice, bob, path, "");
    agent_expect(stranger, "FASTENERS_OK", "create l %s", path);
    agent_expect(stranger, "FASTENERS_NO_PERMISSION", "acquire l 0");
    agent_stop(alice);
    agent_stop(bob);
    agent_stop(stranger);
}

/* A mode that is given is the creator's word, and the list does not widen it. */
static void p13_default_acl_does_not_widen_a_mode(void **state)
{
    const char *path = temp_path(state, "tmp/lock");

    skip_unless_root();
    if (!grant_by_default(sticky_directory(state), BOB))
        skip();
    child *alice = agent_of(state, ALICE, ALICE);
    child *bob = agent_of(state, BOB, BOB);
    agent_expect(alice, "FASTENERS_OK", "create l %s mode=0600", path);
    agent_expect(alice, "FASTENERS_OK", "acquire l 0");
    assert_int_equal(mode_of(path), 0600);
    agent_expect(bob, "FASTENERS_OK", "create l %s", path);
    agent_expect(bob, "FASTENERS_NO_PERMISSION", "acquire l 0");
    agent_stop(alice);
    agent_stop(bob);
}

/* ----------------------------------------------------------------------------- umask -- */

static void *change_umask(void *argument)
{
    observer *self = argument;

    while (!self->end) {
        umask(0);
        umask(0777);
        umask(022);
        self->looks++;
    }
    return NULL;
}

/* Another thread plays with the umask all the time: a mode that was given is exact all the same. */
static void p13_mode_is_exact_while_the_umask_changes(void **state)
{
    const char *path = temp_path(state, "lock");
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    observer self = {0};
    mode_t before = umask(022);
    pthread_t thread;

    options.mode = 0664;
    assert_int_equal(pthread_create(&thread, NULL, change_umask, &self), 0);
    assert_true(test_wait_until(has_looked, &self));
    for (long i = test_rounds(FILES); i > 0; i--) {
        fasteners_ipc_lock *lock;
        assert_int_equal(fasteners_ipc_lock_create(&lock, path, &options), FASTENERS_OK);
        assert_int_equal(fasteners_ipc_lock_acquire(lock, FASTENERS_NO_WAIT), FASTENERS_OK);
        assert_int_equal(mode_of(path), 0664);
        fasteners_ipc_lock_destroy(lock);
        assert_int_equal(unlink(path), 0);
    }
    self.end = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
    umask(before);
}

/* --------------------------------------------------------------------- sticky directories -- */

#define PROTECTED_REGULAR "/proc/sys/fs/protected_regular"

/* The system's setting, or -1. */
static int protected_regular(void)
{
    FILE *file = fopen(PROTECTED_REGULAR, "re");
    int value = -1;

    if (file == NULL)
        return -1;
    if (fscanf(file, "%d", &value) != 1)
        value = -1;
    fclose(file);
    return value;
}

static bool set_protected_regular(int value)
{
    FILE *file = fopen(PROTECTED_REGULAR, "we");
    bool written;

    if (file == NULL)
        return false;
    written = fprintf(file, "%d\n", value) > 0;
    return fclose(file) == 0 && written;
}

/* Alice's file in such a directory serves everybody, root included. */
static void assert_sticky_directory_works(void **state)
{
    const char *path = temp_path(state, "tmp/lock");
    child *alice = agent_of(state, ALICE, ALICE);
    child *bob = agent_of(state, BOB, BOB);
    child *root = agent_start();

    agent_expect(alice, "FASTENERS_OK", "create made %s mode=0666", path);
    agent_expect(alice, "FASTENERS_OK", "acquire made 0");
    agent_expect(alice, "OK", "destroy made");
    assert_share(alice, bob, path, "mode=0666");
    agent_expect(bob, "OK", "destroy l");
    assert_share(bob, root, path, "");
    agent_stop(alice);
    agent_stop(bob);
    agent_stop(root);
}

static void p13_file_of_another_user_in_a_sticky_directory(void **state)
{
    skip_unless_root();
    sticky_directory(state);
    assert_sticky_directory_works(state);
}

/*
 * The same where the kernel refuses O_CREAT for a file of somebody else in such a directory. That
 * is a setting of the whole system: it is changed for a moment only if FASTENERS_TEST_SYSCTL
 * allows.
 */
static int restored_setting = -1;

static int restore_setting(void **state)
{
    if (restored_setting >= 0)
        set_protected_regular(restored_setting);
    restored_setting = -1;
    return temp_dir_teardown(state);
}

/* True if the kernel does what the test is about, instead of merely being set to. */
static bool kernel_protects(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    if (fd >= 0)
        close(fd);
    return fd < 0;
}

static void p13_protected_file_in_a_sticky_directory(void **state)
{
    const char *path = temp_path(state, "tmp/probe");
    int setting = protected_regular();

    skip_unless_root();
    if (setting < 1 && getenv("FASTENERS_TEST_SYSCTL") == NULL)
        skip();
    sticky_directory(state);
    if (setting < 1) {
        if (!set_protected_regular(2))
            skip();
        restored_setting = setting;
    }
    assert_int_equal(close(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666)), 0);
    assert_int_equal(chown(path, ALICE, ALICE), 0);
    assert_true(kernel_protects(path));
    assert_sticky_directory_works(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(p13_default_mode_is_0666_less_the_umask),
        TEST(p13_given_mode_is_exact_whatever_the_umask),
        TEST(p13_mode_is_of_the_file_not_of_the_directories),
        TEST(p13_mode_of_an_existing_file_is_not_changed),
        TEST(p13_file_never_has_more_rights),
        TEST(p13_file_never_has_fewer_rights),
        TEST(p13_umask_is_never_touched),
        TEST(p13_two_users_share_by_mode_0666),
        TEST(p13_a_group_shares_by_mode_0660),
        TEST(p13_users_lose_no_count),
        TEST(p13_private_file_of_another_user_is_told_at_once),
        TEST(p13_default_acl_of_the_directory_counts),
        TEST(p13_default_acl_does_not_widen_a_mode),
        TEST(p13_mode_is_exact_while_the_umask_changes),
        TEST(p13_file_of_another_user_in_a_sticky_directory),
        cmocka_unit_test_setup_teardown(p13_protected_file_in_a_sticky_directory, temp_dir_setup,
                                        restore_setting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
