/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_OPTIONS_H
#define FST_OPTIONS_H

/*
 * What a handle was created with: the path made absolute and the options checked and
 * completed. Never changes after create, so any thread reads it without a lock.
 */

#include <fasteners/ipc_options.h>
#include <fasteners/status.h>

typedef struct fst_settings {
    char *path;                    /* owned */
    fasteners_ipc_options options; /* every default filled in, but for mode */
    bool polls;                    /* polling was asked for */
} fst_settings;

/* Status as documented at fasteners_ipc_lock_create. On failure there is nothing to free. */
fasteners_status fst_settings_init(fst_settings *settings, const char *path,
                                   const fasteners_ipc_options *options, int *os_error);

void fst_settings_free(fst_settings *settings);

#endif
