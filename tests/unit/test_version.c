/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/version.h>

#include <stdio.h>

#include "unit_test.h"

static void version_is_that_of_the_header(void **state)
{
    (void)state;
    assert_int_equal(fasteners_version(), FASTENERS_VERSION);
}

static void version_string_has_the_same_three_numbers(void **state)
{
    char expected[32];

    (void)state;
    (void)snprintf(expected, sizeof(expected), "%d.%d.%d", FASTENERS_VERSION_MAJOR,
                   FASTENERS_VERSION_MINOR, FASTENERS_VERSION_PATCH);
    assert_string_equal(fasteners_version_string(), expected);
}

/* A part of 100 or more would run into the next one. */
static void version_parts_fit_into_the_number(void **state)
{
    (void)state;
    assert_in_range(FASTENERS_VERSION_MINOR, 0, 99);
    assert_in_range(FASTENERS_VERSION_PATCH, 0, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_is_that_of_the_header),
        cmocka_unit_test(version_string_has_the_same_three_numbers),
        cmocka_unit_test(version_parts_fit_into_the_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
