/* SPDX-License-Identifier: Apache-2.0 */
/* X2: lock throws when it cannot lock, nothing else does, and what is thrown tells why. */
#include "cpp_test.hpp"

#include <system_error>

#include <cerrno>

namespace
{

/* What the system says of a path that leads through a file. */
#ifdef _WIN32
const int THROUGH_A_FILE = 267; /* ERROR_DIRECTORY */
#else
const int THROUGH_A_FILE = ENOTDIR;
#endif

/* What the action throws; FASTENERS_OK: nothing. */
template <class Action> fasteners_status thrown_by(Action action, std::string *what = nullptr)
{
    try {
        action();
    } catch (const fasteners::error &failure) {
        if (what != nullptr)
            *what = failure.what();
        return failure.status();
    }
    return FASTENERS_OK;
}

bool contains(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

/* ------------------------------------------------------------------------ constructors -- */

template <class Lock> void assert_constructor_throws(const std::string &good_path)
{
    fasteners_ipc_options options = FASTENERS_IPC_OPTIONS_INIT;
    std::string what;

    assert_int_equal(thrown_by([] { Lock lock(""); }), FASTENERS_INVALID);
    assert_int_equal(thrown_by([] { Lock lock("/tmp/folder/"); }, &what), FASTENERS_INVALID);
    assert_true(contains(what, "/tmp/folder/: "));
    assert_true(contains(what, fasteners_strerror(FASTENERS_INVALID)));
    /* In C this would be good_path. */
    assert_int_equal(thrown_by([&] { Lock lock(good_path + std::string("\0.tmp", 5)); }),
                     FASTENERS_INVALID);
    options.mode = 07777;
    assert_int_equal(thrown_by([&] { Lock lock(good_path, options); }), FASTENERS_INVALID);
    options.mode = 0600;
    assert_int_equal(thrown_by([&] { Lock lock(good_path, options); }), FASTENERS_OK);
}

void x2_a_constructor_throws(void **state)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    assert_constructor_throws<fasteners::ipc_lock>(temp_path(state, "lock"));
    assert_constructor_throws<fasteners::ipc_rwlock>(temp_path(state, "lock"));
    options.preference = 77;
    assert_int_equal(thrown_by([&] { fasteners::rw_lock lock(options); }), FASTENERS_INVALID);
    options.preference = FASTENERS_PREFER_READERS;
    assert_int_equal(thrown_by([&] { fasteners::rw_lock lock(options); }), FASTENERS_OK);
}

/* -------------------------------------------------------------------------------- lock -- */

void x2_lock_throws_what_the_system_says(void **state)
{
    /* The path leads through a file. */
    const std::string file = temp_path(state, "file");
    fasteners::ipc_lock in_the_way(file);
    fasteners::ipc_lock lock(file + "/lock");
    fasteners::ipc_rwlock rwlock(file + "/lock");
    std::string what;

    in_the_way.lock();
    assert_int_equal(lock.acquire(), FASTENERS_INVALID);
    assert_int_equal(thrown_by([&] { lock.lock(); }, &what), FASTENERS_INVALID);
    assert_true(contains(what, fasteners_ipc_lock_path(lock.native_handle()) + std::string(": ")));
    assert_int_equal(thrown_by([&] { rwlock.lock(); }), FASTENERS_INVALID);
    assert_int_equal(thrown_by([&] { rwlock.lock_shared(); }), FASTENERS_INVALID);
    assert_int_equal(thrown_by([&] { std::scoped_lock hold(lock); }), FASTENERS_INVALID);
    try {
        lock.lock();
    } catch (const fasteners::error &failure) {
        assert_int_equal(failure.os_error(), THROUGH_A_FILE);
    }
}

void x2_whoever_can_say_no_does_not_throw(void **state)
{
    fasteners::ipc_lock lock(temp_dir_path(state));
    fasteners::ipc_rwlock rwlock(temp_dir_path(state));

    static_assert(noexcept(lock.try_lock()) &&noexcept(lock.unlock()));
    static_assert(noexcept(lock.acquire()) &&noexcept(lock.release()));
    static_assert(noexcept(rwlock.try_lock_shared()) &&noexcept(rwlock.unlock_shared()));
    static_assert(noexcept(rwlock.acquire_shared()) &&noexcept(rwlock.release_shared()));
    assert_false(lock.try_lock());
    assert_false(rwlock.try_lock());
    assert_false(rwlock.try_lock_shared());
    assert_int_equal(lock.acquire(0), FASTENERS_INVALID);
    assert_int_equal(rwlock.acquire(0), FASTENERS_INVALID);
    assert_int_equal(rwlock.acquire_shared(0), FASTENERS_INVALID);
    lock.unlock();
    rwlock.unlock();
    rwlock.unlock_shared();
    assert_int_equal(lock.release(), FASTENERS_NOT_OWNER);
    assert_int_equal(rwlock.release(), FASTENERS_NOT_OWNER);
    assert_int_equal(rwlock.release_shared(), FASTENERS_NOT_OWNER);
}

void p12_who_would_wait_for_itself_is_told(void **state)
{
    fasteners::ipc_lock lock(temp_path(state, "lock"));
    fasteners::rw_lock reader;

    lock.lock();
    assert_int_equal(thrown_by([&] { lock.lock(); }), FASTENERS_WOULD_DEADLOCK);
    lock.unlock();
    reader.lock_shared();
    assert_int_equal(thrown_by([&] { reader.lock(); }), FASTENERS_WOULD_DEADLOCK);
    reader.unlock_shared();
}

/* std::lock must not go round for ever between a good lock and one that cannot be had. */
void x2_std_lock_ends_and_holds_nothing(void **state)
{
    fasteners::ipc_lock good(temp_path(state, "lock"));
    fasteners::ipc_lock bad(temp_dir_path(state));
    fasteners::rw_lock other;

    assert_int_equal(thrown_by([&] { std::lock(good, bad); }), FASTENERS_INVALID);
    assert_int_equal(thrown_by([&] { std::lock(bad, good); }), FASTENERS_INVALID);
    assert_int_equal(thrown_by([&] { std::scoped_lock hold(good, other, bad); }),
                     FASTENERS_INVALID);
    assert_false(fasteners_ipc_lock_is_held(good.native_handle()));
    assert_int_equal(fasteners_rw_lock_owner(other.native_handle()), FASTENERS_OWNER_NONE);
}

/* ------------------------------------------------------------------------- error codes -- */

void x2_every_status_is_an_error_code(void **)
{
    static const struct {
        fasteners_status status;
        std::errc same;
    } known[] = {
        {FASTENERS_BUSY, std::errc::device_or_resource_busy},
        {FASTENERS_TIMED_OUT, std::errc::timed_out},
        {FASTENERS_CANCELLED, std::errc::operation_canceled},
        {FASTENERS_WOULD_DEADLOCK, std::errc::resource_deadlock_would_occur},
        {FASTENERS_NOT_OWNER, std::errc::operation_not_permitted},
        {FASTENERS_INVALID, std::errc::invalid_argument},
        {FASTENERS_NO_MEMORY, std::errc::not_enough_memory},
        {FASTENERS_NO_PERMISSION, std::errc::permission_denied},
        {FASTENERS_NOT_SUPPORTED, std::errc::not_supported},
        {FASTENERS_NOT_FOUND, std::errc::no_such_file_or_directory},
    };

    for (const auto &one : known) {
        const std::error_code code = one.status;

        assert_true(code == one.same);
        assert_true(code == one.status);
        assert_string_equal(code.category().name(), "fasteners");
        assert_string_equal(code.message().c_str(), fasteners_strerror(one.status));
    }
    for (fasteners_status own : {FASTENERS_LOST, FASTENERS_OS_ERROR}) {
        const std::error_code code = own;

        assert_true(code.default_error_condition().category() == fasteners::status_category());
        assert_int_equal(code.default_error_condition().value(), own);
    }
    assert_int_equal(std::error_code(FASTENERS_OK).value(), 0);
    assert_true(!std::error_code(FASTENERS_OK));
}

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(x2_a_constructor_throws),
        PROCESS_TEST(x2_lock_throws_what_the_system_says),
        PROCESS_TEST(x2_whoever_can_say_no_does_not_throw),
        PROCESS_TEST(p12_who_would_wait_for_itself_is_told),
        PROCESS_TEST(x2_std_lock_ends_and_holds_nothing),
        cmocka_unit_test(x2_every_status_is_an_error_code),
    };

    return RUN_PROCESS_TESTS(tests);
}
