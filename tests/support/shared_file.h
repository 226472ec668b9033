/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SHARED_FILE_H
#define TESTS_SUPPORT_SHARED_FILE_H

/* A file that processes share: as memory, and as a plain file. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The file's first bytes as memory; makes the file, all zero. NULL: it failed. */
void *shared_memory_map(const char *path, size_t size);
void shared_memory_unmap(void *memory, size_t size);

/* A number in a plain file, read and written without any atomicity. -1: it failed. */
typedef intptr_t shared_number;
shared_number shared_number_open(const char *path);
void shared_number_close(shared_number of);
/* An empty file counts as 0. -1: it cannot be read. */
int64_t shared_number_read(shared_number of);
bool shared_number_write(shared_number of, int64_t number);

#endif
