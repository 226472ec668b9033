/* SPDX-License-Identifier: Apache-2.0 */
/* G6: a C++ exception that passes a guard releases it. */
#include "cpp_test.hpp"

namespace
{

struct locks {
    fasteners_ipc_lock *ipc = nullptr;
    fasteners_ipc_rwlock *read = nullptr, *written = nullptr;
    fasteners_rw_lock thread_read = FASTENERS_RW_LOCK_INIT;
    fasteners_rw_lock thread_written = FASTENERS_RW_LOCK_INIT;
};

bool all_held(locks &all)
{
    return fasteners_ipc_lock_is_held(all.ipc) && fasteners_ipc_rwlock_is_reader(all.read) &&
           fasteners_ipc_rwlock_is_writer(all.written) &&
           fasteners_rw_lock_is_reader(&all.thread_read) &&
           fasteners_rw_lock_is_writer(&all.thread_written, false);
}

bool none_held(locks &all)
{
    return !fasteners_ipc_lock_is_held(all.ipc) && !fasteners_ipc_rwlock_is_held(all.read) &&
           !fasteners_ipc_rwlock_is_held(all.written) &&
           fasteners_rw_lock_owner(&all.thread_read) == FASTENERS_OWNER_NONE &&
           fasteners_rw_lock_owner(&all.thread_written) == FASTENERS_OWNER_NONE;
}

/* Returns true if it does not throw. */
bool work(locks &all, bool fails)
{
    FASTENERS_IPC_GUARD(ipc, all.ipc, FASTENERS_NO_WAIT);
    FASTENERS_IPC_READ_GUARD(read, all.read, FASTENERS_NO_WAIT);
    FASTENERS_IPC_WRITE_GUARD(written, all.written, FASTENERS_NO_WAIT);
    FASTENERS_RW_READ_GUARD(thread_read, &all.thread_read, FASTENERS_NO_WAIT);
    FASTENERS_RW_WRITE_GUARD(thread_written, &all.thread_written, FASTENERS_NO_WAIT);

    if (ipc.status != FASTENERS_OK || read.status != FASTENERS_OK ||
        written.status != FASTENERS_OK || thread_read.status != FASTENERS_OK ||
        thread_written.status != FASTENERS_OK || !all_held(all))
        return false;
    if (fails)
        throw std::runtime_error("the work failed");
    return fasteners_ipc_guard_release(&ipc) == FASTENERS_OK;
}

bool throws(locks &all)
{
    try {
        work(all, true);
    } catch (const std::runtime_error &) {
        return true;
    }
    return false;
}

void g6_an_exception_releases(void **state)
{
    locks all;

    assert_int_equal(fasteners_ipc_lock_create(&all.ipc, temp_path(state, "ipc"), nullptr),
                     FASTENERS_OK);
    assert_int_equal(fasteners_ipc_rwlock_create(&all.read, temp_path(state, "read"), nullptr),
                     FASTENERS_OK);
    assert_int_equal(
        fasteners_ipc_rwlock_create(&all.written, temp_path(state, "written"), nullptr),
        FASTENERS_OK);
    assert_true(work(all, false));
    assert_true(none_held(all));
    assert_true(throws(all));
    assert_true(none_held(all));
    fasteners_ipc_lock_destroy(all.ipc);
    fasteners_ipc_rwlock_destroy(all.read);
    fasteners_ipc_rwlock_destroy(all.written);
}

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(g6_an_exception_releases),
    };

    return RUN_PROCESS_TESTS(tests);
}
