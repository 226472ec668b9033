/* SPDX-License-Identifier: Apache-2.0 */

/* The same in C++17, with the types of fasteners.hpp. */

#include <chrono>
#include <fasteners.hpp>
#include <mutex>
#include <shared_mutex>

int main(int argc, char **argv)
{
    if (argc != 2 || fasteners_version() != FASTENERS_VERSION)
        return 2;
    try {
        fasteners::ipc_lock lock(argv[1]);
        const std::unique_lock held(lock, std::chrono::seconds(1));
        if (!held.owns_lock())
            return 3;

        fasteners::rw_lock rw_lock;
        const std::shared_lock read(rw_lock);
        if (!fasteners_rw_lock_is_reader(rw_lock.native_handle()))
            return 4;
    } catch (const fasteners::error &) {
        return 5;
    }
    return 0;
}
