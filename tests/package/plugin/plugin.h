/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <fasteners.h>

/* What the plugin exports, under the name "plugin". */
struct plugin {
    /* Uses locks that nobody holds, and waits a moment for the file at taken_path, which somebody
       holds. OK if all went as it should. */
    fasteners_status (*use)(const char *free_path, const char *taken_path);
    /* Acquires the lock for reading, and leaves it so. */
    fasteners_status (*keep)(fasteners_rw_lock *lock);
    /* Whether nobody holds the lock. */
    fasteners_status (*is_free)(fasteners_rw_lock *lock);
};

#endif
