/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE

/*
 * Which file system a file is on. fstatfs(2) gives a number, which tells the kernel's own file
 * systems apart; those in user space share one, and their names stand in the table of mounts.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "../platform.h"
#include "../posix/cancel_posix.h"

typedef struct kind {
    uint32_t number; /* see statfs(2) */
    fasteners_locality locality;
    const char *name;
} kind;

static const kind kinds[] = {
    {0xEF53, FASTENERS_LOCALITY_LOCAL, "ext4"},
    {0x58465342, FASTENERS_LOCALITY_LOCAL, "xfs"},
    {0x9123683E, FASTENERS_LOCALITY_LOCAL, "btrfs"},
    {0x01021994, FASTENERS_LOCALITY_LOCAL, "tmpfs"},
    {0x858458F6, FASTENERS_LOCALITY_LOCAL, "ramfs"},
    {0x794C7630, FASTENERS_LOCALITY_LOCAL, "overlay"},
    {0xF2F52010, FASTENERS_LOCALITY_LOCAL, "f2fs"},
    {0x2FC12FC1, FASTENERS_LOCALITY_LOCAL, "zfs"},
    {0xCA451A4E, FASTENERS_LOCALITY_LOCAL, "bcachefs"},
    {0x3153464A, FASTENERS_LOCALITY_LOCAL, "jfs"},
    {0x52654973, FASTENERS_LOCALITY_LOCAL, "reiserfs"},
    {0x3434, FASTENERS_LOCALITY_LOCAL, "nilfs2"},
    {0x4D44, FASTENERS_LOCALITY_LOCAL, "vfat"},
    {0x2011BAB0, FASTENERS_LOCALITY_LOCAL, "exfat"},
    {0x7366746E, FASTENERS_LOCALITY_LOCAL, "ntfs3"},
    {0x482B, FASTENERS_LOCALITY_LOCAL, "hfsplus"},
    {0x15013346, FASTENERS_LOCALITY_LOCAL, "udf"},
    {0x6969, FASTENERS_LOCALITY_REMOTE, "nfs"},
    {0xFF534D42, FASTENERS_LOCALITY_REMOTE, "cifs"},
    {0xFE534D42, FASTENERS_LOCALITY_REMOTE, "smb3"},
    {0x517B, FASTENERS_LOCALITY_REMOTE, "smb"},
    {0x01021997, FASTENERS_LOCALITY_REMOTE, "9p"},
    {0x00C36400, FASTENERS_LOCALITY_REMOTE, "ceph"},
    {0x5346414F, FASTENERS_LOCALITY_REMOTE, "afs"},
    {0x73757245, FASTENERS_LOCALITY_REMOTE, "coda"},
    {0x7461636F, FASTENERS_LOCALITY_REMOTE, "ocfs2"},
    {0x01161970, FASTENERS_LOCALITY_REMOTE, "gfs2"},
    {0x0BD00BD0, FASTENERS_LOCALITY_REMOTE, "lustre"},
    {0x47504653, FASTENERS_LOCALITY_REMOTE, "gpfs"},
    {0x786F4256, FASTENERS_LOCALITY_REMOTE, "vboxsf"},
    {0x65735546, FASTENERS_LOCALITY_UNKNOWN, "fuse"},
};

static const kind unknown = {0, FASTENERS_LOCALITY_UNKNOWN, ""};

static const kind *kind_of(fst_os_file file)
{
    struct statfs info;
    int result;

    do {
        result = fstatfs((int)file.handle, &info);
    } while (result != 0 && errno == EINTR);
    for (size_t i = 0; result == 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].number == (uint32_t)info.f_type)
            return &kinds[i];
    return &unknown;
}

bool fst_os_locks_are_trusted(fst_os_file file)
{
    return kind_of(file)->locality == FASTENERS_LOCALITY_LOCAL;
}

/* ----------------------------------------------------------------- the table of mounts -- */

/* Calls `take` for the lines of the file until it says that it has what it wants. */
static void read_lines(const char *path, bool (*take)(const char *line, void *argument),
                       void *argument)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;

    if (file == NULL)
        return;
    while (getline(&line, &size, file) >= 0 && !take(line, argument))
        continue;
    free(line);
    fclose(file);
}

struct search {
    int64_t mount;
    char *name;
    size_t size;
};

static bool take_mount_number(const char *line, void *argument)
{
    return sscanf(line, "mnt_id: %" SCNd64, &((struct search *)argument)->mount) == 1;
}

/* "36 35 98:0 /root /where options [fields] - TYPE source options" */
static bool take_type(const char *line, void *argument)
{
    const struct search *search = argument;
    const char *dash = strstr(line, " - ");

    if (dash == NULL || strtoll(line, NULL, 10) != search->mount)
        return false;
    size_t length = strcspn(dash + 3, " \n");
    snprintf(search->name, search->size, "%.*s", (int)length, dash + 3);
    return true;
}

static void search_mounts(int fd, struct search *search)
{
    char path[40];

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    read_lines(path, take_mount_number, search);
    if (search->mount >= 0)
        read_lines("/proc/self/mountinfo", take_type, search);
}

/* The number says "ext4" for ext2 and ext3 too, and "fuse" for all of them: the mount knows. */
void fst_os_describe_filesystem(fst_os_file file, fasteners_locality *locality, char *name,
                                size_t size)
{
    int cancel = fst_posix_no_cancel();
    const kind *found = kind_of(file);
    struct search search = {.mount = -1, .name = name, .size = size};

    *locality = found->locality;
    snprintf(name, size, "%s", found->name);
    search_mounts((int)file.handle, &search);
    fst_posix_cancel_as(cancel);
}
