/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STRESS_AFTERMATH_H
#define TESTS_STRESS_AFTERMATH_H

#include "arena.h"

/*
 * When all workers are dead: whether the path can be locked at once, tells rightly what became of
 * its last holder, and its file goes if it is to be removed on release. What is wrong is printed.
 */
bool aftermath_is_right(arena *in, int path);

#endif
