/* SPDX-License-Identifier: Apache-2.0 */
#include "patience.h"

#include <stdlib.h>
#include <time.h>

static long positive_from_environment(const char *name, long otherwise)
{
    const char *text = getenv(name);
    long value = text != NULL ? strtol(text, NULL, 10) : 0;

    return value > 0 ? value : otherwise;
}

int64_t test_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t test_patience_ms(void)
{
    return (int64_t)positive_from_environment("FASTENERS_TEST_PATIENCE_S", 60) * 1000;
}

long test_rounds(long rounds)
{
    long divided = rounds / positive_from_environment("FASTENERS_TEST_DIVISOR", 1);

    return divided > 0 ? divided : 1;
}

void test_pause_ms(int64_t ms)
{
    const struct timespec length = {.tv_sec = (time_t)(ms / 1000),
                                    .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&length, NULL);
}

bool test_wait_until(bool (*condition)(void *argument), void *argument)
{
    int64_t end = test_now() + test_patience_ms() * 1000000;

    while (!condition(argument)) {
        if (test_now() > end)
            return false;
        test_pause_ms(2);
    }
    return true;
}
