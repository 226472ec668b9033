/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_H
#define SIM_H

/*
 * Runs threads upon the code of rw_lock in an order that is drawn by a seed, so that a schedule
 * that goes wrong can be had again. One thread runs at a time; it may lose its turn at each of its
 * atomic operations and at each call of the system.
 *
 * How: the code is compiled with -fsanitize=thread, so the compiler makes a call of every access to
 * memory; sim_atomics.c defines those calls, in the place of ThreadSanitizer's. sim_platform.c is
 * the system, with a clock of its own. What is simulated besides:
 *   - store buffers: a store that is not sequentially consistent gets to the other threads later,
 *     and a relaxed one perhaps before those that came before it. So what a barrier is for can be
 *     seen to be needed. (The loads of a thread happen at once.)
 *   - sleepers that wake for no reason, and time-outs at any moment.
 *   - memory that has been freed: whoever touches it fails the run.
 * A run fails too when all threads sleep for ever, or when they go on and on.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_THREADS = 4 };

/*
 * Runs body(0) to body(threads - 1) at once. NULL, or what went wrong; after that the threads are
 * stuck, and there can be no further run.
 */
const char *sim_run(uint64_t seed, int threads, void (*body)(int thread));

/* For bodies: a number below `below`, drawn by the seed. For the caller of sim_run, before it: */
uint32_t sim_draw(uint32_t below);
void sim_seed(uint64_t seed);

/* The calling thread may lose its turn here, outside of the library. */
void sim_step(void);

/* The run has gone wrong. Does not return in a body. */
void sim_fail(const char *reason);
/* What has gone wrong since the beginning of the run, or NULL. */
const char *sim_failure(void);

/* The calling thread ends, as far as the library can tell; and begins anew with its next call. */
void sim_end_thread(void);

/* The memory is freed. One piece at a time; NULL: none. */
void sim_free(const void *memory, size_t size);

/* ------------------------------------------------- between sim.c and the other two files -- */

/* Nothing is simulated, since the caller is not in a body. */
bool sim_is_off(void);

int64_t sim_now(void);
bool sim_park(const _Atomic uint32_t *word, uint32_t expected, int64_t deadline);
void sim_unpark(const _Atomic uint32_t *word);
/* The thread has nothing to do at the moment: another one's turn. */
void sim_pause(void);

/* The calling thread may lose its turn here, inside the library. */
void sim_may_switch(void);

/* The calling thread touches the memory. `what` is for the story of a run that went wrong. */
void sim_touch(const volatile void *address, const char *what, uint64_t value);

/* Store buffers. */
void sim_store_later(volatile void *address, unsigned size, uint64_t value, bool release);
/* The newest value that the thread itself has stored there, if it is still in its buffer. */
bool sim_find_stored(const volatile void *address, uint64_t *value);
void sim_flush(void);
void sim_flush_all(void);

#endif
