/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DENY_H
#define DENY_H

#include <stdbool.h>

/*
 * From now on membarrier(2) fails with this error number in the calling thread and in whatever it
 * starts, as in a sandbox. False if this system has no filters for system calls.
 */
bool deny_membarrier(int error);

#endif
