/* SPDX-License-Identifier: Apache-2.0 */
/* A static variable named lock. */
#include <fasteners.h>

#include "block.inc"

int main(void)
{
    return sizeof(lock) == 64 && fasteners_rw_lock_owner(&lock) == FASTENERS_OWNER_NONE ? 0 : 1;
}
