/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_HPP
#define FASTENERS_HPP

/*
 * The locks of fasteners.h as C++ types (C++17): they fit std::unique_lock, std::shared_lock,
 * std::scoped_lock and std::lock. Header only, upon the C library; link as for C.
 *
 *     #include <fasteners.hpp>
 *
 *     fasteners::ipc_lock lock("/var/lib/app/lock");
 *     {
 *         std::scoped_lock hold(lock);
 *         // no other process and no other thread is in here
 *     }
 *     if (std::unique_lock hold(lock, std::chrono::seconds(5)); hold)
 *         rewrite_the_index();
 *
 *     type                   shaped like              upon
 *     fasteners::ipc_lock    std::timed_mutex         fasteners_ipc_lock (ipc_lock.h)
 *     fasteners::ipc_rwlock  std::shared_timed_mutex  fasteners_ipc_rwlock (ipc_rwlock.h)
 *     fasteners::rw_lock     std::shared_timed_mutex  fasteners_rw_lock (rw_lock.h)
 *
 * What the C headers say of owners, threads, fork, files and death holds here as well, nesting
 * included: what std::mutex leaves undefined is answered.
 *
 * Failure. There are three ways to ask for a lock:
 *
 *     acquire, acquire_shared    return the fasteners_status, and never throw
 *     try_lock, try_lock_for...  return false if the lock is not held, and never throw. Why it is
 *                                not held they cannot say: where a missing permission must not
 *                                look like "somebody else has it", ask acquire.
 *     lock, lock_shared          throw fasteners::error if the lock is not held
 *
 * So beside the constructors these two alone throw. They return nothing, and who calls them goes on
 * as the owner: to return without the lock would let two in, to end the program is not ours to
 * decide, and the standard's locks throw there as well. Mere contention never makes them throw:
 * they wait. What does is a lock file that cannot be used (no permission, no locks on that file
 * system, ...), a thread that would wait for itself, and cancel. (A clock or a number type of your
 * own that throws is let through.)
 *
 * std::lock, and std::scoped_lock of several, come to lock() of the one that cannot be had, and so
 * end. Not in the libstdc++ of GCC 11 and older: it always begins with the first one, and tries the
 * others for ever.
 *
 * unlock and unlock_shared throw nothing either, as is required of them: release and release_shared
 * return what became of it, and the log of the options tells a failure.
 */

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <ratio>
#include <string>
#include <system_error>
#include <type_traits>

#include <fasteners.h>

/* ---------------------------------------------------------------------------- errors -- */

/* A fasteners_status is a std::error_code: `code == FASTENERS_BUSY`. */
template <> struct std::is_error_code_enum<fasteners_status> : std::true_type {
};

namespace fasteners
{

namespace detail
{

/* Of one address in the program, wherever this header was included. */
class FASTENERS_API status_category final : public std::error_category
{
  public:
    const char *name() const noexcept override
    {
        return "fasteners";
    }

    std::string message(int status) const override
    {
        return fasteners_strerror(static_cast<fasteners_status>(status));
    }

    std::error_condition default_error_condition(int status) const noexcept override
    {
        switch (status) {
        case FASTENERS_BUSY:
            return std::errc::device_or_resource_busy;
        case FASTENERS_TIMED_OUT:
            return std::errc::timed_out;
        case FASTENERS_CANCELLED:
            return std::errc::operation_canceled;
        case FASTENERS_WOULD_DEADLOCK:
            return std::errc::resource_deadlock_would_occur;
        case FASTENERS_NOT_OWNER:
            return std::errc::operation_not_permitted;
        case FASTENERS_INVALID:
            return std::errc::invalid_argument;
        case FASTENERS_NO_MEMORY:
            return std::errc::not_enough_memory;
        case FASTENERS_NO_PERMISSION:
            return std::errc::permission_denied;
        case FASTENERS_NOT_SUPPORTED:
            return std::errc::not_supported;
        case FASTENERS_NOT_FOUND:
            return std::errc::no_such_file_or_directory;
        default:
            return std::error_condition(status, *this);
        }
    }
};

} // namespace detail

/*
 * The category of such error codes, named "fasteners": its values are those of fasteners_status,
 * its messages those of fasteners_strerror. They compare equal to the std::errc that means the
 * same, for instance FASTENERS_TIMED_OUT to std::errc::timed_out; OK, LOST and OS_ERROR to none.
 */
FASTENERS_API inline const std::error_category &status_category() noexcept
{
    static const detail::status_category category;
    return category;
}

} // namespace fasteners

/* Found by std::error_code, as fasteners_status is of the global namespace. */
inline std::error_code make_error_code(fasteners_status status) noexcept
{
    return std::error_code(static_cast<int>(status), fasteners::status_category());
}

namespace fasteners
{

/*
 * What constructors, lock and lock_shared throw.
 *
 *     catch (const fasteners::error &failure) {
 *         if (failure.code() == std::errc::permission_denied)
 *             ask_for_permission();
 *         std::cerr << failure.what() << '\n';
 *     }
 */
class FASTENERS_API error : public std::system_error
{
  public:
    /* `subject` comes first in what(): the path, for an inter-process lock. */
    error(fasteners_status status, const std::string &subject, int os_error = 0)
        : std::system_error(make_error_code(status), subject), os_error_(os_error)
    {
    }

    fasteners_status status() const noexcept
    {
        return static_cast<fasteners_status>(code().value());
    }

    /* The error number of the system (errno; on Windows GetLastError), 0 if there is none. */
    int os_error() const noexcept
    {
        return os_error_;
    }

  private:
    int os_error_;
};

/* ------------------------------------------------------------------------------ time -- */

/*
 * A length of time as the C functions take it (timeout.h): rounded up to whole milliseconds, so
 * that no wait ends early. Nothing left, a negative length, and a NaN are FASTENERS_NO_WAIT; what
 * is too long for the type is the longest time there is, 292 million years: the wait ends with the
 * clock. It is never FASTENERS_FOREVER, which is another thing (timed waits are not refused with
 * FASTENERS_WOULD_DEADLOCK).
 */
template <class Rep, class Period>
std::int64_t timeout_ms(const std::chrono::duration<Rep, Period> &length)
{
    constexpr std::int64_t longest = std::numeric_limits<std::int64_t>::max();
    /* A tick is num / den milliseconds. */
    using tick = std::ratio_divide<Period, std::milli>;

    if (!(length > std::chrono::duration<Rep, Period>::zero()))
        return FASTENERS_NO_WAIT;
    if constexpr (std::is_integral_v<Rep> && sizeof(Rep) <= sizeof(std::uintmax_t) &&
                  tick::num <= longest / tick::den) {
        const auto ticks = static_cast<std::uintmax_t>(length.count());
        const auto groups = ticks / tick::den;
        const auto rest = ticks % tick::den;
        if (groups >= static_cast<std::uintmax_t>(longest / tick::num))
            return longest;
        return static_cast<std::int64_t>(groups * tick::num +
                                         (rest * tick::num + tick::den - 1) / tick::den);
    } else {
        using number = std::common_type_t<Rep, double>;
        const number ms =
            std::ceil(static_cast<number>(length.count()) * static_cast<number>(tick::num) /
                      static_cast<number>(tick::den));
        return ms < static_cast<number>(longest) ? static_cast<std::int64_t>(ms) : longest;
    }
}

namespace detail
{

/* Asks again if the clock, set back meanwhile, says that there is time left. */
template <class Clock, class Duration, class Acquire>
bool acquired_until(const std::chrono::time_point<Clock, Duration> &end, Acquire acquire)
{
    for (;;) {
        const auto now = Clock::now();
        const fasteners_status status =
            acquire(now < end ? timeout_ms(end - now) : std::int64_t(FASTENERS_NO_WAIT));
        if (status != FASTENERS_TIMED_OUT)
            return status == FASTENERS_OK;
    }
}

/* ----------------------------------------------------- what the types have in common -- */

/* The exclusive half of a `Lock`, made of two C functions. */
template <class Lock, auto Acquire, auto Release> class exclusive
{
  public:
    /*
     * Acquires the lock (for writing, where there are readers), waiting at most timeout_ms (see
     * timeout.h) or the length of time, or until it is granted. Returns what the C function
     * returns: FASTENERS_OK is the only status that means "you hold it". Never throws.
     */
    [[nodiscard]] fasteners_status acquire(std::int64_t timeout_ms = FASTENERS_FOREVER) noexcept
    {
        return Acquire(handle(), timeout_ms);
    }

    template <class Rep, class Period>
    [[nodiscard]] fasteners_status acquire(const std::chrono::duration<Rep, Period> &length)
    {
        return acquire(timeout_ms(length));
    }

    /* Releases it. Returns what the C function returns; if that is not OK, see there. */
    fasteners_status release() noexcept
    {
        return Release(handle());
    }

    /* Acquires it, however long that takes. Throws fasteners::error if that cannot be. */
    void lock()
    {
        const fasteners_status status = acquire();
        if (status != FASTENERS_OK)
            throw static_cast<const Lock *>(this)->failure(status);
    }

    /* Whether the calling thread has acquired it now, without waiting. */
    [[nodiscard]] bool try_lock() noexcept
    {
        return acquire(FASTENERS_NO_WAIT) == FASTENERS_OK;
    }

    /* Whether it has within that time, rounded up to milliseconds. */
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period> &length)
    {
        return acquire(length) == FASTENERS_OK;
    }

    /* Whether it has before `Clock` says so. One that is set back makes the wait longer. */
    template <class Clock, class Duration>
    [[nodiscard]] bool try_lock_until(const std::chrono::time_point<Clock, Duration> &end)
    {
        return acquired_until(end, [this](std::int64_t ms) { return acquire(ms); });
    }

    void unlock() noexcept
    {
        (void)release();
    }

  private:
    auto handle() noexcept
    {
        return static_cast<Lock *>(this)->native_handle();
    }
};

/* The shared half: the same for readers. */
template <class Lock, auto Acquire, auto Release> class shared
{
  public:
    [[nodiscard]] fasteners_status
    acquire_shared(std::int64_t timeout_ms = FASTENERS_FOREVER) noexcept
    {
        return Acquire(handle(), timeout_ms);
    }

    template <class Rep, class Period>
    [[nodiscard]] fasteners_status acquire_shared(const std::chrono::duration<Rep, Period> &length)
    {
        return acquire_shared(timeout_ms(length));
    }

    fasteners_status release_shared() noexcept
    {
        return Release(handle());
    }

    void lock_shared()
    {
        const fasteners_status status = acquire_shared();
        if (status != FASTENERS_OK)
            throw static_cast<const Lock *>(this)->failure(status);
    }

    [[nodiscard]] bool try_lock_shared() noexcept
    {
        return acquire_shared(FASTENERS_NO_WAIT) == FASTENERS_OK;
    }

    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_shared_for(const std::chrono::duration<Rep, Period> &length)
    {
        return acquire_shared(length) == FASTENERS_OK;
    }

    template <class Clock, class Duration>
    [[nodiscard]] bool try_lock_shared_until(const std::chrono::time_point<Clock, Duration> &end)
    {
        return acquired_until(end, [this](std::int64_t ms) { return acquire_shared(ms); });
    }

    void unlock_shared() noexcept
    {
        (void)release_shared();
    }

  private:
    auto handle() noexcept
    {
        return static_cast<Lock *>(this)->native_handle();
    }
};

/* A handle of the C library's, and its end. */
template <class Handle, auto Create, auto Destroy> class owned
{
  public:
    owned(const std::string &path, const fasteners_ipc_options &options)
    {
        Handle *made = nullptr;
        /* In C the path would end at a zero, and be another one. */
        const fasteners_status status = path.find('\0') == std::string::npos
                                            ? Create(&made, path.c_str(), &options)
                                            : FASTENERS_INVALID;
        if (status != FASTENERS_OK)
            throw error(status, path);
        handle_.reset(made);
    }

    Handle *get() const noexcept
    {
        return handle_.get();
    }

  private:
    struct destroyer {
        void operator()(Handle *handle) const noexcept
        {
            Destroy(handle);
        }
    };

    std::unique_ptr<Handle, destroyer> handle_;
};

/* `path` is NULL for a lock that was moved from. */
inline error failure_of(fasteners_status status, const char *path, int os_error)
{
    return error(status, path != nullptr ? path : "a lock that was moved away", os_error);
}

} // namespace detail

/* ---------------------------------------------------------------------- the types -- */

/*
 * A lock between processes and threads, named by the path of a file: see ipc_lock.h. It can be
 * moved, while no thread is in a call on it and no std::unique_lock refers to it; what was moved
 * from answers FASTENERS_INVALID. Destroying it releases it.
 */
class ipc_lock
    : public detail::exclusive<ipc_lock, fasteners_ipc_lock_acquire, fasteners_ipc_lock_release>
{
  public:
    /*
     * As fasteners_ipc_lock_create: the file is opened by the first acquire. Throws
     * fasteners::error with the status of that function, FASTENERS_INVALID also for a path that
     * contains a zero.
     */
    explicit ipc_lock(const std::string &path,
                      const fasteners_ipc_options &options = FASTENERS_IPC_OPTIONS_INIT)
        : owned_(path, options)
    {
    }

    /* For the other functions of ipc_lock.h. Stays this object's; NULL when moved from. */
    fasteners_ipc_lock *native_handle() const noexcept
    {
        return owned_.get();
    }

  private:
    template <class, auto, auto> friend class detail::exclusive;

    error failure(fasteners_status status) const
    {
        return detail::failure_of(status, fasteners_ipc_lock_path(native_handle()),
                                  fasteners_ipc_lock_os_error(native_handle()));
    }

    detail::owned<fasteners_ipc_lock, fasteners_ipc_lock_create, fasteners_ipc_lock_destroy> owned_;
};

/*
 * Readers and writers between processes and threads: see ipc_rwlock.h. Moved and destroyed as
 * ipc_lock is. upgrade and downgrade are functions of native_handle(); take back what they did
 * before a std::shared_lock or std::unique_lock ends.
 */
class ipc_rwlock : public detail::exclusive<ipc_rwlock, fasteners_ipc_rwlock_acquire_write,
                                            fasteners_ipc_rwlock_release_write>,
                   public detail::shared<ipc_rwlock, fasteners_ipc_rwlock_acquire_read,
                                         fasteners_ipc_rwlock_release_read>
{
  public:
    /* As fasteners_ipc_rwlock_create; throws as ipc_lock does. */
    explicit ipc_rwlock(const std::string &path,
                        const fasteners_ipc_options &options = FASTENERS_IPC_OPTIONS_INIT)
        : owned_(path, options)
    {
    }

    /* For the other functions of ipc_rwlock.h. Stays this object's; NULL when moved from. */
    fasteners_ipc_rwlock *native_handle() const noexcept
    {
        return owned_.get();
    }

  private:
    template <class, auto, auto> friend class detail::exclusive;
    template <class, auto, auto> friend class detail::shared;

    error failure(fasteners_status status) const
    {
        return detail::failure_of(status, fasteners_ipc_rwlock_path(native_handle()),
                                  fasteners_ipc_rwlock_os_error(native_handle()));
    }

    detail::owned<fasteners_ipc_rwlock, fasteners_ipc_rwlock_create, fasteners_ipc_rwlock_destroy>
        owned_;
};

/*
 * Readers and writers among the threads of a process: see rw_lock.h. It stays where it is: it can
 * be neither moved nor copied. It may be a static variable that other code uses before main.
 */
class rw_lock
    : public detail::exclusive<rw_lock, fasteners_rw_lock_acquire_write,
                               fasteners_rw_lock_release_write>,
      public detail::shared<rw_lock, fasteners_rw_lock_acquire_read, fasteners_rw_lock_release_read>
{
  public:
    constexpr rw_lock() noexcept = default;

    /* As fasteners_rw_lock_init. Throws fasteners::error with its status. */
    explicit rw_lock(const fasteners_rw_lock_options &options)
    {
        const fasteners_status status = fasteners_rw_lock_init(&lock_, &options);
        if (status != FASTENERS_OK)
            throw failure(status);
    }

    rw_lock(const rw_lock &) = delete;
    rw_lock &operator=(const rw_lock &) = delete;

    /* No thread may hold it any more. */
    ~rw_lock()
    {
        (void)fasteners_rw_lock_destroy(&lock_);
    }

    /* For the other functions of rw_lock.h. */
    fasteners_rw_lock *native_handle() noexcept
    {
        return &lock_;
    }

  private:
    template <class, auto, auto> friend class detail::exclusive;
    template <class, auto, auto> friend class detail::shared;

    error failure(fasteners_status status) const
    {
        return error(status, "fasteners::rw_lock");
    }

    fasteners_rw_lock lock_ = {};
};

} // namespace fasteners

#endif
