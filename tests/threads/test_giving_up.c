/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/rw_lock.h>

#include "../unit/unit_test.h"
#include "forced.h"
#include "rw_tuning.h"
#include "scene.h"

/*
 * T5: a waiter that gives up lets in who waited because of it, and nobody who comes later repairs
 * what it forgot: after it, each scene ends in silence but for the releases. In every mode and
 * preference (argv[1], argv[2]).
 */

enum { HOLDER, QUITTER, SECOND, THIRD, FOURTH, OTHER_HOLDER };
enum { A_WHILE = 40 }; /* milliseconds; the others come meanwhile, or the scene is an easier one */

static void comes_and_gives_up_later(actor_call call)
{
    comes_for(QUITTER, call, A_WHILE);
}

static actor_call release_of(actor_call call)
{
    return call == ACQUIRE_READ ? RELEASE_READ : RELEASE_WRITE;
}

static bool new_readers_wait_for_waiting_writers(void)
{
    return scene_preference != FASTENERS_PREFER_READERS;
}

/* Nothing is left behind: anybody may enter in any way. */
static void lock_is_free(void)
{
    does(OTHER_HOLDER, ACQUIRE_READ);
    does(OTHER_HOLDER, UPGRADE);
    does(OTHER_HOLDER, RELEASE_WRITE);
    does(OTHER_HOLDER, ACQUIRE_WRITE);
    does(OTHER_HOLDER, RELEASE_WRITE);
}

static void first_of_two_behind_a_writer(actor_call quitter, actor_call second)
{
    does(HOLDER, ACQUIRE_WRITE);
    comes_and_gives_up_later(quitter);
    comes(SECOND, second);
    gives_up(QUITTER);
    still_waits(SECOND);
    does(HOLDER, RELEASE_WRITE);
    gets_in(SECOND);
    does(SECOND, release_of(second));
    lock_is_free();
}

static void first_behind_a_writer(void **state)
{
    (void)state;
    first_of_two_behind_a_writer(ACQUIRE_WRITE, ACQUIRE_WRITE);
    first_of_two_behind_a_writer(ACQUIRE_WRITE, ACQUIRE_READ);
    first_of_two_behind_a_writer(ACQUIRE_READ, ACQUIRE_WRITE);
    first_of_two_behind_a_writer(ACQUIRE_READ, ACQUIRE_READ);
}

/* The writer has come from the queue itself: it owes the queue a head. */
static void first_behind_a_writer_from_the_queue(void **state)
{
    (void)state;
    does(OTHER_HOLDER, ACQUIRE_WRITE);
    comes(HOLDER, ACQUIRE_WRITE);
    comes_and_gives_up_later(ACQUIRE_WRITE);
    comes(SECOND, ACQUIRE_WRITE);
    does(OTHER_HOLDER, RELEASE_WRITE);
    gets_in(HOLDER);
    gives_up(QUITTER);
    still_waits(SECOND);
    does(HOLDER, RELEASE_WRITE);
    gets_in(SECOND);
    does(SECOND, RELEASE_WRITE);
    lock_is_free();
}

static void one_in_the_middle(actor_call quitter)
{
    does(HOLDER, ACQUIRE_WRITE);
    comes(SECOND, ACQUIRE_WRITE);
    comes_and_gives_up_later(quitter);
    comes(THIRD, ACQUIRE_WRITE);
    gives_up(QUITTER);
    does(HOLDER, RELEASE_WRITE);
    is_next(SECOND);
    does(SECOND, RELEASE_WRITE);
    is_next(THIRD);
    does(THIRD, RELEASE_WRITE);
    lock_is_free();
}

static void in_the_middle(void **state)
{
    (void)state;
    one_in_the_middle(ACQUIRE_WRITE);
    one_in_the_middle(ACQUIRE_READ);
}

static void last_one(void **state)
{
    (void)state;
    does(HOLDER, ACQUIRE_WRITE);
    comes(SECOND, ACQUIRE_WRITE);
    comes_and_gives_up_later(ACQUIRE_WRITE);
    gives_up(QUITTER);
    does(HOLDER, RELEASE_WRITE);
    gets_in(SECOND);
    does(SECOND, RELEASE_WRITE);
    lock_is_free();
}

static void all(void **state)
{
    (void)state;
    for (actor_call held = ACQUIRE_READ; held <= ACQUIRE_WRITE; held++) {
        does(HOLDER, held);
        comes_for(QUITTER, ACQUIRE_WRITE, A_WHILE);
        comes_for(SECOND, ACQUIRE_WRITE, A_WHILE);
        comes_for(THIRD, ACQUIRE_WRITE, A_WHILE);
        gives_up(QUITTER);
        gives_up(SECOND);
        gives_up(THIRD);
        /* It is held as before. */
        if (held == ACQUIRE_READ) {
            does(SECOND, ACQUIRE_READ);
            does(SECOND, RELEASE_READ);
        } else {
            fails(SECOND, ACQUIRE_READ, FASTENERS_BUSY);
        }
        fails(SECOND, ACQUIRE_WRITE, FASTENERS_BUSY);
        does(HOLDER, release_of(held));
        lock_is_free();
    }
}

/* ---------------------------------------------------------------------- behind readers -- */

static void writer_before_a_writer(void **state)
{
    (void)state;
    does(HOLDER, ACQUIRE_READ);
    comes_and_gives_up_later(ACQUIRE_WRITE);
    comes(SECOND, ACQUIRE_WRITE);
    comes(THIRD, ACQUIRE_WRITE);
    gives_up(QUITTER);
    still_waits(SECOND);
    does(HOLDER, RELEASE_READ);
    is_next(SECOND);
    does(SECOND, RELEASE_WRITE);
    is_next(THIRD);
    does(THIRD, RELEASE_WRITE);
    lock_is_free();
}

/* Nothing happens any more but the time-out. */
static void writer_before_readers(void **state)
{
    (void)state;
    does(HOLDER, ACQUIRE_READ);
    comes_and_gives_up_later(ACQUIRE_WRITE);
    if (new_readers_wait_for_waiting_writers()) {
        comes(SECOND, ACQUIRE_READ);
        comes(THIRD, ACQUIRE_READ);
        gives_up(QUITTER);
        gets_in(SECOND);
        gets_in(THIRD);
        does(SECOND, RELEASE_READ);
        does(THIRD, RELEASE_READ);
    } else {
        gives_up(QUITTER);
    }
    does(HOLDER, RELEASE_READ);
    lock_is_free();
}

static void writer_before_a_reader_and_a_writer(void **state)
{
    (void)state;
    does(HOLDER, ACQUIRE_READ);
    comes_and_gives_up_later(ACQUIRE_WRITE);
    if (new_readers_wait_for_waiting_writers())
        comes(SECOND, ACQUIRE_READ);
    else
        does(SECOND, ACQUIRE_READ);
    comes(THIRD, ACQUIRE_WRITE);
    gives_up(QUITTER);
    if (new_readers_wait_for_waiting_writers())
        gets_in(SECOND);
    does(HOLDER, RELEASE_READ);
    still_waits(THIRD);
    does(SECOND, RELEASE_READ);
    gets_in(THIRD);
    does(THIRD, RELEASE_WRITE);
    lock_is_free();
}

/* A reader that waits for a waiting writer. */
static void reader_behind_a_writer(void **state)
{
    (void)state;
    if (!new_readers_wait_for_waiting_writers())
        return;
    does(HOLDER, ACQUIRE_READ);
    comes(SECOND, ACQUIRE_WRITE);
    comes_and_gives_up_later(ACQUIRE_READ);
    comes(THIRD, ACQUIRE_WRITE);
    gives_up(QUITTER);
    does(HOLDER, RELEASE_READ);
    is_next(SECOND);
    does(SECOND, RELEASE_WRITE);
    is_next(THIRD);
    does(THIRD, RELEASE_WRITE);
    lock_is_free();
}

/* --------------------------------------------------------------------------- upgraders -- */

static void upgrader_before_a_writer(void **state)
{
    (void)state;
    does(HOLDER, ACQUIRE_READ);
    does(QUITTER, ACQUIRE_READ);
    comes_and_gives_up_later(UPGRADE);
    comes(SECOND, ACQUIRE_WRITE);
    gives_up(QUITTER);
    does(QUITTER, RELEASE_READ);
    still_waits(SECOND);
    does(HOLDER, RELEASE_READ);
    gets_in(SECOND);
    does(SECOND, RELEASE_WRITE);
    lock_is_free();
}

static void upgrader_before_readers(void **state)
{
    (void)state;
    does(HOLDER, ACQUIRE_READ);
    does(QUITTER, ACQUIRE_READ);
    comes_and_gives_up_later(UPGRADE);
    if (new_readers_wait_for_waiting_writers()) {
        comes(SECOND, ACQUIRE_READ);
        gives_up(QUITTER);
        gets_in(SECOND);
        does(SECOND, RELEASE_READ);
    } else {
        gives_up(QUITTER);
    }
    does(HOLDER, RELEASE_READ);
    /* It has kept its hold, and may upgrade now. */
    fails(FOURTH, ACQUIRE_WRITE, FASTENERS_BUSY);
    does(QUITTER, UPGRADE);
    does(QUITTER, RELEASE_WRITE);
    lock_is_free();
}

/* It goes ahead of a writer that waits, in vain. Nobody is forgotten. */
static void upgrader_behind_a_writer(void **state)
{
    (void)state;
    does(HOLDER, ACQUIRE_READ);
    does(QUITTER, ACQUIRE_READ);
    comes(SECOND, ACQUIRE_WRITE);
    comes(THIRD, ACQUIRE_WRITE);
    comes_and_gives_up_later(UPGRADE);
    gives_up(QUITTER);
    does(HOLDER, RELEASE_READ);
    still_waits(SECOND);
    still_waits(THIRD);
    does(QUITTER, RELEASE_READ);
    does(somebody_gets_in(), RELEASE_WRITE);
    does(somebody_gets_in(), RELEASE_WRITE);
    lock_is_free();
}

static void writer_behind_an_upgrader(void **state)
{
    (void)state;
    does(HOLDER, ACQUIRE_READ);
    does(SECOND, ACQUIRE_READ);
    comes(SECOND, UPGRADE);
    comes_and_gives_up_later(ACQUIRE_WRITE);
    comes(THIRD, ACQUIRE_WRITE);
    gives_up(QUITTER);
    does(HOLDER, RELEASE_READ);
    gets_in(SECOND);
    still_waits(THIRD);
    does(SECOND, RELEASE_WRITE);
    gets_in(THIRD);
    does(THIRD, RELEASE_WRITE);
    lock_is_free();
}

/* The writer, where it has the word already, loses it to the upgrader before its time is up. */
static void writer_overtaken_by_an_upgrader(void **state)
{
    (void)state;
    does(HOLDER, ACQUIRE_READ);
    comes_and_gives_up_later(ACQUIRE_WRITE);
    does(HOLDER, UPGRADE);
    gives_up(QUITTER);
    does(HOLDER, RELEASE_WRITE);
    lock_is_free();
}

/* The same while the upgrader waits itself. */
static void writer_overtaken_by_a_waiting_upgrader(void **state)
{
    (void)state;
    does(HOLDER, ACQUIRE_READ);
    does(OTHER_HOLDER, ACQUIRE_READ);
    comes_and_gives_up_later(ACQUIRE_WRITE);
    comes(HOLDER, UPGRADE);
    comes(SECOND, ACQUIRE_WRITE);
    gives_up(QUITTER);
    still_waits(HOLDER);
    does(OTHER_HOLDER, RELEASE_READ);
    is_next(HOLDER);
    does(HOLDER, RELEASE_WRITE);
    gets_in(SECOND);
    does(SECOND, RELEASE_WRITE);
    lock_is_free();
}

/* ---------------------------------------------------------------------------- tries -- */

static void tries_leave_nothing_behind(void **state)
{
    (void)state;
    does(HOLDER, ACQUIRE_READ);
    fails(QUITTER, ACQUIRE_WRITE, FASTENERS_BUSY);
    does(SECOND, ACQUIRE_READ);
    fails(QUITTER, ACQUIRE_WRITE, FASTENERS_BUSY);
    fails(SECOND, UPGRADE, FASTENERS_BUSY);
    does(THIRD, ACQUIRE_READ);
    does(THIRD, RELEASE_READ);
    does(HOLDER, RELEASE_READ);
    does(SECOND, UPGRADE);
    fails(QUITTER, ACQUIRE_READ, FASTENERS_BUSY);
    fails(QUITTER, ACQUIRE_WRITE, FASTENERS_BUSY);
    comes(FOURTH, ACQUIRE_WRITE);
    fails(QUITTER, ACQUIRE_READ, FASTENERS_BUSY);
    fails(QUITTER, ACQUIRE_WRITE, FASTENERS_BUSY);
    does(SECOND, RELEASE_WRITE);
    gets_in(FOURTH);
    does(FOURTH, RELEASE_WRITE);
    lock_is_free();
}

#define T(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        T(first_behind_a_writer),
        T(first_behind_a_writer_from_the_queue),
        T(in_the_middle),
        T(last_one),
        T(all),
        T(writer_before_a_writer),
        T(writer_before_readers),
        T(writer_before_a_reader_and_a_writer),
        T(reader_behind_a_writer),
        T(upgrader_before_a_writer),
        T(upgrader_before_readers),
        T(upgrader_behind_a_writer),
        T(writer_behind_an_upgrader),
        T(writer_overtaken_by_an_upgrader),
        T(writer_overtaken_by_a_waiting_upgrader),
        T(tries_leave_nothing_behind),
    };

    force(count > 1 ? words[1] : "automatic");
    /* No writer goes ahead of a reader that came before it. */
    fst_rw_tuning.respect_ns = 0;
    scene_preference = preference_called(count > 2 ? words[2] : "writers");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
