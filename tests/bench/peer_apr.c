/* SPDX-License-Identifier: Apache-2.0 */

/* Apache's process mutex upon fcntl. Made in the driver: its workers inherit it, as httpd's do. */

#include "peer.h"

#include <apr_general.h>
#include <apr_pools.h>
#include <apr_proc_mutex.h>
#include <apr_strings.h>
#include <stddef.h>

static apr_proc_mutex_t *mutex;

static bool prepare(const char *path)
{
    /* APR creates a file of its own, and fails if it is there already. */
    apr_pool_t *pool;
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return false;
    const char *own = apr_pstrcat(pool, path, ".apr", NULL);
    return apr_proc_mutex_create(&mutex, own, APR_LOCK_FCNTL, pool) == APR_SUCCESS;
}

static void *inherit(const char *path)
{
    (void)path;
    return mutex;
}

static bool acquire(void *lock)
{
    return apr_proc_mutex_lock(lock) == APR_SUCCESS;
}

static bool try_acquire(void *lock)
{
    return apr_proc_mutex_trylock(lock) == APR_SUCCESS;
}

static bool timed(void *lock, int64_t ms)
{
    return apr_proc_mutex_timedlock(lock, apr_time_from_msec(ms)) == APR_SUCCESS;
}

static bool release(void *lock)
{
    return apr_proc_mutex_unlock(lock) == APR_SUCCESS;
}

static void leave(void *lock)
{
    (void)lock;
}

extern const struct peer peer_apr;

const struct peer peer_apr = {.name = "apr",
                              .title = "APR process mutex, fcntl",
                              .prepare = prepare,
                              .open = inherit,
                              .acquire = acquire,
                              .try_acquire = try_acquire,
                              .timed_acquire = timed,
                              .release = release,
                              .close = leave};
