/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

static fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;
static bool written;

static void write_what_was_read(void)
{
    written = fasteners_rw_lock_is_writer(&lock, false);
}

int main(void)
{
    if (fasteners_rw_lock_acquire_read(&lock, FASTENERS_NO_WAIT) != FASTENERS_OK)
        return 1;
#include "block.inc"
    return written && fasteners_rw_lock_owner(&lock) == FASTENERS_OWNER_NONE ? 0 : 1;
}
