/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P3 for readers and writers: some are ended at whatever place, and those who go on neither hang
 * nor meet anybody. What process/test_r03_crash.c does with hundreds of forked processes.
 */
#include "../process/process_test.h"

#include <stdlib.h>

#include "rw_record.h"

enum { SURVIVORS = 3, READS = 3 };

static child *hammering_agent(const char *path, const char *options, const char *record,
                              long rounds)
{
    child *agent = agent_start();

    agent_expect(agent, "FASTENERS_OK", "rw_create l %s %s", path, options);
    agent_expect(agent, "started", "start 1 rw_hammer l %s %ld %d", record, rounds, READS);
    return agent;
}

/* The dead are noted in a record of their own: in that of the living they would stay inside. */
static void killed_anywhere(void **state, const char *options)
{
    const char *path = temp_path(state, "lock");
    const char *seen_by = temp_path(state, "record");
    rw_record *seen = rw_record_open(seen_by);
    long rounds = test_rounds(6000);
    child *survivors[SURVIVORS];

    assert_non_null(seen);
    for (int i = 0; i < SURVIVORS; i++)
        survivors[i] = hammering_agent(path, options, seen_by, rounds);
    for (long i = test_rounds(300); i > 0; i--) {
        child *victim =
            hammering_agent(path, options, temp_path(state, "record-of-the-dead"), 1000000);
        test_pause_ms(i * 7 % 10);
        agent_murder(victim);
    }
    for (int i = 0; i < SURVIVORS; i++)
        agent_expect(survivors[i], "FASTENERS_OK", "result 1");
    assert_int_equal(rw_record_violations(seen), 0);
    rw_record_close(seen);
}

static void p3_killed_anywhere(void **state)
{
    killed_anywhere(state, "");
}

static void p3_killed_anywhere_writers_preferred(void **state)
{
    killed_anywhere(state, "writers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(p3_killed_anywhere),
        PROCESS_TEST(p3_killed_anywhere_writers_preferred),
    };

    return RUN_PROCESS_TESTS(tests);
}
