/* SPDX-License-Identifier: Apache-2.0 */

/* Boost.Interprocess: classic fcntl locks; its timed wait spins, yields and sleeps in turn. */

#include "peer.h"

#include <boost/date_time/posix_time/posix_time_types.hpp>
#include <boost/interprocess/sync/file_lock.hpp>
#include <exception>

using boost::interprocess::file_lock;

/* Exceptions must not reach the C code that called. */
template <typename Call> static bool guarded(void *lock, Call call)
{
    try {
        return call(*static_cast<file_lock *>(lock));
    } catch (const std::exception &) {
        return false;
    }
}

static void *open_lock(const char *path)
{
    try {
        return new file_lock(path);
    } catch (const std::exception &) {
        return nullptr;
    }
}

static bool acquire(void *lock)
{
    return guarded(lock, [](file_lock &l) { return l.lock(), true; });
}

static bool try_acquire(void *lock)
{
    return guarded(lock, [](file_lock &l) { return l.try_lock(); });
}

static bool timed(void *lock, int64_t ms)
{
    using boost::posix_time::microsec_clock;
    using boost::posix_time::milliseconds;
    return guarded(lock, [ms](file_lock &l) {
        return l.timed_lock(microsec_clock::universal_time() + milliseconds(ms));
    });
}

static bool release(void *lock)
{
    return guarded(lock, [](file_lock &l) { return l.unlock(), true; });
}

static bool acquire_read(void *lock)
{
    return guarded(lock, [](file_lock &l) { return l.lock_sharable(), true; });
}

static bool release_read(void *lock)
{
    return guarded(lock, [](file_lock &l) { return l.unlock_sharable(), true; });
}

static void close_lock(void *lock)
{
    delete static_cast<file_lock *>(lock);
}

extern "C" const struct peer peer_boost = {
    "boost", "Boost file_lock", nullptr,    nullptr,   open_lock,        acquire,      try_acquire,
    timed,   release,           close_lock, PEER_BOTH, PEER_READS_ALONE, acquire_read, release_read,
};
