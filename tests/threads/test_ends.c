/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <pthread.h>

#include "../support/patience.h"
#include "../unit/unit_test.h"
#include "forced.h"
#include "guarded.h"

/*
 * Nobody is left asleep (T5): a few threads use a lock for a moment, without any pause, and end. A
 * wake-up that got lost is repaired by the next thread that comes by, as long as one comes: here
 * none does, and the program hangs. argv[1] names what is forced.
 */

enum { MAX_THREADS = 3, CALLS = 600, TEAMS = 150 };

static fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;

typedef struct worker {
    pthread_t thread;
    unsigned seed;
    unsigned writes; /* of a hundred calls */
} worker;

static void *work(void *argument)
{
    worker *self = argument;

    for (int i = 0; i < CALLS; i++) {
        if (draw(&self->seed, 100) < self->writes) {
            expect(fasteners_rw_lock_acquire_write(&lock, FASTENERS_FOREVER), FASTENERS_OK);
            expect(fasteners_rw_lock_release_write(&lock), FASTENERS_OK);
        } else {
            expect(fasteners_rw_lock_acquire_read(&lock, FASTENERS_FOREVER), FASTENERS_OK);
            expect(fasteners_rw_lock_release_read(&lock), FASTENERS_OK);
        }
    }
    return NULL;
}

static void run_team(int threads, unsigned writes, unsigned seed)
{
    worker team[MAX_THREADS];

    for (int i = 0; i < threads; i++) {
        team[i] = (worker){.seed = seed + (unsigned)i * 7919, .writes = writes};
        assert_int_equal(pthread_create(&team[i].thread, NULL, work, &team[i]), 0);
    }
    for (int i = 0; i < threads; i++)
        assert_int_equal(pthread_join(team[i].thread, NULL), 0);
    assert_nothing_went_wrong();
}

static void t5_nobody_is_left_asleep(void **state)
{
    static const unsigned writes[] = {5, 30, 50, 80, 100};
    long teams = test_rounds(TEAMS);

    (void)state;
    for (long i = 0; i < teams; i++)
        for (size_t k = 0; k < sizeof(writes) / sizeof(writes[0]); k++)
            for (int threads = 2; threads <= MAX_THREADS; threads++)
                run_team(threads, writes[k], (unsigned)i * 31);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t5_nobody_is_left_asleep),
    };

    if (count > 1)
        force(words[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
