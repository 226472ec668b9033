/* SPDX-License-Identifier: Apache-2.0 */
/* X1: many threads at once, here and in other processes, by the standard's locks. */
#include "cpp_test.hpp"

#include <atomic>
#include <vector>

using namespace std::chrono_literals;

namespace
{

constexpr int crowd = 4;

/* Runs the function in that many threads, with their numbers. */
template <class Function> void in_threads(Function function)
{
    std::vector<std::thread> threads;

    for (int i = 0; i < crowd; i++)
        threads.emplace_back(function, i);
    for (std::thread &one : threads)
        one.join();
}

/* Two numbers that are equal whenever nobody writes; plain, for ThreadSanitizer. */
struct pair_of_numbers {
    long first = 0, second = 0;
};

template <class Lock> void assert_readers_and_writers(Lock &lock)
{
    const long rounds = test_rounds(4000);
    std::atomic<long> writes{0}, torn{0};
    pair_of_numbers guarded;

    in_threads([&](int number) {
        for (long i = 0; i < rounds; i++) {
            if ((i + number) % 4 == 0) {
                std::unique_lock writer(lock, std::defer_lock);
                if (i % 8 == 0)
                    writer.lock();
                else if (!writer.try_lock_for(1ms))
                    continue;
                guarded.first++;
                guarded.second++;
                writes++;
            } else {
                std::shared_lock reader(lock);
                if (guarded.first != guarded.second)
                    torn++;
            }
        }
    });
    assert_int_equal(torn.load(), 0);
    assert_int_equal(guarded.first, writes.load());
}

void x1_threads_with_an_rw_lock(void **)
{
    fasteners::rw_lock lock;

    assert_readers_and_writers(lock);
}

void x1_threads_with_an_ipc_rwlock(void **state)
{
    fasteners::ipc_rwlock lock(temp_path(state, "lock"));

    assert_readers_and_writers(lock);
}

/* Each thread takes the same three in another order: scoped_lock sorts that out. */
void x1_scoped_lock_of_several(void **state)
{
    const long rounds = test_rounds(1000);
    fasteners::ipc_lock ipc(temp_path(state, "lock"));
    fasteners::rw_lock lock;
    std::mutex mutex;
    long guarded = 0;

    in_threads([&](int number) {
        for (long i = 0; i < rounds; i++) {
            if (number % 3 == 0) {
                std::scoped_lock hold(ipc, lock, mutex);
                guarded++;
            } else if (number % 3 == 1) {
                std::scoped_lock hold(mutex, ipc, lock);
                guarded++;
            } else {
                std::scoped_lock hold(lock, mutex, ipc);
                guarded++;
            }
        }
    });
    assert_int_equal(guarded, crowd * rounds);
}

void p1_threads_and_processes(void **state)
{
    const char *path = temp_path(state, "lock");
    const long rounds = test_rounds(2000);
    witness *seen = witness_open(temp_path(state, "witness"));
    fasteners::ipc_lock lock(path);
    child *other = agent_with_lock(path, "");

    assert_non_null(seen);
    agent_expect(other, "started", "start 1 hammer l %s %ld", temp_path(state, "witness"), rounds);
    in_threads([&](int) {
        for (long i = 0; i < rounds; i++) {
            std::scoped_lock hold(lock);
            witness_visit(seen);
        }
    });
    agent_expect(other, "FASTENERS_OK", "result 1");
    assert_int_equal(witness_violations(seen), 0);
    assert_int_equal(witness_counter(seen), (crowd + 1) * rounds);
    witness_close(seen);
}

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(x1_threads_with_an_rw_lock),
        PROCESS_TEST(x1_threads_with_an_ipc_rwlock),
        PROCESS_TEST(x1_scoped_lock_of_several),
        PROCESS_TEST(p1_threads_and_processes),
    };

    return RUN_PROCESS_TESTS(tests);
}
