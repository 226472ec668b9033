/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/ipc_probe.h>

#include <string.h>

#include "answer.h"
#include "at_fork.h"
#include "platform.h"

/*
 * Whether locks exclude in a directory (P14): one open file holds a lock on a scratch file, and
 * "rivals" ask for it, another open file of this process and one of a child process. Nobody else
 * knows the scratch file, so whoever is refused is refused because of us.
 *
 * If the process dies, the system drops all but the name of the file.
 */

static const fst_range BYTE = {.first = 0, .length = 1};
static const char NAME[] = "/.fasteners-probe-";

static const size_t FIRST_SIZE = FST_ANSWER_FIRST(fasteners_probe_report, os_error);

enum { HEX_DIGITS = 16, ATTEMPTS = 100 };

typedef struct scratch {
    char *path;
    fst_os_file ours;
    fst_file_id id;
} scratch;

typedef fasteners_status rival(const scratch *file, fst_lock_mode mode, int *os_error);

/* ------------------------------------------------------------------------ scratch file -- */

static void write_hex(char *text, uint64_t number)
{
    for (int digit = 0; digit < HEX_DIGITS; digit++)
        text[digit] = "0123456789abcdef"[number >> (60 - 4 * digit) & 0xf];
    text[HEX_DIGITS] = '\0';
}

static fasteners_status make_scratch(const char *directory, scratch *file, int *os_error)
{
    size_t length = strlen(directory);
    fasteners_status status = FASTENERS_BUSY;

    file->path = fst_os_alloc(length + sizeof(NAME) + HEX_DIGITS);
    if (file->path == NULL)
        return FASTENERS_NO_MEMORY;
    memcpy(file->path, directory, length);
    memcpy(file->path + length, NAME, sizeof(NAME));
    for (int i = 0; i < ATTEMPTS && status == FASTENERS_BUSY; i++) {
        write_hex(file->path + length + sizeof(NAME) - 1, (uint64_t)fst_os_now());
        status = fst_os_file_create(file->path, 0, false, &file->ours, &file->id, os_error);
    }
    if (status != FASTENERS_OK)
        fst_os_free(file->path);
    return status == FASTENERS_BUSY ? FASTENERS_OS_ERROR : status;
}

static void remove_scratch(scratch *file)
{
    int ignored;

    fst_os_unlink(file->path, &ignored);
    fst_os_file_close(file->ours, &ignored);
    fst_os_free(file->path);
}

/* ------------------------------------------------------------------------------ rivals -- */

static fasteners_status ask_here(const scratch *file, fst_lock_mode mode, int *os_error)
{
    fst_os_file second;
    fst_file_id id;
    int ignored;
    fasteners_status status =
        fst_os_file_open(file->path, FST_READ_WRITE, false, &second, &id, os_error);

    if (status != FASTENERS_OK)
        return status;
    status = fst_os_lock_try(second, mode, BYTE, os_error);
    fst_os_file_close(second, &ignored);
    return status;
}

static fasteners_status ask_in_child(const scratch *file, fst_lock_mode mode, int *os_error)
{
    return fst_os_lock_try_in_child(file->path, mode, BYTE, os_error);
}

/* ------------------------------------------------------------------------------ trials -- */

/* What the rival found out. A status other than OK and BUSY: nothing. */
static fasteners_status note(bool *excluded, fasteners_status status)
{
    *excluded = *excluded && status == FASTENERS_BUSY;
    return status == FASTENERS_BUSY ? FASTENERS_OK : status;
}

static fasteners_status try_against_exclusive(const scratch *file, rival *ask,
                                              fasteners_probe_report *found)
{
    fasteners_status status =
        note(&found->exclusive_excludes, ask(file, FST_EXCLUSIVE, &found->os_error));

    if (status == FASTENERS_OK)
        status = note(&found->exclusive_excludes, ask(file, FST_SHARED, &found->os_error));
    return status;
}

static fasteners_status try_against_shared(const scratch *file, rival *ask,
                                           fasteners_probe_report *found)
{
    fasteners_status status =
        note(&found->shared_excludes, ask(file, FST_EXCLUSIVE, &found->os_error));

    if (status != FASTENERS_OK)
        return status;
    status = ask(file, FST_SHARED, &found->os_error);
    found->shared_shares = found->shared_shares && status == FASTENERS_OK;
    return status == FASTENERS_BUSY ? FASTENERS_OK : status;
}

static fasteners_status try_rival(const scratch *file, rival *ask, fasteners_probe_report *found)
{
    fasteners_status status = fst_os_lock_try(file->ours, FST_EXCLUSIVE, BYTE, &found->os_error);

    if (status == FASTENERS_OK)
        status = try_against_exclusive(file, ask, found);
    if (status == FASTENERS_OK)
        status = fst_os_lock_try(file->ours, FST_SHARED, BYTE, &found->os_error);
    if (status == FASTENERS_OK)
        status = try_against_shared(file, ask, found);
    return status;
}

static void presume_truth(fasteners_probe_report *found)
{
    found->exclusive_excludes = found->shared_excludes = found->shared_shares = true;
}

/*
 * The child comes first: where locks belong to the process, an open file of this process is no
 * rival, and closing it would drop what we hold.
 */
static fasteners_status try_rivals(const scratch *file, fasteners_probe_report *found)
{
    presume_truth(found);
    fasteners_status status = try_rival(file, ask_in_child, found);
    if (status == FASTENERS_NOT_SUPPORTED && !fst_os_locks_per_process()) {
        presume_truth(found); /* no child can be made, which tells nothing */
        return try_rival(file, ask_here, found);
    }
    found->between_processes = status == FASTENERS_OK && found->exclusive_excludes &&
                               found->shared_excludes && found->shared_shares;
    if (status == FASTENERS_OK && !fst_os_locks_per_process())
        status = try_rival(file, ask_here, found);
    return status;
}

/* ----------------------------------------------------------------------------- verdict -- */

static fasteners_verdict judge(const fasteners_probe_report *found)
{
    if (!found->exclusive_excludes || !found->shared_excludes)
        return FASTENERS_LOCKS_FALSE;
    return found->locality == FASTENERS_LOCALITY_LOCAL ? FASTENERS_LOCKS_EXCLUDE
                                                       : FASTENERS_LOCKS_EXCLUDE_HERE;
}

static fasteners_status conclude(fasteners_probe_report *found, fasteners_status status)
{
    if (status == FASTENERS_OK) {
        found->os_error = 0; /* that of a rival which was refused */
        found->verdict = judge(found);
        return found->verdict == FASTENERS_LOCKS_FALSE ? FASTENERS_NOT_SUPPORTED : FASTENERS_OK;
    }
    found->exclusive_excludes = found->shared_excludes = found->shared_shares = false;
    if (status == FASTENERS_NOT_SUPPORTED)
        found->verdict = FASTENERS_LOCKS_MISSING;
    return status == FASTENERS_LOST ? FASTENERS_OS_ERROR : status;
}

static fasteners_status probe(const char *directory, fasteners_probe_report *found)
{
    scratch file;
    fasteners_status status = make_scratch(directory, &file, &found->os_error);

    if (status != FASTENERS_OK)
        return status;
    fst_os_describe_filesystem(file.ours, &found->locality, found->filesystem,
                               sizeof(found->filesystem));
    status = try_rivals(&file, found);
    remove_scratch(&file);
    return conclude(found, status);
}

fasteners_status fasteners_ipc_probe(const char *directory, fasteners_probe_report *report)
{
    fasteners_probe_report found = {0};

    if (directory == NULL || directory[0] == '\0')
        return FASTENERS_INVALID;
    if (report != NULL && report->size < FIRST_SIZE)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    fasteners_status status = probe(directory, &found);
    if (report != NULL)
        fst_answer_fill(report, &found, sizeof(found));
    return status;
}
