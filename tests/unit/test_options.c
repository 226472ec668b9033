/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners.h>

#include <string.h>

#include "fake_platform.h"
#include "options.h"
#include "unit_test.h"

/* Options as create judges them: what is out of range, what an older or newer program may pass. */

static fasteners_ipc_options defaults(void)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    return options;
}

/* The status of create; nothing is left behind in any case. */
static fasteners_status create_with(const fasteners_ipc_options *options)
{
    fasteners_ipc_lock *lock;
    fasteners_status status = fasteners_ipc_lock_create(&lock, "/lock", options);

    assert_int_equal(lock != NULL, status == FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    assert_int_equal(fake_memory_blocks(), 0);
    return status;
}

static fasteners_status create_with_path(const char *path)
{
    fasteners_ipc_lock *lock;
    fasteners_status status = fasteners_ipc_lock_create(&lock, path, NULL);

    assert_int_equal(lock != NULL, status == FASTENERS_OK);
    fasteners_ipc_lock_destroy(lock);
    return status;
}

static fst_settings completed(const fasteners_ipc_options *options)
{
    fst_settings settings;
    int os_error = 0;

    assert_int_equal(fst_settings_init(&settings, "/lock", options, &os_error), FASTENERS_OK);
    fst_settings_free(&settings);
    return settings;
}

static void no_options_are_the_defaults(void **state)
{
    fasteners_ipc_options options = defaults();

    (void)state;
    assert_int_equal(create_with(NULL), FASTENERS_OK);
    assert_int_equal(create_with(&options), FASTENERS_OK);
    assert_false(completed(NULL).polls);
}

static void mode_is_permission_bits(void **state)
{
    static const struct {
        uint32_t mode;
        fasteners_status expected;
    } cases[] = {
        {0, FASTENERS_OK},
        {0600, FASTENERS_OK},
        {0777, FASTENERS_OK},
        {01000, FASTENERS_INVALID},
        {02777, FASTENERS_INVALID},
        {04000, FASTENERS_INVALID},
        {0100644, FASTENERS_INVALID},
        {UINT32_MAX, FASTENERS_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fasteners_ipc_options options = defaults();
        options.mode = cases[i].mode;
        assert_int_equal(create_with(&options), cases[i].expected);
    }
}

static void negative_delays_are_invalid(void **state)
{
    static const int64_t negative[] = {-1, -10, INT64_MIN};

    (void)state;
    for (size_t i = 0; i < sizeof(negative) / sizeof(negative[0]); i++) {
        fasteners_ipc_options options = defaults();
        options.delay_ms = negative[i];
        assert_int_equal(create_with(&options), FASTENERS_INVALID);
        options.delay_ms = 0;
        options.max_delay_ms = negative[i];
        assert_int_equal(create_with(&options), FASTENERS_INVALID);
    }
}

static void any_other_delay_is_fine(void **state)
{
    fasteners_ipc_options options = defaults();

    (void)state;
    options.delay_ms = INT64_MAX;
    options.max_delay_ms = INT64_MAX;
    assert_int_equal(create_with(&options), FASTENERS_OK);
}

static void sleep_in_steps(void *user, int64_t ms)
{
    (void)user;
    (void)ms;
}

static void delays_are_completed(void **state)
{
    static const struct {
        bool sleeps;
        int64_t delay_ms, max_delay_ms;
        bool polls;
        int64_t expected, expected_max;
    } cases[] = {
        {false, 0, 0, false, 1, 20}, {true, 0, 0, true, 10, 100},   {false, 5, 0, true, 5, 100},
        {true, 5, 20, true, 5, 20},  {false, 50, 20, true, 50, 50}, {true, 500, 0, true, 500, 500},
        {false, 0, 7, false, 1, 7},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fasteners_ipc_options options = defaults();
        options.sleep = cases[i].sleeps ? sleep_in_steps : NULL;
        options.delay_ms = cases[i].delay_ms;
        options.max_delay_ms = cases[i].max_delay_ms;
        fst_settings settings = completed(&options);
        assert_int_equal(settings.polls, cases[i].polls);
        assert_int_equal(settings.options.delay_ms, cases[i].expected);
        assert_int_equal(settings.options.max_delay_ms, cases[i].expected_max);
    }
}

static void *the_only_fiber(void *user)
{
    return user;
}

static void fibers_need_a_sleep_of_their_own(void **state)
{
    fasteners_ipc_options options = defaults();

    (void)state;
    options.current = the_only_fiber;
    options.current_user = &options;
    assert_int_equal(create_with(&options), FASTENERS_INVALID);
    options.delay_ms = 10;
    assert_int_equal(create_with(&options), FASTENERS_INVALID);
    options.sleep = sleep_in_steps;
    assert_int_equal(create_with(&options), FASTENERS_OK);
}

/* A struct as a later header may have it. */
typedef struct newer_options {
    fasteners_ipc_options known;
    unsigned char unknown[24];
} newer_options;

static void a_newer_program_may_ask_for_nothing_unknown(void **state)
{
    newer_options options = {.known = FASTENERS_IPC_OPTIONS_INIT};

    (void)state;
    options.known.size = sizeof(options);
    assert_int_equal(create_with(&options.known), FASTENERS_OK);
    for (size_t i = 0; i < sizeof(options.unknown); i++) {
        options.unknown[i] = 1;
        assert_int_equal(create_with(&options.known), FASTENERS_INVALID);
        options.unknown[i] = 0;
    }
}

/* What lies behind the size that the caller states is not looked at. */
static void an_older_program_gets_the_defaults_for_the_rest(void **state)
{
    fasteners_ipc_options options;

    (void)state;
    memset(&options, 0xff, sizeof(options));
    options.size = offsetof(fasteners_ipc_options, mode);
    assert_int_equal(create_with(&options), FASTENERS_OK);
    options.mode = 0600;
    options.size = offsetof(fasteners_ipc_options, preference);
    assert_int_equal(create_with(&options), FASTENERS_OK);
    assert_int_equal(completed(&options).options.mode, 0600);
    assert_false(completed(&options).options.fair);
    assert_null(completed(&options).options.log);
}

static void a_size_that_does_not_hold_the_size_is_invalid(void **state)
{
    fasteners_ipc_options options = defaults();

    (void)state;
    for (options.size = 0; options.size < sizeof(size_t); options.size++)
        assert_int_equal(create_with(&options), FASTENERS_INVALID);
}

static void paths_that_name_no_file_are_invalid(void **state)
{
    (void)state;
    assert_int_equal(create_with_path(NULL), FASTENERS_INVALID);
    assert_int_equal(create_with_path(""), FASTENERS_INVALID);
    assert_int_equal(create_with_path("/"), FASTENERS_INVALID);
    assert_int_equal(create_with_path("a/"), FASTENERS_INVALID);
    assert_int_equal(create_with_path("/a/b//"), FASTENERS_INVALID);
    assert_int_equal(create_with_path("a"), FASTENERS_OK);
}

static void create_without_a_place_for_the_handle_is_invalid(void **state)
{
    (void)state;
    assert_int_equal(fasteners_ipc_lock_create(NULL, "/lock", NULL), FASTENERS_INVALID);
}

static void create_looks_at_its_arguments_only(void **state)
{
    (void)state;
    assert_int_equal(create_with_path("/no/such/directory/lock"), FASTENERS_OK);
    assert_int_equal(fake_calls(FAKE_OPEN) + fake_calls(FAKE_CREATE) +
                         fake_calls(FAKE_MAKE_PARENTS) + fake_calls(FAKE_PATH_ID),
                     0);
    assert_false(fake_exists("/no"));
}

static void a_relative_path_is_completed_by_create(void **state)
{
    fasteners_ipc_lock *lock;

    (void)state;
    assert_int_equal(fasteners_ipc_lock_create(&lock, "run/lock", NULL), FASTENERS_OK);
    assert_string_equal(fasteners_ipc_lock_path(lock), "/cwd/run/lock");
    fasteners_ipc_lock_destroy(lock);
}

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_options_are_the_defaults, set_up),
        cmocka_unit_test_setup(mode_is_permission_bits, set_up),
        cmocka_unit_test_setup(negative_delays_are_invalid, set_up),
        cmocka_unit_test_setup(any_other_delay_is_fine, set_up),
        cmocka_unit_test_setup(delays_are_completed, set_up),
        cmocka_unit_test_setup(fibers_need_a_sleep_of_their_own, set_up),
        cmocka_unit_test_setup(a_newer_program_may_ask_for_nothing_unknown, set_up),
        cmocka_unit_test_setup(an_older_program_gets_the_defaults_for_the_rest, set_up),
        cmocka_unit_test_setup(a_size_that_does_not_hold_the_size_is_invalid, set_up),
        cmocka_unit_test_setup(paths_that_name_no_file_are_invalid, set_up),
        cmocka_unit_test_setup(create_without_a_place_for_the_handle_is_invalid, set_up),
        cmocka_unit_test_setup(create_looks_at_its_arguments_only, set_up),
        cmocka_unit_test_setup(a_relative_path_is_completed_by_create, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
