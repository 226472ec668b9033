/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include <windows.h>

size_t page_size(void)
{
    SYSTEM_INFO info;

    GetSystemInfo(&info);
    return info.dwPageSize;
}

void *pages_make(size_t count)
{
    return VirtualAlloc(NULL, count * page_size(), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

bool page_free(void *page)
{
    return VirtualFree(page, page_size(), MEM_DECOMMIT);
}
