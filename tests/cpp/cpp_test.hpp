/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPP_TEST_HPP
#define CPP_TEST_HPP

/*
 * What every C++ test includes. The parts that the tests share are in C. An assertion that fails
 * leaves by longjmp, so that destructors on the way are not called: the program has failed by then.
 */

#include <chrono>
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include <fasteners.hpp>

extern "C" {
#include "../process/process_test.h"
#include "acquirer.h"
}

#endif
