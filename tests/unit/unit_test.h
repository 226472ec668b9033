/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_TEST_H
#define UNIT_TEST_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
