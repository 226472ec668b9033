/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STRESS_WORKER_H
#define TESTS_STRESS_WORKER_H

/* The life of a worker process; returns its exit status. */
int worker_main(int index, const char *directory);

#endif
