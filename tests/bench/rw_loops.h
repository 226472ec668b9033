/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The measuring loops. Each peer's file includes this after it has said what its lock is, so that
 * the lock is called from the loops directly, or inlined where its users would have it inlined:
 *
 *     peer_lock                                   the lock
 *     peer_open, peer_close (lock)                make one of raw memory, and end it
 *     peer_seat, peer_enter, peer_leave           what a thread needs besides: rw_seat.h if nothing
 *     peer_read, peer_unread, peer_write, peer_unwrite (lock, seat)
 *
 * which may be macros; a lock or a seat is a pointer there.
 *
 * It then ends with: const struct rw_peer rw_peer_<name> = RW_PEER("<name>", "<title>", <traits>);
 */
#ifndef BENCH_RW_LOOPS_H
#define BENCH_RW_LOOPS_H

#include <assert.h>

#include "moment.h"
#include "rw_peer.h"

#define RW_ALWAYS_INLINE static inline __attribute__((always_inline))

/* Between two probes: so that what is measured is a wait now and then, not a stream of them. */
#define RW_PROBE_PAUSE (100 * NS_PER_US)

RW_ALWAYS_INLINE peer_lock *rw_lock_of(struct rw_thread *thread)
{
    return (peer_lock *)(void *)thread->arena->lock;
}

RW_ALWAYS_INLINE int rw_stopped(const struct rw_thread *thread)
{
    return __atomic_load_n(&thread->arena->stop, __ATOMIC_RELAXED);
}

/* The sections go through volatile, so that the compiler neither drops nor merges them. */
RW_ALWAYS_INLINE void rw_look(struct rw_thread *thread, unsigned held)
{
    const volatile struct rw_guarded *guarded = &thread->arena->guarded;
    long first = guarded->first;
    if (held)
        rw_work(held);
    if (__builtin_expect(first != guarded->second, 0))
        thread->broken = 1;
}

RW_ALWAYS_INLINE void rw_change(struct rw_thread *thread, unsigned held)
{
    volatile struct rw_guarded *guarded = &thread->arena->guarded;
    guarded->first = guarded->first + 1;
    if (held)
        rw_work(held);
    guarded->second = guarded->second + 1;
}

RW_ALWAYS_INLINE void rw_read_pair(struct rw_thread *thread, peer_seat *seat, unsigned held)
{
    peer_lock *lock = rw_lock_of(thread);
    (void)seat;
    peer_read(lock, seat);
    rw_look(thread, held);
    peer_unread(lock, seat);
}

RW_ALWAYS_INLINE void rw_write_pair(struct rw_thread *thread, peer_seat *seat, unsigned held)
{
    peer_lock *lock = rw_lock_of(thread);
    (void)seat;
    peer_write(lock, seat);
    rw_change(thread, held);
    peer_unwrite(lock, seat);
}

RW_ALWAYS_INLINE void rw_publish(long *count, long value)
{
    __atomic_store_n(count, value, __ATOMIC_RELAXED);
}

/* ---- one thread ---- */

typedef void rw_pair(struct rw_thread *thread, peer_seat *seat, unsigned held);

RW_ALWAYS_INLINE void rw_repeat(struct rw_thread *thread, peer_seat *seat, rw_pair *pair,
                                size_t count)
{
    for (size_t i = 0; i < count; i++)
        pair(thread, seat, 0);
}

RW_ALWAYS_INLINE void rw_time_batches(struct rw_thread *thread, peer_seat *seat, rw_pair *pair)
{
    do {
        int64_t begin = moment_now();
        rw_repeat(thread, seat, pair, RW_BATCH);
        series_add(&thread->series, 0, (double)(moment_now() - begin) / RW_BATCH);
    } while (!rw_stopped(thread));
}

static void rw_solo_read(struct rw_thread *thread)
{
    peer_seat seat;
    peer_enter(rw_lock_of(thread), &seat);
    rw_time_batches(thread, &seat, rw_read_pair);
    peer_leave(rw_lock_of(thread), &seat);
}

static void rw_solo_write(struct rw_thread *thread)
{
    peer_seat seat;
    peer_enter(rw_lock_of(thread), &seat);
    rw_time_batches(thread, &seat, rw_write_pair);
    peer_leave(rw_lock_of(thread), &seat);
}

static void rw_solo_nested(struct rw_thread *thread)
{
    peer_seat seat;
    peer_lock *lock = rw_lock_of(thread);
    peer_enter(lock, &seat);
    peer_read(lock, &seat);
    rw_time_batches(thread, &seat, rw_read_pair);
    peer_unread(lock, &seat);
    peer_leave(lock, &seat);
}

static void rw_count_read(struct rw_thread *thread)
{
    peer_seat seat;
    peer_enter(rw_lock_of(thread), &seat);
    rw_repeat(thread, &seat, rw_read_pair, thread->places);
    peer_leave(rw_lock_of(thread), &seat);
}

static void rw_count_write(struct rw_thread *thread)
{
    peer_seat seat;
    peer_enter(rw_lock_of(thread), &seat);
    rw_repeat(thread, &seat, rw_write_pair, thread->places);
    peer_leave(rw_lock_of(thread), &seat);
}

static void rw_count_nested(struct rw_thread *thread)
{
    peer_seat seat;
    peer_lock *lock = rw_lock_of(thread);
    peer_enter(lock, &seat);
    peer_read(lock, &seat);
    rw_repeat(thread, &seat, rw_read_pair, thread->places);
    peer_unread(lock, &seat);
    peer_leave(lock, &seat);
}

/* ---- many threads ---- */

/* The 64 pairs of one word of the pattern; returns how many of them were writes. */
RW_ALWAYS_INLINE long rw_word(struct rw_thread *thread, peer_seat *seat, uint64_t word)
{
    uint64_t left = word;
    for (int i = 0; i < 64; i++, left >>= 1) {
        if (left & 1)
            rw_write_pair(thread, seat, 0);
        else
            rw_read_pair(thread, seat, 0);
    }
    return __builtin_popcountll(word);
}

static void rw_empty(struct rw_thread *thread)
{
    peer_seat seat;
    size_t place = thread->place, last = thread->places - 1;
    long pairs = 0, writes = 0;
    peer_enter(rw_lock_of(thread), &seat);
    while (!rw_stopped(thread)) {
        writes += rw_word(thread, &seat, thread->pattern[place++ & last]);
        rw_publish(&thread->pairs, pairs += 64);
        rw_publish(&thread->writes, writes);
    }
    peer_leave(rw_lock_of(thread), &seat);
}

static void rw_sections(struct rw_thread *thread)
{
    peer_seat seat;
    size_t place = thread->place, last = thread->places - 1;
    long writes = 0;
    peer_enter(rw_lock_of(thread), &seat);
    for (long pairs = 0; !rw_stopped(thread); rw_publish(&thread->pairs, pairs)) {
        uint64_t word = thread->pattern[(place + (size_t)pairs / 64) & last];
        if (word >> (pairs++ % 64) & 1) {
            rw_write_pair(thread, &seat, thread->held);
            rw_publish(&thread->writes, ++writes);
        } else {
            rw_read_pair(thread, &seat, thread->held);
        }
        if (thread->outside)
            rw_work(thread->outside);
    }
    peer_leave(rw_lock_of(thread), &seat);
}

RW_ALWAYS_INLINE void rw_note_wait(struct rw_thread *thread, int64_t begin)
{
    series_add(&thread->series, 0, (double)(moment_now() - begin) / (double)NS_PER_US);
    rw_publish(&thread->pairs, thread->pairs + 1);
}

static void rw_probe_read(struct rw_thread *thread)
{
    peer_seat seat;
    peer_lock *lock = rw_lock_of(thread);
    peer_enter(lock, &seat);
    do {
        int64_t begin = moment_now();
        peer_read(lock, &seat);
        rw_note_wait(thread, begin);
        rw_look(thread, 0);
        peer_unread(lock, &seat);
        moment_sleep_until(moment_now() + RW_PROBE_PAUSE);
    } while (!rw_stopped(thread));
    peer_leave(lock, &seat);
}

static void rw_probe_write(struct rw_thread *thread)
{
    peer_seat seat;
    peer_lock *lock = rw_lock_of(thread);
    peer_enter(lock, &seat);
    do {
        int64_t begin = moment_now();
        peer_write(lock, &seat);
        rw_note_wait(thread, begin);
        rw_publish(&thread->writes, thread->writes + 1);
        rw_change(thread, 0);
        peer_unwrite(lock, &seat);
        moment_sleep_until(moment_now() + RW_PROBE_PAUSE);
    } while (!rw_stopped(thread));
    peer_leave(lock, &seat);
}

static void rw_create(void *memory)
{
    static_assert(sizeof(peer_lock) <= RW_LOCK_ROOM, "the arena has room for the lock");
    peer_open((peer_lock *)memory);
}

static void rw_destroy(void *memory)
{
    peer_close((peer_lock *)memory);
}

#define RW_PEER(name, title, traits)                                                               \
    {                                                                                              \
        name, title, traits, rw_create, rw_destroy, rw_solo_read, rw_solo_write, rw_solo_nested,   \
            rw_empty, rw_sections, rw_probe_read, rw_probe_write, rw_count_read, rw_count_write,   \
            rw_count_nested                                                                        \
    }

#endif
