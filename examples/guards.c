/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Locks that are released by leaving a block, whatever way it is left: guards.
 *
 *     guards LOCK-FILE
 *
 * Exit status 0 if nothing was held after each block.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <fasteners.h>

static bool good = true;

static void expect(const char *what, bool holds)
{
    printf("%-52s %s\n", what, holds ? "yes" : "NO");
    good = good && holds;
}

/* Every return releases the lock, if it was acquired. */
static fasteners_status append(fasteners_ipc_lock *lock, const char *line)
{
    FASTENERS_IPC_GUARD(guard, lock, 5000);
    if (guard.status != FASTENERS_OK)
        return guard.status;
    if (line[0] == '\0')
        return FASTENERS_INVALID;
    puts(line);
    /* By hand, to learn what became of it; leaving the block does nothing more then. */
    return fasteners_ipc_guard_release(&guard);
}

static void show_returns(fasteners_ipc_lock *lock)
{
    expect("appended", append(lock, "  a line, written under the lock") == FASTENERS_OK);
    expect("an empty line is refused", append(lock, "") == FASTENERS_INVALID);
    expect("the lock is free again", !fasteners_ipc_lock_is_held(lock));
}

/* FASTENERS_NO_WAIT is the way to try. */
static void show_a_try(fasteners_ipc_lock *lock)
{
    FASTENERS_IPC_GUARD(outer, lock, FASTENERS_NO_WAIT);
    FASTENERS_IPC_GUARD(inner, lock, FASTENERS_NO_WAIT);
    expect("the first try has it", outer.status == FASTENERS_OK);
    expect("the second one is told that it is busy", inner.status == FASTENERS_BUSY);
}

/* Readers of a table, by threads; the guards of the loop end with each round. */
static void show_loops(void)
{
    static fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;
    static const int table[] = {3, 1, 4, 1, 5};
    int sum = 0;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        FASTENERS_RW_READ_GUARD(reader, &lock, FASTENERS_FOREVER);
        if (reader.status != FASTENERS_OK || table[i] == 4)
            continue;
        if (table[i] == 5)
            break;
        sum += table[i];
    }
    expect("summed up under a read lock: 5", sum == 5);
    expect("nobody reads any more", fasteners_rw_lock_owner(&lock) == FASTENERS_OWNER_NONE);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: guards LOCK-FILE\n", stderr);
        return EXIT_FAILURE;
    }
    fasteners_ipc_lock *lock;
    fasteners_status status = fasteners_ipc_lock_create(&lock, argv[1], NULL);
    if (status != FASTENERS_OK) {
        fprintf(stderr, "guards: %s: %s\n", argv[1], fasteners_strerror(status));
        return EXIT_FAILURE;
    }
    show_returns(lock);
    show_a_try(lock);
    show_loops();
    expect("nothing is held", !fasteners_ipc_lock_is_held(lock));
    fasteners_ipc_lock_destroy(lock); /* after the blocks with its guards */
    puts(good ? "ok" : "FAILED");
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
