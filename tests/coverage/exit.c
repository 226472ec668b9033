/* SPDX-License-Identifier: Apache-2.0 */

/*
 * In front of _exit in a build that counts lines (-Wl,--wrap=_exit): a forked child that ends with
 * it would take the counts along, its program's and those of the shared library.
 */

#include <stdnoreturn.h>

#include "library.h"

void __gcov_dump(void);
noreturn void __real__exit(int status);
noreturn void __wrap__exit(int status);

noreturn void __wrap__exit(int status)
{
    __gcov_dump();
    if (coverage_of_library != 0)
        coverage_of_library();
    __real__exit(status);
}
