/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include <sys/mman.h>
#include <unistd.h>

size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

void *pages_make(size_t count)
{
    void *pages =
        mmap(NULL, count * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return pages != MAP_FAILED ? pages : NULL;
}

bool page_free(void *page)
{
    return munmap(page, page_size()) == 0;
}
