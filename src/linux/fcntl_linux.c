/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "../posix/fcntl_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static const fst_fcntl_commands classic = {
    .get = F_GETLK, .set = F_SETLK, .set_and_wait = F_SETLKW, .per_process = true};
static const fst_fcntl_commands open_file_description = {
    .get = F_OFD_GETLK, .set = F_OFD_SETLK, .set_and_wait = F_OFD_SETLKW, .per_process = false};

static const fst_fcntl_commands *_Atomic chosen;

const fst_fcntl_commands *fst_fcntl_chosen(void)
{
    const fst_fcntl_commands *commands = atomic_load_explicit(&chosen, memory_order_relaxed);

    return commands != NULL ? commands : &open_file_description;
}

/*
 * Kernels before 3.15, and some sandboxes and emulators, answer EINVAL to commands they do not
 * know.
 */
void fst_fcntl_choose(int fd)
{
    struct flock probe = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};

    if (atomic_load_explicit(&chosen, memory_order_relaxed) != NULL)
        return;
    bool unknown = fcntl(fd, F_OFD_GETLK, &probe) != 0 && errno == EINVAL;
    const fst_fcntl_commands *expected = NULL;
    atomic_compare_exchange_strong(&chosen, &expected, unknown ? &classic : &open_file_description);
}
