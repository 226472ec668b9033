/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/status.h>

#include <stddef.h>
#include <stdint.h>

static const struct {
    const char *name;
    const char *text;
} statuses[] = {
    [FASTENERS_OK] = {"FASTENERS_OK", "success"},
    [FASTENERS_BUSY] = {"FASTENERS_BUSY", "somebody else holds the lock"},
    [FASTENERS_TIMED_OUT] = {"FASTENERS_TIMED_OUT", "the lock was not free in time"},
    [FASTENERS_CANCELLED] = {"FASTENERS_CANCELLED", "the wait was cancelled"},
    [FASTENERS_WOULD_DEADLOCK] = {"FASTENERS_WOULD_DEADLOCK",
                                  "the calling thread would wait for itself"},
    [FASTENERS_NOT_OWNER] = {"FASTENERS_NOT_OWNER", "the calling thread does not hold the lock"},
    [FASTENERS_INVALID] = {"FASTENERS_INVALID", "invalid argument, or not a regular file"},
    [FASTENERS_NO_MEMORY] = {"FASTENERS_NO_MEMORY", "out of memory"},
    [FASTENERS_NO_PERMISSION] = {"FASTENERS_NO_PERMISSION", "permission denied"},
    [FASTENERS_NOT_SUPPORTED] = {"FASTENERS_NOT_SUPPORTED",
                                 "not supported by this system or file system"},
    [FASTENERS_LOST] = {"FASTENERS_LOST", "the lock file was deleted or replaced"},
    [FASTENERS_NOT_FOUND] = {"FASTENERS_NOT_FOUND", "not found"},
    [FASTENERS_OS_ERROR] = {"FASTENERS_OS_ERROR", "the operating system reported an error"},
};

static size_t index_of(fasteners_status status)
{
    size_t index = (size_t)status;

    return index < sizeof(statuses) / sizeof(statuses[0]) ? index : SIZE_MAX;
}

const char *fasteners_strerror(fasteners_status status)
{
    size_t index = index_of(status);

    return index != SIZE_MAX ? statuses[index].text : "unknown status";
}

const char *fasteners_status_name(fasteners_status status)
{
    size_t index = index_of(status);

    return index != SIZE_MAX ? statuses[index].name : "FASTENERS_UNKNOWN";
}
