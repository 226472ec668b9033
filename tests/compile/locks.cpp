/* SPDX-License-Identifier: Apache-2.0 */

/* Good uses of the types of fasteners.hpp, and mistakes: see mistakes.sh. */

#include <fasteners.hpp>

#include <mutex>
#include <shared_mutex>
#include <utility>

#ifndef MISTAKE
#define MISTAKE 0
#endif

#if __cplusplus >= 202002L
constinit
#endif
    static fasteners::rw_lock ready_before_main;

int good();
void mistaken();

int good()
{
    fasteners::ipc_lock lock("lock");
    fasteners::ipc_lock moved = std::move(lock);
    fasteners::ipc_rwlock rwlock("rwlock", FASTENERS_IPC_OPTIONS_INIT);

    std::scoped_lock all(moved, rwlock, ready_before_main);
    std::shared_lock reader(ready_before_main, std::chrono::milliseconds(5));
    return reader ? 0 : 1;
}

void mistaken()
{
    fasteners::ipc_lock lock("lock");

#if MISTAKE == 1 /* deleted|private */
    fasteners::ipc_lock copy = lock;
#endif
#if MISTAKE == 2 /* deleted */
    fasteners::rw_lock one;
    fasteners::rw_lock other(std::move(one));
#endif
#if MISTAKE == 3                   /* no member|has no member */
    std::shared_lock reader(lock); /* there are no readers */
#endif
#if MISTAKE == 4 /* nodiscard|unused */
    lock.try_lock();
#endif
#if MISTAKE == 5 /* nodiscard|unused */
    lock.acquire(std::chrono::seconds(1));
#endif
#if MISTAKE == 6 /* conversion|no viable|could not convert */
    fasteners::ipc_lock from_a_string = std::string("lock");
#endif
    lock.unlock();
}
