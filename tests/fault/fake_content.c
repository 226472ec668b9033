/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_internal.h"

#include <errno.h>
#include <string.h>

/* What files contain. */

void fake_set_content(const char *path, const void *bytes, size_t size)
{
    fake_inode *inode = fake_named_inode(path);

    if (inode == NULL || size > FAKE_CONTENT_MAX) {
        fake_violation("set_content", path);
        return;
    }
    memset(inode->content, 0, sizeof(inode->content));
    memcpy(inode->content, bytes, size);
    inode->size = size;
}

const char *fake_content(const char *path)
{
    return fake_named_inode(path)->content;
}

size_t fake_size(const char *path)
{
    return fake_named_inode(path)->size;
}

fasteners_status fst_os_file_read(fst_os_file file, uint64_t offset, void *bytes, size_t size,
                                  size_t *count, int *os_error)
{
    fasteners_status status;
    const fake_description *description = fake_description_of(file);

    if (fake_call(FAKE_READ, &status, os_error))
        return status;
    if (description == NULL)
        return fake_refuse(FASTENERS_LOST, EBADF, os_error);
    if (fake_lock_forbids(description, FST_SHARED, offset))
        return fake_refuse(FASTENERS_OS_ERROR, EACCES, os_error);
    const fake_inode *inode = description->inode;
    size_t there = offset < inode->size ? inode->size - (size_t)offset : 0;
    *count = there < size ? there : size;
    memcpy(bytes, inode->content + (there > 0 ? offset : 0), *count);
    return FASTENERS_OK;
}

fasteners_status fst_os_file_write(fst_os_file file, uint64_t offset, const void *bytes,
                                   size_t size, int *os_error)
{
    fasteners_status status;
    const fake_description *description = fake_description_of(file);

    if (fake_call(FAKE_WRITE, &status, os_error))
        return status;
    if (description == NULL)
        return fake_refuse(FASTENERS_LOST, EBADF, os_error);
    if (fake_lock_forbids(description, FST_EXCLUSIVE, offset))
        return fake_refuse(FASTENERS_OS_ERROR, EACCES, os_error);
    fake_inode *inode = description->inode;
    if (description->access == FST_READ || offset + size > FAKE_CONTENT_MAX)
        fake_violation("file_write", "to a file opened for reading, or too far out");
    memcpy(inode->content + offset, bytes, size);
    if (inode->size < offset + size)
        inode->size = (size_t)offset + size;
    return FASTENERS_OK;
}
