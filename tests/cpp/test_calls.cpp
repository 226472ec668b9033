/* SPDX-License-Identifier: Apache-2.0 */
/* F4: an exception thrown under a lock reaches the caller, and the lock is released. */
#include "cpp_test.hpp"

#include <functional>

#include <unistd.h>

namespace
{

int add_or_throw(void *number)
{
    int &value = *static_cast<int *>(number);

    if (value < 0)
        throw std::runtime_error("negative");
    return value + 1;
}

constexpr int untouched = -77;

struct locks {
    const char *path;
    fasteners_ipc_lock *ipc = nullptr;
    fasteners_ipc_rwlock *rwlock = nullptr;
    fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;
};

using way = std::function<fasteners_status(locks &, int *, fasteners_call *)>;

const way ways[] = {
    [](locks &all, int *number, fasteners_call *call) {
        return fasteners_ipc_locked(all.path, nullptr, 0, add_or_throw, number, call);
    },
    [](locks &all, int *number, fasteners_call *call) {
        return fasteners_ipc_read_locked(all.path, nullptr, 0, add_or_throw, number, call);
    },
    [](locks &all, int *number, fasteners_call *call) {
        return fasteners_ipc_write_locked(all.path, nullptr, 0, add_or_throw, number, call);
    },
    [](locks &all, int *number, fasteners_call *call) {
        return fasteners_ipc_lock_call(all.ipc, 0, add_or_throw, number, call);
    },
    [](locks &all, int *number, fasteners_call *call) {
        return fasteners_ipc_rwlock_call_read(all.rwlock, 0, add_or_throw, number, call);
    },
    [](locks &all, int *number, fasteners_call *call) {
        return fasteners_ipc_rwlock_call_write(all.rwlock, 0, add_or_throw, number, call);
    },
    [](locks &all, int *number, fasteners_call *call) {
        return fasteners_rw_lock_call_read(&all.lock, 0, add_or_throw, number, call);
    },
    [](locks &all, int *number, fasteners_call *call) {
        return fasteners_rw_lock_call_write(&all.lock, 0, add_or_throw, number, call);
    },
};

bool throws(const way &call_it, locks &all, fasteners_call &call)
{
    int negative = -1;

    try {
        (void)call_it(all, &negative, &call);
    } catch (const std::runtime_error &) {
        return true;
    }
    return false;
}

bool none_held(locks &all)
{
    return !fasteners_ipc_lock_is_held(all.ipc) && !fasteners_ipc_rwlock_is_held(all.rwlock) &&
           fasteners_rw_lock_owner(&all.lock) == FASTENERS_OWNER_NONE;
}

void f4_an_exception_releases_and_goes_on(void **state)
{
    locks all;
    all.path = temp_path(state, "lock");
    child *other = agent_with_lock(all.path, "");

    assert_int_equal(fasteners_ipc_lock_create(&all.ipc, all.path, nullptr), FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_create(&all.rwlock, all.path, nullptr), FASTENERS_OK);
    for (const way &call_it : ways) {
        fasteners_call call = {false, untouched};
        int descriptors, one = 1;

        assert_int_equal(call_it(all, &one, &call), FASTENERS_OK);
        assert_true(call.called);
        assert_int_equal(call.result, 2);

        descriptors = count_descriptors(getpid());
        call = {false, untouched};
        assert_true(throws(call_it, all, call));
        assert_true(call.called);
        assert_int_equal(call.result, untouched);
        assert_true(none_held(all));
        agent_expect(other, "FASTENERS_OK", "acquire l 0");
        agent_expect(other, "FASTENERS_OK", "release l");
        assert_int_equal(count_descriptors(getpid()), descriptors);
    }
    fasteners_ipc_lock_destroy(all.ipc);
    fasteners_ipc_rwlock_destroy(all.rwlock);
}

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(f4_an_exception_releases_and_goes_on),
    };

    return RUN_PROCESS_TESTS(tests);
}
