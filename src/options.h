/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_OPTIONS_H
#define FST_OPTIONS_H

/*
 * What a handle was created with: the path made absolute and the options checked and
 * completed. Never changes after create, so any thread reads it without a lock.
 */

#include "platform.h"

typedef struct fst_settings {
    char *path;                    /* owned. For an adopted file: what the log calls it */
    fasteners_ipc_options options; /* every default filled in, but for mode */
    bool polls;                    /* polling was asked for */

    /* A descriptor of the caller's, which is never closed, and takes the place of the path. */
    bool is_adopted;
    fst_adopted adopted;
} fst_settings;

/* Status as documented at fasteners_ipc_lock_create. On failure there is nothing to free. */
fasteners_status fst_settings_init(fst_settings *settings, const char *path,
                                   const fasteners_ipc_options *options, int *os_error);

/* The same for a descriptor, as documented at fasteners_ipc_lock_create_from_fd. */
fasteners_status fst_settings_adopt(fst_settings *settings, intptr_t descriptor,
                                    const fasteners_ipc_options *options, int *os_error);

void fst_settings_free(const fst_settings *settings);

#endif
