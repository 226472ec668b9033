/* SPDX-License-Identifier: Apache-2.0 */

/*
 * host PLUGIN LIBRARY FOLDER: loads and unloads the plugin again and again, with threads that have
 * used it and end before that or afterwards, and forks while it is not there. What the library has
 * registered for the end of a thread and for fork must stay: so it does, under the name LIBRARY,
 * and is found again. 0 = all is well.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugin.h"

enum { ROUNDS = 50, THREADS = 4 };

static fasteners_rw_lock kept_lock;
static char free_path[4096], taken_path[4096];
static pthread_barrier_t used, may_end;

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "host: %s\n", what);
    exit(1);
}

static void *load(const char *path, const struct plugin **plugin)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    require(handle != NULL, "the plugin cannot be loaded");
    *plugin = (const struct plugin *)dlsym(handle, "plugin");
    require(*plugin != NULL, "the plugin has no entry");
    return handle;
}

/* Whether this is loaded. */
static bool is_there(const char *name)
{
    void *handle = dlopen(name, RTLD_NOW | RTLD_NOLOAD);

    return handle != NULL && dlclose(handle) == 0;
}

static void *visit(void *argument)
{
    const struct plugin *plugin = argument;

    require(plugin->use(free_path, taken_path) == FASTENERS_OK, "a thread could not use a lock");
    require(plugin->keep(&kept_lock) == FASTENERS_OK, "a thread could not keep a lock");
    pthread_barrier_wait(&used);
    pthread_barrier_wait(&may_end);
    return NULL;
}

static void end_all(pthread_t *threads)
{
    pthread_barrier_wait(&may_end);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void fork_once(void)
{
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    require(child > 0 && waitpid(child, &status, 0) == child && status == 0, "a child has died");
}

static void one_round(const char *path, const char *library, bool end_afterwards)
{
    const struct plugin *plugin;
    void *handle = load(path, &plugin);
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        require(pthread_create(&threads[i], NULL, visit, (void *)plugin) == 0, "no thread");
    pthread_barrier_wait(&used);
    if (!end_afterwards)
        end_all(threads);
    require(dlclose(handle) == 0, "the plugin cannot be unloaded");
    require(is_there(library), "the library went with the plugin");
    require(strcmp(path, library) == 0 || !is_there(path), "the plugin stays");
    fork_once();
    if (end_afterwards)
        end_all(threads);
    fork_once();

    handle = load(path, &plugin);
    require(plugin->is_free(&kept_lock) == FASTENERS_OK, "a thread has ended and holds the lock");
    dlclose(handle);
}

/* Somebody whom the library does not know locks the file. */
static void take(const char *path)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    require(file >= 0 && fcntl(file, F_OFD_SETLK, &whole) == 0, "the file cannot be locked");
}

int main(int argc, char **argv)
{
    require(argc == 4, "usage: host PLUGIN LIBRARY FOLDER");
    snprintf(free_path, sizeof(free_path), "%s/free.lock", argv[3]);
    snprintf(taken_path, sizeof(taken_path), "%s/taken.lock", argv[3]);
    pthread_barrier_init(&used, NULL, THREADS + 1);
    pthread_barrier_init(&may_end, NULL, THREADS + 1);
    take(taken_path);

    for (int i = 0; i < ROUNDS; i++)
        one_round(argv[1], argv[2], i % 2 == 0);
    return 0;
}
