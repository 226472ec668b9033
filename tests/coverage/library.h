/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COVERAGE_LIBRARY_H
#define COVERAGE_LIBRARY_H

/* Writes down what the shared library has counted; missing in a program without it. */
__attribute__((weak, visibility("default"))) void coverage_of_library(void);

#endif
