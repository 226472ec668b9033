/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/status.h>

#include <limits.h>
#include <string.h>

#include "unit_test.h"

/* The numbers are part of the binary interface; the names follow the enumerators. */
static const struct {
    int number;
    fasteners_status status;
    const char *name;
} pinned[] = {
    {0, FASTENERS_OK, "FASTENERS_OK"},
    {1, FASTENERS_BUSY, "FASTENERS_BUSY"},
    {2, FASTENERS_TIMED_OUT, "FASTENERS_TIMED_OUT"},
    {3, FASTENERS_CANCELLED, "FASTENERS_CANCELLED"},
    {4, FASTENERS_WOULD_DEADLOCK, "FASTENERS_WOULD_DEADLOCK"},
    {5, FASTENERS_NOT_OWNER, "FASTENERS_NOT_OWNER"},
    {6, FASTENERS_INVALID, "FASTENERS_INVALID"},
    {7, FASTENERS_NO_MEMORY, "FASTENERS_NO_MEMORY"},
    {8, FASTENERS_NO_PERMISSION, "FASTENERS_NO_PERMISSION"},
    {9, FASTENERS_NOT_SUPPORTED, "FASTENERS_NOT_SUPPORTED"},
    {10, FASTENERS_LOST, "FASTENERS_LOST"},
    {11, FASTENERS_NOT_FOUND, "FASTENERS_NOT_FOUND"},
    {12, FASTENERS_OS_ERROR, "FASTENERS_OS_ERROR"},
};

enum { STATUSES = sizeof(pinned) / sizeof(pinned[0]) };

static const int no_statuses[] = {-1, STATUSES, 1000, INT_MAX, INT_MIN};

static void status_numbers_are_pinned(void **state)
{
    (void)state;
    for (int i = 0; i < STATUSES; i++)
        assert_int_equal((int)pinned[i].status, pinned[i].number);
}

static void status_name_is_the_enumerator(void **state)
{
    (void)state;
    for (int i = 0; i < STATUSES; i++)
        assert_string_equal(fasteners_status_name(pinned[i].status), pinned[i].name);
}

static void status_name_of_no_status_is_unknown(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(no_statuses) / sizeof(no_statuses[0]); i++)
        assert_string_equal(fasteners_status_name((fasteners_status)no_statuses[i]),
                            "FASTENERS_UNKNOWN");
}

static void strerror_says_something_else_for_each_status(void **state)
{
    (void)state;
    for (int i = 0; i < STATUSES; i++) {
        const char *text = fasteners_strerror(pinned[i].status);
        assert_non_null(text);
        assert_true(strlen(text) > 0);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(text, fasteners_strerror(pinned[j].status));
    }
}

static void strerror_is_never_null(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(no_statuses) / sizeof(no_statuses[0]); i++)
        assert_non_null(fasteners_strerror((fasteners_status)no_statuses[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_numbers_are_pinned),
        cmocka_unit_test(status_name_is_the_enumerator),
        cmocka_unit_test(status_name_of_no_status_is_unknown),
        cmocka_unit_test(strerror_says_something_else_for_each_status),
        cmocka_unit_test(strerror_is_never_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
