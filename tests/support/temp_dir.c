/* SPDX-License-Identifier: Apache-2.0 */
#include "temp_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spawn.h"

#define MAX_PATHS 64

typedef struct temp_dir {
    char *path;
    char *paths[MAX_PATHS];
    int path_count;
} temp_dir;

const char *temp_root(void)
{
    const char *root = getenv("TMPDIR");

    return root != NULL && root[0] == '/' ? root : "/tmp";
}

static char *joined(const char *directory, const char *name)
{
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = malloc(size);

    if (path != NULL)
        snprintf(path, size, "%s/%s", directory, name);
    return path;
}

char *temp_dir_make(void)
{
    char *path = joined(temp_root(), "fasteners-test-XXXXXX");

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

int temp_dir_setup(void **state)
{
    temp_dir *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return -1;
    made->path = temp_dir_make();
    *state = made;
    return made->path != NULL ? 0 : -1;
}

int temp_dir_teardown(void **state)
{
    temp_dir *ended = *state;

    child_end_all();
    temp_dir_remove(ended->path);
    while (ended->path_count > 0)
        free(ended->paths[--ended->path_count]);
    free(ended->path);
    free(ended);
    return 0;
}

const char *temp_dir_path(void **state)
{
    const temp_dir *of = *state;

    return of->path;
}

const char *temp_path(void **state, const char *name)
{
    temp_dir *of = *state;
    char *path = of->path_count < MAX_PATHS ? joined(of->path, name) : NULL;

    if (path == NULL)
        abort();
    of->paths[of->path_count++] = path;
    return path;
}
