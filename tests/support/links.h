/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_LINKS_H
#define TESTS_SUPPORT_LINKS_H

#include <stdbool.h>

/*
 * What can befall the names of files. Each fails the test if the system refuses, or skips the rest
 * of it on a system that does not do such a thing.
 */

void make_hard_link(const char *existing, const char *path);
void make_directory(const char *path);
void make_symlink(const char *target, const char *path);
void make_fifo(const char *path);

/* Of a file, which may be open: the name is gone at once. */
void remove_name(const char *path);

/* Of a file or directory; an older file of the new name is replaced. */
void rename_to(const char *path, const char *new_path);

/* Whatever can be changed of a file that stays the same file. */
void change_content_and_times(const char *path);

/* Whether the name is there, be it that of a link that leads nowhere. */
bool name_exists(const char *path);

#endif
