/* SPDX-License-Identifier: Apache-2.0 */
/* The program of which the blocks in the headers are a part. Its locks lie where the test runs. */
#ifndef APP_H
#define APP_H

#include <fasteners.h>
#include <stdio.h>

#define fasteners_ipc_lock_create(lock, path, options)                                             \
    ((void)(path), (fasteners_ipc_lock_create)(lock, "app.lock", options))
#define fasteners_ipc_rwlock_create(lock, path, options)                                           \
    ((void)(path), (fasteners_ipc_rwlock_create)(lock, "app.lock", options))
#define fasteners_ipc_locked(path, options, timeout_ms, function, argument, call)                  \
    ((void)(path),                                                                                 \
     (fasteners_ipc_locked)("app.lock", options, timeout_ms, function, argument, call))
#define fasteners_ipc_probe(directory, report)                                                     \
    ((void)(directory), (fasteners_ipc_probe)(".", report))

/* What the blocks have done. */
static int worked;

static inline void work(void)
{
    worked++;
}

static inline void rewrite_the_index(void)
{
    worked++;
}

static inline bool index_is_old(void)
{
    return true;
}

static inline int fail(fasteners_status status)
{
    printf("%s\n", fasteners_strerror(status));
    return 1;
}

#endif
