/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file system: names, inodes, descriptors. A name is a whole absolute path. */

typedef struct name {
    struct name *next;
    char path[FAKE_PATH_MAX];
    fake_inode *inode;
} name;

typedef struct descriptor {
    struct descriptor *next;
    intptr_t handle; /* never used again, so that a stale one is noticed */
    bool is_open;
    bool is_stolen;                /* closed by somebody else than the library */
    bool is_programs;              /* opened by somebody else than the library */
    fake_description *description; /* NULL: stolen, and the number is not in use again */
} descriptor;

enum { DEVICE = 7 };

static name *all_names;
static fake_inode *all_inodes;
static fake_description *all_descriptions;
static descriptor *all_descriptors;
static uint64_t last_inode, last_description;
static intptr_t last_handle;
static bool tells_same_files;
static unsigned times_adopted; /* and not disowned yet */

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);

    if (memory == NULL)
        abort();
    return memory;
}

static void copy_path(char *to, const char *from)
{
    if (strlen(from) >= FAKE_PATH_MAX)
        fake_violation("the path is too long for the fake", from);
    (void)snprintf(to, FAKE_PATH_MAX, "%s", from);
}

/* ----------------------------------------------------------------------------- names -- */

static name **link_to(const char *path)
{
    name **link = &all_names;

    while (*link != NULL && strcmp((*link)->path, path) != 0)
        link = &(*link)->next;
    return link;
}

fake_inode *fake_named_inode(const char *path)
{
    const name *found = *link_to(path);
    return found != NULL ? found->inode : NULL;
}

static void remove_name(const char *path)
{
    name **link = link_to(path);
    name *gone = *link;

    if (gone == NULL) {
        fake_violation("no such name", path);
        return;
    }
    *link = gone->next;
    free(gone);
}

static void add_name(const char *path, fake_inode *inode)
{
    name *added = allocate(sizeof(*added));

    if (fake_named_inode(path) != NULL)
        remove_name(path);
    copy_path(added->path, path);
    added->inode = inode;
    added->next = all_names;
    all_names = added;
}

static fake_inode *make_inode(fake_kind kind, uint32_t mode)
{
    fake_inode *inode = allocate(sizeof(*inode));

    inode->number = ++last_inode;
    inode->kind = kind;
    inode->mode = mode;
    inode->readable = inode->writable = true;
    inode->next = all_inodes;
    all_inodes = inode;
    return inode;
}

void fake_make_file(const char *path)
{
    add_name(path, make_inode(FAKE_FILE, 0644));
}

void fake_make_directory(const char *path)
{
    add_name(path, make_inode(FAKE_DIRECTORY, 0755));
}

void fake_make_fifo(const char *path)
{
    add_name(path, make_inode(FAKE_FIFO, 0644));
}

void fake_make_symlink(const char *path, const char *target)
{
    fake_inode *inode = make_inode(FAKE_SYMLINK, 0777);

    copy_path(inode->target, target);
    add_name(path, inode);
}

void fake_delete(const char *path)
{
    remove_name(path);
}

void fake_rename(const char *from, const char *to)
{
    fake_inode *inode = fake_named_inode(from);

    remove_name(from);
    add_name(to, inode);
}

void fake_replace(const char *path)
{
    fake_make_file(path);
}

void fake_permit(const char *path, bool readable, bool writable)
{
    fake_inode *inode = fake_named_inode(path);

    inode->readable = readable;
    inode->writable = writable;
}

bool fake_exists(const char *path)
{
    return fake_named_inode(path) != NULL;
}

uint32_t fake_mode(const char *path)
{
    return fake_named_inode(path)->mode;
}

fst_file_id fake_id_of(const fake_inode *inode)
{
    return (fst_file_id){.device = DEVICE, .inode = inode->number};
}

/* Cuts the last component off; "/" stays "/". */
static void to_parent(char *path)
{
    char *slash = strrchr(path, '/');

    slash[slash == path ? 1 : 0] = '\0';
}

/* Whether the directories above are there: 0 or ENOENT or ENOTDIR. */
static int parents_error(const char *path)
{
    char parent[FAKE_PATH_MAX];

    copy_path(parent, path);
    while (strcmp(parent, "/") != 0) {
        to_parent(parent);
        const fake_inode *inode = fake_named_inode(parent);
        if (inode == NULL)
            return ENOENT;
        if (inode->kind != FAKE_DIRECTORY)
            return ENOTDIR;
    }
    return 0;
}

static fasteners_status status_of(int error)
{
    switch (error) {
    case ENOENT:
        return FASTENERS_NOT_FOUND;
    case ENOTDIR:
    case ELOOP:
    case EISDIR:
    case ENXIO:
        return FASTENERS_INVALID;
    case EACCES:
        return FASTENERS_NO_PERMISSION;
    default:
        return FASTENERS_OS_ERROR;
    }
}

/* What the path leads to; NULL and *error if there is nothing. */
static fake_inode *resolve(const char *path, bool follow_symlinks, int *error)
{
    *error = parents_error(path);
    fake_inode *inode = *error == 0 ? fake_named_inode(path) : NULL;

    if (*error == 0 && inode == NULL)
        *error = ENOENT;
    if (inode != NULL && inode->kind == FAKE_SYMLINK && follow_symlinks)
        return resolve(inode->target, false, error);
    return inode;
}

/* ------------------------------------------------------------------------ descriptors -- */

static descriptor *find_descriptor(fst_os_file file)
{
    descriptor *found = all_descriptors;

    while (found != NULL && found->handle != file.handle)
        found = found->next;
    if (found == NULL || !found->is_open)
        fake_violation("use of a file that is not open", found == NULL ? "never" : "any more");
    return found;
}

fake_description *fake_description_of(fst_os_file file)
{
    return find_descriptor(file)->description;
}

static fake_description *make_description(fake_inode *inode, fst_access access)
{
    fake_description *made = allocate(sizeof(*made));

    *made = (fake_description){.next = all_descriptions,
                               .number = ++last_description,
                               .references = 1,
                               .inode = inode,
                               .access = access};
    all_descriptions = made;
    return made;
}

static fst_os_file make_descriptor(fake_inode *inode, fst_access access)
{
    descriptor *made = allocate(sizeof(*made));

    *made = (descriptor){.next = all_descriptors,
                         .handle = ++last_handle,
                         .is_open = true,
                         .description = make_description(inode, access)};
    all_descriptors = made;
    return (fst_os_file){.handle = made->handle};
}

static void drop_description(fake_description *description)
{
    if (--description->references == 0)
        fake_description_closed(description);
}

unsigned fake_open_files(void)
{
    unsigned count = 0;

    for (const descriptor *d = all_descriptors; d != NULL; d = d->next)
        count += d->is_open && !d->is_stolen && !d->is_programs;
    return count;
}

/* What the number stands for now is the stranger's: it stays open whatever the library does. */
void fake_steal_files(const char *reused_for)
{
    for (descriptor *d = all_descriptors; d != NULL; d = d->next) {
        if (!d->is_open || d->is_stolen || d->is_programs)
            continue;
        if (fst_os_locks_per_process())
            fake_inode_closed(d->description->inode);
        drop_description(d->description);
        d->is_stolen = true;
        d->description = reused_for == NULL
                             ? NULL
                             : make_description(fake_named_inode(reused_for), FST_READ_WRITE);
    }
}

static descriptor *descriptor_of_program(intptr_t handle)
{
    descriptor *found = find_descriptor((fst_os_file){.handle = handle});

    if (!found->is_programs)
        fake_violation("a descriptor of the library's", "is taken for one of the program's");
    return found;
}

intptr_t fake_program_opens(const char *path, fst_access access)
{
    intptr_t handle = make_descriptor(fake_named_inode(path), access).handle;

    all_descriptors->is_programs = true;
    return handle;
}

intptr_t fake_program_duplicates(intptr_t handle)
{
    fake_description *description = descriptor_of_program(handle)->description;
    descriptor *made = allocate(sizeof(*made));

    *made = *descriptor_of_program(handle);
    made->next = all_descriptors;
    made->handle = ++last_handle;
    all_descriptors = made;
    description->references++;
    return made->handle;
}

/* A number that was closed stays known, as a library that has it may ask. */
void fake_program_closes(intptr_t handle, const char *reused_for)
{
    descriptor *closed = descriptor_of_program(handle);

    if (fst_os_locks_per_process())
        fake_inode_closed(closed->description->inode);
    drop_description(closed->description);
    closed->description =
        reused_for == NULL ? NULL : make_description(fake_named_inode(reused_for), FST_READ_WRITE);
}

void fake_set_tells_same_files(bool tells)
{
    tells_same_files = tells;
}

void fake_files_fork(void)
{
    for (const descriptor *d = all_descriptors; d != NULL; d = d->next)
        if (d->is_open && d->description != NULL)
            d->description->references++;
}

/* Every description that is left has one reference more than the child's descriptors. */
void fake_files_parent_exits(void)
{
    for (fake_description *each = all_descriptions; each != NULL; each = each->next) {
        unsigned ours = 0;
        for (const descriptor *d = all_descriptors; d != NULL; d = d->next)
            ours += d->is_open && d->description == each;
        while (each->references > ours)
            drop_description(each);
    }
}

/* --------------------------------------------------------------------- platform.h's -- */

static int open_error(const fake_inode *inode, fst_access access)
{
    switch (inode->kind) {
    case FAKE_DIRECTORY:
        return EISDIR;
    case FAKE_FIFO:
        return ENXIO;
    case FAKE_SYMLINK:
        return ELOOP;
    case FAKE_FILE:
        break;
    }
    return inode->readable && (inode->writable || access == FST_READ) ? 0 : EACCES;
}

fasteners_status fst_os_file_open(const char *path, fst_access access, bool follow_symlinks,
                                  fst_os_file *file, fst_file_id *id, int *os_error)
{
    fasteners_status status;
    int error;

    if (fake_call(FAKE_OPEN, &status, os_error))
        return status;
    fake_inode *inode = resolve(path, follow_symlinks, &error);
    if (inode != NULL)
        error = open_error(inode, access);
    if (error != 0)
        return fake_refuse(status_of(error), error, os_error);
    *file = make_descriptor(inode, access);
    *id = fake_id_of(inode);
    return FASTENERS_OK;
}

/* Where an open through the path would look: a link at the end is followed once. */
static const char *target_of(const char *path, bool follow_symlinks)
{
    const fake_inode *inode = fake_named_inode(path);

    return inode != NULL && inode->kind == FAKE_SYMLINK && follow_symlinks ? inode->target : path;
}

/* 0, or why there can be no new file. */
static int creation_error(const char *path)
{
    char parent[FAKE_PATH_MAX];
    int error = parents_error(path);

    if (error != 0)
        return error;
    copy_path(parent, path);
    to_parent(parent);
    return fake_named_inode(parent)->writable ? 0 : EACCES;
}

fasteners_status fst_os_file_create(const char *path, uint32_t mode, bool follow_symlinks,
                                    fst_os_file *file, fst_file_id *id, int *os_error)
{
    fasteners_status status;

    if (fake_call(FAKE_CREATE, &status, os_error))
        return status;
    path = target_of(path, follow_symlinks);
    if (parents_error(path) == 0 && fake_named_inode(path) != NULL)
        return fake_refuse(FASTENERS_BUSY, EEXIST, os_error);
    int error = creation_error(path);
    if (error != 0)
        return fake_refuse(status_of(error), error, os_error);
    fake_inode *inode = make_inode(FAKE_FILE, mode != 0 ? mode : 0644);
    add_name(path, inode);
    *file = make_descriptor(inode, FST_READ_WRITE);
    *id = fake_id_of(inode);
    return FASTENERS_OK;
}

/* Makes the directories above, the topmost first. */
static int make_parents(const char *path)
{
    char parent[FAKE_PATH_MAX];

    copy_path(parent, path);
    to_parent(parent);
    if (strcmp(parent, "/") == 0)
        return 0;
    int error = make_parents(parent);
    if (error == 0 && fake_named_inode(parent) == NULL)
        fake_make_directory(parent);
    else if (error == 0 && fake_named_inode(parent)->kind != FAKE_DIRECTORY)
        error = ENOTDIR;
    return error;
}

fasteners_status fst_os_make_parents(const char *path, int *os_error)
{
    fasteners_status status;

    if (fake_call(FAKE_MAKE_PARENTS, &status, os_error))
        return status;
    int error = make_parents(path);
    return error == 0 ? FASTENERS_OK : fake_refuse(status_of(error), error, os_error);
}

fasteners_status fst_os_file_close(fst_os_file file, int *os_error)
{
    fasteners_status status;
    descriptor *closed = find_descriptor(file);
    bool fails = fake_call(FAKE_CLOSE, &status, os_error);

    if (closed->is_stolen)
        fake_violation("close", "of a descriptor that belongs to a stranger by now");
    if (closed->is_programs)
        fake_violation("close", "of a descriptor of the program's");
    closed->is_open = false;
    if (fst_os_locks_per_process())
        fake_inode_closed(closed->description->inode);
    drop_description(closed->description);
    return fails ? status : FASTENERS_OK;
}

void fst_os_file_disown(fst_os_file file)
{
    (void)file;
    if (times_adopted == 0)
        fake_violation("disown", "of what was not adopted");
    else
        times_adopted--;
}

unsigned fake_adopted(void)
{
    return times_adopted;
}

fasteners_status fst_os_file_adopt(intptr_t handle, fst_adopted *adopted, int *os_error)
{
    fasteners_status status;
    const descriptor *found = all_descriptors;

    if (fake_call(FAKE_ADOPT, &status, os_error))
        return status;
    while (found != NULL && found->handle != handle)
        found = found->next;
    if (found == NULL || found->description == NULL)
        return fake_refuse(FASTENERS_INVALID, EBADF, os_error);
    times_adopted++;
    *adopted = (fst_adopted){.os = {.handle = handle},
                             .id = fake_id_of(found->description->inode),
                             .readable = true,
                             .writable = found->description->access == FST_READ_WRITE};
    return FASTENERS_OK;
}

fasteners_status fst_os_file_is_same(fst_os_file a, fst_os_file b, bool *same, int *os_error)
{
    const fake_description *of_a = fake_description_of(a);

    if (!tells_same_files)
        return fake_refuse(FASTENERS_NOT_SUPPORTED, ENOSYS, os_error);
    *same = of_a != NULL && of_a == fake_description_of(b);
    return FASTENERS_OK;
}

fasteners_status fst_os_file_id(fst_os_file file, fst_file_id *id, int *os_error)
{
    fasteners_status status;
    const fake_description *description = fake_description_of(file);

    if (fake_call(FAKE_FILE_ID, &status, os_error))
        return status;
    if (description == NULL)
        return fake_refuse(FASTENERS_LOST, EBADF, os_error);
    *id = fake_id_of(description->inode);
    return FASTENERS_OK;
}

fasteners_status fst_os_path_id(const char *path, bool follow_symlinks, fst_file_id *id,
                                int *os_error)
{
    fasteners_status status;
    int error;

    if (fake_call(FAKE_PATH_ID, &status, os_error))
        return status;
    const fake_inode *inode = resolve(path, follow_symlinks, &error);
    if (inode == NULL)
        return fake_refuse(status_of(error), error, os_error);
    *id = fake_id_of(inode);
    return FASTENERS_OK;
}

fasteners_status fst_os_unlink(const char *path, int *os_error)
{
    fasteners_status status;
    int error;

    if (fake_call(FAKE_UNLINK, &status, os_error))
        return status;
    if (resolve(path, false, &error) == NULL)
        return fake_refuse(status_of(error), error, os_error);
    remove_name(path);
    return FASTENERS_OK;
}

/* ------------------------------------------------------------------------------ reset -- */

#define FREE_LIST(type, list)                                                                      \
    while ((list) != NULL) {                                                                       \
        type *gone = (list);                                                                       \
        (list) = gone->next;                                                                       \
        free(gone);                                                                                \
    }

void fake_files_reset(void)
{
    FREE_LIST(name, all_names)
    FREE_LIST(descriptor, all_descriptors)
    FREE_LIST(fake_description, all_descriptions)
    FREE_LIST(fake_inode, all_inodes)
    fake_make_directory("/");
    tells_same_files = true;
    times_adopted = 0;
}
