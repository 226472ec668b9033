/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

static fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;
static bool looked;

static void look(void)
{
    looked = fasteners_rw_lock_is_reader(&lock);
}

int main(void)
{
#include "block.inc"
    return looked && !fasteners_rw_lock_is_reader(&lock) ? 0 : 1;
}
