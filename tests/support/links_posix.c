/* SPDX-License-Identifier: Apache-2.0 */
#include "links.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

void make_hard_link(const char *existing, const char *path)
{
    assert_int_equal(link(existing, path), 0);
}

void make_directory(const char *path)
{
    assert_int_equal(mkdir(path, 0777), 0);
}

void make_symlink(const char *target, const char *path)
{
    assert_int_equal(symlink(target, path), 0);
}

void make_fifo(const char *path)
{
    assert_int_equal(mkfifo(path, 0666), 0);
}

void remove_name(const char *path)
{
    assert_int_equal(unlink(path), 0);
}

void rename_to(const char *path, const char *new_path)
{
    assert_int_equal(rename(path, new_path), 0);
}

void change_content_and_times(const char *path)
{
    assert_int_equal(truncate(path, 1000), 0);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, NULL, 0), 0);
}

bool name_exists(const char *path)
{
    struct stat found;

    return lstat(path, &found) == 0;
}
