/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "../unit/unit_test.h"
#include "asymmetric.h"
#include "deny.h"
#include "hold_table.h"
#include "rw_lock.h"
#include "rw_tuning.h"

/*
 * membarrier(2) is forbidden: from_the_start (the program is started by without_membarrier), or
 * later, when locks rely on it already.
 */

#define FOREVER FASTENERS_FOREVER

static fasteners_rw_lock lock;
static long first, second;
static _Atomic bool stop, violated;

/* --------------------------------------------------------------------- from the start -- */

static void no_lock_relies_on_the_barrier(void **state)
{
    (void)state;
    fst_rw_tuning.mode = FST_RW_BIASED;
    assert_int_equal(fasteners_rw_lock_acquire_read(&lock, FOREVER), FASTENERS_OK);
    assert_false(fst_asymmetric);
    assert_null(fst_hot_record);
    assert_int_equal(fst_rw_word(fst_rw_of(&lock)) & FST_BIASED, 0);
    assert_int_equal(fasteners_rw_lock_release_read(&lock), FASTENERS_OK);
}

/* ------------------------------------------------------------------------------ later -- */

static void *read_on(void *unused)
{
    (void)unused;
    while (!atomic_load(&stop)) {
        if (fasteners_rw_lock_acquire_read(&lock, FOREVER) != FASTENERS_OK || first != second)
            atomic_store(&violated, true);
        if (fasteners_rw_lock_release_read(&lock) != FASTENERS_OK)
            atomic_store(&violated, true);
    }
    return NULL;
}

static void write_often(void)
{
    for (int i = 0; i < 200; i++) {
        assert_int_equal(fasteners_rw_lock_acquire_write(&lock, FOREVER), FASTENERS_OK);
        first++;
        second++;
        assert_int_equal(fasteners_rw_lock_release_write(&lock), FASTENERS_OK);
    }
}

static void a_barrier_that_was_taken_away_is_made_good(void **state)
{
    const int64_t as_long_as_any_store_takes = FST_NS_PER_MS / 2;
    pthread_t reader;

    (void)state;
    fst_rw_tuning.mode = FST_RW_BIASED;
    assert_int_equal(fasteners_rw_lock_acquire_read(&lock, FOREVER), FASTENERS_OK);
    assert_int_equal(fasteners_rw_lock_release_read(&lock), FASTENERS_OK);
    if (!fst_asymmetric || !deny_membarrier(EPERM))
        skip();
    int64_t start = fst_os_now();
    fst_os_heavy_barrier();
    assert_true(fst_os_now() - start >= as_long_as_any_store_takes);
    assert_int_equal(pthread_create(&reader, NULL, read_on, NULL), 0);
    write_often();
    atomic_store(&stop, true);
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_false(atomic_load(&violated));
}

int main(int count, char **words)
{
    const struct CMUnitTest from_the_start[] = {cmocka_unit_test(no_lock_relies_on_the_barrier)};
    const struct CMUnitTest later[] = {
        cmocka_unit_test(a_barrier_that_was_taken_away_is_made_good)};

    if (count == 2 && strcmp(words[1], "from_the_start") == 0)
        return cmocka_run_group_tests(from_the_start, NULL, NULL);
    return cmocka_run_group_tests(later, NULL, NULL);
}
