/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include "unit_test.h"

/* An answer as three versions know it; the library is the second one. */

typedef struct first_version {
    size_t size;
    int a;
    int pad;
} first_version;

typedef struct second_version {
    size_t size;
    int a, b;
    double c;
} second_version;

typedef struct third_version {
    second_version known;
    int d[4];
} third_version;

static const second_version found = {.size = 0, .a = 1, .b = 2, .c = 3.0};

static void an_older_caller_gets_what_it_has_room_for(void **state)
{
    struct {
        first_version answer;
        int not_the_librarys;
    } caller = {.answer = {.size = FST_ANSWER_FIRST(first_version, a), .pad = 77},
                .not_the_librarys = 88};

    (void)state;
    fst_answer_fill(&caller.answer, &found, sizeof(found));
    assert_int_equal(caller.answer.size, FST_ANSWER_FIRST(first_version, a));
    assert_int_equal(caller.answer.a, 1);
    assert_int_equal(caller.answer.pad, 77);
    assert_int_equal(caller.not_the_librarys, 88);
}

static void a_caller_of_this_version_gets_everything(void **state)
{
    second_version answer = {.size = sizeof(answer), .a = 9};

    (void)state;
    fst_answer_fill(&answer, &found, sizeof(found));
    assert_int_equal(answer.size, sizeof(answer));
    assert_true(answer.a == 1 && answer.b == 2 && answer.c > 2.9);
}

static void a_newer_caller_gets_zero_beyond(void **state)
{
    third_version answer = {.known = {.size = sizeof(answer)}, .d = {5, 6, 7, 8}};

    (void)state;
    fst_answer_fill(&answer, &found, sizeof(found));
    assert_int_equal(answer.known.size, sizeof(answer));
    assert_int_equal(answer.known.b, 2);
    for (int i = 0; i < 4; i++)
        assert_int_equal(answer.d[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_caller_gets_what_it_has_room_for),
        cmocka_unit_test(a_caller_of_this_version_gets_everything),
        cmocka_unit_test(a_newer_caller_gets_zero_beyond),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
