/* SPDX-License-Identifier: Apache-2.0 */
#include "temp_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *temp_root(void)
{
    const char *root = getenv("TMPDIR");

    return root != NULL && root[0] == '/' ? root : "/tmp";
}

char *temp_dir_make(void)
{
    static const char name[] = "/fasteners-test-XXXXXX";
    size_t size = strlen(temp_root()) + sizeof(name);
    char *path = malloc(size);

    if (path != NULL)
        snprintf(path, size, "%s%s", temp_root(), name);
    if (path != NULL && mkdtemp(path) == NULL) {
        free(path);
        return NULL;
    }
    return path;
}

/* By descriptor, so that no depth of directories is too long for a path. */
static void remove_content(int directory)
{
    DIR *stream = fdopendir(directory);
    struct dirent *entry;

    if (stream == NULL) {
        close(directory);
        return;
    }
    while ((entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            unlinkat(directory, entry->d_name, 0) == 0)
            continue;
        fchmodat(directory, entry->d_name, 0700, 0);
        remove_content(openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        unlinkat(directory, entry->d_name, AT_REMOVEDIR);
    }
    closedir(stream);
}

void temp_dir_remove(const char *directory)
{
    chmod(directory, 0700);
    remove_content(open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    rmdir(directory);
}
