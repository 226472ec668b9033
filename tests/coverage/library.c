/* SPDX-License-Identifier: Apache-2.0 */
#include "library.h"

void __gcov_dump(void);

void coverage_of_library(void)
{
    __gcov_dump();
}
