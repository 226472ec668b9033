/* SPDX-License-Identifier: Apache-2.0 */
#include "rw_seats.h"

#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>

#include "patience.h"

typedef struct seat {
    _Atomic uint32_t doing; /* a rw_doing */
    _Atomic uint32_t moves;
    _Atomic uint32_t deaths;
} seat;

struct rw_seats {
    seat seats[RW_SEATS];
    _Atomic uint32_t violations;
    volatile int64_t writings; /* without any atomicity, as a second witness */
};

rw_seats *rw_seats_make(void)
{
    void *memory =
        mmap(NULL, sizeof(rw_seats), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return memory != MAP_FAILED ? memory : NULL;
}

void rw_seats_free(rw_seats *of)
{
    munmap(of, sizeof(*of));
}

static bool are_compatible(rw_doing one, uint32_t other)
{
    return one == RW_NOTHING || other == RW_NOTHING || (one == RW_READING && other == RW_READING);
}

/*
 * Whether who sits there, alive, does what must not be done beside `what`. Who hangs is alive. To
 * wait here is to move: two who meet must not take each other for dead.
 */
static bool disturbs(seat *other, seat *mine, rw_doing what)
{
    uint32_t deaths = atomic_load(&other->deaths);
    uint32_t moves = atomic_load(&other->moves);
    int64_t end;

    if (are_compatible(what, atomic_load(&other->doing)))
        return false;
    end = test_now() + test_patience_ms() * 1000000;
    while (atomic_load(&other->moves) == moves && test_now() < end) {
        if (atomic_load(&other->deaths) != deaths)
            return false;
        atomic_fetch_add(&mine->moves, 1);
        sched_yield();
    }
    return atomic_load(&other->deaths) == deaths;
}

void rw_seats_do(rw_seats *of, int number, rw_doing what)
{
    seat *mine = &of->seats[number];

    if (what == RW_WRITING)
        of->writings = of->writings + 1;
    atomic_store(&mine->doing, (uint32_t)what);
    atomic_fetch_add(&mine->moves, 1);
    for (int i = 0; i < RW_SEATS; i++)
        if (i != number && disturbs(&of->seats[i], mine, what))
            atomic_fetch_add(&of->violations, 1);
}

void rw_seats_clear(rw_seats *of, int number)
{
    atomic_fetch_add(&of->seats[number].deaths, 1);
    atomic_store(&of->seats[number].doing, RW_NOTHING);
}

uint32_t rw_seats_moves(const rw_seats *of, int number)
{
    return atomic_load(&of->seats[number].moves);
}

int64_t rw_seats_writings(const rw_seats *of)
{
    return of->writings;
}

long rw_seats_violations(const rw_seats *of)
{
    return (long)atomic_load(&of->violations);
}
