/* SPDX-License-Identifier: Apache-2.0 */
/* A table that many threads read. */
#include <fasteners.h>
#include <stdio.h>

static fasteners_rw_lock lock = FASTENERS_RW_LOCK_INIT;
static int table[100];

static fasteners_status look_up(int key, int *value)
{
    fasteners_status status;

    status = fasteners_rw_lock_acquire_read(&lock, 100);
    if (status == FASTENERS_OK) {
        *value = table[key];
        status = fasteners_rw_lock_release_read(&lock);
    }
    return status;
}

static fasteners_status change(int key, int value)
{
    fasteners_status status;

    status = fasteners_rw_lock_acquire_write(&lock, 100);
    if (status == FASTENERS_OK) {
        table[key] = value;
        status = fasteners_rw_lock_release_write(&lock);
    }
    return status;
}

int main(void)
{
    fasteners_status status;
    int value;

    status = change(7, 42);
    if (status == FASTENERS_OK)
        status = look_up(7, &value);
    if (status == FASTENERS_OK)
        printf("%d\n", value);
    return status == FASTENERS_OK ? 0 : 1;
}
