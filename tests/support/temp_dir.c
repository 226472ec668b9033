/* SPDX-License-Identifier: Apache-2.0 */
#include "temp_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spawn.h"

#define MAX_PATHS 64

typedef struct temp_dir {
    char *path;
    char *paths[MAX_PATHS];
    int path_count;
} temp_dir;

#ifdef _WIN32
#define SEPARATOR '\\' /* as the library writes paths */
#else
#define SEPARATOR '/'
#endif

static char *joined(const char *directory, const char *name)
{
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = malloc(size);

    if (path != NULL)
        snprintf(path, size, "%s%c%s", directory, SEPARATOR, name);
    return path;
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
