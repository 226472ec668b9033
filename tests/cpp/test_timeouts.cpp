/* SPDX-License-Identifier: Apache-2.0 */
/* X3: lengths of time are rounded up and saturate; no wait is early, whatever the clock does. */
#include "cpp_test.hpp"

#include <limits>

using namespace std::chrono_literals;

namespace
{

using fasteners::timeout_ms;
using std::chrono::duration;

constexpr std::int64_t longest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t no_wait = FASTENERS_NO_WAIT;

void x3_rounded_up_to_milliseconds(void **)
{
    assert_int_equal(timeout_ms(1ms), 1);
    assert_int_equal(timeout_ms(1ns), 1);
    assert_int_equal(timeout_ms(999999ns), 1);
    assert_int_equal(timeout_ms(1000000ns), 1);
    assert_int_equal(timeout_ms(1000001ns), 2);
    assert_int_equal(timeout_ms(1500us), 2);
    assert_int_equal(timeout_ms(5s), 5000);
    assert_int_equal(timeout_ms(2h), 7200000);
    assert_int_equal(timeout_ms(duration<int, std::ratio<1, 3>>(1)), 334);
    assert_int_equal(timeout_ms(duration<int, std::ratio<1, 3>>(3)), 1000);
    assert_int_equal(timeout_ms(duration<unsigned char, std::milli>(255)), 255);
    assert_int_equal(timeout_ms(duration<double>(0.25)), 250);
    assert_int_equal(timeout_ms(duration<double>(0.2500001)), 251);
    assert_int_equal(timeout_ms(duration<float, std::milli>(0.5f)), 1);
    assert_int_equal(timeout_ms(duration<long double, std::nano>(1)), 1);
}

void x3_nothing_left_is_no_wait(void **)
{
    assert_int_equal(timeout_ms(0ms), no_wait);
    assert_int_equal(timeout_ms(-1ns), no_wait);
    assert_int_equal(timeout_ms(-1ms), no_wait); /* which is not FASTENERS_FOREVER */
    assert_int_equal(timeout_ms(-5h), no_wait);
    assert_int_equal(timeout_ms(std::chrono::hours::min()), no_wait);
    assert_int_equal(timeout_ms(duration<double>(-0.5)), no_wait);
    assert_int_equal(timeout_ms(duration<double>(-std::numeric_limits<double>::infinity())),
                     no_wait);
    assert_int_equal(timeout_ms(duration<double>(std::numeric_limits<double>::quiet_NaN())),
                     no_wait);
}

void x3_what_is_too_long_is_the_longest(void **)
{
    assert_true(timeout_ms(std::chrono::hours::max()) == longest);
    assert_true(timeout_ms(std::chrono::seconds::max()) == longest);
    assert_true(timeout_ms(duration<std::int64_t>(longest / 1000)) >= longest - 1999);
    assert_true(timeout_ms(duration<std::int64_t>(longest / 1000 + 1)) == longest);
    assert_true(timeout_ms(std::chrono::milliseconds::max()) == longest);
    assert_true(timeout_ms(std::chrono::milliseconds(longest - 1)) == longest - 1);
    assert_true(timeout_ms(std::chrono::nanoseconds::max()) == longest / 1000000 + 1);
    assert_true(timeout_ms(duration<std::uint64_t, std::milli>(UINT64_MAX)) == longest);
    assert_true(timeout_ms(duration<double>(std::numeric_limits<double>::infinity())) == longest);
    assert_true(timeout_ms(duration<double>(1e300)) == longest);
    /* A tick that no 64-bit arithmetic can turn into milliseconds. */
    assert_true(timeout_ms(duration<std::int64_t, std::ratio<INTMAX_MAX / 1000, 1000000007>>(1)) >
                9000000);
}

/* -------------------------------------------------------------------------- waiting -- */

using steady = std::chrono::steady_clock;

void x3_no_timed_try_is_early(void **state)
{
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    fasteners::ipc_rwlock lock(path);
    steady::time_point begin;

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    begin = steady::now();
    assert_false(lock.try_lock_for(20500us));
    assert_true(steady::now() - begin >= 20500us);
    begin = steady::now();
    assert_false(lock.try_lock_shared_for(20500us));
    assert_true(steady::now() - begin >= 20500us);
    begin = steady::now();
    assert_false(lock.try_lock_until(begin + 20500us));
    assert_true(steady::now() - begin >= 20500us);
    begin = steady::now();
    assert_false(lock.try_lock_shared_until(begin + 20500us));
    assert_true(steady::now() - begin >= 20500us);
    assert_int_equal(lock.acquire(1500us), FASTENERS_TIMED_OUT);
    assert_int_equal(lock.acquire_shared(0s), FASTENERS_BUSY);
    assert_int_equal(lock.acquire_shared(-1ms), FASTENERS_BUSY);
}

/* A clock that shows what the test has written down for it, one reading after the other. */
struct scripted_clock {
    using rep = std::int64_t;
    using period = std::milli;
    using duration = std::chrono::milliseconds;
    using time_point = std::chrono::time_point<scripted_clock>;
    [[maybe_unused]] static constexpr bool is_steady = false;

    static time_point now()
    {
        return time_point(duration(readings[read++]));
    }

    static const int *readings;
    static int read;
};

const int *scripted_clock::readings;
int scripted_clock::read;

void x3_a_clock_that_is_set_back_makes_the_wait_longer(void **state)
{
    static const int readings[] = {100, 105, 110, 120};
    const scripted_clock::time_point end(120ms);
    const char *path = temp_path(state, "lock");
    child *holder = agent_with_lock(path, "");
    fasteners::ipc_lock lock(path);
    const auto begin = steady::now();

    agent_expect(holder, "FASTENERS_OK", "acquire l 0");
    scripted_clock::readings = readings;
    scripted_clock::read = 0;
    assert_false(lock.try_lock_until(end));
    assert_int_equal(scripted_clock::read, 4);
    assert_true(steady::now() - begin >= (20ms + 15ms + 10ms));
}

void x3_a_deadline_that_has_passed_is_a_try(void **state)
{
    fasteners::ipc_lock lock(temp_path(state, "lock"));

    assert_true(lock.try_lock_until(steady::now() - 1h));
    lock.unlock();
    assert_true(lock.try_lock_until(steady::time_point::min()));
    lock.unlock();
    assert_true(lock.try_lock_until(steady::time_point::max()));
    lock.unlock();
}

/* A timed wait that fails for another reason than time ends at once. */
void x2_an_error_is_not_waited_out(void **state)
{
    fasteners::ipc_lock lock(temp_dir_path(state));

    assert_false(lock.try_lock_for(1000000h));
    assert_false(lock.try_lock_until(steady::now() + 1000000h));
}

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x3_rounded_up_to_milliseconds),
        cmocka_unit_test(x3_nothing_left_is_no_wait),
        cmocka_unit_test(x3_what_is_too_long_is_the_longest),
        PROCESS_TEST(x3_no_timed_try_is_early),
        PROCESS_TEST(x3_a_clock_that_is_set_back_makes_the_wait_longer),
        PROCESS_TEST(x3_a_deadline_that_has_passed_is_a_try),
        PROCESS_TEST(x2_an_error_is_not_waited_out),
    };

    return RUN_PROCESS_TESTS(tests);
}
