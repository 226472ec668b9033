/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_ERRORS_POSIX_H
#define FST_ERRORS_POSIX_H

#include "../platform.h"

/*
 * Stores errno to *os_error and returns its status. Never BUSY: what contention is, the caller
 * knows.
 */
fasteners_status fst_posix_failure(int *os_error);

#endif
