/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include <fasteners/rw_lock.h>

enum {
    DEFAULT_DELAY_MS = 10, /* as Python's fasteners */
    DEFAULT_MAX_DELAY_MS = 100,
    FALLBACK_DELAY_MS = 1, /* polling nobody asked for: where the system cannot queue */
    FALLBACK_MAX_DELAY_MS = 20
};

enum { DESCRIPTOR_NAME_SIZE = 32 };

/*
 * Copies the part of the caller's struct that both sides know. A program built with a newer
 * header has a longer struct: fine as long as it asks for nothing that is unknown here.
 */
static bool copy_known(fasteners_ipc_options *ours, const fasteners_ipc_options *theirs)
{
    const unsigned char *bytes = (const unsigned char *)theirs;

    *ours = (fasteners_ipc_options){0};
    if (theirs->size < sizeof(theirs->size))
        return false;
    for (size_t i = sizeof(*ours); i < theirs->size; i++)
        if (bytes[i] != 0)
            return false;
    memcpy(ours, theirs, theirs->size < sizeof(*ours) ? theirs->size : sizeof(*ours));
    return true;
}

static bool in_range(const fasteners_ipc_options *options)
{
    return options->mode <= 0777 && options->preference <= FASTENERS_PREFER_WRITERS &&
           options->delay_ms >= 0 && options->max_delay_ms >= 0;
}

/* Whoever sleeps for a fiber must not put its whole thread to sleep. */
static bool is_complete(const fasteners_ipc_options *options)
{
    return options->current == NULL || options->sleep != NULL;
}

static void fill_in_delays(fasteners_ipc_options *options, bool polls)
{
    if (options->delay_ms == 0)
        options->delay_ms = polls ? DEFAULT_DELAY_MS : FALLBACK_DELAY_MS;
    if (options->max_delay_ms == 0)
        options->max_delay_ms = polls ? DEFAULT_MAX_DELAY_MS : FALLBACK_MAX_DELAY_MS;
    if (options->max_delay_ms < options->delay_ms)
        options->max_delay_ms = options->delay_ms;
}

static bool names_a_file(const char *path)
{
    return path[0] != '\0' && path[strlen(path) - 1] != '/';
}

static bool take_options(fst_settings *settings, const fasteners_ipc_options *options)
{
    *settings = (fst_settings){0};
    if (options != NULL && !copy_known(&settings->options, options))
        return false;
    if (!in_range(&settings->options) || !is_complete(&settings->options))
        return false;
    settings->polls = settings->options.sleep != NULL || settings->options.delay_ms != 0;
    fill_in_delays(&settings->options, settings->polls);
    return true;
}

fasteners_status fst_settings_init(fst_settings *settings, const char *path,
                                   const fasteners_ipc_options *options, int *os_error)
{
    if (path == NULL || !names_a_file(path) || !take_options(settings, options))
        return FASTENERS_INVALID;
    return fst_os_absolute_path(path, &settings->path, os_error);
}

static char *name_of_descriptor(intptr_t descriptor)
{
    char *name = fst_os_alloc(DESCRIPTOR_NAME_SIZE);

    if (name != NULL)
        snprintf(name, DESCRIPTOR_NAME_SIZE, "descriptor %lld", (long long)descriptor);
    return name;
}

fasteners_status fst_settings_adopt(fst_settings *settings, intptr_t descriptor,
                                    const fasteners_ipc_options *options, int *os_error)
{
    if (!take_options(settings, options) || settings->options.unlink_on_release)
        return FASTENERS_INVALID;
    fasteners_status status = fst_os_file_adopt(descriptor, &settings->adopted, os_error);
    if (status != FASTENERS_OK)
        return status;
    settings->is_adopted = true;
    if (settings->options.record_owner &&
        (!settings->adopted.readable || settings->adopted.appends))
        status = FASTENERS_INVALID;
    else if ((settings->path = name_of_descriptor(descriptor)) == NULL)
        status = FASTENERS_NO_MEMORY;
    if (status != FASTENERS_OK)
        fst_settings_free(settings);
    return status;
}

void fst_settings_free(const fst_settings *settings)
{
    if (settings->is_adopted)
        fst_os_file_disown(settings->adopted.os);
    fst_os_free(settings->path);
}
