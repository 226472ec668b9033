/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that init a lock between threads. */
#include <fasteners.h>

int main(void)
{
    fasteners_rw_lock lock;
#include "block.inc"
    return status == FASTENERS_OK && fasteners_rw_lock_destroy(&lock) == FASTENERS_OK ? 0 : 1;
}
