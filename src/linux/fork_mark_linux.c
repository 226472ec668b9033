/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "../platform.h"
#include "../posix/fork_posix.h"

/*
 * A word that the kernel sets to zero in every child, however it was made (MADV_WIPEONFORK, since
 * Linux 4.14). Without such a page the word stands here, where it stays 1.
 */
static _Atomic uint32_t never_wiped = 1;
static _Atomic uint32_t *_Atomic mark = &never_wiped;

static _Atomic uint32_t *map_wiped_page(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return &never_wiped;
    if (madvise(page, size, MADV_WIPEONFORK) != 0) {
        munmap(page, size);
        return &never_wiped;
    }
    return page;
}

bool fst_os_fork_unseen(void)
{
    return atomic_load_explicit(atomic_load_explicit(&mark, memory_order_acquire),
                                memory_order_relaxed) == 0;
}

void fst_fork_mark_process(void)
{
    static _Atomic uint32_t *page;

    if (page == NULL)
        page = map_wiped_page();
    atomic_store(page, 1);
    atomic_store(&mark, page);
}
