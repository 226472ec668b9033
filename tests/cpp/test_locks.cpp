/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X1: the types fit the standard's locks, and exclude other processes through them. X4: moving.
 */
#include "cpp_test.hpp"

using namespace std::chrono_literals;

namespace
{

using fasteners::ipc_lock;
using fasteners::ipc_rwlock;
using fasteners::rw_lock;

template <class Lock>
constexpr bool is_move_only =
    std::is_nothrow_move_constructible_v<Lock> &&std::is_nothrow_move_assignable_v<Lock> &&
    !std::is_copy_constructible_v<Lock> && !std::is_copy_assignable_v<Lock>;

static_assert(is_move_only<ipc_lock> && is_move_only<ipc_rwlock>);
static_assert(!std::is_move_constructible_v<rw_lock> && !std::is_move_assignable_v<rw_lock>);
static_assert(std::is_nothrow_default_constructible_v<rw_lock>);
static_assert(sizeof(ipc_lock) == sizeof(void *) && sizeof(rw_lock) == sizeof(fasteners_rw_lock));
static_assert(!std::is_convertible_v<std::string, ipc_lock>);

/* ---------------------------------------------------------------------- one at a time -- */

void x1_unique_lock(void **state)
{
    const char *path = temp_path(state, "lock");
    child *other = agent_with_lock(path, "");
    ipc_lock lock(path);

    {
        std::unique_lock hold(lock);
        assert_true(hold.owns_lock());
        agent_expect(other, "FASTENERS_BUSY", "acquire l 0");
        hold.unlock();
        agent_expect(other, "FASTENERS_OK", "acquire l 0");
        assert_false(hold.try_lock());
        assert_false(hold.try_lock_for(1ms));
        agent_expect(other, "FASTENERS_OK", "release l");
        assert_true(hold.try_lock_until(std::chrono::system_clock::now() + 10h));
        agent_expect(other, "FASTENERS_BUSY", "acquire l 0");
    }
    agent_expect(other, "FASTENERS_OK", "acquire l 0");
    assert_false(std::unique_lock(lock, std::try_to_lock).owns_lock());
    assert_false(std::unique_lock(lock, 5ms).owns_lock());
}

void x1_lock_waits_for_another_process(void **state)
{
    const char *path = temp_path(state, "lock");
    child *other = agent_with_lock(path, "");
    ipc_lock lock(path);
    bool held = false;

    agent_expect(other, "FASTENERS_OK", "acquire l 0");
    std::thread waiter([&] {
        std::scoped_lock hold(lock);
        held = fasteners_ipc_lock_is_held(lock.native_handle());
    });
    expect_queued(path, 1);
    agent_expect(other, "FASTENERS_OK", "release l");
    waiter.join();
    assert_true(held);
    agent_expect(other, "FASTENERS_OK", "acquire l 0");
}

void x1_a_cancelled_lock_throws(void **state)
{
    const char *path = temp_path(state, "lock");
    child *other = agent_with_lock(path, "");
    ipc_lock lock(path);
    std::error_code code;

    agent_expect(other, "FASTENERS_OK", "acquire l 0");
    std::thread waiter([&] {
        try {
            std::scoped_lock hold(lock);
        } catch (const fasteners::error &failure) {
            code = failure.code();
        }
    });
    expect_queued(path, 1);
    fasteners_ipc_lock_cancel(lock.native_handle());
    waiter.join();
    assert_true(code == FASTENERS_CANCELLED);
}

void x1_an_exception_releases(void **state)
{
    const char *path = temp_path(state, "lock");
    child *other = agent_with_lock(path, "");
    ipc_lock lock(path);

    try {
        std::scoped_lock hold(lock);
        throw std::runtime_error("the work failed");
    } catch (const std::runtime_error &) {
        agent_expect(other, "FASTENERS_OK", "acquire l 0");
    }
}

/* ------------------------------------------------------------------ readers and writers -- */

void x1_shared_lock(void **state)
{
    const char *path = temp_path(state, "lock");
    child *other = agent_start();
    ipc_rwlock lock(path);

    agent_expect(other, "FASTENERS_OK", "rw_create l %s", path);
    {
        std::shared_lock reader(lock);
        agent_expect(other, "FASTENERS_OK", "read l 0");
        agent_expect(other, "FASTENERS_OK", "unread l");
        agent_expect(other, "FASTENERS_BUSY", "write l 0");
    }
    {
        std::unique_lock writer(lock);
        agent_expect(other, "FASTENERS_BUSY", "read l 0");
    }
    agent_expect(other, "FASTENERS_OK", "write l 0");
    assert_false(std::shared_lock(lock, std::try_to_lock).owns_lock());
    assert_false(std::shared_lock(lock, 2ms).owns_lock());
    assert_false(std::unique_lock(lock, 2ms).owns_lock());
    agent_expect(other, "FASTENERS_OK", "unwrite l");
    agent_expect(other, "FASTENERS_OK", "read l 0");
    assert_true(std::shared_lock(lock, 2ms).owns_lock());
    assert_false(std::unique_lock(lock, std::try_to_lock).owns_lock());
    agent_expect(other, "FASTENERS_OK", "unread l");
    agent_expect(other, "FASTENERS_OK", "write l 0");
}

void x1_upgrade_by_the_native_handle(void **)
{
    rw_lock lock;
    std::shared_lock reader(lock);

    assert_int_equal(fasteners_rw_lock_upgrade(lock.native_handle(), 0), FASTENERS_OK);
    assert_int_equal(fasteners_rw_lock_owner(lock.native_handle()), FASTENERS_OWNER_WRITER);
    assert_int_equal(fasteners_rw_lock_downgrade(lock.native_handle()), FASTENERS_OK);
    reader.unlock();
    assert_int_equal(fasteners_rw_lock_owner(lock.native_handle()), FASTENERS_OWNER_NONE);
}

void x1_options_are_those_of_c(void **state)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    options.unlink_on_release = true;
    ipc_lock lock(temp_path(state, "lock"), options);

    lock.lock();
    assert_true(fasteners_ipc_lock_exists(lock.native_handle()));
    lock.unlock();
    assert_false(fasteners_ipc_lock_exists(lock.native_handle()));
}

/* ------------------------------------------------------------------------------ moving -- */

void x4_a_lock_is_moved_with_its_hold(void **state)
{
    const char *path = temp_path(state, "lock");
    child *other = agent_with_lock(path, "");
    ipc_lock from(path);

    from.lock();
    ipc_lock to = std::move(from);
    agent_expect(other, "FASTENERS_BUSY", "acquire l 0");
    assert_int_equal(from.acquire(), FASTENERS_INVALID);
    assert_null(from.native_handle());
    try {
        from.lock();
        fail();
    } catch (const fasteners::error &failure) {
        assert_true(failure.code() == std::errc::invalid_argument);
    }
    from.unlock();
    assert_int_equal(to.release(), FASTENERS_OK);
    agent_expect(other, "FASTENERS_OK", "acquire l 0");
}

void x4_the_destructor_releases(void **state)
{
    const char *path = temp_path(state, "lock");
    child *other = agent_with_lock(path, "");

    {
        ipc_rwlock lock(path);
        lock.lock();
        agent_expect(other, "FASTENERS_BUSY", "acquire l 0");
    }
    agent_expect(other, "FASTENERS_OK", "acquire l 0");
    agent_expect(other, "FASTENERS_OK", "release l");
    {
        ipc_lock lock(path);
        lock.lock();
        lock = ipc_lock(temp_path(state, "another"));
        agent_expect(other, "FASTENERS_OK", "acquire l 0");
        assert_true(lock.try_lock());
    }
}

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(x1_unique_lock),
        PROCESS_TEST(x1_lock_waits_for_another_process),
        PROCESS_TEST(x1_a_cancelled_lock_throws),
        PROCESS_TEST(x1_an_exception_releases),
        PROCESS_TEST(x1_shared_lock),
        PROCESS_TEST(x1_upgrade_by_the_native_handle),
        PROCESS_TEST(x1_options_are_those_of_c),
        PROCESS_TEST(x4_a_lock_is_moved_with_its_hold),
        PROCESS_TEST(x4_the_destructor_releases),
    };

    return RUN_PROCESS_TESTS(tests);
}
