/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The locks as C++ types, with the locks of the standard library around them.
 *
 *     cpp_locks LOCK-FILE
 *
 * Exit status 0 if everything was as it should be.
 */
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include <fasteners.hpp>

namespace
{

using namespace std::chrono_literals;

bool good = true;

void expect(const std::string &what, bool holds)
{
    std::cout << what << (holds ? ": yes\n" : ": NO\n");
    good = good && holds;
}

/* Between processes: the lock is the path of a file. */
void show_processes(const std::string &path)
{
    fasteners::ipc_lock lock(path);
    fasteners::ipc_lock another_handle(path);
    {
        std::scoped_lock hold(lock);
        expect("while it is held, another handle does not get it",
               !std::unique_lock(another_handle, 10ms).owns_lock());
    }
    expect("afterwards it does", std::unique_lock(another_handle, std::try_to_lock).owns_lock());
}

/* A table that many threads read. */
class table
{
  public:
    void put(int key, int value)
    {
        std::unique_lock writer(lock_);
        values_[key] = value;
    }

    int sum() const
    {
        std::shared_lock reader(lock_);
        int sum = 0;
        for (const auto &[key, value] : values_)
            sum += value;
        return sum;
    }

  private:
    mutable fasteners::rw_lock lock_;
    std::map<int, int> values_;
};

void show_threads()
{
    table numbers;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; thread++)
        threads.emplace_back([&numbers, thread] {
            for (int i = 0; i < 1000; i++) {
                numbers.put(4 * i + thread, 1);
                if (i % 100 == 0)
                    numbers.sum();
            }
        });
    for (std::thread &one : threads)
        one.join();
    expect("four threads have put 4000 numbers into a table", numbers.sum() == 4000);
}

/* lock() cannot return a status, so it throws; acquire() returns it. */
void show_failure(const std::string &path)
{
    fasteners::ipc_lock lock(path + "/the-path-leads-through-a-file");
    expect("acquire returns why it failed", lock.acquire(5s) == FASTENERS_INVALID);
    try {
        std::scoped_lock hold(lock);
        expect("lock throws", false);
    } catch (const fasteners::error &failure) {
        expect("lock throws", failure.code() == std::errc::invalid_argument);
    }
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::cerr << "usage: cpp_locks LOCK-FILE\n";
        return EXIT_FAILURE;
    }
    try {
        show_processes(argv[1]);
        show_threads();
        show_failure(argv[1]);
    } catch (const fasteners::error &failure) {
        std::cerr << "cpp_locks: " << failure.what() << '\n';
        return EXIT_FAILURE;
    }
    std::cout << (good ? "ok\n" : "FAILED\n");
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
