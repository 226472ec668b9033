/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

/*
 * The calls that -fsanitize=thread makes of accesses to memory, by the names and arguments that
 * GCC and Clang have agreed upon for ThreadSanitizer.
 */

static bool is_delayed(int order)
{
    return !sim_is_off() && (order == __ATOMIC_RELAXED || order == __ATOMIC_RELEASE);
}

/* What a thread has stored before a locked instruction gets to the others before it. */
static void begin_locked(const volatile void *address, const char *what, uint64_t value)
{
    sim_may_switch();
    sim_flush();
    sim_touch(address, what, value);
}

#define DEFINE_LOAD(bits, type)                                                                    \
    type __tsan_atomic##bits##_load(const volatile type *address, int order);                      \
    type __tsan_atomic##bits##_load(const volatile type *address, int order)                       \
    {                                                                                              \
        uint64_t value;                                                                            \
                                                                                                   \
        (void)order;                                                                               \
        sim_may_switch();                                                                          \
        sim_touch(address, "load", 0);                                                             \
        if (sim_find_stored(address, &value))                                                      \
            return (type)value;                                                                    \
        return __atomic_load_n(address, __ATOMIC_SEQ_CST);                                         \
    }

#define DEFINE_STORE(bits, type)                                                                   \
    void __tsan_atomic##bits##_store(volatile type *address, type value, int order);               \
    void __tsan_atomic##bits##_store(volatile type *address, type value, int order)                \
    {                                                                                              \
        if (is_delayed(order)) {                                                                   \
            sim_may_switch();                                                                      \
            sim_touch(address, "store", value);                                                    \
            sim_store_later(address, sizeof(type), value, order == __ATOMIC_RELEASE);              \
            return;                                                                                \
        }                                                                                          \
        begin_locked(address, "store and fence", value);                                           \
        __atomic_store_n(address, value, __ATOMIC_SEQ_CST);                                        \
    }

#define DEFINE_CHANGE(bits, type, name, builtin)                                                   \
    type __tsan_atomic##bits##_##name(volatile type *address, type value, int order);              \
    type __tsan_atomic##bits##_##name(volatile type *address, type value, int order)               \
    {                                                                                              \
        (void)order;                                                                               \
        begin_locked(address, #name, value);                                                       \
        return builtin(address, value, __ATOMIC_SEQ_CST);                                          \
    }

#define DEFINE_COMPARE_EXCHANGE(bits, type, name)                                                  \
    int __tsan_atomic##bits##_##name(volatile type *address, type *expected, type value,           \
                                     int success, int failure);                                    \
    int __tsan_atomic##bits##_##name(volatile type *address, type *expected, type value,           \
                                     int success, int failure)                                     \
    {                                                                                              \
        (void)success;                                                                             \
        (void)failure;                                                                             \
        begin_locked(address, #name, value);                                                       \
        return __atomic_compare_exchange_n(address, expected, value, false, __ATOMIC_SEQ_CST,      \
                                           __ATOMIC_SEQ_CST);                                      \
    }

/* Clang's form: tells what there was. */
#define DEFINE_COMPARE_EXCHANGE_VAL(bits, type)                                                    \
    type __tsan_atomic##bits##_compare_exchange_val(volatile type *address, type expected,         \
                                                    type value, int success, int failure);         \
    type __tsan_atomic##bits##_compare_exchange_val(volatile type *address, type expected,         \
                                                    type value, int success, int failure)          \
    {                                                                                              \
        (void)success;                                                                             \
        (void)failure;                                                                             \
        begin_locked(address, "compare_exchange", value);                                          \
        __atomic_compare_exchange_n(address, &expected, value, false, __ATOMIC_SEQ_CST,            \
                                    __ATOMIC_SEQ_CST);                                             \
        return expected;                                                                           \
    }

#define DEFINE_ATOMICS(bits, type)                                                                 \
    DEFINE_LOAD(bits, type)                                                                        \
    DEFINE_STORE(bits, type)                                                                       \
    DEFINE_CHANGE(bits, type, exchange, __atomic_exchange_n)                                       \
    DEFINE_CHANGE(bits, type, fetch_add, __atomic_fetch_add)                                       \
    DEFINE_CHANGE(bits, type, fetch_sub, __atomic_fetch_sub)                                       \
    DEFINE_CHANGE(bits, type, fetch_and, __atomic_fetch_and)                                       \
    DEFINE_CHANGE(bits, type, fetch_or, __atomic_fetch_or)                                         \
    DEFINE_COMPARE_EXCHANGE(bits, type, compare_exchange_strong)                                   \
    DEFINE_COMPARE_EXCHANGE(bits, type, compare_exchange_weak)                                     \
    DEFINE_COMPARE_EXCHANGE_VAL(bits, type)

DEFINE_ATOMICS(8, uint8_t)
DEFINE_ATOMICS(16, uint16_t)
DEFINE_ATOMICS(32, uint32_t)
DEFINE_ATOMICS(64, uint64_t)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
    (void)order;
    sim_may_switch();
    sim_flush();
}

void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order)
{
    (void)order;
}

/*
 * What is not atomic belongs to one thread or is guarded by a mutex, which is atomic: no turn is
 * lost here, and nothing delayed.
 */
#define DEFINE_PLAIN(name)                                                                         \
    void __tsan_##name(void *address);                                                             \
    void __tsan_##name(void *address)                                                              \
    {                                                                                              \
        sim_touch(address, NULL, 0);                                                               \
    }

#define DEFINE_RANGE(name)                                                                         \
    void __tsan_##name(void *address, size_t size);                                                \
    void __tsan_##name(void *address, size_t size)                                                 \
    {                                                                                              \
        (void)size;                                                                                \
        sim_touch(address, NULL, 0);                                                               \
    }

DEFINE_PLAIN(read1)
DEFINE_PLAIN(read2)
DEFINE_PLAIN(read4)
DEFINE_PLAIN(read8)
DEFINE_PLAIN(read16)
DEFINE_PLAIN(write1)
DEFINE_PLAIN(write2)
DEFINE_PLAIN(write4)
DEFINE_PLAIN(write8)
DEFINE_PLAIN(write16)
DEFINE_PLAIN(unaligned_read2)
DEFINE_PLAIN(unaligned_read4)
DEFINE_PLAIN(unaligned_read8)
DEFINE_PLAIN(unaligned_read16)
DEFINE_PLAIN(unaligned_write2)
DEFINE_PLAIN(unaligned_write4)
DEFINE_PLAIN(unaligned_write8)
DEFINE_PLAIN(unaligned_write16)
DEFINE_RANGE(read_range)
DEFINE_RANGE(write_range)

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller);
void __tsan_func_entry(void *caller)
{
    (void)caller;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}
